"""k-means on the raw features."""

import numpy as np

from .base import Clusterer, fields_of_labelled_step, kmeans, nearest, renumber


class KMeans(Clusterer):
    """k-means on the fields of the labelled step.

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

    def __init__(self, n_clusters=7, *, n_init=10, random_state=None):
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        fitted = kmeans(fields_of_labelled_step(X), self.n_clusters, self.n_init, self.random_state)
        labels, order = renumber(fitted.labels_, self.n_clusters)
        self.cluster_centers_ = fitted.cluster_centers_[order]
        return labels

    def predict(self, X):
        """Nearest centre of each sample, shape (time,)."""
        return nearest(fields_of_labelled_step(np.asarray(X)), self.cluster_centers_)
