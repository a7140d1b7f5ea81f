"""Gaussians estimated from neighbouring samples, the distances between them, and their semivariogram."""

from typing import Any

import numpy as np

SHRINKAGE = 0.05  # weight of the pooled variances, which keeps every covariance invertible
MAX_PAIRS = 500  # pairs of Gaussians that a lag of the semivariogram is averaged over


def matrix_square_root(covariances):
    """Return the symmetric square roots of symmetric positive semidefinite matrices.

    Parameters
    ----------
    covariances : array of shape (..., feature, feature)
        Symmetric positive semidefinite matrices; negative eigenvalues, which rounding causes, count as 0.

    Returns
    -------
    array of shape (..., feature, feature)

    Examples
    --------
    >>> matrix_square_root([[4.0, 0.0], [0.0, 9.0]])
    array([[2., 0.],
           [0., 3.]])
    """
    values, vectors = np.linalg.eigh(np.asarray(covariances, np.float64))
    return (vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def squared_wasserstein(mean, covariance, other_mean, other_covariance):
    """Squared 2-Wasserstein distance between Gaussians.

    W2^2 = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^(1/2) C2 C1^(1/2))^(1/2)). The leading axes of the four arrays are
    broadcast against each other.

    Parameters
    ----------
    mean, other_mean : array of shape (..., feature)
        Means.
    covariance, other_covariance : array of shape (..., feature, feature)
        Covariances.

    Returns
    -------
    array of shape (...)
        In squared units of the features.

    References
    ----------
    Olkin, I., Pukelsheim, F. (1982). The distance between two random vectors with given dispersion matrices.
    Linear Algebra and its Applications 48.

    Examples
    --------
    >>> float(squared_wasserstein([0.0], [[1.0]], [3.0], [[4.0]]))  # (0 - 3)^2 + (1 - 2)^2
    10.0
    """
    mean, other_mean = np.asarray(mean, np.float64), np.asarray(other_mean, np.float64)
    covariance = np.asarray(covariance, np.float64)
    root = matrix_square_root(covariance)
    return _squared_wasserstein(mean, covariance, root, other_mean, np.asarray(other_covariance, np.float64))


def _squared_wasserstein(mean, covariance, root, other_mean, other_covariance):
    """Find the distance where the square root of the first covariance is known."""
    product = root @ other_covariance @ root
    values = np.linalg.eigvalsh((product + np.swapaxes(product, -1, -2)) / 2)
    cross = np.sqrt(np.maximum(values, 0.0)).sum(axis=-1)
    traces = np.trace(covariance, axis1=-2, axis2=-1) + np.trace(other_covariance, axis1=-2, axis2=-1)
    return ((mean - other_mean) ** 2).sum(axis=-1) + np.maximum(traces - 2 * cross, 0.0)


def shrink_covariance(covariances, variances):
    """Covariances with 5 % of their weight given to a diagonal matrix, so that all are invertible.

    Parameters
    ----------
    covariances : array of shape (..., feature, feature)
        Estimated covariances.
    variances : array of shape (feature,)
        Variances of the features in the whole record.
    """
    return (1 - SHRINKAGE) * covariances + SHRINKAGE * np.diag(variances)


def local_gaussians(features, neighbours, *, segment=None):
    """Mean and covariance of the samples around each sample in time.

    Sample i has the `neighbours` samples i - n // 2 to i + n - 1 - n // 2 of its own segment, shifted inwards at the
    ends of the segment, and the whole segment where this is shorter. A segment of one sample gets the Gaussian of
    the sample before it (of the first longer segment, at the start of the record).

    Parameters
    ----------
    features : array of shape (time, feature)
        Samples in order of time.
    neighbours : int
        Samples that a Gaussian is estimated from, at least 2.
    segment : array of int, shape (time,), default=None
        Segment of each sample: samples of different segments are not consecutive. None is one segment.

    Returns
    -------
    means : array of shape (time, feature)
    covariances : array of shape (time, feature, feature)
        Shrunk by `shrink_covariance` towards the variances of the whole record.
    """
    features = np.asarray(features, np.float64)
    steps, size = features.shape
    centre = features.mean(axis=0)
    centred = features - centre
    sums = np.concatenate([np.zeros((1, size)), np.cumsum(centred, axis=0)])
    products = centred[:, :, None] * centred[:, None]
    squares = np.concatenate([np.zeros((1, size, size)), np.cumsum(products, axis=0)])
    first, last = _windows(steps, neighbours, segment)
    count = (last - first)[:, None]
    means = (sums[last] - sums[first]) / count
    covariances = (squares[last] - squares[first]) / count[..., None]
    covariances -= means[:, :, None] * means[:, None]
    return means + centre, shrink_covariance(covariances, centred.var(axis=0))


def _windows(steps, neighbours, segment):
    """First sample, and the sample after the last one, of the neighbourhood of each sample."""
    segment = np.zeros(steps, int) if segment is None else np.asarray(segment)
    begins = np.concatenate([[0], np.flatnonzero(np.diff(segment)) + 1, [steps]])
    first, last = np.empty(steps, int), np.empty(steps, int)
    for begin, end in zip(begins[:-1], begins[1:], strict=True):
        size = min(neighbours, end - begin)
        first[begin:end] = np.clip(np.arange(begin, end) - size // 2, begin, end - size)
        last[begin:end] = first[begin:end] + size
    donors = np.maximum.accumulate(np.where(last - first > 1, np.arange(steps), -1))
    longer = np.flatnonzero(last - first > 1)
    if len(longer):
        donors[donors < 0] = longer[0]
        first, last = first[donors], last[donors]
    return first, last


def multivariate_semivariogram(means, covariances, *, segment=None, lags=None):
    """Mean squared Wasserstein distance between Gaussians at each lag: a semivariogram of distributions.

    gamma(h) = E W2^2(N_i, N_j) with |i - j| = h. As in the source, there is no factor 1/2.

    Parameters
    ----------
    means : array of shape (time, feature)
        Means of the Gaussians in order of time, such as `local_gaussians` returns.
    covariances : array of shape (time, feature, feature)
        Their covariances.
    segment : array of int, shape (time,), default=None
        Segment of each Gaussian; no pair reaches across two segments. None is one segment.
    lags : array of int, default=None
        Lags in steps; by default 1 to 32, then increasingly sparse, up to half of the record.

    Returns
    -------
    lags : array of int, shape (lag,)
        Those that have pairs.
    values : array of shape (lag,)
        gamma, each from at most 500 pairs that are evenly spaced in time.

    References
    ----------
    Wang, Z., et al. (2024). MC-GTA: Metric-Constrained Model-Based Clustering using Goodness-of-fit Tests with
    Autocorrelations. ICML.

    Examples
    --------
    >>> lags, values = multivariate_semivariogram([[0.0], [1.0], [3.0]], [[[1.0]]] * 3)
    >>> lags.tolist(), values.tolist()  # ((0 - 1)^2 + (1 - 3)^2) / 2, and (0 - 3)^2
    ([1, 2], [2.5, 9.0])
    """
    means, covariances = np.asarray(means, np.float64), np.asarray(covariances, np.float64)
    steps = len(means)
    segment = np.zeros(steps, int) if segment is None else np.asarray(segment)
    if lags is None:
        sparse = np.geomspace(32, max(33, steps // 2), 24).astype(int)
        lags = np.unique(np.concatenate([np.arange(1, 33), sparse]))
    roots = matrix_square_root(covariances)
    found, values = [], []
    for lag in lags:
        first: Any = np.flatnonzero(segment[lag:] == segment[: max(steps - lag, 0)]) if lag < steps else []
        if not len(first):
            continue
        first = first[np.linspace(0, len(first) - 1, min(len(first), MAX_PAIRS)).astype(int)]
        other = first + lag
        pairs = _squared_wasserstein(
            means[first], covariances[first], roots[first], means[other], covariances[other]
        )
        found.append(int(lag))
        values.append(pairs.mean())
    return np.array(found, int), np.array(values)
