"""The seasonal cycle of each grid cell: a mean and harmonics of the year."""

import numpy as np

HARMONICS = 2
BLOCK = 2**18  # values at a time: two MiB in float64, so that they stay in the cache
RIDGE = 1e-3  # keeps harmonics quiet that a record of few seasons cannot tell apart


def year_phase(time):
    """Fraction of the year that has passed, in radians.

    Parameters
    ----------
    time : xr.DataArray
        Times of any calendar.

    Returns
    -------
    array of float, shape (time,)
        From 0 to 2 pi.
    """
    day = time.dt.dayofyear.values - 1 + time.dt.hour.values / 24
    return 2 * np.pi * day / 365.25


def seasonal_design(time):
    """Columns of the seasonal regression: 1 and the first harmonics, shape (time, 1 + 2 HARMONICS)."""
    phase = year_phase(time)
    waves = [f(h * phase) for h in range(1, HARMONICS + 1) for f in (np.cos, np.sin)]
    return np.stack([np.ones_like(phase), *waves], axis=1)


def fit_seasonal_cycle(values, time):
    """Seasonal coefficients of each cell by least squares over the steps at which it has a value.

    A record of less than a year holds no cycle that could be told from its weather: it gets the mean alone.
    A cell without any value gets the mean of the others, so that it is ordinary if a later record knows it.

    Parameters
    ----------
    values : array of shape (time, latitude, longitude)
        One variable; may hold NaN.
    time : xr.DataArray
        Its times.

    Returns
    -------
    array of shape (coefficient, latitude, longitude)
        Mean first; in the unit of `values`; float64.
    """
    design = seasonal_design(time)
    if time.size < 2 or years_covered(time) < 0.9:
        design[:, 1:] = 0.0
    counts, total = cell_totals(values)
    mean = total / np.maximum(counts, 1)
    partly = (counts > 0) & (counts < len(values))
    moments = np.zeros((design.shape[1], *values.shape[1:]))
    partial = np.zeros((np.count_nonzero(partly), design.shape[1] ** 2))
    for steps in time_blocks(values):
        # From each cell's own mean, so that a constant cell leaves exactly nothing.
        rest = values[steps] - mean
        moments += np.tensordot(design[steps].T, np.nan_to_num(rest, copy=False), axes=1)
        if len(partial):
            products = np.einsum("ti,tj->tij", design[steps], design[steps]).reshape(len(rest), -1)
            partial += np.isfinite(values[steps][:, partly]).T @ products
    whole = _solve(design.T @ design, len(design), moments.reshape(len(moments), -1))
    coefficients = whole.reshape(moments.shape)
    if len(partial):
        normal = partial.reshape(-1, len(moments), len(moments))
        own = _solve(normal, counts[partly][:, None, None], moments[:, partly].T[..., None])
        coefficients[:, partly] = own[..., 0].T
    coefficients[0] += np.where(counts > 0, mean, total.sum() / max(counts.sum(), 1))
    return coefficients


def cell_totals(values):
    """How many values each cell has, and their sum in float64: two arrays of shape (latitude, longitude)."""
    counts, total = np.zeros(values.shape[1:], dtype=np.int64), np.zeros(values.shape[1:])
    for steps in time_blocks(values):
        block = values[steps].astype(np.float64)
        known = ~np.isnan(block)
        counts += np.count_nonzero(known, axis=0)
        total += np.sum(block, axis=0, where=known)
    return counts, total


def time_blocks(values):
    """Slices of time that hold about `BLOCK` values each, so that float64 copies stay small."""
    step = max(1, BLOCK // max(1, values[0].size))
    return [slice(start, start + step) for start in range(0, len(values), step)]


def _solve(normal, count, moments):
    """Coefficients of the ridge regression; the mean, in front, is not shrunk."""
    ridge = np.diag([0.0, *np.full(normal.shape[-1] - 1, RIDGE)])
    return np.linalg.solve(normal + count * ridge, moments)


def years_covered(time):
    """Length of a record in years, from its first to its last step."""
    first, last = time.values[0], time.values[-1]
    span = last - first
    days = span / np.timedelta64(1, "D") if isinstance(span, np.timedelta64) else span.total_seconds() / 86400
    return days / 365.25
