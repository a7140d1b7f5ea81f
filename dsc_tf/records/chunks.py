"""A record read once, from its first step to its last, in blocks of equal length."""

import numpy as np

from ..errors import DscTfError

DIMENSIONS = ("time", "latitude", "longitude")
BLOCK = 2**18  # values at a time: one MiB, so that they stay in the cache
SLAB = 2**25  # bytes read at a time


def block_length(values_a_step):
    """Steps of a block of about `BLOCK` values."""
    return max(1, BLOCK // max(1, values_a_step))


def field_blocks(ds, names, length, *, slab=SLAB):
    """Fields of several variables, `length` steps at a time, however the record is chunked.

    Every value is read once, unless its chunks in the file are longer than memory allows to hold.

    Parameters
    ----------
    ds : xr.Dataset
        A record over time, latitude and longitude; lazy or not.
    names : sequence of str
        Variables.
    length : int
        Steps of a block; the last may be shorter.
    slab : int, default=33554432
        Bytes to read at a time.

    Yields
    ------
    slice
        Steps.
    list of array
        Their values of each variable, shape (time, cell), float32.
    """
    total, rest, begin = ds.sizes["time"], None, 0
    for steps in _slabs(ds, names, length, slab):
        fields = _read(ds, names, steps)
        at = 0
        if rest is not None:
            at = length - len(rest[0])
            fields_now = [np.concatenate([a, b[:at]]) for a, b in zip(rest, fields, strict=True)]
            rest = None
            if len(fields_now[0]) < length and steps.stop < total:
                rest = fields_now
                continue
            yield slice(begin, begin + len(fields_now[0])), fields_now
            begin += len(fields_now[0])
        for first in range(at, len(fields[0]), length):
            part = [field[first : first + length] for field in fields]
            if len(part[0]) < length and steps.stop < total:
                rest = [field.copy() for field in part]
                break
            yield slice(begin, begin + len(part[0])), part
            begin += len(part[0])


def _read(ds, names, steps):
    try:
        loaded = ds[list(names)].reset_coords(drop=True).isel(time=steps).load()
    except (DscTfError, MemoryError):
        raise
    except Exception as error:  # every format has its own errors for damaged chunks and absent codecs
        raise DscTfError(_unreadable(names, error)) from error
    fields = (loaded[name].transpose(*DIMENSIONS).values for name in names)
    return [np.ascontiguousarray(f, dtype=np.float32).reshape(len(f), -1) for f in fields]


def _unreadable(names, error):
    """Message about values that cannot be read."""
    lines = str(error).splitlines()
    reason = lines[0][:120] if lines else type(error).__name__
    which = ", ".join(map(str, names))
    if "Too many open files" in reason:
        return "data: too many open files. Raise the limit with `ulimit -n`, or join the files first."
    if "odec" in reason or "filter" in reason.lower():
        return (
            f"{which}: compressed with a codec that is not installed or fails ({reason}). "
            "Install it, or get the file again."
        )
    return f"{which}: values cannot be read ({reason}). The file may be damaged; get it again."


def _slabs(ds, names, length, slab):
    """Slices of time to read at a time: whole chunks of the file where a few slabs hold one, else whole blocks."""
    total = ds.sizes["time"]
    values = sum(max(1, ds[name].size // max(1, total)) for name in names)
    steps = max(1, slab // (4 * values))
    chunks = max((_time_chunks(ds[name]) for name in names), key=lambda lengths: max(lengths, default=0))
    if not 1 < max(chunks, default=0) <= 8 * steps:
        size = max(length, steps // length * length)
        return [slice(start, min(total, start + size)) for start in range(0, total, size)]
    ends, begin = [], 0
    stops = np.cumsum(chunks)
    for stop, following in zip(stops, [*stops[1:], np.inf], strict=True):
        if following - begin > steps:
            ends.append(int(stop))
            begin = stop
    return [slice(start, stop) for start, stop in zip([0, *ends[:-1]], ends, strict=True)]


def _time_chunks(values):
    """Lengths of a variable's chunks along time."""
    if values.chunks is not None:
        return values.chunks[values.dims.index("time")]
    total, chunk = values.sizes["time"], time_chunk(values)
    return (chunk,) * (total // chunk) + ((total % chunk,) if total % chunk else ())


def time_chunk(values, name="time"):
    """Steps that a variable's chunks hold; 1 where it has none.

    Parameters
    ----------
    values : xr.DataArray
        A variable over time.
    name : str, default="time"
        What its dimension of time is called.
    """
    if values.chunks is not None:
        return values.chunks[values.dims.index(name)][0]
    sizes = values.encoding.get("preferred_chunks") or {}
    return int(sizes.get(name, 1))
