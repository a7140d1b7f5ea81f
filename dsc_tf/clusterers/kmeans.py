"""k-means on the raw features."""

from .base import Clusterer, fit_kmeans, nearest_centre, relabel_by_size
from .out_of_core import nearest_rows, stored_kmeans


class KMeans(Clusterer):
    """k-means on the fields of the labelled step.

    Samples in a scratch file are read block by block: the restarts use as many randomly chosen steps as 256 MiB
    hold, and the best of them is continued on the whole record.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    n_init : int, default=10
        Number of restarts, as in the published notebook.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    cluster_centers_ : array of shape (cluster, feature)
        Means of the clusters.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.1], [5.0, 5.1], [0.1, 0.0], [5.1, 5.0], [0.0, 0.0]])
    >>> KMeans(2, random_state=0).fit_predict(X).tolist()
    [0, 1, 0, 1, 0]
    """

    supports_out_of_core = True
    saved_attributes = ("cluster_centers_",)

    def __init__(self, n_clusters: int = 7, *, n_init: int = 10, random_state: int | None = None):
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        features = X.last_step()
        if X.is_stored:
            found, centres = stored_kmeans(features, self.n_clusters, self.n_init, self.random_state)
        else:
            fitted = fit_kmeans(features, self.n_clusters, self.n_init, self.random_state)
            found, centres = fitted.labels_, fitted.cluster_centers_
        labels, order = relabel_by_size(found, self.n_clusters)
        self.cluster_centers_ = centres[order]
        return labels

    def _predict(self, X):
        find = nearest_rows if X.is_stored else nearest_centre
        return find(X.last_step(), self.cluster_centers_)
