"""Internal measures: of a partition of points, without known classes."""

import numpy as np

from .statistics import silhouettes


def silhouette_euclidean(statistics):
    """Mean silhouette with Euclidean distance; larger is better.

    References
    ----------
    Rousseeuw (1987); equals scikit-learn's `silhouette_score`.
    """
    return float(statistics.silhouettes.mean())


def silhouette_cosine(statistics):
    """Mean silhouette with cosine distance 1 - cos(x, y); larger is better.

    Printed in the published tables. It depends on the origin: shifted data have another value. Computed from sums of
    unit vectors, in time linear in the number of points.

    References
    ----------
    Rousseeuw (1987); equals scikit-learn's `silhouette_score(metric="cosine")`.
    """
    return float(silhouettes(_cosine_sums(statistics), statistics.labels, statistics.sizes).mean())


def _cosine_sums(statistics):
    """Sum of cosine distances from each point to all members of each cluster, shape (time, cluster).

    1 - cos(x, y) = |u - v|^2 / 2 for the directions u and v. Squares relative to a common centre avoid cancellation
    if all points have nearly the same direction, as temperatures in K do.
    """
    labels, sizes = statistics.labels, statistics.sizes
    parts = [part for members in statistics.members for part in statistics.parts(members)]
    totals = np.zeros((len(sizes), statistics.X.shape[1]))
    has_direction = np.empty(len(labels), bool)
    for part in parts:
        directions = _directions(statistics.X[part])
        has_direction[part] = directions.any(axis=1)
        totals[labels[part[0]]] += directions.sum(axis=0)
    directed = np.bincount(labels[has_direction], minlength=len(sizes))
    centre = totals.sum(axis=0) / max(directed.sum(), 1)
    totals -= directed[:, None] * centre
    sums, squares = np.empty((len(labels), len(sizes))), np.empty(len(labels))
    for part in parts:
        offsets = _directions(statistics.X[part]) - centre
        squares[part] = np.einsum("ij,ij->i", offsets, offsets)
        sums[part] = -offsets @ totals.T
    of_clusters = np.bincount(labels[has_direction], squares[has_direction], minlength=len(sizes))
    sums += (squares[:, None] * directed + of_clusters) / 2
    # The zero vector has no direction: its distance to every other point is 1.
    sums += sizes - directed
    sums[~has_direction] = sizes
    sums[~has_direction, labels[~has_direction]] -= 1
    return np.maximum(sums, 0.0)


def _directions(points):
    """Return unit vectors of points, float64; the zero vector is kept."""
    points = points.astype(np.float64)
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    return np.divide(points, norms, out=points, where=norms > 0)


def davies_bouldin(statistics):
    """Mean over clusters of the worst ratio of spread to separation; smaller is better.

    References
    ----------
    Davies and Bouldin (1979); equals scikit-learn's `davies_bouldin_score`.
    """
    distance = np.sqrt(statistics.squared_to_mean)
    spread = np.array([distance[m].mean() for m in statistics.members])
    separation = np.stack([np.linalg.norm(statistics.means - mean, axis=1) for mean in statistics.means])
    np.fill_diagonal(separation, np.inf)
    separation[separation == 0] = np.inf  # as in scikit-learn: coinciding means contribute 0
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
    """Mean squared distance of points to the mean of their cluster, averaged over clusters; smaller is better.

    The mean of equation 10 of Faruque et al. (2023). Weighted by size it would be the square of `rmse_mean`.
    """
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
    """Share of the points in the smallest cluster, which is small for partitions that split off outliers."""
    return float(statistics.sizes.min() / statistics.sizes.sum())


def size_entropy(statistics):
    """Entropy of the cluster sizes over its maximum: 1 for equal sizes, near 0 for all in one.

    The maximum is the logarithm of the number of clusters that have members.
    """
    share = statistics.sizes / statistics.sizes.sum()
    return min(1.0, float(-(share * np.log(share)).sum() / np.log(len(share))))
