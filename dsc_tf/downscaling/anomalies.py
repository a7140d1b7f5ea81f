"""Anomalies from the seasonal cycle, leading patterns of variability, and the predictors of a coarse record."""

import warnings
from dataclasses import dataclass

import numpy as np

from ..errors import DscTfError
from ..preprocessing.seasonal_cycle import RIDGE, regressors, seasonal_design
from .pairs import GRID

EXPLAINED_COARSE = 0.9999  # share of the variance of the predictors that their components explain
FAR = 3.0  # standard deviations outside the training range at which a value counts as unknown
DRY = 0.01  # standard deviations below which an amount counts as none
DRY_SHARE = 0.01  # share of such values from which a variable without negative values counts as an amount


@dataclass(frozen=True)
class SeasonalCycle:
    """Mean and two harmonics of the year of each cell.

    Parameters
    ----------
    coefficients : array of shape (coefficient, cell)
        Mean first.
    """

    coefficients: np.ndarray

    @classmethod
    def fit(cls, values, time):
        """Least squares over all days, slightly regularised: a record of one season cannot separate all harmonics.

        Parameters
        ----------
        values : array of shape (time, cell)
            Values without missing ones.
        time : xr.DataArray of shape (time,)
            Their times.
        """
        design = regressors(time)
        ridge = len(design) * np.diag([0.0, *np.full(design.shape[1] - 1, RIDGE)])
        return cls(np.linalg.solve(design.T @ design + ridge, design.T @ values))

    def __call__(self, time):
        """Return the cycle at given times, shape (time, cell)."""
        return seasonal_design(time)[:, : len(self.coefficients)] @ self.coefficients


def leading_patterns(anomalies, share):
    """Empirical orthogonal functions that explain a share of the mean square of anomalies.

    Parameters
    ----------
    anomalies : array of shape (time, cell)
        Anomalies; their mean is not removed.
    share : float
        From 0 to 1.

    Returns
    -------
    array of shape (component, cell)
        Orthonormal, at least one.
    """
    wide = anomalies.shape[1] > anomalies.shape[0]
    gram = anomalies @ anomalies.T if wide else anomalies.T @ anomalies
    values, vectors = np.linalg.eigh(gram)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    total = max(values.sum(), 1e-300)
    count = min(int(np.searchsorted(np.cumsum(values) / total, share)) + 1, len(values))
    count = max(1, min(count, int((values > 1e-10 * values[0]).sum())))
    if not wide:
        return vectors[:, :count].T
    return (vectors[:, :count].T @ anomalies) / np.sqrt(np.maximum(values[:count, None], 1e-300))


def is_amount(values):
    """Whether a variable is an amount such as precipitation: never negative, and zero at times.

    Parameters
    ----------
    values : array
        Values; missing ones are ignored.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return False
    none = DRY * known.std()
    return bool(known.min() > -none and (known < none).mean() > DRY_SHARE)


def root(values, amount):
    """Return the square root of amounts, which is nearer to a Gaussian; other variables as they are."""
    return np.sqrt(np.maximum(values, 0.0)) if amount else values


def flat(field):
    """Values as (time, cell), float64.

    Parameters
    ----------
    field : xr.DataArray of shape (time, latitude, longitude)
        Field.
    """
    values = field.transpose("time", *GRID).values
    return values.reshape(len(values), -1).astype(np.float64)


@dataclass(frozen=True)
class CoarsePredictors:
    """Principal components of all variables of a coarse record.

    Parameters
    ----------
    known : array of bool, shape (value,)
        Values (of all variables and cells) without missing ones in the training days.
    amount : array of bool, shape (value,)
        Values of amounts, whose root is taken.
    cycle : SeasonalCycle
        Of the known values.
    scale : array of shape (known value,)
        Standard deviation of the anomalies of the variable.
    low, high : array of shape (known value,)
        Range of the scaled anomalies in the training days.
    patterns : array of shape (component, known value)
        Empirical orthogonal functions.
    """

    known: np.ndarray
    amount: np.ndarray
    cycle: SeasonalCycle
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    patterns: np.ndarray

    @classmethod
    def fit(cls, values, variable, time):
        """Learn from training days.

        Parameters
        ----------
        values : array of shape (time, value)
            All variables and cells, as `gather` returns them.
        variable : array of int, shape (value,)
            Number of the variable of each value.
        time : xr.DataArray of shape (time,)
            Their times.

        Raises
        ------
        DscTfError
            If no value is known on all days.
        """
        known = np.isfinite(values).all(axis=0)
        if not known.any():
            raise DscTfError("coarse: every cell has missing values. Fill them first.")
        partly = np.isfinite(values).any(axis=0) & ~known
        if partly.any():
            warnings.warn(
                f"coarse: {partly.sum()} of {len(known)} cells and variables are missing on some training days and are "
                "not used; fill them first",
                UserWarning,
                stacklevel=4,
            )
        amounts = np.array([is_amount(values[:, variable == v]) for v in range(variable.max() + 1)])
        amount = amounts[variable]
        values = np.where(amount, root(values, True), values)[:, known]
        cycle = SeasonalCycle.fit(values, time)
        anomalies = values - cycle(time)
        squares = (anomalies**2).mean(axis=0)
        means = [squares[variable[known] == v].mean() for v in np.unique(variable[known])]
        lookup = dict(zip(np.unique(variable[known]), means, strict=True))
        scale = np.sqrt(np.maximum([lookup[v] for v in variable[known]], 1e-300))
        anomalies /= scale
        patterns = leading_patterns(anomalies, EXPLAINED_COARSE)
        return cls(known, amount, cycle, scale, anomalies.min(axis=0), anomalies.max(axis=0), patterns)

    def __call__(self, values, time):
        """Principal components of other days, shape (time, component).

        Parameters
        ----------
        values : array of shape (time, value)
            As in `fit`.
        time : xr.DataArray of shape (time,)
            Their times.

        Raises
        ------
        DscTfError
            If a value is missing that was known in the training days.
        """
        return self.anomalies(values, time) @ self.patterns.T

    def anomalies(self, values, time):
        """Scaled anomalies of the known values, shape (time, known value)."""
        values = np.where(self.amount, root(values, True), values)[:, self.known]
        missing = ~np.isfinite(values)
        if missing.any():
            days = missing.any(axis=1).sum()
            raise DscTfError(
                f"coarse: values missing on {days} of {len(values)} days. Fill them or leave those days out."
            )
        return (values - self.cycle(time)) / self.scale

    def warn_if_outside(self, values, time):
        """Warn where values are far outside the training range, as those of a warmer climate are."""
        anomalies = self.anomalies(values, time)
        outside = (anomalies > self.high + FAR) | (anomalies < self.low - FAR)
        if outside.any():
            warnings.warn(
                f"coarse: {outside.mean():.2%} of the values are more than {FAR:g} standard deviations outside the "
                "range of the training days; results there are extrapolated",
                UserWarning,
                stacklevel=4,
            )


def gather(datasets, at=slice(None)):
    """All variables of several datasets side by side.

    Parameters
    ----------
    datasets : list of xr.Dataset
        Records of the same times.
    at : slice or array of int
        Days to read.

    Returns
    -------
    values : array of shape (time, value)
    variable : array of int, shape (value,)
        Number of the variable of each value.
    """
    columns: list = []
    numbers: list = []
    for ds in datasets:
        for name in sorted(map(str, ds.data_vars)):
            columns.append(flat(ds[name].isel(time=at)))
            numbers.append(np.full(columns[-1].shape[1], len(numbers)))
    return np.concatenate(columns, axis=1), np.concatenate(numbers)
