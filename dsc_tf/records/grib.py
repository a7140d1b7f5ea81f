"""GRIB files: every variable that cfgrib can place, and a remark for each that was left out."""

import logging
from contextlib import contextmanager

import numpy as np
import xarray as xr

from ..errors import DscTfError

VALUES = 20  # of a key, shown in messages
HORIZONTAL = ("latitude", "longitude", "values", "y", "x")
PLACE = (
    "shortName",
    "paramId",
    "typeOfLevel",
    "level",
    "number",
    "stepType",
    "stepRange",
    "dataDate",
    "dataTime",
)
PLACE += ("validityDate", "validityTime", "gridType", "numberOfDataPoints")
VERSION = ("expver", "dataType", "stream", "class", "centre", "edition", "packingType")
KEYS = ("shortName", "typeOfLevel", "stepType", "level", "number", "dataType", "edition")


def open_grib(path, notes, grib_filter):
    """Datasets of a GRIB file.

    Parameters
    ----------
    path : pathlib.Path
        File.
    notes : Notes
        Receives the variables that were left out.
    grib_filter : dict
        Keys and values that messages must have, such as {"typeOfLevel": "surface"}.

    Returns
    -------
    list of xr.Dataset
        One where all messages form one dataset; otherwise one for each variable and kind of level or step.

    Raises
    ------
    DscTfError
        If the file is truncated, holds no message, or none with these keys.
    """
    messages = _count_messages(path)
    keys = {key: _number(value) for key, value in grib_filter.items()}
    options = {"indexpath": "", "errors": "raise", "filter_by_keys": keys}  # no .idx file next to the user's
    with _quiet():
        try:
            ds = xr.open_dataset(path, engine="cfgrib", backend_kwargs=options, decode_timedelta=False)
            datasets = [ds]
        except DscTfError:
            raise
        except Exception:  # fields that do not form one dataset; cfgrib has no common class of errors for it
            datasets = _by_variable(path, options)
    if messages != sum(_fields(ds[name]) for ds in datasets for name in ds.data_vars):
        _refuse_other_versions(path, keys)
    if not any(ds.data_vars for ds in datasets):
        chosen = ", ".join(f"{key}={value}" for key, value in grib_filter.items())
        raise DscTfError(
            f"grib_filter: no message of {path} has {chosen or 'fields'}. Choose among {_known(path)}."
        )
    return datasets


def parse_grib_filter(texts):
    """Keys and values of a filter from texts such as "typeOfLevel=surface"; None where there is none.

    Raises
    ------
    DscTfError
        If a text is not of the form key=value.

    >>> parse_grib_filter(["typeOfLevel=surface", "level=2"])
    {'typeOfLevel': 'surface', 'level': '2'}
    """
    keys = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not (equals and key and value):
            raise DscTfError(f"grib_filter: {text!r}. Give key=value, such as typeOfLevel=surface.")
        keys[key] = value
    return keys or None


def _by_variable(path, options):
    from cfgrib import xarray_store

    options = options | {"errors": "ignore", "squeeze": True}
    return xarray_store.open_variable_datasets(str(path), backend_kwargs=options, decode_timedelta=False)


def _number(text):
    try:
        return text if str(text).startswith("0") and len(str(text)) > 1 else int(text)
    except (TypeError, ValueError):
        return text


def _fields(values):
    """Number of fields of a variable, of which those that the file lacks count too."""
    return int(np.prod([n for dim, n in values.sizes.items() if dim not in HORIZONTAL]))


def _refuse_other_versions(path, keys):
    """Refuse a file with two fields of one variable, level, member and time whose values differ.

    cfgrib takes the first of them, such as preliminary data in front of final ones.
    """
    import eccodes

    first: dict = {}
    with open(path, "rb") as file:
        while (handle := eccodes.codes_grib_new_from_file(file)) is not None:
            try:
                if any(_text_of(handle, key) != str(value) for key, value in keys.items()):
                    continue
                place = tuple(_text_of(handle, key) for key in PLACE)
                about = {key: _text_of(handle, key) for key in VERSION}
                digest = hash(eccodes.codes_get_values(handle).tobytes())
                known, values = first.setdefault(place, (about, digest))
                if values != digest:
                    raise DscTfError(_two_versions(path, dict(zip(PLACE, place, strict=True)), known, about))
            finally:
                eccodes.codes_release(handle)


def _text_of(handle, key):
    import eccodes

    try:
        return str(eccodes.codes_get(handle, key))
    except eccodes.KeyValueNotFoundError:
        return ""


def _two_versions(path, place, one, other):
    """Message about two fields of one place in a file."""
    differing = [key for key in VERSION if one[key] != other[key]]
    advice = "Remove one of them, for example with grib_copy."
    if differing:
        key = differing[0]
        advice = f"Choose one, as in --grib-filter {key}={min(one[key], other[key])}."
    return (
        f"data: {path} holds {place['shortName']} of {place['validityDate']} {int(place['validityTime']):04d} "
        f"twice with different values{f' ({key} {one[key]} and {other[key]})' if differing else ''}. {advice}"
    )


def _count_messages(path):
    """Walk along the messages by their stated lengths; None where a length is of another kind."""
    size, at, count = path.stat().st_size, 0, 0
    with open(path, "rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(16)
            start = head.find(b"GRIB")
            if start < 0:
                skipped = _next_message(file, at, size)
                if skipped is None:
                    break
                at = skipped
                continue
            at += start
            file.seek(at)
            head = file.read(16)
            length = _length(head)
            if length is None:
                return None
            if at + length > size or length < 12:
                raise DscTfError(
                    f"data: {path} ends within a message, after {count} complete ones. Download it again."
                )
            at, count = at + length, count + 1
    if not count:
        raise DscTfError(
            f"data: {path} cannot be read as a climate file (no GRIB message). Give netCDF, Zarr or GRIB."
        )
    return count


def _next_message(file, at, size):
    """Position of the next message after padding; None where there is none."""
    file.seek(at)
    block = file.read(min(size - at, 2**16))
    found = block.find(b"GRIB")
    return None if found < 0 else at + found


def _length(head):
    """Bytes of a message; None for an edition or a size that the header does not tell."""
    if len(head) < 16:
        return 2**62
    if head[7] == 1:
        length = int.from_bytes(head[4:7], "big")
        return (
            length if length < 0x800000 else None
        )  # large messages of edition 1 have a length of their own kind
    return int.from_bytes(head[8:16], "big") if head[7] == 2 else None


def _known(path):
    """Values of the main keys, for messages."""
    import eccodes

    found: dict[str, set] = {key: set() for key in KEYS[:3]}
    with open(path, "rb") as file:
        while (handle := eccodes.codes_grib_new_from_file(file, headers_only=True)) is not None:
            for key in found:
                found[key].add(str(eccodes.codes_get(handle, key)))
            eccodes.codes_release(handle)
    return "; ".join(f"{key}={', '.join(sorted(values)[:VALUES])}" for key, values in found.items())


@contextmanager
def _quiet():
    """Keep the log of cfgrib from the terminal: what it skips is found and reported here."""
    log = logging.getLogger("cfgrib")
    before = log.disabled, log.level, log.propagate
    children = [
        logging.getLogger(name) for name in ("cfgrib.dataset", "cfgrib.messages", "cfgrib.xarray_store")
    ]
    states = [child.disabled for child in children]
    try:
        log.disabled = True
        for child in children:
            child.disabled = True
        yield
    finally:
        log.disabled = before[0]
        for child, state in zip(children, states, strict=True):
            child.disabled = state


def described(ds):
    """Keys that select the fields of a dataset, as --grib-filter takes them."""
    for values in ds.data_vars.values():
        keys = ("shortName", "typeOfLevel", "stepType")
        return " ".join(f"{k}={values.attrs[f'GRIB_{k}']}" for k in keys if f"GRIB_{k}" in values.attrs)
    return ""
