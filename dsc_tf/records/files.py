"""Files of any format opened lazily; what cannot be read is refused in one line."""

import errno
import warnings

import numpy as np
import xarray as xr

from ..errors import DscTfError
from .dates import with_calendar_months
from .grib import open_grib
from .missing import correct_fills, declare_default_fills, note_absent_chunks
from .paths import reason

GRIB_ENDINGS = (".grib", ".grb", ".grib2", ".grb2", ".grib1", ".grb1")
NETCDF_SIGNATURES = (b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF\r\n\x1a\n")
COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}
COMPRESSED |= {b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf": "7-Zip"}
TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
MANY_FILES = "data: too many open files. Raise the limit with `ulimit -n`, or join the files first."
SHOWN = 10  # groups named in a message
ZARR_FILES = (".zgroup", ".zmetadata", ".zarray", "zarr.json")


def open_file(path, notes, *, grib_filter=None):
    """Datasets that a file holds: one, or several of a GRIB file whose fields do not form one.

    Parameters
    ----------
    path : pathlib.Path
        NetCDF, GRIB, or a Zarr folder.
    notes : Notes
        Receives what was assumed or left out.
    grib_filter : dict, default=None
        Keys and values that GRIB messages must have.

    Returns
    -------
    list of xr.Dataset

    Raises
    ------
    DscTfError
        If the file cannot be read.
    """
    if path.is_dir() and not any((path / name).exists() for name in ZARR_FILES):
        raise DscTfError(f"data: {path} is a folder, not a Zarr store. Give its files, as in '{path}/*.nc'.")
    is_grib = not path.is_dir() and (path.suffix.lower() in GRIB_ENDINGS or _begins_with(path, b"GRIB"))
    if grib_filter and not is_grib:
        raise DscTfError(f"grib_filter: {path} is no GRIB file. Leave the option out.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", xr.SerializationWarning)
        warnings.filterwarnings("ignore", message=".*consolidated.*", category=RuntimeWarning)
        warnings.filterwarnings("ignore", message=".*not recognized as a component of a Zarr hierarchy.*")
        try:
            if is_grib:
                require("cfgrib", "grib", path)
                return open_grib(path, notes, grib_filter or {})
            return [_open_cf(path, notes)]
        except DscTfError:
            raise
        except Exception as error:  # every engine has its own errors for a file that it cannot read
            raise DscTfError(_explained(path, error)) from error


def _begins_with(path, *signatures):
    try:
        with open(path, "rb") as file:
            return file.read(8).startswith(signatures)
    except OSError as error:
        if error.errno in TOO_MANY_FILES:
            raise DscTfError(MANY_FILES) from error
        return False


def _open_cf(path, notes):
    # The engine is named where it is certain: to choose one, xarray imports all, which takes longer than a small file.
    is_netcdf = not path.is_dir() and _begins_with(path, *NETCDF_SIGNATURES)
    options = {"engine": "zarr"} if path.is_dir() else {"engine": "netcdf4"} if is_netcdf else {}
    if path.is_dir():
        require("zarr", "zarr", path)
        _refuse_pickles(path)
    raw = xr.open_dataset(path, decode_cf=False, **options)
    try:
        _report_groups(path, raw, notes)
        _refuse_packing(path, raw)
        if path.is_dir():
            note_absent_chunks(path, raw, notes)
            correct_fills(raw, notes)
        else:
            correct_fills(raw, notes)
            declare_default_fills(raw)
    except BaseException:
        raw.close()
        raise
    try:
        return xr.decode_cf(with_calendar_months(raw, notes), decode_timedelta=False)
    except Exception as error:
        raw.close()
        raise DscTfError(f"data: {path} cannot be decoded ({reason(error)}). Fix its attributes.") from error


def _refuse_packing(path, raw):
    """Refuse scale factors and offsets that are no finite number, and a scale factor of 0."""
    for name, values in raw.variables.items():
        for key in ("scale_factor", "add_offset"):
            if key not in values.attrs or values.ndim < 2:
                continue
            stated = values.attrs[key]
            number = np.ravel(stated)
            is_number = number.dtype.kind in "iuf" and number.size == 1 and bool(np.isfinite(number[0]))
            if not is_number or key == "scale_factor" and number[0] == 0:
                raise DscTfError(
                    f"data: {path}: {key} of {name} is {str(stated)[:40]!r}, so its values are unknown. Fix that "
                    "attribute, for example with ncatted."
                )


def _report_groups(path, raw, notes):
    """Remark on groups, which are not read; refuse a file whose variables are all in groups."""
    names = _groups_of_store(path, raw) if path.is_dir() else _groups_of_file(path)
    if not names:
        return
    shown = ", ".join(names[:SHOWN])
    if not raw.variables:
        raise DscTfError(
            f"data: {path} holds its variables in groups ({shown}). Give the Dataset of one, as in "
            f"xarray.open_dataset(path, group={names[0]!r})."
        )
    notes.add(f"{path.name}: left out, since in groups or without metadata: {shown}")


def _groups_of_store(path, raw):
    folders = sorted(child.name for child in path.iterdir() if child.is_dir())
    return [name for name in folders if name not in raw.variables and not name.startswith(".")]


def _groups_of_file(path):
    try:
        import netCDF4

        with netCDF4.Dataset(path) as file:
            return list(file.groups)
    except (ImportError, OSError, RuntimeError, AttributeError):
        return []


def _refuse_pickles(path):
    """Refuse a store with pickled objects, which would run code of the store's author when read."""
    import json

    for name in (".zarray", "zarr.json"):
        for file in path.rglob(name):
            try:
                text = file.read_text(encoding="utf-8")
                described = json.loads(text)
            except (OSError, ValueError):
                continue
            if isinstance(described, dict) and _names_pickle(described):
                raise DscTfError(
                    f"data: {path}: {file.parent.name} is stored with the codec 'pickle', which can run any code. "
                    "Write the store again without it."
                )


def _names_pickle(described):
    codecs = [
        *(described.get("filters") or ()),
        described.get("compressor"),
        *(described.get("codecs") or ()),
    ]
    known = {str(c.get(key, "")) for c in codecs if isinstance(c, dict) for key in ("id", "name")}
    return any("pickle" in name.lower() for name in known)


def require(module, extra, path):
    """Refuse a format whose library is not installed."""
    try:
        __import__(module)
    except (ImportError, RuntimeError) as error:
        raise DscTfError(
            f"data: {path} needs {module}. Install it: python -m pip install 'dsc_tf[{extra}]'."
        ) from error


def _explained(path, error):
    text = reason(error)
    if isinstance(error, OSError) and error.errno in TOO_MANY_FILES or "Too many open" in text:
        return MANY_FILES
    if isinstance(error, PermissionError):
        return f"data: {path} may not be read (permission denied). Change its permissions."
    packed = next((kind for start, kind in COMPRESSED.items() if _begins_with(path, start)), None)
    if packed is not None:
        return f"data: {path} is compressed or an archive ({packed}). Unpack it first."
    if "codec not available" in text or "Unknown codec" in text:
        return f"data: {path} is compressed with a codec that is not installed ({text}). Install it."
    return f"data: {path} cannot be read as a climate file ({text}). Give netCDF, Zarr or GRIB."
