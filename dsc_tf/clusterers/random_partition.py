"""What any method must beat. The other control, a random network, is `DSC(recipe="untrained")`."""

import numpy as np

from .base import Clusterer, relabel_by_size


class RandomPartition(Clusterer):
    """Labels drawn at random, each as likely as the other.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest first.
    """

    def __init__(self, n_clusters: int = 7, *, random_state: int | None = None):
        self.n_clusters = n_clusters
        self.random_state = random_state

    def _fit(self, X):
        labels = np.random.default_rng(self.random_state).integers(self.n_clusters, size=len(X))
        return relabel_by_size(labels, self.n_clusters)[0]
