"""k-means by direction."""

import numpy as np
import numpy.typing as npt
import sklearn.cluster

from .base import Clusterer, last_step_features, relabel_by_size

MAX_ITERATIONS = 300


class SphericalKMeans(Clusterer):
    """k-means by the angle between fields: it ascends the sum of cosines to unit centres.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    centre : bool, default=True
        Take departures from the mean field, so that the cosine is a pattern correlation; False takes fields as they
        are, which is what the cosine silhouette of the published tables sees.
    n_init : int, default=10
        Restarts.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest first.
    cluster_centers_ : array of shape (cluster, feature)
        Unit vectors.
    mean_ : array of shape (feature,)
        The mean field taken away, or zero.

    References
    ----------
    Dhillon, I. S., Modha, D. S. (2001). Concept Decompositions for Large Sparse Text Data using Clustering.
    """

    def __init__(
        self, n_clusters: int = 7, *, centre: bool = True, n_init: int = 10, random_state: int | None = None
    ):
        self.n_clusters = n_clusters
        self.centre = centre
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        features = last_step_features(X)
        self.mean_ = features.mean(axis=0) if self.centre else np.zeros_like(features[0])
        directions = self._directions(X)
        rng = np.random.RandomState(self.random_state)
        runs = [_ascend(directions, self.n_clusters, rng) for _ in range(self.n_init)]
        _, labels, centres = max(runs, key=lambda run: run[0])
        labels, order = relabel_by_size(labels, self.n_clusters)
        self.cluster_centers_ = centres[order]
        return labels

    def predict(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Centre of the largest cosine for each sample, shape (time,)."""
        return (self._directions(self._taken(X)) @ self.cluster_centers_.T).argmax(axis=1)

    def _directions(self, X):
        return _unit(last_step_features(X) - self.mean_)


def _ascend(directions, n_clusters, rng):
    """Sum of cosines, labels and centres of one start."""
    centres, _ = sklearn.cluster.kmeans_plusplus(directions, n_clusters, random_state=rng)
    labels = None
    for _ in range(MAX_ITERATIONS):
        before, labels = labels, (directions @ centres.T).argmax(axis=1)
        if np.array_equal(labels, before):
            break
        members = np.eye(n_clusters, dtype=directions.dtype)[labels]
        sums = members.T @ directions
        centres = np.where(members.any(axis=0)[:, None], _unit(sums), centres)  # an empty cluster stays
    return (directions @ centres.T).max(axis=1).sum(), labels, centres


def _unit(rows):
    """Rows over their norm; the zero vector stays."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
