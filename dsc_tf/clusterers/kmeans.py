"""k-means on the raw features."""

import numpy.typing as npt

from ..preprocessing.as_samples import Rows
from ..preprocessing.samples import Samples
from .base import Clusterer, fields_of_labelled_step, kmeans, nearest, renumber
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

    streams = True

    def __init__(self, n_clusters: int = 7, *, n_init: int = 10, random_state: int | None = None):
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        features = fields_of_labelled_step(X)
        if isinstance(X, Samples):
            found, centres = stored_kmeans(features, self.n_clusters, self.n_init, self.random_state)
        else:
            fitted = kmeans(features, self.n_clusters, self.n_init, self.random_state)
            found, centres = fitted.labels_, fitted.cluster_centers_
        labels, order = renumber(found, self.n_clusters)
        self.cluster_centers_ = centres[order]
        return labels

    def predict(self, X: npt.ArrayLike) -> Rows:
        """Nearest centre of each sample, shape (time,)."""
        X = self._taken(X)
        find = nearest_rows if isinstance(X, Samples) else nearest
        return find(fields_of_labelled_step(X), self.cluster_centers_)
