"""Ordinary kriging: systems of equations, local neighbourhoods in space and time, pooled semivariograms."""

from typing import Any

import numpy as np

from .semivariogram import EARTH_RADIUS, fit_semivariogram

JITTER = (
    1e-10  # share of the sill added to the diagonal, so that a smooth model without nugget stays solvable
)
SAME_PLACE = 1e-3  # km; points nearer than this are one place
BATCH = 2**22  # values of the covariance matrices that are solved together


def sphere_points(latitude, longitude):
    """Points on the sphere as coordinates in space.

    Distances between them are chords, which keep every stable model positive definite; the chord of 1000 km along the
    surface is 999 km.

    Parameters
    ----------
    latitude, longitude : array of shape (point,)
        Degrees.

    Returns
    -------
    array of shape (point, 3)
        Kilometres from the centre of the Earth.
    """
    latitude, longitude = np.deg2rad(np.asarray(latitude, float)), np.deg2rad(np.asarray(longitude, float))
    axes = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    return EARTH_RADIUS * np.stack(axes, axis=-1)


def kriging_weights(covariance, to_target, variance):
    """Weights and variances of ordinary kriging for a batch of targets.

    Minimises the error variance under the condition that the weights of each target sum to 1.

    Parameters
    ----------
    covariance : array of shape (target, neighbour, neighbour)
        Covariances between the neighbours of each target.
    to_target : array of shape (target, neighbour)
        Covariances between neighbours and target.
    variance : float
        Variance of the process: the sill.

    Returns
    -------
    weights : array of shape (target, neighbour)
        Sum to 1.
    variances : array of shape (target,)
        Kriging variance, at least 0.

    References
    ----------
    Cressie (1993), Statistics for Spatial Data, equations 3.2.12 to 3.2.16.

    Examples
    --------
    >>> weights, variances = kriging_weights(np.eye(2)[None], np.array([[0.5, 0.5]]), 1.0)
    >>> weights, variances
    (array([[0.5, 0.5]]), array([0.5]))
    """
    right = np.stack([to_target, np.ones_like(to_target)], axis=-1)
    solved = np.linalg.solve(covariance, right)
    simple, ones = solved[..., 0], solved[..., 1]
    multiplier = (1.0 - simple.sum(axis=-1)) / ones.sum(axis=-1)
    weights = simple + multiplier[:, None] * ones
    weights /= weights.sum(axis=-1, keepdims=True)  # rounding of the solution
    explained = (weights * to_target).sum(axis=-1)
    return weights, np.maximum(variance - explained + multiplier, 0.0)


def kriging_system_errors(semivariogram, places, values):
    """Leave-one-out errors of ordinary kriging with all other places as neighbours.

    One inverse of the kriging system gives them all: error_i = (K^-1 z)_i / (K^-1)_ii, variance_i = 1 / (K^-1)_ii.

    Parameters
    ----------
    semivariogram : Semivariogram
        Model in space.
    places : array of shape (place, 3)
        See `sphere_points`.
    values : array of shape (place,)
        Known values.

    Returns
    -------
    errors : array of shape (place,)
        Value less its estimate from the others.
    variances : array of shape (place,)
        Kriging variances in units of the semivariogram.

    References
    ----------
    Dubrule (1983), https://doi.org/10.1007/BF01033232.
    """
    count = len(places)
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    system = np.ones((count + 1, count + 1))
    sill = semivariogram.nugget + semivariogram.partial_sill
    stable = np.exp(-((distance / semivariogram.length) ** semivariogram.exponent))
    system[:count, :count] = semivariogram.partial_sill * stable
    np.fill_diagonal(system, sill * (1 + JITTER))
    system[count, count] = 0.0
    inverse = np.linalg.inv(system)
    diagonal = np.diag(inverse)[:count]
    return inverse[:count, :count] @ values / diagonal, 1 / diagonal


class SpaceTimeKriging:
    """Local ordinary kriging with a covariance that is a product of one in space and one in time.

    C(h, t) = (sill - gamma(h)) correlation^|t|, with h in kilometres and t in steps.

    Parameters
    ----------
    semivariogram : Semivariogram
        Model in space; its yearly cycle is not used.
    correlation : float, default=0.0
        Correlation of a place with itself one step later, from 0 to 1.
    neighbours : int, default=64
        Number of nearest known values that a target is estimated from.

    Attributes
    ----------
    step_length : float
        Distance in kilometres that counts as one step in time when neighbours are chosen: the lag at which gamma
        reaches (1 - correlation) sill.

    Examples
    --------
    >>> from dsc_tf.geostatistics import Semivariogram
    >>> model = SpaceTimeKriging(Semivariogram(0.0, 1.0, 500.0, 1.0), neighbours=2)
    >>> known = sphere_points([0, 0], [0, 10])
    >>> mean, variance = model.estimate(known, np.zeros(2), np.array([1.0, 3.0]), sphere_points([0], [5]))
    >>> mean.round(6)
    array([2.])
    """

    def __init__(self, semivariogram, correlation=0.0, neighbours=64):
        self.semivariogram = semivariogram
        self.correlation = float(np.clip(correlation, 0.0, 1.0))
        self.neighbours = neighbours
        self.step_length = semivariogram.lag_of_share(1.0 - self.correlation)

    def estimate(self, places, steps, values, targets, weights_only=False):
        """Estimates at targets, which are at step 0.

        Parameters
        ----------
        places : array of shape (known, 3)
            Places of known values, see `sphere_points`.
        steps : array of int, shape (known,)
            Steps of known values, relative to the targets.
        values : array of shape (known,) or (known, series)
            Known values; several series share their weights.
        targets : array of shape (target, 3)
            Places to estimate.
        weights_only : bool, default=False
            Return weights and neighbours instead of estimates.

        Returns
        -------
        mean : array of shape (target,) or (target, series)
            Estimates.
        variance : array of shape (target,)
            Kriging variances in units of the semivariogram.
        """
        count = min(self.neighbours, len(places))
        mean = np.empty((len(targets), *np.shape(values)[1:]))
        variance = np.empty(len(targets))
        found = self._nearest(places, steps, targets, count)
        all_weights: Any = np.empty((len(targets), count)) if weights_only else None
        batch = max(1, BATCH // count**2)
        for start in range(0, len(targets), batch):
            part = slice(start, start + batch)
            near = found[part]
            weights, variance[part] = self._weights(places[near], steps[near], targets[part])
            if weights_only:
                all_weights[part] = weights
            else:
                mean[part] = np.einsum("tn,tn...->t...", weights, values[near])
        return (all_weights, found) if weights_only else (mean, variance)

    def _nearest(self, places, steps, targets, count):
        """Find the indices of the nearest known values, shape (target, count)."""
        if count == len(places):
            return np.broadcast_to(np.arange(count), (len(targets), count))
        from scipy.spatial import cKDTree

        known, wanted = places, targets
        if np.any(steps):
            known = np.column_stack([places, self.step_length * steps])
            wanted = np.column_stack([targets, np.zeros(len(targets))])
        return cKDTree(known).query(wanted, count)[1].reshape(len(targets), count)

    def _weights(self, places, steps, targets):
        sill = self.semivariogram.nugget + self.semivariogram.partial_sill
        steps = steps.astype(np.int16)
        squares = 2 * (EARTH_RADIUS**2 - places @ places.transpose(0, 2, 1))
        between = self._covariance(squares, steps[:, :, None] - steps[:, None, :])
        diagonal = np.arange(between.shape[1])
        between[:, diagonal, diagonal] = sill * (1 + JITTER)
        squares = 2 * (EARTH_RADIUS**2 - np.einsum("tnx,tx->tn", places, targets))
        return kriging_weights(between, self._covariance(squares, steps), sill)

    def _covariance(self, squares, steps):
        """Covariances for squared distances in space and differences in time; `squares` is overwritten."""
        model = self.semivariogram
        same = squares < SAME_PLACE**2
        np.maximum(squares, 0.0, out=squares)
        squares /= model.length**2
        np.power(squares, 0.5 * model.exponent, out=squares)
        np.negative(squares, out=squares)
        np.exp(squares, out=squares)
        squares *= model.partial_sill
        squares[same] = model.partial_sill + model.nugget
        if steps.any():
            squares *= (self.correlation ** np.arange(np.abs(steps).max() + 1))[np.abs(steps)]
        return squares


def pooled_semivariogram(places, fields, *, bins=18, share=1 / 3, origins=300, random_state=0):
    """Semivariogram in space of several fields together, each divided by its own variance.

    Parameters
    ----------
    places : array of shape (place, 3)
        See `sphere_points`.
    fields : array of shape (field, place)
        Values, NaN where missing. Fields with fewer than 10 values or without variance are left out.
    bins : int, default=18
        Number of bins of equal width.
    share : float, default=1/3
        Largest lag, as a share of the largest distance between places.
    origins : int, default=300
        Pairs have one of at most this number of randomly chosen places as an end.
    random_state : int, default=0
        Seed of that choice.

    Returns
    -------
    Semivariogram or None
        Fitted model with a sill near 1; None if no field varies.

    References
    ----------
    Cressie (1993), equation 2.4.2.
    """
    fields = [field for field in np.asarray(fields, np.float64) if _varies(field)]
    if not fields:
        return None
    count = len(places)
    chosen = np.random.default_rng(random_state).permutation(count)[:origins]
    # Each pair of two chosen places is taken once.
    order = np.full(count, -1)
    order[chosen] = np.arange(len(chosen))
    first, second = (grid.ravel() for grid in np.meshgrid(chosen, np.arange(count), indexing="ij"))
    once = (order[second] < 0) | (order[second] > order[first])
    first, second = first[once], second[once]
    distance = np.sqrt(((places[first] - places[second]) ** 2).sum(axis=1))
    near = distance <= share * distance.max()
    if np.count_nonzero(near) < bins:  # few places: use every pair
        near[:] = True
    first, second, distance = first[near], second[near], distance[near]
    bin_of = np.minimum((distance / distance.max() * bins).astype(int), bins - 1)
    sums, pairs, lags = np.zeros(bins), np.zeros(bins), np.zeros(bins)
    for field in fields:
        squares = 0.5 * (field[first] - field[second]) ** 2 / np.nanvar(field)
        known = np.isfinite(squares)
        sums += np.bincount(bin_of[known], squares[known], minlength=bins)
        pairs += np.bincount(bin_of[known], minlength=bins)
        lags += np.bincount(bin_of[known], distance[known], minlength=bins)
    filled = pairs > 0
    return fit_semivariogram(lags[filled] / pairs[filled], sums[filled] / pairs[filled])


def _varies(field):
    known = field[np.isfinite(field)]
    return len(known) >= 10 and np.ptp(known) > 1e-6 * max(np.abs(known).max(), 1e-300)
