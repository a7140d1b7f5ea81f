"""The seasonal cycle of each grid cell: a mean and harmonics of the year."""

import numpy as np

HARMONICS = 2
RIDGE = (
    1e-3  # penalty of the squared harmonics, which keeps them small where few seasons barely determine them
)


def year_phase(time):
    """Phase of the year: 2 pi times the days since 1 January over 365.25, in every calendar.

    Parameters
    ----------
    time : xr.DataArray
        Times of any calendar.

    Returns
    -------
    array of float, shape (time,)
        From 0 to less than 2 pi; a year of 360 days ends at 2 pi 360 / 365.25.
    """
    day = time.dt.dayofyear.values - 1 + time.dt.hour.values / 24
    return 2 * np.pi * day / 365.25


def seasonal_design(time):
    """Regressors of the seasonal cycle: 1 and the first harmonics of the year, shape (time, 1 + 2 HARMONICS)."""
    phase = year_phase(time)
    waves = [f(h * phase) for h in range(1, HARMONICS + 1) for f in (np.cos, np.sin)]
    return np.stack([np.ones_like(phase), *waves], axis=1)


def regressors(time):
    """Regressors that a record determines, shape (time, coefficient): the mean alone in less than 0.9 years."""
    design = seasonal_design(time)
    return design[:, :1] if time.size < 2 or years_covered(time) < 0.9 else design


def fit_seasonal_cycle(statistics):
    """Seasonal coefficients of each cell by least squares over the steps at which it has a value.

    The coefficients c of a cell minimise sum_t (x_t - d_t . c)^2 + n RIDGE sum_(j > 0) c_j^2 over its n known values,
    d_t being the regressors of `seasonal_design`. A record of less than 0.9 years gets the mean alone, since its cycle
    cannot be separated from its weather. A cell without any value gets the mean of the other cells, so that its
    anomalies are of ordinary size if a later record has values there.

    Parameters
    ----------
    statistics : FieldStatistics
        Statistics of one variable, accumulated with `regressors` as design.

    Returns
    -------
    coefficients : array of shape (1 + 2 HARMONICS, cell)
        Mean first; in the unit of the values; float64.
    sums, squares : array of shape (cell,)
        Sum and sum of squares of the remainders of each cell's known values.
    """
    moments, counts = statistics.moments, statistics.counts
    normal = statistics.design.T @ statistics.design
    coefficients = _solve(normal, statistics.steps, moments)
    sums, squares = _remainder(normal, coefficients, moments, statistics.squares)
    partly = np.flatnonzero((counts > 0) & (statistics.missing > 0))
    if len(partly):
        normals = statistics.normals(partly)
        own = _solve(normals, counts[partly][:, None, None], moments[:, partly].T[..., None])[..., 0].T
        coefficients[:, partly] = own
        part = _remainder(normals, own, moments[:, partly], statistics.squares[partly])
        sums[partly], squares[partly] = part
    mean = statistics.sums.sum() / max(counts.sum(), 1)
    coefficients[0] = np.where(counts > 0, coefficients[0] + statistics.origin, mean)
    missing = 1 + 2 * HARMONICS - len(coefficients)
    return np.pad(coefficients, ((0, missing), (0, 0))), sums, squares


def _remainder(normal, coefficients, moments, squares):
    """Sum and sum of squares of the values minus their cycle, from the moments of the values."""
    one = normal.ndim == 2
    explained = normal @ coefficients if one else np.einsum("cij,jc->ic", normal, coefficients)
    rest = squares + (coefficients * (explained - 2 * moments)).sum(axis=0)
    return moments[0] - explained[0], np.maximum(rest, 0.0)


def _solve(normal, count, moments):
    """Coefficients of the ridge regression; the mean, the first one, is not shrunk."""
    ridge = np.diag([0.0, *np.full(normal.shape[-1] - 1, RIDGE)])
    return np.linalg.solve(normal + count * ridge, moments)


def years_covered(time):
    """Length of a record in years, from its earliest to its latest step."""
    span = time.values.max() - time.values.min()
    days = span / np.timedelta64(1, "D") if isinstance(span, np.timedelta64) else span.total_seconds() / 86400
    return days / 365.25
