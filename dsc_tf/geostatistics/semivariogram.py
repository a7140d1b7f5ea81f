"""Semivariograms of vectors in time, and of regions on the sphere."""

from dataclasses import dataclass

import numpy as np

EARTH_RADIUS = 6371.0  # km
FLAT = 0.95  # share of the sill at which the semivariogram counts as flat
LEAST_EXPONENT = 0.3  # towards 0 the model turns into a constant far below its own sill


@dataclass(frozen=True)
class Semivariogram:
    """A stable model with nugget, and a yearly cycle where asked for.

    gamma(h) = nugget + partial_sill (1 - exp(-(h / length) ** exponent)) + amplitude (1 - cos(2 pi h / period))
    for h > 0, and 0 at h = 0.

    Parameters
    ----------
    nugget, partial_sill, length, exponent : float
        Of the stable model; `length` in the unit of the lags.
    amplitude : float, default=0.0
        Of the yearly cycle.
    period : float, default=1.0
        Its period, in the unit of the lags.
    """

    nugget: float
    partial_sill: float
    length: float
    exponent: float
    amplitude: float = 0.0
    period: float = 1.0

    def __call__(self, lag):
        """Value at `lag`, an array of lags."""
        lag = np.abs(np.asarray(lag, np.float64))
        stable = self.partial_sill * -np.expm1(-((lag / self.length) ** self.exponent))
        cycle = self.amplitude * (1 - np.cos(2 * np.pi * lag / self.period))
        return np.where(lag > 0, self.nugget + stable + cycle, 0.0)

    @property
    def sill(self):
        """Where gamma flattens; with a yearly cycle, the mean over it."""
        return self.nugget + self.partial_sill + self.amplitude

    @property
    def range(self):
        """Lag at which the stable part has grown to 95 % of its sill, nugget included; 0 where it is all nugget."""
        left = (1 - FLAT) * (self.nugget + self.partial_sill)
        if self.partial_sill <= left:
            return 0.0
        return self.length * np.log(self.partial_sill / left) ** (1 / self.exponent)

    def similarity(self, lag):
        """1 - gamma / sill, from 1 at lag 0 to 0 from the range on, where gamma has flattened."""
        similar = 1 - self(lag) / self.sill if self.sill > 0 else np.zeros(np.shape(lag))
        return np.where(similar < 1 - FLAT, 0.0, similar)


def empirical_semivariogram(stretches, *, lags=None):
    """Half the mean squared difference of vectors at each lag.

    Parameters
    ----------
    stretches : list of array of shape (time, feature)
        Gap-free; lags never reach across two of them.
    lags : array of int, default=None
        Lags in steps; by default all to 32, then ever sparser, up to half the longest stretch.

    Returns
    -------
    lags : array of int, shape (lag,)
        Those that have pairs.
    values : array of shape (lag,)
        gamma.

    References
    ----------
    Matheron (1963); Cressie (1993), equation 2.4.2.
    """
    longest = max(map(len, stretches))
    if lags is None:
        sparse = np.geomspace(32, max(33, longest // 2), 48).astype(int)
        lags = np.unique(np.concatenate([np.arange(1, 33), sparse]))
    lags = np.asarray([lag for lag in lags if lag < longest])
    values = []
    for lag in lags:
        apart = [((s[lag:] - s[:-lag]) ** 2).sum(axis=1) for s in stretches if len(s) > lag]
        values.append(0.5 * np.concatenate(apart).mean(dtype=np.float64))
    return lags, np.array(values)


def fit_semivariogram(lags, values, *, period=None):
    """The stable model that comes closest.

    Parameters
    ----------
    lags : array of shape (lag,)
        Lags above 0.
    values : array of shape (lag,)
        Empirical semivariogram.
    period : float, default=None
        Fit a yearly cycle of this period too, from lags beyond an eighth of it.

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
    # Beyond the longest lag nothing is known of the length, and noise would send it anywhere.
    model.set_arg_bounds(alpha=[LEAST_EXPONENT, 2.0, "cc"], len_scale=[1e-3, float(lags.max()), "cc"])
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
        What each region is like.

    Returns
    -------
    array of shape (region, region)
        1 on the diagonal, 0 beyond the range. Fewer than four distances tell nothing: regions then count as apart.
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
