"""Gap-free segments of a record, and windows of consecutive steps within them."""

import numpy as np
import numpy.typing as npt

GAP = 1.5  # a step longer than this multiple of the usual step is a gap; lengths of months differ by less
USUAL = (
    0.25  # quantile of the steps that is the usual step: correct if fewer than three in four steps are gaps
)


def segment_starts(time: npt.ArrayLike, member: npt.ArrayLike | None = None) -> np.ndarray:
    """Positions at which gap-free segments begin.

    A segment ends before a step of time that is longer than `GAP` times the usual one, before a time that is not
    later than the one ahead of it, and before a change of ensemble member.

    Parameters
    ----------
    time : array of datetime64 or cftime, shape (time,)
        Times, sorted within each member.
    member : array of shape (time,), default=None
        Ensemble member of each time.

    Returns
    -------
    array of int, shape (segment,)
        The first is 0.

    Examples
    --------
    >>> segment_starts(np.array(["2001-01-01", "2001-01-02", "2001-02-01"], "M8[D]")).tolist()
    [0, 2]
    """
    steps = np.diff(np.asarray(time))
    if not len(steps):
        return np.array([0])
    seconds = (
        steps / np.timedelta64(1, "s") if steps.dtype.kind == "m" else [s.total_seconds() for s in steps]
    )
    seconds = np.asarray(seconds, dtype=float)
    forward = seconds > 0
    if member is not None:
        forward &= np.asarray(member)[1:] == np.asarray(member)[:-1]
    usual = np.quantile(seconds[forward], USUAL) if forward.any() else 0.0
    return np.concatenate([[0], np.flatnonzero(~forward | (seconds > GAP * usual)) + 1])


def segment_numbers(time: npt.ArrayLike, member: npt.ArrayLike | None = None) -> np.ndarray:
    """Number of the gap-free segment of each step, counted from 0.

    Parameters
    ----------
    time, member
        Same as in `segment_starts`.

    Returns
    -------
    array of int, shape (time,)
    """
    starts = segment_starts(time, member)
    return np.searchsorted(starts, np.arange(len(np.asarray(time))), side="right") - 1


def window_ends(segment: npt.ArrayLike, window: int) -> np.ndarray:
    """Last positions of all windows of consecutive steps.

    Parameters
    ----------
    segment : array of int, shape (time,)
        Segment of each step, as `segment_numbers` returns them.
    window : int
        Number of steps of a window, at least 1.

    Returns
    -------
    array of int, shape (sample,)
        Empty if no segment is long enough.

    Examples
    --------
    >>> window_ends([0, 0, 0, 1, 1], 2).tolist()
    [1, 2, 4]
    """
    segment = np.asarray(segment)
    position = np.arange(len(segment))
    return position[position - np.searchsorted(segment, segment) >= window - 1]
