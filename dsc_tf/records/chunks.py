"""A record read once, from its first step to its last, in blocks of equal length."""

import numpy as np

from ..errors import DscTfError

DIMENSIONS = ("time", "latitude", "longitude")
BLOCK = 2**18  # values at a time: one MiB, so that they stay in the cache
SLAB = 2**26  # bytes read at a time


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
    slab : int, default=67108864
        Bytes to read at a time.

    Yields
    ------
    slice
        Steps.
    list of array
        Their values of each variable, shape (time, cell), float32.
    """
    total, rest, begin = ds.sizes["time"], None, 0
    size = _slab_length(ds, names, length, slab)
    for start in range(0, total, size):
        fields = _read(ds, names, slice(start, start + size))
        at = 0
        if rest is not None:
            at = length - len(rest[0])
            fields_now = [np.concatenate([a, b[:at]]) for a, b in zip(rest, fields, strict=True)]
            rest = None
            if len(fields_now[0]) < length and start + size < total:
                rest = fields_now
                continue
            yield slice(begin, begin + len(fields_now[0])), fields_now
            begin += len(fields_now[0])
        for first in range(at, len(fields[0]), length):
            part = [field[first : first + length] for field in fields]
            if len(part[0]) < length and start + size < total:
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


def _slab_length(ds, names, length, slab):
    """Steps to read at a time: whole blocks, and whole chunks of the file where a few slabs hold one."""
    values = sum(max(1, ds[name].size // max(1, ds.sizes["time"])) for name in names)
    steps = max(1, slab // (4 * values))
    chunk = max([time_chunk(ds[name]) for name in names], default=1)
    if steps < chunk <= 8 * steps:
        return chunk
    unit = chunk if chunk <= steps else length
    return max(unit, steps // unit * unit)


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
