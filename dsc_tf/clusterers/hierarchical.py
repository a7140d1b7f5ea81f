"""Ward's agglomerative clustering on the raw features."""

import sklearn.cluster

from .base import Clusterer, last_step_features, relabel_by_size


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

    def __init__(self, n_clusters: int = 7):
        self.n_clusters = n_clusters

    def _fit(self, X):
        ward = sklearn.cluster.AgglomerativeClustering(self.n_clusters, linkage="ward")
        labels = ward.fit_predict(last_step_features(X))
        return relabel_by_size(labels, self.n_clusters)[0]
