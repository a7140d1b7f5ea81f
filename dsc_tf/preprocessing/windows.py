"""Windows of consecutive steps that never cross a gap in time."""

import numpy as np

GAP = 1.5  # a step longer than this many usual ones is a gap; months differ by less
USUAL = 0.25  # quantile of the steps: right as long as gaps are fewer than three in four


def segment_starts(time):
    """Position at which each gap-free stretch begins.

    Parameters
    ----------
    time : array of datetime64 or cftime, shape (time,)
        Sorted times.

    Returns
    -------
    array of int
        The first is 0.
    """
    steps = np.diff(np.asarray(time))
    if not len(steps):
        return np.array([0])
    seconds = (
        steps / np.timedelta64(1, "s") if steps.dtype.kind == "m" else [s.total_seconds() for s in steps]
    )
    seconds = np.asarray(seconds, dtype=float)
    return np.concatenate([[0], np.flatnonzero(seconds > GAP * np.quantile(seconds, USUAL)) + 1])


def window_ends(time, window):
    """Last positions of all windows of `window` consecutive steps.

    Parameters
    ----------
    time : array of datetime64 or cftime, shape (time,)
        Sorted times.
    window : int
        Steps of a window, at least 1.

    Returns
    -------
    array of int, shape (sample,)
        Positions in `time`; empty where no stretch is long enough.
    """
    starts = segment_starts(time)
    since_start = (
        np.arange(len(time)) - starts[np.searchsorted(starts, np.arange(len(time)), side="right") - 1]
    )
    return np.flatnonzero(since_start >= window - 1)


def gather_windows(fields, ends, window):
    """Windows of `fields` that end at `ends`.

    Parameters
    ----------
    fields : array of shape (time, latitude, longitude, variable)
        Steps in order.
    ends : array of int, shape (sample,)
        As `window_ends` returns them.
    window : int
        Steps of a window.

    Returns
    -------
    array of shape (sample, window, latitude, longitude, variable)
        A view of `fields` where the record has no gap, else a copy.
    """
    every = np.moveaxis(np.lib.stride_tricks.sliding_window_view(fields, window, axis=0), -1, 1)
    return every if len(every) == len(ends) else every[ends - window + 1]
