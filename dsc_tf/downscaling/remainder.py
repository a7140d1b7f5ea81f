"""What a regression leaves: drawn fields of the right patterns, spread and persistence, and the amounts they make."""

from dataclasses import dataclass

import numpy as np

from .anomalies import leading_patterns

EXPLAINED_REMAINDER = 0.999
BINS = 10  # of predicted amounts, for their spread
QUANTILES = 201
MIN_SPREAD = 0.05  # of the usual one, so that remainders can be divided by it


@dataclass(frozen=True)
class DrawnRemainder:
    """Random fields with the patterns, variances and persistence of the remainders of a regression.

    Each pattern has an autoregressive coefficient: z[t] = phi z[t - 1] + sqrt(1 - phi^2) e[t].

    Parameters
    ----------
    patterns : array of shape (component, cell)
        Empirical orthogonal functions of the remainders.
    deviations : array of shape (component,)
        Standard deviation of each component.
    persistence : array of shape (component,)
        Correlation of each component on consecutive days.
    """

    patterns: np.ndarray
    deviations: np.ndarray
    persistence: np.ndarray

    @classmethod
    def fit(cls, remainder, segment, *, share=EXPLAINED_REMAINDER):
        """Learn from remainders, best those out of fold.

        Parameters
        ----------
        remainder : array of shape (time, cell)
            Observed less predicted values.
        segment : array of int, shape (time,)
            Segment of each day: days of different segments are not consecutive.
        share : float, default=EXPLAINED_REMAINDER
            Share of the variance that the patterns explain.
        """
        patterns = leading_patterns(remainder, share)
        scores = remainder @ patterns.T
        return cls(patterns, np.sqrt((scores**2).mean(axis=0)), lag_one_correlation(scores, segment))

    def draw(self, members, segment, rng, *, innovations=None):
        """Independent remainders of each member, shape (member, time, cell).

        Parameters
        ----------
        members : int
            Number of members.
        segment : array of int, shape (time,)
            Segment of each day; each segment begins independently of the one before.
        rng : numpy.random.Generator
            Source of randomness.
        innovations : array of shape (member, time, leading component), default=None
            Innovations of the leading components; the others, by default all, are Gaussian.
        """
        scores = rng.standard_normal((members, len(segment), len(self.deviations)))
        if innovations is not None:
            scores[..., : innovations.shape[-1]] = innovations
        return (self._persistent(scores, segment) * self.deviations) @ self.patterns

    def _persistent(self, scores, segment):
        """Standardised components from their innovations, shape (member, time, component)."""
        innovation = np.sqrt(1 - self.persistence**2)
        for t in range(1, len(segment)):
            if segment[t] == segment[t - 1]:
                scores[:, t] = self.persistence * scores[:, t - 1] + innovation * scores[:, t]
        return scores


def lag_one_correlation(scores, segment):
    """Correlation of consecutive days, shape (component,), from -0.99 to 0.99.

    Parameters
    ----------
    scores : array of shape (time, component)
        Components of mean 0.
    segment : array of int, shape (time,)
        Segment of each day.
    """
    pairs = segment[1:] == segment[:-1]
    if not pairs.any():
        return np.zeros(scores.shape[1])
    products = (scores[1:] * scores[:-1])[pairs].mean(axis=0)
    squares = ((scores[1:] ** 2)[pairs].mean(axis=0) + (scores[:-1] ** 2)[pairs].mean(axis=0)) / 2
    return np.clip(products / np.maximum(squares, 1e-300), -0.99, 0.99)


@dataclass(frozen=True)
class AmountSpread:
    """Spread of the remainder as a function of the predicted root amount: small where it is dry.

    Parameters
    ----------
    centres : array of shape (bin,)
        Mean predicted root amount of each bin.
    factors : array of shape (bin,)
        Root mean square of the remainder in the bin, relative to that of all.
    """

    centres: np.ndarray
    factors: np.ndarray

    @classmethod
    def fit(cls, predicted, remainder):
        """Learn from days out of fold.

        Parameters
        ----------
        predicted, remainder : array of shape (time, cell)
            Predicted root amounts, and what they miss.
        """
        order = np.argsort(predicted, axis=None)
        predicted, squares = predicted.ravel()[order], remainder.ravel()[order] ** 2
        groups = np.array_split(np.arange(len(order)), BINS)
        whole = np.sqrt(max(squares.mean(), 1e-300))
        factors = np.array([np.sqrt(squares[g].mean()) / whole for g in groups])
        return cls(np.array([predicted[g].mean() for g in groups]), np.maximum(factors, MIN_SPREAD))

    def __call__(self, predicted):
        """Factor of each predicted root amount, of its shape."""
        return np.interp(predicted, self.centres, self.factors)


@dataclass(frozen=True)
class QuantileMapping:
    """Map of each cell's drawn quantiles to the observed ones.

    Parameters
    ----------
    drawn, observed : array of shape (quantile, cell)
        Quantiles at evenly spaced probabilities from 0 to 1.
    """

    drawn: np.ndarray
    observed: np.ndarray

    @classmethod
    def fit(cls, drawn, observed):
        """Learn from members and observations of the same days.

        Parameters
        ----------
        drawn : array of shape (..., cell)
            Members on days out of fold.
        observed : array of shape (time, cell)
            Observations.
        """
        probabilities = np.linspace(0, 1, QUANTILES)
        drawn = np.quantile(drawn.reshape(-1, drawn.shape[-1]), probabilities, axis=0)
        return cls(drawn, np.quantile(observed, probabilities, axis=0))

    def __call__(self, values):
        """Return mapped values, of the shape of `values`; beyond the extremes, the distance to the extreme is kept.

        Parameters
        ----------
        values : array of shape (..., cell)
            Drawn values.
        """
        mapped = np.empty_like(values)
        for cell in range(values.shape[-1]):
            own, drawn = values[..., cell], self.drawn[:, cell]
            mapped[..., cell] = np.interp(own, drawn, self.observed[:, cell])
        return mapped + np.maximum(values - self.drawn[-1], 0.0)
