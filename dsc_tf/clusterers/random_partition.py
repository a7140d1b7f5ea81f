"""Random labels, which any method must surpass. The other control, a random network, is `DSC(recipe="untrained")`."""

import numpy as np

from .base import Clusterer, relabel_by_size


class RandomPartition(Clusterer):
    """Random labels, all equally likely.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(set(RandomPartition(3, random_state=0).fit_predict(np.zeros((60, 2))).tolist()))
    [0, 1, 2]
    """

    def __init__(self, n_clusters: int = 7, *, random_state: int | None = None):
        self.n_clusters = n_clusters
        self.random_state = random_state

    def _fit(self, X):
        labels = np.random.default_rng(self.random_state).integers(self.n_clusters, size=len(X))
        return relabel_by_size(labels, self.n_clusters)[0]
