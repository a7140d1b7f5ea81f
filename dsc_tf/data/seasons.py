"""The seasonal cycle of each grid cell: a mean and harmonics of the year."""

import numpy as np

HARMONICS = 2
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
    """Seasonal coefficients of each cell by least squares.

    A record of less than a year holds no cycle that could be told from its weather: it gets the mean alone.
    Missing values count as the cell's mean.

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
    counts = np.maximum(np.isfinite(values).sum(axis=0), 1)
    mean = np.nansum(values, axis=0, dtype=np.float64) / counts
    flat = np.where(np.isfinite(values), values - mean, 0.0).reshape(len(values), -1)
    if time.size < 2 or years_covered(time) < 0.9:
        design[:, 1:] = 0.0
    normal = design.T @ design + RIDGE * len(design) * np.diag([0.0, *np.ones(design.shape[1] - 1)])
    coefficients = np.linalg.solve(normal, design.T @ flat).reshape(-1, *values.shape[1:])
    coefficients[0] += mean
    return coefficients


def years_covered(time):
    """Length of a record in years, from its first to its last step."""
    first, last = time.values[0], time.values[-1]
    span = last - first
    days = span / np.timedelta64(1, "D") if isinstance(span, np.timedelta64) else span.total_seconds() / 86400
    return days / 365.25
