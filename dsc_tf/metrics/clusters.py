"""What measures share, computed once: sizes, means, distances to them, nearest pairs.

Distances are computed in chunks, so memory stays bounded however long the record is.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MEMORY = 256 * 2**20  # bytes of a block of distances


@dataclass(frozen=True)
class ClusterStatistics:
    """A labelled set of points and, computed on first use, what measures need of it.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points.
    labels : array of int, shape (time,)
        Cluster of each, 0 to k - 1, no cluster empty.
    memory : int
        Bytes that a block of distances may take.
    """

    X: np.ndarray
    labels: np.ndarray
    memory: int = MEMORY

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
        return np.stack([self.X[m].mean(axis=0, dtype=np.float64) for m in self.members])

    @cached_property
    def squared_to_mean(self):
        """Squared distance of each point to its cluster's mean, shape (time,)."""
        squared = np.empty(len(self.X))
        for m, mean in zip(self.members, self.means, strict=True):
            for part in np.array_split(m, max(1, m.size * mean.size * 8 // self.memory)):
                squared[part] = ((self.X[part] - mean) ** 2).sum(axis=1)
        return squared

    @cached_property
    def nearest_pairs(self):
        """Smallest distance between members of two clusters, shape (cluster, cluster).

        On the diagonal stands the cluster's diameter, the largest distance between two of its members, as in the
        published notebooks.
        """
        return self._pairwise["pairs"]

    @cached_property
    def silhouettes(self):
        """Euclidean silhouette of each point, shape (time,); 0 for the only member of a cluster."""
        return silhouettes(self._pairwise["sums"], self.labels, self.sizes)

    @cached_property
    def _pairwise(self):
        """One sweep over all distances: sums to each cluster, nearest pairs, diameters."""
        k = len(self.sizes)
        order = np.argsort(self.labels, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        # Subtracting the overall mean first keeps |x|^2 - 2 x.y + |y|^2 from cancelling.
        points = (self.X - self.X.mean(axis=0, dtype=np.float64))[order].astype(self._sweep_type)
        norms = np.einsum("ij,ij->i", points, points, dtype=np.float64)
        labels = self.labels[order]
        sums, pairs = np.empty((len(points), k)), np.full((k, k), np.inf)
        diameters = np.zeros(k)
        rows = max(1, self.memory // (16 * len(points)))
        for start in range(0, len(points), rows):
            part = slice(start, start + rows)
            squared = norms[part, None] + norms - 2.0 * (points[part] @ points.T)
            distance = np.sqrt(np.maximum(squared, 0.0))
            distance[np.arange(len(distance)), np.arange(start, start + len(distance))] = 0.0
            sums[part] = np.add.reduceat(distance, starts, axis=1)
            nearest = np.minimum.reduceat(distance, starts, axis=1)
            for j in np.unique(labels[part]):
                mine = labels[part] == j
                pairs[j] = np.minimum(pairs[j], nearest[mine].min(axis=0))
                own = distance[mine, starts[j] : starts[j] + self.sizes[j]]
                diameters[j] = max(diameters[j], own.max())
        pairs[np.arange(k), np.arange(k)] = diameters
        in_time = np.empty_like(sums)
        in_time[order] = sums
        return {"sums": in_time, "pairs": pairs}

    @property
    def _sweep_type(self):
        """Float64, but for records so long that twice the memory and time would be felt."""
        return np.float64 if self.X.size <= 2**27 else np.float32


def summarise(X, labels, *, memory=MEMORY):
    """Checked statistics of a labelled set of points.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points, finite.
    labels : array of int, shape (time,)
        Cluster of each; -1 is unassigned and left out with its row. Any integers: they are numbered anew.
    memory : int, default=268435456
        Bytes that a block of distances may take.

    Returns
    -------
    ClusterStatistics

    Raises
    ------
    ValueError
        If lengths differ, values are missing, or there are fewer than two clusters.
    """
    X, labels = np.asarray(X), np.asarray(labels)
    if X.ndim != 2 or labels.shape != X.shape[:1]:
        raise ValueError(f"X of shape {X.shape} and labels of shape {labels.shape} do not belong together.")
    assigned = labels >= 0
    if not assigned.all():
        X, labels = X[assigned], labels[assigned]
    if not all(np.isfinite(part).all() for part in np.array_split(X, max(1, len(X) // 1000))):
        raise ValueError("X holds missing or infinite values. Fill them first.")
    names, labels = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} clusters among {len(labels)} labels: measures need at least two.")
    return ClusterStatistics(X, labels, memory)


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
