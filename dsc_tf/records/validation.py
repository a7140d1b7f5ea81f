"""What is wrong with a record, said before anything is computed from it."""

import warnings

import numpy as np

from ..errors import DscTfError
from .chunks import block_length, field_blocks
from .field_statistics import JUMP, FieldStatistics

DAMAGED = 1e-3  # share of jumps, in time and in space, that no field of weather shows


def check_dataset(ds):
    """Refuse a record that cannot be clustered; warn of one that is doubtful.

    Every variable is read block by block, so a record larger than memory is checked as well.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it.

    Raises
    ------
    DscTfError
        No steps, duplicated or unsorted times, fewer than 2 x 2 points, a variable all missing, infinite values,
        or every variable constant.

    Warns
    -----
    UserWarning
        A constant variable among others; values damaged by wrapped-around 16-bit packing, told by jumps over
        most of the variable's range that are common both from step to step and from cell to cell.
    """
    check_axes(ds)
    grid = (ds.sizes["latitude"], ds.sizes["longitude"])
    length = block_length(grid[0] * grid[1])

    def fields(name):
        return (block.reshape(-1, *grid) for _, (block,) in field_blocks(ds, [name], length))

    statistics = {}
    for name in map(str, ds.data_vars):
        statistics[name] = FieldStatistics(grid[0] * grid[1])
        for _, (block,) in field_blocks(ds, [name], length):
            statistics[name].add(block)
    check_values(statistics, fields)


def check_values(statistics, fields):
    """What `check_dataset` says of values, from their statistics.

    Parameters
    ----------
    statistics : dict of str to FieldStatistics
        By variable.
    fields : callable
        From a variable's name to its blocks of time (time, latitude, longitude), in order; called where statistics
        leave a doubt.

    Raises
    ------
    DscTfError
        As `check_dataset`.
    """
    refuse_values(statistics)
    constant = [name for name, known in statistics.items() if not known.changes]
    for name, known in statistics.items():
        # Jumps counted on the way are too many rather than too few: no damage if even those are rare.
        if known.changes and known.jumps > DAMAGED * known.pairs and _is_damaged(fields(name), known):
            _warn(
                f"{name}: jumps over most of its range between neighbouring steps and cells, as after a 16-bit "
                "overflow when the file was packed. Its values look damaged; leave it out or get the file anew."
            )
    if len(constant) == len(statistics):
        raise DscTfError(f"{', '.join(constant)}: constant in time. There is nothing to cluster.")
    for name in constant:
        _warn(f"{name}: constant in time, so it tells no step from another. Consider leaving it out.")


def refuse_values(statistics):
    """Refuse variables that are missing altogether or hold infinite values.

    Parameters
    ----------
    statistics : dict of str to FieldStatistics
        By variable.

    Raises
    ------
    DscTfError
        In these cases.
    """
    for name, known in statistics.items():
        if known.infinite:
            raise DscTfError(
                f"{name}: {known.infinite} infinite values. Mend the file or leave the variable out."
            )
        if not known.counts.any():
            raise DscTfError(f"{name}: every value is missing. Leave it out with --variables.")


def check_axes(ds):
    """Refuse a record whose axes cannot be clustered along, or that has no variable.

    Raises
    ------
    DscTfError
        As `check_dataset`.
    """
    steps, rows, columns = (ds.sizes[name] for name in ("time", "latitude", "longitude"))
    if not ds.data_vars:
        raise DscTfError("data: no variables. Give at least one.")
    if not steps:
        raise DscTfError("data: no time steps. Give a longer period.")
    if rows < 2 or columns < 2:
        raise DscTfError(f"data: a grid of {rows} x {columns} points. Give a region of at least 2 x 2.")
    times = ds.indexes["time"]
    if times.hasnans:
        raise DscTfError("time: missing values. Mend the time axis.")
    if "member" in ds.coords and ds["member"].dims == ("time",):
        _check_members(times, ds["member"].values)
        return
    if times.has_duplicates:
        twice = times[times.duplicated()]
        raise DscTfError(
            f"time: {len(twice)} duplicated steps, the first {str(twice[0])[:19]}. "
            "Remove them, for example with ds.drop_duplicates('time')."
        )
    if not times.is_monotonic_increasing:
        raise DscTfError("time: not sorted. Sort it, for example with ds.sortby('time').")


def _check_members(times, member):
    """Refuse times that do not increase within an ensemble member; members follow one another along time."""
    starts = [0, *np.flatnonzero(member[1:] != member[:-1]) + 1]
    for begin, end in zip(starts, [*starts[1:], None], strict=True):
        part = times[begin:end]
        if not part.is_monotonic_increasing or part.has_duplicates:
            raise DscTfError(
                f"time: not sorted within member {member[begin]}. Sort it, for example with ds.sortby('time') before "
                "the members are joined."
            )


def _is_damaged(fields, known):
    """Whether large jumps are common in time and in space; a coast or a shower makes only one of them so."""
    far = JUMP * (float(known.high.max()) - float(known.low.min()))
    jumps, last = np.zeros((3, 2)), None
    for block in fields:
        joined = block if last is None else np.concatenate([last, block])
        for axis, values in enumerate((joined, block, block)):
            step = np.abs(np.diff(values, axis=axis))
            jumps[axis] += np.count_nonzero(step > far), np.count_nonzero(np.isfinite(step))
        last = block[-1:].copy()
    share = jumps[:, 0] / np.maximum(jumps[:, 1], 1)
    return share.min() > DAMAGED


def _warn(text):
    warnings.warn(text, UserWarning, stacklevel=4)
