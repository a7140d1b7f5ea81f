"""k-means by direction."""

import numpy as np
import sklearn.cluster

from .base import Clusterer, relabel_by_size

MAX_ITERATIONS = 300


class SphericalKMeans(Clusterer):
    """k-means by the angle between fields: it maximises the sum of cosines to unit centres.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    centre : bool, default=True
        Whether the mean field is subtracted, so that the cosine is a pattern correlation; False leaves fields
        unchanged, as for the cosine silhouette of the published tables.
    n_init : int, default=10
        Number of restarts.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    cluster_centers_ : array of shape (cluster, feature)
        Unit vectors.
    mean_ : array of shape (feature,)
        Mean field that is subtracted, or zero.

    References
    ----------
    Dhillon, I. S., Modha, D. S. (2001). Concept Decompositions for Large Sparse Text Data using Clustering.

    Examples
    --------
    Two directions, whatever the length of the vectors:

    >>> import numpy as np
    >>> X = np.array([[1.0, 0.1], [0.1, 1.0], [20.0, 1.0], [0.0, 30.0], [5.0, 0.0]])
    >>> SphericalKMeans(2, centre=False, random_state=0).fit_predict(X).tolist()
    [0, 1, 0, 1, 0]
    """

    saved_attributes = ("cluster_centers_", "mean_")

    def __init__(
        self, n_clusters: int = 7, *, centre: bool = True, n_init: int = 10, random_state: int | None = None
    ):
        self.n_clusters = n_clusters
        self.centre = centre
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        features = X.last_step()
        self.mean_ = features.mean(axis=0) if self.centre else np.zeros_like(features[0])
        directions = _unit_vectors(features - self.mean_)
        rng = np.random.RandomState(self.random_state)
        runs = [_maximise_cosines(directions, self.n_clusters, rng) for _ in range(self.n_init)]
        _, labels, centres = max(runs, key=lambda run: run[0])
        labels, order = relabel_by_size(labels, self.n_clusters)
        self.cluster_centers_ = centres[order]
        return labels

    def _predict(self, X):
        directions = _unit_vectors(X.last_step() - self.mean_)
        return (directions @ self.cluster_centers_.T).argmax(axis=1)


def _maximise_cosines(directions, n_clusters, rng):
    """Sum of cosines, labels and centres of one restart."""
    centres, _ = sklearn.cluster.kmeans_plusplus(directions, n_clusters, random_state=rng)
    labels = None
    for _ in range(MAX_ITERATIONS):
        before, labels = labels, (directions @ centres.T).argmax(axis=1)
        if np.array_equal(labels, before):
            break
        members = np.eye(n_clusters, dtype=directions.dtype)[labels]
        sums = members.T @ directions
        centres = np.where(members.any(axis=0)[:, None], _unit_vectors(sums), centres)  # empty ones stay
    return (directions @ centres.T).max(axis=1).sum(), labels, centres


def _unit_vectors(rows):
    """Rows divided by their norm; the zero vector is unchanged."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
