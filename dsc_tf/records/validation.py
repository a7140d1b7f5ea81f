"""Faults of a record, reported before anything is computed from it."""

import warnings

import numpy as np

from ..errors import DscTfError
from .chunks import block_length, field_blocks
from .field_statistics import JUMP, FieldStatistics
from .missing import missing_code, outlier

MOSTLY_MISSING = 0.9  # share of cells without any value that is reported
UNIFORM_FAR = 0.5  # ranges of the other steps between a field of one value and them
SHOWN = 10  # variables named in a message
AT_END, MAX_AT_ENDS = (
    1e-4,
    0.02,
)  # part of the range at its ends; share of values there that wrapping does not make
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
        a code for missing values that is not stated, or every variable constant.

    Warns
    -----
    UserWarning
        A constant variable among others; missing steps, cells and scattered values with their share; values damaged by
        wrapped-around 16-bit packing, recognised by jumps over most of the variable's range that are common both from
        step to step and from cell to cell, without as many jumps of half the size.
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
    check_values(statistics, fields, ds.indexes["time"])


def check_values(statistics, fields, times=None):
    """What `check_dataset` says of values, from their statistics.

    Parameters
    ----------
    statistics : dict of str to FieldStatistics
        By variable.
    fields : callable
        From a variable's name to its blocks of time (time, latitude, longitude), in order; called where statistics
        leave a doubt.
    times : sequence, default=None
        Times of the steps, to name those that are missing.

    Raises
    ------
    DscTfError
        As `check_dataset`.
    """
    refuse_values(statistics)
    constant = [name for name, known in statistics.items() if not known.changes]
    for name, known in statistics.items():
        far = outlier(known)
        if far is not None:
            _warn(
                f"{name}: {far[0]:g} lies far from all other values ({far[1]:g} to {far[2]:g}). If it is a code for "
                f"missing values, mark it as such, for example with ds.where(ds.{name} != {far[0]:g})."
            )
        # Jumps counted on the way are too many rather than too few: no damage if even those are rare.
        if (
            far is None
            and known.changes
            and known.jumps > DAMAGED * known.pairs
            and _is_damaged(fields(name), known)
        ):
            _warn(
                f"{name}: jumps over most of its range between neighbouring steps and cells, as after a 16-bit "
                "overflow when the file was packed. Its values look damaged; leave it out or get the file again."
            )
    if len(constant) == len(statistics):
        raise DscTfError(f"{', '.join(constant)}: constant in time. There is nothing to cluster.")
    for name in constant:
        _warn(f"{name}: constant in time, so it tells no step from another. Consider leaving it out.")
    for name, known in statistics.items():
        _report_missing(name, known, times)
        if known.changes:
            _report_uniform_and_repeated(name, known, times)


def _report_missing(name, known, times):
    """Warn of steps and cells that are missing entirely, and of scattered missing values, with their share."""
    if known.absent:
        first = _time_of(known.absent[0], times)
        _warn(
            f"{name}: {len(known.absent)} of {known.steps} steps are missing entirely, the first {first}. "
            "They are filled with a constant; leave them out, for example with ds.dropna('time', how='all')."
        )
    never = known.counts == 0
    if never.any():
        advice = (
            "Choose a region with more values."
            if never.mean() > MOSTLY_MISSING
            else "They are filled with a constant, so they do not tell steps apart."
        )
        _warn(f"{name}: {int(never.sum())} of {never.size} cells are missing at all steps. {advice}")
    seen = known.missing[~never].sum() - len(known.absent) * np.count_nonzero(~never)
    share = seen / max(1, known.steps * np.count_nonzero(~never))
    if share > 0:
        _warn(
            f"{name}: {_percent(share)} of the values are missing in cells that have others. "
            "They are filled with a constant; interpolate them first, for example with ds.interpolate_na('time')."
        )


def _report_uniform_and_repeated(name, known, times):
    """Warn of steps with one value everywhere that is no end of the usual range, and of repeated steps."""
    low, high = known.bounds
    slack = 1e-6 * (abs(low) + abs(high))

    def is_doubtful(value):
        is_within = low + slack < value < high - slack
        return high > low and (is_within or max(low - value, value - high) > UNIFORM_FAR * (high - low))

    steps = [step for step, value in known.uniform if is_doubtful(value)]
    if steps:
        _warn(
            f"{name}: {len(steps)} of {known.steps} steps have one value everywhere, the first "
            f"{_time_of(steps[0], times)} with {dict(known.uniform)[steps[0]]:g}. If it stands for missing fields, "
            "leave these steps out."
        )
    if known.repeated:
        _warn(
            f"{name}: {len(known.repeated)} of {known.steps} steps repeat all values of the step before, the first "
            f"{_time_of(known.repeated[0], times)}. If it was copied into gaps, leave these steps out."
        )


def _time_of(step, times):
    return f"step {step + 1}" if times is None else str(times[step])[:19]


def _percent(share):
    return "less than 0.1 %" if share < 1e-3 else f"{100 * share:.{0 if share >= 0.1 else 1}f} %"


def refuse_values(statistics):
    """Refuse variables that are missing altogether, or hold infinite values or codes for missing values.

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
                f"{name}: {known.infinite} infinite values. Fix the file or leave the variable out."
            )
        if not known.counts.any():
            others = [other for other, one in statistics.items() if one.counts.any()]
            among = f", as with --variables {' '.join(others[:SHOWN])}" if others else ""
            raise DscTfError(f"{name}: every value is missing. Leave it out{among}.")
        code = missing_code(known)
        if code is not None:
            raise DscTfError(
                f"{name}: {code:g} occurs far from all other values, as a code for missing values that the file does "
                f"not state. Mark it as missing, for example with ds.where(ds.{name} != {code:g})."
            )


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
    if steps < 2:
        first = str(ds.indexes["time"][0])[:19]
        raise DscTfError(f"data: one time step, {first}. Give a longer record or period.")
    if rows < 2 or columns < 2:
        raise DscTfError(f"data: a grid of {rows} x {columns} points. Give a region of at least 2 x 2.")
    for axis, limit in (("latitude", 90.0001), ("longitude", 1080.0)):
        values = ds[axis].values
        if values.dtype.kind not in "iuf" or not np.isfinite(values).all() or np.abs(values).max() > limit:
            raise DscTfError(f"{axis}: values that are no degrees. Fix the axis.")
    times, member = ds.indexes["time"], ds.coords.get("member")
    if times.hasnans:
        raise DscTfError("time: missing values. Fix the time axis.")
    if member is not None and member.dims == ("time",):
        _check_members(times, member.values)
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
    """Whether large jumps are common in time and in space, with few of half their size, as after a wrap-around.

    A coast or a shower makes them common in one direction only. Cloud cover and sea ice jump by half their range as
    often as by all of it, and are often exactly at its ends. Directions wrap around by their nature.
    """
    low, high = float(known.low.min()), float(known.high.max())
    if _is_direction(low, high):
        return False
    span = high - low
    jumps, last, at_ends, count = np.zeros((3, 3)), None, 0, 0
    for block in fields:
        joined = block if last is None else np.concatenate([last, block])
        for axis, values in enumerate((joined, block, block)):
            step = np.abs(np.diff(values, axis=axis)) / span
            jumps[axis] += (
                np.count_nonzero(step > JUMP),
                np.count_nonzero((step > JUMP / 2) & (step <= JUMP)),
                np.count_nonzero(np.isfinite(step)),
            )
        at_ends += np.count_nonzero((block <= low + AT_END * span) | (block >= high - AT_END * span))
        count += np.count_nonzero(np.isfinite(block))
        last = block[-1:].copy()
    share = jumps[:, 0] / np.maximum(jumps[:, 2], 1)
    has_two_kinds = (jumps[:, 0] > jumps[:, 1]).all()
    return share.min() > DAMAGED and has_two_kinds and at_ends < MAX_AT_ENDS * count


def _is_direction(low, high):
    """Whether a range is that of a direction in degrees or radians."""
    turns = ((0, 360), (-180, 180), (0, 2 * np.pi), (-np.pi, np.pi))
    return any(
        abs(low - first) < 0.02 * (last - first) and abs(high - last) < 0.02 * (last - first)
        for first, last in turns
    )


def _warn(text):
    warnings.warn(text, UserWarning, stacklevel=4)
