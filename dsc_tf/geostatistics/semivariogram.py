"""Semivariograms of vectors in time, and of regions on the sphere."""

from dataclasses import dataclass

import numpy as np

EARTH_RADIUS = 6371.0  # km
PRACTICAL_RANGE_SHARE = 0.95  # share of the sill that defines the practical range
MIN_EXPONENT = 0.3  # towards 0 the model degenerates to a constant far below its own sill


@dataclass(frozen=True)
class Semivariogram:
    """A stable model with nugget and an optional yearly cycle.

    gamma(h) = nugget + partial_sill (1 - exp(-(h / length) ** exponent)) + amplitude (1 - cos(2 pi h / period))
    for h > 0, and 0 at h = 0.

    Parameters
    ----------
    nugget, partial_sill, length, exponent : float
        Parameters of the stable model; `length` has the unit of the lags.
    amplitude : float, default=0.0
        Amplitude of the yearly cycle.
    period : float, default=1.0
        Period of the yearly cycle, in the unit of the lags.

    Examples
    --------
    >>> gamma = Semivariogram(nugget=0.1, partial_sill=0.9, length=2.0, exponent=1.0)
    >>> gamma([0.0, 2.0]).round(3)
    array([0.   , 0.669])
    """

    nugget: float
    partial_sill: float
    length: float
    exponent: float
    amplitude: float = 0.0
    period: float = 1.0

    def __call__(self, lag):
        """Semivariance at each of the lags."""
        lag = np.abs(np.asarray(lag, np.float64))
        stable = self.partial_sill * -np.expm1(-((lag / self.length) ** self.exponent))
        cycle = self.amplitude * (1 - np.cos(2 * np.pi * lag / self.period))
        return np.where(lag > 0, self.nugget + stable + cycle, 0.0)

    @property
    def sill(self):
        """Upper limit of gamma; with a yearly cycle, the mean over the cycle."""
        return self.nugget + self.partial_sill + self.amplitude

    @property
    def range(self):
        """Lag at which the stable part reaches 95 % of its sill, nugget included; 0 for a pure nugget."""
        return self.lag_of_share(PRACTICAL_RANGE_SHARE)

    def lag_of_share(self, share):
        """Lag at which the stable part reaches a share of its sill, nugget included; 0 if the nugget reaches it."""
        left = (1 - share) * (self.nugget + self.partial_sill)
        if self.partial_sill <= left:
            return 0.0
        return self.length * np.log(self.partial_sill / left) ** (1 / self.exponent) if left > 0 else np.inf

    def similarity(self, lag):
        """1 - gamma / sill: 1 at lag 0, and 0 from the practical range on."""
        similar = 1 - self(lag) / self.sill if self.sill > 0 else np.zeros(np.shape(lag))
        return np.where(similar < 1 - PRACTICAL_RANGE_SHARE, 0.0, similar)


def empirical_semivariogram(segments, *, lags=None):
    """Half the mean squared difference of vectors at each lag.

    Parameters
    ----------
    segments : list of array of shape (time, feature)
        Series without gaps in time; no pair reaches from one into another.
    lags : array of int, default=None
        Lags in steps. None takes all up to 32, then increasingly sparse ones up to half the longest segment.

    Returns
    -------
    lags : array of int, shape (lag,)
        Lags that have pairs.
    values : array of shape (lag,)
        Semivariances.

    References
    ----------
    Matheron (1963); Cressie (1993), equation 2.4.2.
    """
    longest = max(map(len, segments))
    if lags is None:
        sparse = np.geomspace(32, max(33, longest // 2), 48).astype(int)
        lags = np.unique(np.concatenate([np.arange(1, 33), sparse]))
    lags = np.asarray([lag for lag in lags if lag < longest])
    values = []
    for lag in lags:
        apart = [((s[lag:] - s[:-lag]) ** 2).sum(axis=1) for s in segments if len(s) > lag]
        values.append(0.5 * np.concatenate(apart).mean(dtype=np.float64))
    return lags, np.array(values)


def fit_semivariogram(lags, values, *, period=None):
    """Fit a stable model by least squares.

    Parameters
    ----------
    lags : array of shape (lag,)
        Lags above 0.
    values : array of shape (lag,)
        Empirical semivariogram.
    period : float, default=None
        Period of a yearly cycle, which is fitted to the lags beyond an eighth of it; None fits no cycle.

    Returns
    -------
    Semivariogram
    """
    lags, values = np.asarray(lags, np.float64), np.asarray(values, np.float64)
    amplitude = 0.0
    if period is not None and lags.max() > period / 2:
        cycle = 1 - np.cos(2 * np.pi * lags / period)
        far = lags > period / 8
        design = np.stack([np.ones(far.sum()), cycle[far]], axis=1)
        amplitude = max(0.0, float(np.linalg.lstsq(design, values[far])[0][1]))
        values = np.maximum(values - amplitude * cycle, 0.0)
    if len(lags) < 4 or np.ptp(values) <= 1e-12 * max(values.max(), 1e-300):
        return Semivariogram(float(values.mean()), 0.0, 1.0, 1.0, amplitude, period or 1.0)
    return _fit_stable(lags, values, amplitude, period or 1.0)


def _fit_stable(lags, values, amplitude, period):
    from gstools import Stable

    scale = values.max()
    half = lags[np.argmax(values >= 0.6 * scale)]
    model = Stable(dim=1)
    # A length beyond the longest lag is not identifiable.
    model.set_arg_bounds(alpha=[MIN_EXPONENT, 2.0, "cc"], len_scale=[1e-3, float(lags.max()), "cc"])
    model.fit_variogram(
        lags,
        values / scale,
        init_guess={"len_scale": float(min(half, lags.max() / 2)), "default": "current"},
        max_eval=10_000,
    )
    return Semivariogram(
        model.nugget * scale, model.var * scale, model.len_scale, model.alpha, amplitude, period
    )


def great_circle(latitude, longitude):
    """Distances between points on the sphere.

    Parameters
    ----------
    latitude, longitude : array of shape (point,)
        Degrees.

    Returns
    -------
    array of shape (point, point)
        Kilometres.
    """
    latitude, longitude = np.deg2rad(latitude), np.deg2rad(longitude)
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def region_similarity(apart, vectors):
    """Similarity of regions by the semivariogram of their vectors over distance.

    Parameters
    ----------
    apart : array of shape (region, region)
        Distances.
    vectors : array of shape (region, feature)
        Feature vector of each region.

    Returns
    -------
    array of shape (region, region)
        1 on the diagonal, 0 beyond the range. With fewer than four pairs of regions: the identity.
    """
    pairs = np.triu_indices(len(apart), 1)
    if len(pairs[0]) < 4:
        return np.eye(len(apart))
    half = 0.5 * ((vectors[pairs[0]] - vectors[pairs[1]]) ** 2).sum(axis=1)
    order = np.argsort(apart[pairs])
    bins = np.array_split(order, min(12, len(order)))
    fitted = fit_semivariogram([apart[pairs][b].mean() for b in bins], [half[b].mean() for b in bins])
    similar = fitted.similarity(apart)
    np.fill_diagonal(similar, 1.0)
    return similar
