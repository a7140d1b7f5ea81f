"""What measures share, computed once: sizes, means, distances to them, nearest pairs.

Points are visited in parts, so memory stays bounded however long the record is.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MEMORY = 256 * 2**20  # bytes of all working copies
SWEEP = 16 * 2**20  # bytes where each point is seen once: more is slower
MOST_PAIRED = 16384  # points of which every pair is compared; of more, so many are drawn


@dataclass(frozen=True, eq=False)
class ClusterStatistics:
    """A labelled set of points and, computed on first use, what measures need of it.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points; or what gives an array when indexed by positions, such as rows on disk.
    labels : array of int, shape (time,)
        Cluster of each, 0 to k - 1, no cluster empty.
    memory : int
        Bytes that working copies may take.
    most_paired : int
        Of more points than these, a part stands for all where every pair is compared.
    """

    X: np.ndarray
    labels: np.ndarray
    memory: int = MEMORY
    most_paired: int = MOST_PAIRED

    @cached_property
    def paired(self):
        """The points of which every pair is compared: all, or `most_paired` drawn with the shares of the clusters."""
        if len(self.labels) <= self.most_paired:
            return self
        rng = np.random.default_rng(0)
        counts = np.maximum(self.most_paired * self.sizes // self.sizes.sum(), 1)
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
        """Members of each cluster, shape (cluster,)."""
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

        On the diagonal stands the cluster's diameter, the largest distance between two of its members, as in the
        published notebooks. Of those in `paired`.
        """
        return self.paired._pairwise["pairs"]

    @cached_property
    def silhouettes(self):
        """Euclidean silhouette of each point of `paired`, shape (time,); 0 for the only member of a cluster."""
        paired = self.paired
        return silhouettes(paired._pairwise["sums"], paired.labels, paired.sizes)

    @cached_property
    def _pairwise(self):
        """One sweep over all pairs: summed distances of points to clusters, nearest pairs, diameters."""
        k = len(self.sizes)
        sums, nearest, diameters = np.zeros((len(self.X), k)), np.full((k, k), np.inf), np.zeros(k)
        blocks = [(j, part) for j, m in enumerate(self.members) for part in self.parts(m, self.memory)]
        for i, (one, rows) in enumerate(blocks):
            points = self.X[rows] - self.means[one]
            for other, columns in blocks[i:]:
                same = columns is rows
                # Less the mean of the first cluster, so that |x|^2 - 2 x.y + |y|^2 cancels little.
                others = points if same else self.X[columns] - self.means[one]
                distance = _distances(points, others, same)
                sums[rows, other] += distance.sum(axis=1)
                if not same:
                    sums[columns, one] += distance.sum(axis=0)
                if one == other:
                    diameters[one] = max(diameters[one], distance.max())
                else:
                    # Once more without the formula: it would part two equal points.
                    row, column = np.unravel_index(distance.argmin(), distance.shape)
                    pair = np.linalg.norm(points[row] - others[column])
                    nearest[one, other] = nearest[other, one] = min(nearest[one, other], pair)
        nearest[np.arange(k), np.arange(k)] = diameters
        return {"sums": sums, "pairs": nearest}

    def parts(self, members, memory=SWEEP):
        """Positions in parts so small that a few copies of their points and their distances fit the memory."""
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


def summarise(X, labels, *, memory=MEMORY, most_paired=MOST_PAIRED):
    """Checked statistics of a labelled set of points.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points, finite.
    labels : array of int, shape (time,)
        Cluster of each; -1 is unassigned and left out with its row. The others are numbered anew, so that none
        is empty.
    memory : int, default=268435456
        Bytes that working copies may take.
    most_paired : int, default=16384
        As of `ClusterStatistics`.

    Returns
    -------
    ClusterStatistics

    Raises
    ------
    ValueError
        If lengths differ, X is not numbers or has missing values, labels are not integers from -1 up, or there are
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
    return ClusterStatistics(X if is_stored else np.asarray(X), labels, memory, most_paired)


def _is_finite(X):
    if np.ma.is_masked(X):
        return False
    return all(np.isfinite(part).all() for part in np.array_split(X, max(1, len(X) // 1000)))


def silhouettes(sums, labels, sizes):
    """Silhouette of each point from its summed distances to each cluster.

    Parameters
    ----------
    sums : array of shape (time, cluster)
        Sum of distances from each point to all members of each cluster.
    labels : array of int, shape (time,)
        Cluster of each point.
    sizes : array of int, shape (cluster,)
        Members of each cluster.

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
