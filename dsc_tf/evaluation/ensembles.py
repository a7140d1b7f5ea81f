"""Scores of ensembles and of Gaussian predictions against observed values. NumPy inside, xarray at the edge."""

import numpy as np
import xarray as xr

from ..errors import DscTfError

MEMBER = "member"


def crps(ensemble, observed, *, weights=None):
    """Fair continuous ranked probability score of an ensemble, averaged over all observed values.

    For members x_1 ... x_M of one value and its observation y, the score is

        mean_i |x_i - y| - sum_{i,j} |x_i - x_j| / (2 M (M - 1)).

    The second divisor makes it unbiased for an ensemble of any size. One member scores its absolute error.

    Parameters
    ----------
    ensemble : array of shape (member, ...) or xr.DataArray with a dimension "member"
        Members.
    observed : array of shape (...) or xr.DataArray
        Observations; missing ones (NaN) are left out, and so are values that a member lacks.
    weights : array or xr.DataArray, default=None
        Weights that broadcast to the observations, such as the cosine of latitude; None weights all alike.

    Returns
    -------
    float
        In the unit of the observations; 0 is perfect.

    Raises
    ------
    DscTfError
        If shapes or labels of the two differ, or nothing is observed.

    References
    ----------
    Ferro (2014), https://doi.org/10.1002/qj.2270, equation 3.

    Examples
    --------
    >>> crps([[0.0], [2.0]], [1.0])
    0.0
    >>> crps([[3.0]], [1.0])
    2.0
    """
    members, values, weights = _observed_only(ensemble, observed, weights)
    return float(np.average(_crps_of_values(members, values), weights=weights))


def gaussian_crps(mean, deviation, observed):
    """Continuous ranked probability score of Gaussian predictions, averaged over all observed values.

    Parameters
    ----------
    mean, deviation : array or xr.DataArray of shape (...)
        Mean and standard deviation of each prediction; a deviation of 0 scores the absolute error.
    observed : array or xr.DataArray of shape (...)
        Observations; missing ones are left out.

    Returns
    -------
    float
        In the unit of the observations.

    References
    ----------
    Gneiting et al. (2005), https://doi.org/10.1175/MWR2904.1, equation 5.
    """
    from scipy.special import ndtr

    mean, deviation, observed = _known_together(mean, deviation, observed)
    certain = deviation <= 0
    z = (observed - mean) / np.where(certain, 1.0, deviation)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    score = deviation * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    return float(np.where(certain, np.abs(observed - mean), score).mean())


def spread_error_ratio(ensemble, observed, *, weights=None):
    """Ratio of the spread of an ensemble to the error of its mean: 1 where the ensemble is reliable.

    Parameters
    ----------
    ensemble, observed, weights
        As of `crps`.

    Returns
    -------
    float
        Root of the mean variance of the members, corrected by (M + 1) / M for a finite ensemble, over the root mean
        squared error of the ensemble mean. Below 1 the ensemble is overconfident.

    References
    ----------
    Fortin et al. (2014), https://doi.org/10.1175/JHM-D-14-0008.1, equation 15.

    Examples
    --------
    >>> spread_error_ratio([[0.0, 0.0], [2.0, 2.0]], [1.0 + 3**0.5, 1.0 - 3**0.5])
    1.0
    """
    members, values, weights = _observed_only(ensemble, observed, weights)
    if len(members) < 2:
        raise DscTfError("ensemble: 1 member. Give at least 2, because one has no spread.")
    variance = members.var(axis=0, ddof=1) * (len(members) + 1) / len(members)
    error = (members.mean(axis=0) - values) ** 2
    return float(
        round(np.sqrt(np.average(variance, weights=weights) / np.average(error, weights=weights)), 12)
    )


def coverage(ensemble, observed, *, level=0.9):
    """Share of observations inside the central interval of an ensemble.

    Parameters
    ----------
    ensemble, observed
        As of `crps`.
    level : float, default=0.9
        Probability of the interval. Its limits are quantiles of the members at plotting positions i / (M + 1), so that
        a reliable ensemble has this coverage whatever its size; fewer than 2 / (1 - level) - 1 members cannot reach it.

    Returns
    -------
    float
        From 0 to 1; `level` where the ensemble is reliable.
    """
    members, values, _ = _observed_only(ensemble, observed, None)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(members, tails, axis=0, method="weibull")
    return float(((values >= low) & (values <= high)).mean())


def gaussian_coverage(mean, deviation, observed, *, level=0.9):
    """Share of observations inside the central interval of Gaussian predictions.

    Parameters
    ----------
    mean, deviation, observed
        As of `gaussian_crps`.
    level : float, default=0.9
        Probability of the interval.

    Returns
    -------
    float
        From 0 to 1; `level` where the standard deviations are calibrated.

    Examples
    --------
    >>> gaussian_coverage([0.0, 0.0], [1.0, 1.0], [1.6, 1.7])
    0.5
    """
    from scipy.special import ndtri

    mean, deviation, observed = _known_together(mean, deviation, observed)
    return float((np.abs(observed - mean) <= ndtri((1 + level) / 2) * deviation).mean())


def rank_histogram(ensemble, observed, *, random_state=None):
    """Return the number of observations by their rank among the members: flat where the ensemble is reliable.

    Parameters
    ----------
    ensemble, observed
        As of `crps`.
    random_state : int, default=None
        Seed of the random order of equal values, such as dry days.

    Returns
    -------
    array of int, shape (member + 1,)
        Rank 0 counts the observations below every member. High ends mean too little spread.

    References
    ----------
    Hamill (2001), https://doi.org/10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2.

    Examples
    --------
    >>> rank_histogram([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], [0.0, 1.5, 9.0])
    array([1, 1, 1])
    """
    members, values, _ = _observed_only(ensemble, observed, None)
    below, equal = (members < values).sum(axis=0), (members == values).sum(axis=0)
    ranks = below + np.random.default_rng(random_state).integers(0, equal + 1)
    return np.bincount(ranks, minlength=len(members) + 1)


def ensemble_scores(ensemble, observed, *, weights=None, level=0.9, random_state=0):
    """All scores of an ensemble for each variable.

    Parameters
    ----------
    ensemble : xr.Dataset with a dimension "member", or what `crps` takes
        Members.
    observed : xr.Dataset, or what `crps` takes
        Observations; a Dataset may have more variables than the ensemble, not fewer.
    weights : array or xr.DataArray, default=None
        As of `crps`.
    level : float, default=0.9
        Probability of the interval whose coverage is counted.
    random_state : int, default=0
        As of `rank_histogram`.

    Returns
    -------
    dict
        `rmse` of the ensemble mean, `crps`, `spread_error_ratio` and `coverage` (both None for one member), and
        `rank_histogram` as a list; for Datasets, a dict of such dicts by variable.
    """
    if isinstance(ensemble, xr.Dataset):
        options = {"weights": weights, "level": level, "random_state": random_state}
        return {str(v): ensemble_scores(ensemble[v], observed[v], **options) for v in ensemble.data_vars}
    members, values, weights = _observed_only(ensemble, observed, weights)
    several = len(members) > 1
    return {
        "rmse": float(np.sqrt(np.average((members.mean(axis=0) - values) ** 2, weights=weights))),
        "crps": crps(members, values, weights=weights),
        "spread_error_ratio": spread_error_ratio(members, values, weights=weights) if several else None,
        "coverage": coverage(members, values, level=level) if several else None,
        "rank_histogram": rank_histogram(members, values, random_state=random_state).tolist(),
    }


def _crps_of_values(members, values):
    """Score of each value. Sorted members give the sum over pairs without a loop over pairs."""
    number = len(members)
    error = np.abs(members - values).mean(axis=0)
    if number == 1:
        return error
    rank = (2 * np.arange(1, number + 1) - number - 1).astype(np.float64)
    pairs = np.tensordot(rank, np.sort(members, axis=0), axes=1)  # sum over i < j of x_(j) - x_(i)
    return error - pairs / (number * (number - 1))


def _observed_only(ensemble, observed, weights):
    """Members (member, value), observations (value,) and weights (value,) or None, without missing values."""
    if isinstance(ensemble, xr.DataArray) and isinstance(observed, xr.DataArray):
        ensemble, observed, weights = _aligned(ensemble, observed, weights)
    members, values = np.asarray(ensemble, np.float64), np.asarray(observed, np.float64)
    if members.shape[1:] != values.shape:
        raise DscTfError(
            f"ensemble: of shape {members.shape}, observations of {values.shape}. "
            "Give members first, then the axes of the observations."
        )
    known = np.isfinite(values) & np.isfinite(members).all(axis=0)
    if not known.any():
        raise DscTfError("observed: no value is present in both. Give a common period and area.")
    if weights is not None:
        weights = np.broadcast_to(np.asarray(weights, np.float64), values.shape)[known]
    return members[:, known], values[known], weights


def _aligned(ensemble, observed, weights):
    if MEMBER not in ensemble.dims or set(ensemble.dims) - {MEMBER} != set(observed.dims):
        raise DscTfError(
            f"ensemble: dimensions {', '.join(map(str, ensemble.dims))}, observations "
            f"{', '.join(map(str, observed.dims))}. Give those of the observations and {MEMBER}."
        )
    try:
        ensemble, observed = xr.align(ensemble, observed, join="exact")
    except ValueError as error:
        raise DscTfError(
            "ensemble: its coordinates differ from those of the observations. Select the same times and grid."
        ) from error
    if isinstance(weights, xr.DataArray):
        weights = weights.broadcast_like(observed).transpose(*observed.dims).values
    return ensemble.transpose(MEMBER, *observed.dims).values, observed.values, weights


def _known_together(*arrays):
    if all(isinstance(one, xr.DataArray) for one in arrays):
        arrays = xr.broadcast(*xr.align(*arrays, join="exact"))
    arrays = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in arrays))
    known = np.logical_and.reduce([np.isfinite(one) for one in arrays])
    if not known.any():
        raise DscTfError("observed: no value is present in all. Give a common period and area.")
    return [one[known] for one in arrays]
