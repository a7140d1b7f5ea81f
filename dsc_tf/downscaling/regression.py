"""Ridge regression from the components of the coarse record to fine fields, with predictions out of fold."""

from dataclasses import dataclass

import numpy as np

from .anomalies import leading_patterns

EXPLAINED_FINE = 0.999  # share of the variance of the fine anomalies that their components explain
PENALTIES = np.geomspace(
    1e-6, 1e1, 22
)  # in units of the mean variance of a predictor times the number of days
FOLDS = 5
MIN_SEGMENTS = 10  # segments from which folds consist of whole segments, in turn


@dataclass(frozen=True)
class FieldRegression:
    """A linear map from predictors to anomalies of fine fields.

    Parameters
    ----------
    weights : array of shape (predictor, cell)
        Anomaly per unit of each predictor.
    intercept : array of shape (cell,)
        Anomaly where all predictors are 0.
    penalty : float
        Of the ridge regression, in units of the mean variance of a predictor times the number of days.
    """

    weights: np.ndarray
    intercept: np.ndarray
    penalty: float

    @classmethod
    def fit(cls, x, y, penalty):
        """Learn from anomalies on their leading patterns.

        Parameters
        ----------
        x : array of shape (time, predictor)
            Predictors.
        y : array of shape (time, cell)
            Anomalies of the fine fields.
        penalty : float
            See above.
        """
        patterns = leading_patterns(y, EXPLAINED_FINE)
        (weights,), intercepts = _ridge(x, y @ patterns.T, [penalty])
        return cls(weights @ patterns, intercepts[0] @ patterns, float(penalty))

    def __call__(self, x):
        """Anomalies of the fine fields, shape (time, cell)."""
        return x @ self.weights + self.intercept


def choose_penalty(x, y, validation_x, validation_y):
    """Return the penalty of least error on the validation days.

    Parameters
    ----------
    x, y : array of shape (time, predictor) and (time, cell)
        Training days.
    validation_x, validation_y : array
        Validation days.

    Returns
    -------
    penalty : float
    error : float
        Root mean square error on the validation days.
    """
    patterns = leading_patterns(y, EXPLAINED_FINE)
    target = validation_y @ patterns.T
    rest = ((validation_y**2).sum() - (target**2).sum()) / validation_y.size
    weights, intercepts = _ridge(x, y @ patterns.T, PENALTIES)
    errors = [
        ((validation_x @ w + b - target) ** 2).sum() / validation_y.size + rest
        for w, b in zip(weights, intercepts, strict=True)
    ]
    return float(PENALTIES[np.argmin(errors)]), float(np.sqrt(max(min(errors), 0.0)))


def folds_of_days(segment):
    """Fold of each day, shape (time,): whole segments in turn, or fifths of a record of few segments.

    Parameters
    ----------
    segment : array of int, shape (time,)
        Segment of each day.
    """
    _, number = np.unique(segment, return_inverse=True)
    if number.max() + 1 >= MIN_SEGMENTS:
        return number % FOLDS
    return np.arange(len(segment)) * FOLDS // len(segment)


def out_of_fold(x, y, penalty, fold):
    """Predictions of each day by a regression that was learned without its fold, shape (time, cell).

    Parameters
    ----------
    x, y : array of shape (time, predictor) and (time, cell)
        Days to learn from.
    penalty : float
        Of the ridge regression.
    fold : array of int, shape (time,)
        Fold of each day.
    """
    predicted = np.empty_like(y)
    for held in np.unique(fold):
        out = fold == held
        predicted[out] = FieldRegression.fit(x[~out], y[~out], penalty)(x[out])
    return predicted


def _ridge(x, y, penalties):
    """Weights and intercepts of ridge regressions, one for each penalty."""
    centre_x, centre_y = x.mean(axis=0), y.mean(axis=0)
    x, y = x - centre_x, y - centre_y
    values, vectors = np.linalg.eigh(x.T @ x)
    values = np.maximum(values, 0.0)
    unit = max(values.mean(), 1e-300)
    moments = vectors.T @ (x.T @ y)
    weights = [vectors @ (moments / (values + penalty * unit)[:, None]) for penalty in penalties]
    return weights, [centre_y - centre_x @ w for w in weights]
