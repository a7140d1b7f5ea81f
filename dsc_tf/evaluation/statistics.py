"""Statistics shared by the measures: sizes, means, distances to the means, distances between pairs of points.

A measure is a function of `ClusterStatistics`, which computes each statistic on first use and keeps it, so that
`evaluate` needs one pass over the points for the means, one for the distances to them, and one over all pairs. Points
are processed block by block, so that memory is bounded for records of any length.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MEMORY = 256 * 2**20  # bytes of all working copies
BLOCK_BYTES = 16 * 2**20  # bytes of a block in passes over the points; larger blocks are slower
PAIR_OPERATIONS = 2e11  # budget of multiplications for comparing all pairs of points, about four CPU seconds
MIN_PAIRED, MAX_PAIRED = 1000, 16384  # limits of the number of points of which all pairs are compared


@dataclass(frozen=True, eq=False)
class ClusterStatistics:
    """Statistics of a labelled set of points, each computed on first use.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points, or an object that returns an array when it is indexed by positions, such as rows on disk.
    labels : array of int, shape (time,)
        Cluster of each point, 0 to k - 1, no cluster empty.
    memory : int
        Maximum number of bytes of working copies.
    max_paired : int
        Maximum number of points of which all pairs are compared; a random subsample is used if there are more.
    """

    X: np.ndarray
    labels: np.ndarray
    memory: int = MEMORY
    max_paired: int = MAX_PAIRED

    @cached_property
    def paired(self):
        """Points of which all pairs are compared: all, or a subsample with the proportions of the clusters."""
        if len(self.labels) <= self.max_paired:
            return self
        rng = np.random.default_rng(0)
        counts = np.maximum(self.max_paired * self.sizes // self.sizes.sum(), 1)
        drawn = [rng.choice(m, n, replace=False) for m, n in zip(self.members, counts, strict=True)]
        at = np.sort(np.concatenate(drawn))
        X = self.X.select(at) if hasattr(self.X, "select") else self.X[at]
        return ClusterStatistics(X, self.labels[at], self.memory, len(at))

    @cached_property
    def members(self):
        """Positions of the members of each cluster."""
        return [np.flatnonzero(self.labels == j) for j in range(self.labels.max() + 1)]

    @cached_property
    def sizes(self):
        """Number of members of each cluster, shape (cluster,)."""
        return np.array([len(m) for m in self.members])

    @cached_property
    def means(self):
        """Mean of each cluster, shape (cluster, feature), float64."""
        sums = [
            sum(self.X[part].sum(axis=0, dtype=np.float64) for part in self.parts(m)) for m in self.members
        ]
        return np.stack(sums) / self.sizes[:, None]

    @cached_property
    def squared_to_mean(self):
        """Squared distance of each point to its cluster's mean, shape (time,)."""
        squared = np.empty(len(self.X))
        for m, mean in zip(self.members, self.means, strict=True):
            for part in self.parts(m):
                squared[part] = ((self.X[part] - mean) ** 2).sum(axis=1)
        return squared

    @cached_property
    def nearest_pairs(self):
        """Smallest distance between members of two clusters, shape (cluster, cluster).

        The diagonal contains the diameter of the cluster, the largest distance between two of its members, as in the
        published notebooks. Computed for the points in `paired`.
        """
        return self.paired._pairwise["pairs"]

    @cached_property
    def silhouettes(self):
        """Euclidean silhouette of each point of `paired`, shape (time,); 0 for the only member of a cluster."""
        paired = self.paired
        return silhouettes(paired._pairwise["sums"], paired.labels, paired.sizes)

    @cached_property
    def _pairwise(self):
        """One pass over all pairs: sums of distances of points to clusters, nearest pairs, diameters.

        Distances are computed in single precision, sums in double precision; nearest pairs and diameters are
        computed again in double precision for the pair found.
        """
        k = len(self.sizes)
        sums, nearest, diameters = np.zeros((len(self.X), k)), np.full((k, k), np.inf), np.zeros(k)
        blocks = [(j, part) for j, m in enumerate(self.members) for part in self.parts(m, self.memory)]
        for i, (one, rows) in enumerate(blocks):
            points = (self.X[rows] - self.means[one]).astype(np.float32)
            for other, columns in blocks[i:]:
                same = columns is rows
                # Relative to the mean of the first cluster, to limit cancellation in |x|^2 - 2 x.y + |y|^2.
                others = points if same else (self.X[columns] - self.means[one]).astype(np.float32)
                distance = _distances(points, others, same)
                sums[rows, other] += distance.sum(axis=1, dtype=np.float64)
                if not same:
                    sums[columns, one] += distance.sum(axis=0, dtype=np.float64)
                if one == other:
                    pair = self._exact_distance(rows, columns, distance, distance.argmax())
                    diameters[one] = max(diameters[one], pair)
                else:
                    pair = self._exact_distance(rows, columns, distance, distance.argmin())
                    nearest[one, other] = nearest[other, one] = min(nearest[one, other], pair)
        nearest[np.arange(k), np.arange(k)] = diameters
        return {"sums": sums, "pairs": nearest}

    def _exact_distance(self, rows, columns, distance, position):
        """Distance in double precision of the pair at a flat position of a block of distances."""
        row, column = np.unravel_index(position, distance.shape)
        one, other = (np.asarray(self.X[[i]], np.float64) for i in (rows[row], columns[column]))
        return np.linalg.norm(one - other)

    def parts(self, members, memory=BLOCK_BYTES):
        """Positions in blocks that are small enough for a few copies of their points and distances in memory."""
        features, memory = self.X.shape[1], min(memory, self.memory)
        rows = max(1, min(memory // (32 * features), int((memory / 32) ** 0.5)))
        return np.array_split(members, -(-len(members) // rows))


def _distances(one, other, same):
    """Euclidean distances between the rows of two arrays; exactly 0 from a point to itself."""
    squared = one @ other.T
    squared *= -2.0
    squared += np.einsum("ij,ij->i", one, one)[:, None]
    squared += np.einsum("ij,ij->i", other, other)
    distance = np.sqrt(np.maximum(squared, 0.0, out=squared), out=squared)
    if same:
        np.fill_diagonal(distance, 0.0)
    return distance


def paired_points(n_features):
    """Return the number of points of which all pairs are compared within the budget of operations.

    Parameters
    ----------
    n_features : int
        Number of features of a point.

    Examples
    --------
    >>> paired_points(100), paired_points(38801)
    (16384, 2270)
    """
    return int(np.clip((PAIR_OPERATIONS / n_features) ** 0.5, MIN_PAIRED, MAX_PAIRED))


def cluster_statistics(X, labels, *, memory=MEMORY, max_paired=None):
    """Return validated statistics of a labelled set of points.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points, finite.
    labels : array of int, shape (time,)
        Cluster of each point; points with the label -1 are unassigned and not used. The other labels are renumbered,
        so that no cluster is empty.
    memory : int, default=268435456
        Maximum number of bytes of working copies.
    max_paired : int, default=None
        Maximum number of points of which all pairs are compared; None is `paired_points(n_features)`.

    Returns
    -------
    ClusterStatistics

    Raises
    ------
    ValueError
        If lengths differ, X is not numeric or has missing values, labels are not integers of at least -1, or there are
        fewer than two clusters.
    """
    labels, is_stored = np.asarray(labels), hasattr(X, "select")
    X = X if is_stored else np.asanyarray(X)
    if X.ndim != 2 or not X.shape[1] or labels.shape != X.shape[:1]:
        raise ValueError(f"X of shape {X.shape} and labels of shape {labels.shape} do not belong together.")
    if X.dtype.kind not in "fiub":
        raise ValueError(f"X: type {X.dtype}. Pass real numbers.")
    if len(labels) and labels.dtype.kind not in "iub":
        raise ValueError(f"labels: type {labels.dtype}. Pass integers, -1 for unassigned steps.")
    if len(labels) and labels.min() < -1:
        raise ValueError(
            f"labels: {labels.min()}. Number clusters from 0; only -1, unassigned, may be below."
        )
    assigned = labels >= 0
    if not assigned.all():
        X, labels = X.select(np.flatnonzero(assigned)) if is_stored else X[assigned], labels[assigned]
    if not is_stored and not _is_finite(X):
        raise ValueError("X holds missing or infinite values. Fill them first.")
    names, labels = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"{len(names)} clusters in {len(labels)} of {len(assigned)} steps; the others are unassigned. "
            "Measures need at least two."
        )
    max_paired = paired_points(X.shape[1]) if max_paired is None else max_paired
    return ClusterStatistics(X if is_stored else np.asarray(X), labels, memory, max_paired)


def _is_finite(X):
    if np.ma.is_masked(X):
        return False
    return all(np.isfinite(part).all() for part in np.array_split(X, max(1, len(X) // 1000)))


def silhouettes(sums, labels, sizes):
    """Silhouette of each point from its sums of distances to the clusters.

    Parameters
    ----------
    sums : array of shape (time, cluster)
        Sum of distances from each point to all members of each cluster.
    labels : array of int, shape (time,)
        Cluster of each point.
    sizes : array of int, shape (cluster,)
        Number of members of each cluster.

    Returns
    -------
    array of shape (time,)
        From -1 to 1; 0 for the only member of a cluster.

    References
    ----------
    Rousseeuw (1987).
    """
    rows = np.arange(len(labels))
    own_size = sizes[labels]
    within = sums[rows, labels] / np.maximum(own_size - 1, 1)
    means = sums / sizes
    means[rows, labels] = np.inf
    between = means.min(axis=1)
    larger = np.maximum(within, between)
    scores = np.divide(between - within, larger, out=np.zeros_like(larger), where=larger > 0)
    return np.where(own_size > 1, scores, 0.0)
