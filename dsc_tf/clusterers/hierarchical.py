"""Ward's agglomerative clustering on the raw features."""

import sklearn.cluster

from .base import Clusterer, relabel_by_size


class Hierarchical(Clusterer):
    """Ward's agglomerative clustering on the fields of the labelled step.

    The method defines labels for the samples that it was fitted on alone: there is no `predict`.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.1], [5.0, 5.1], [0.1, 0.0], [5.1, 5.0], [0.0, 0.0]])
    >>> Hierarchical(2).fit_predict(X).tolist()
    [0, 1, 0, 1, 0]
    """

    def __init__(self, n_clusters: int = 7):
        self.n_clusters = n_clusters

    def _fit(self, X):
        ward = sklearn.cluster.AgglomerativeClustering(self.n_clusters, linkage="ward")
        return relabel_by_size(ward.fit_predict(X.last_step()), self.n_clusters)[0]
