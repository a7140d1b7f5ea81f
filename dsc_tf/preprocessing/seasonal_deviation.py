"""The smooth seasonal cycle of the standard deviation of anomalies, one for each variable."""

import numpy as np

from .seasonal_cycle import RIDGE, regressors, seasonal_design

MIN_SHARE = 0.05  # of the mean variance: the harmonics may not fall below it


def fit_seasonal_deviation(mean_squares, time):
    """Seasonal coefficients of the variance of each variable, by least squares.

    Parameters
    ----------
    mean_squares : array of shape (time, variable)
        Area mean of the squared anomalies of each step.
    time : xr.DataArray
        Times of the record. A record of less than 0.9 years gets the mean alone.

    Returns
    -------
    array of shape (coefficient, variable)
        Mean, cosine and sine of the year, cosine and sine of the half year, in squared units.

    References
    ----------
    Grams, C. M. et al. (2017). Balancing Europe's wind-power output through spatial deployment informed by weather
    regimes. Nature Climate Change 7: anomalies are divided by the spatial mean of the standard deviation of the time
    of the year.
    """
    design = regressors(time)
    normal = design.T @ design + len(design) * np.diag([0.0, *np.full(design.shape[1] - 1, RIDGE)])
    found = np.linalg.solve(normal, design.T @ mean_squares)
    missing = seasonal_design(time[:1]).shape[1] - len(found)
    return np.pad(found, ((0, missing), (0, 0)))


def seasonal_deviation(coefficients, time):
    """Standard deviation of each variable at some times, shape (time, variable).

    Parameters
    ----------
    coefficients : array of shape (coefficient, variable)
        As `fit_seasonal_deviation` returns them.
    time : xr.DataArray
        Times.
    """
    variance = seasonal_design(time) @ coefficients
    deviation = np.sqrt(np.maximum(variance, MIN_SHARE * coefficients[0]))
    return np.where(deviation > 0, deviation, 1.0)
