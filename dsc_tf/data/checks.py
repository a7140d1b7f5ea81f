"""What is wrong with a record, said before anything is computed from it."""

import warnings
from dataclasses import dataclass

import numpy as np

from ..errors import DscTfError

BLOCK = 2**25  # values read at a time
JUMP = 0.7  # of a variable's whole range, from one cell or step to the next
DAMAGED = 1e-3  # share of such jumps, in time and in space, that no field of weather shows


@dataclass
class Summary:
    """What one pass over a variable tells."""

    low: float = np.inf
    high: float = -np.inf
    finite: int = 0
    infinite: int = 0
    changes: bool = False  # in time


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
    _check_axes(ds)
    constant = []
    for name in ds.data_vars:
        summary = _summarise(ds[name])
        if not summary.finite and not summary.infinite:
            raise DscTfError(f"{name}: every value is missing. Leave it out with --variables.")
        if summary.infinite:
            raise DscTfError(
                f"{name}: {summary.infinite} infinite values. Mend the file or leave the variable out."
            )
        if not summary.changes:
            constant.append(str(name))
        elif _is_damaged(ds[name], summary):
            _warn(
                f"{name}: jumps over most of its range between neighbouring steps and cells, as after a 16-bit "
                "overflow when the file was packed. Its values look damaged; leave it out or get the file anew."
            )
    if len(constant) == len(ds.data_vars):
        raise DscTfError(f"{', '.join(constant)}: constant in time. There is nothing to cluster.")
    for name in constant:
        _warn(f"{name}: constant in time, so it tells no step from another. Consider leaving it out.")


def _check_axes(ds):
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
    if times.has_duplicates:
        twice = times[times.duplicated()]
        raise DscTfError(
            f"time: {len(twice)} duplicated steps, the first {str(twice[0])[:19]}. "
            "Remove them, for example with ds.drop_duplicates('time')."
        )
    if not times.is_monotonic_increasing:
        raise DscTfError("time: not sorted. Sort it, for example with ds.sortby('time').")


def _blocks(values):
    """Blocks of time, as arrays (time, latitude, longitude); each begins with the last step of the one before."""
    steps = max(2, BLOCK // max(1, values[0].size))
    for start in range(0, values.sizes["time"], steps - 1):
        yield values[start : start + steps].transpose("time", "latitude", "longitude").values


def _summarise(values):
    total = Summary()
    first = values[:1].transpose("time", "latitude", "longitude").values
    for block in _blocks(values):
        finite = np.isfinite(block)
        total.finite += int(finite.sum())
        total.infinite += int(np.isinf(block).sum())
        total.changes = total.changes or bool(np.any((block != first) & finite))
        if finite.any():
            total.low = min(total.low, float(np.min(block, where=finite, initial=np.inf)))
            total.high = max(total.high, float(np.max(block, where=finite, initial=-np.inf)))
    return total


def _is_damaged(values, summary):
    """Whether large jumps are common in time and in space; a coast or a shower makes only one of them so."""
    far = JUMP * (summary.high - summary.low)
    jumps = np.zeros((3, 2))
    for block in _blocks(values):
        for axis in range(3):
            step = np.abs(np.diff(block, axis=axis))
            jumps[axis] += np.count_nonzero(step > far), np.count_nonzero(np.isfinite(step))
    share = jumps[:, 0] / np.maximum(jumps[:, 1], 1)
    return share.min() > DAMAGED


def _warn(text):
    warnings.warn(text, UserWarning, stacklevel=3)
