"""Measures of a partition by its points alone, each by one definition."""

import numpy as np

from .clusters import silhouettes


def silhouette_euclidean(statistics):
    """Mean silhouette with Euclidean distance; larger is better.

    References
    ----------
    Rousseeuw (1987); equals scikit-learn's `silhouette_score`.
    """
    return float(statistics.silhouettes.mean())


def silhouette_cosine(statistics):
    """Mean silhouette with cosine distance 1 - cos(x, y); larger is better.

    The published tables print this one. It depends on where zero lies: shifted data score otherwise.
    Computed from sums of unit vectors, in time linear in the number of points.

    References
    ----------
    Rousseeuw (1987); equals scikit-learn's `silhouette_score(metric="cosine")`.
    """
    parts = [part for members in statistics.members for part in statistics.parts(members)]
    totals = np.zeros((len(statistics.sizes), statistics.X.shape[1]))
    for part in parts:
        totals[statistics.labels[part[0]]] += _unit(statistics.X[part]).sum(axis=0)
    sums = np.empty((len(statistics.X), len(statistics.sizes)))
    for part in parts:
        unit = _unit(statistics.X[part])
        sums[part] = statistics.sizes - unit @ totals.T
        # A point's distance to itself is 0, which for a zero vector is not 1 - 0.
        sums[part, statistics.labels[part]] -= ~unit.any(axis=1)
    return float(silhouettes(np.maximum(sums, 0.0), statistics.labels, statistics.sizes).mean())


def _unit(points):
    """Directions of points, float64; the zero vector stays."""
    norms = np.linalg.norm(points, axis=1, keepdims=True).astype(np.float64)
    return points / np.where(norms > 0, norms, 1.0)


def davies_bouldin(statistics):
    """Mean over clusters of the worst ratio of spread to separation; smaller is better.

    References
    ----------
    Davies and Bouldin (1979); equals scikit-learn's `davies_bouldin_score`.
    """
    distance = np.sqrt(statistics.squared_to_mean)
    spread = np.array([distance[m].mean() for m in statistics.members])
    separation = np.linalg.norm(statistics.means[:, None] - statistics.means, axis=-1)
    np.fill_diagonal(separation, np.inf)
    separation[separation == 0] = np.inf  # as scikit-learn has it: coinciding means count 0
    return float(((spread[:, None] + spread) / separation).max(axis=1).mean())


def rmse_mean(statistics):
    """Root mean squared distance of points to their cluster's mean; smaller is better.

    Its square is the size-weighted mean of `cluster_variances`.

    References
    ----------
    Faruque et al. (2023), equation 11.
    """
    return float(np.sqrt(statistics.squared_to_mean.mean()))


def cluster_variances(statistics):
    """Mean squared distance to the cluster's mean, for each cluster.

    References
    ----------
    Faruque et al. (2023), equation 10.
    """
    return np.array([statistics.squared_to_mean[m].mean() for m in statistics.members])


def cluster_variance(statistics):
    """Mean over clusters of equation 10, each cluster counting alike; smaller is better."""
    return float(cluster_variances(statistics).mean())


def nearest_pair_distance(statistics):
    """Mean over pairs of clusters of the distance between their two nearest members; larger is better.

    References
    ----------
    Faruque et al. (2023), equation 9. The printed tables average other quantities, see `published`.
    """
    upper = np.triu_indices(len(statistics.sizes), k=1)
    return float(statistics.nearest_pairs[upper].mean())


def smallest_cluster(statistics):
    """Share of the points in the smallest cluster: a guard against partitions that split off outliers."""
    return float(statistics.sizes.min() / statistics.sizes.sum())


def size_entropy(statistics):
    """Entropy of the cluster sizes over its maximum: 1 for equal sizes, near 0 for all in one."""
    share = statistics.sizes / statistics.sizes.sum()
    return float(-(share * np.log(share)).sum() / np.log(len(share)))
