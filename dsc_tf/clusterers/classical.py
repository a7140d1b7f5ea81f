"""Baselines without a network, on the raw features."""

import numpy as np
import sklearn.cluster

from .base import Clusterer, by_size, fields_of_labelled_step


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
        kmeans = sklearn.cluster.KMeans(self.n_clusters, n_init=self.n_init, random_state=self.random_state)
        labels = kmeans.fit_predict(fields_of_labelled_step(X))
        order = by_size(labels, self.n_clusters)
        self.cluster_centers_ = kmeans.cluster_centers_[order]
        return np.argsort(order)[labels]

    def predict(self, X):
        """Nearest centre of each sample, shape (time,)."""
        features = fields_of_labelled_step(np.asarray(X))
        squared = [((features - centre) ** 2).sum(axis=1) for centre in self.cluster_centers_]
        return np.argmin(squared, axis=0)


class Hierarchical(Clusterer):
    """Ward's agglomerative clustering on the fields of the labelled step.

    Knows only the samples it was fitted on: there is no `predict`.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample.
    """

    def __init__(self, n_clusters=7):
        self.n_clusters = n_clusters

    def _fit(self, X):
        ward = sklearn.cluster.AgglomerativeClustering(self.n_clusters, linkage="ward")
        labels = ward.fit_predict(fields_of_labelled_step(X))
        return np.argsort(by_size(labels, self.n_clusters))[labels]
