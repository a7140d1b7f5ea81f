"""k-means on the raw features."""

import numpy.typing as npt

from .base import Clusterer, fit_kmeans, last_step_features, nearest_centre, relabel_by_size
from .out_of_core import nearest_rows, stored_kmeans


class KMeans(Clusterer):
    """k-means on the fields of the labelled step.

    Samples on disk are read block by block: restarts see as many days, drawn at random, as 256 MiB hold, and the
    best goes on with the whole record.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    n_init : int, default=10
        Restarts, as in the published notebook.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample.
    cluster_centers_ : array of shape (cluster, feature)
        Means of the clusters.
    """

    supports_out_of_core = True

    def __init__(self, n_clusters: int = 7, *, n_init: int = 10, random_state: int | None = None):
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        features = last_step_features(X)
        if X.is_stored:
            found, centres = stored_kmeans(features, self.n_clusters, self.n_init, self.random_state)
        else:
            fitted = fit_kmeans(features, self.n_clusters, self.n_init, self.random_state)
            found, centres = fitted.labels_, fitted.cluster_centers_
        labels, order = relabel_by_size(found, self.n_clusters)
        self.cluster_centers_ = centres[order]
        return labels

    def predict(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Nearest centre of each sample, shape (time,)."""
        X = self._taken(X)
        find = nearest_rows if X.is_stored else nearest_centre
        return find(last_step_features(X), self.cluster_centers_)
