"""Ward's agglomerative clustering on the raw features."""

import sklearn.cluster

from .base import Clusterer, fields_of_labelled_step, renumber


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
        labels = ward.fit_predict(fields_of_labelled_step(X))
        return renumber(labels, self.n_clusters)[0]
