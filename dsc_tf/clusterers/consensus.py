"""Consensus of many partitions: how often two steps share a cluster, clustered in turn."""

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.cluster import SpectralClustering
from sklearn.decomposition import NMF

from ..errors import DscTfError
from .base import Clusterer, relabel_by_size
from .registry import METHODS, build, parameters

MAX_SAMPLES = 20_000  # of a matrix of pairs of 3.2 GB
THRESHOLD = 0.2  # shares below it count as 0, as in the published program


class ConsensusClustering(Clusterer):
    """Consensus of the partitions of several methods and seeds by their co-association matrix.

    The co-association of two steps is the share of the partitions in which they have the same cluster; shares below
    0.2 are set to 0. Spectral clustering of this matrix gives one partition, the largest factor of its non-negative
    factorisation another. Spectral clustering of the mean co-association of these two is the result. The matrix has a
    row and a column for each step, so that the record must not be long, and new samples cannot be labelled.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters, also of each partition.
    members : tuple of str, default=("kmeans", "eof_kmeans", "spherical_kmeans", "gaussian_mixture")
        Methods of the registry whose partitions are combined. Those with networks cost their training for each seed.
    n_runs : int, default=5
        Partitions of each method, with different seeds.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest first.
    association_ : array of shape (time, time)
        Share of the partitions in which two samples have the same cluster.

    References
    ----------
    Nji, F. N., Faruque, O., Cham, M., Janeja, V., Wang, J. (2024). Hybrid Ensemble Deep Graph Temporal Clustering for
    Spatiotemporal Data. arXiv 2409.12590: its consensus by co-occurrence and factorisation, without its graph-attention
    autoencoder. Fred, A. L. N., Jain, A. K. (2005). Combining multiple clusterings using evidence accumulation. IEEE
    Trans. Pattern Anal. Mach. Intell. 27.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0.0, 1.0], [4.0, 0.0]], 20, axis=0) + np.random.default_rng(0).normal(size=(40, 2))
    >>> np.bincount(ConsensusClustering(2, members=("kmeans",), random_state=0).fit_predict(X))
    array([20, 20])
    """

    supports_out_of_core = False

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        members: Sequence[str] = ("kmeans", "eof_kmeans", "spherical_kmeans", "gaussian_mixture"),
        n_runs: int = 5,
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.members = members
        self.n_runs = n_runs
        self.random_state = random_state

    def _check_parameters(self, X):
        unknown = [name for name in self.members if name not in METHODS or name == "consensus"]
        if unknown or not self.members:
            raise DscTfError(f"members: {tuple(self.members)}. Give methods of the registry, such as kmeans.")
        if self.n_runs < 1:
            raise DscTfError(f"n_runs: {self.n_runs}. Give at least 1.")
        if len(X) > MAX_SAMPLES:
            raise DscTfError(
                f"X: {len(X)} samples. The consensus compares all pairs: give at most {MAX_SAMPLES}."
            )

    def _fit(self, X):
        rng = np.random.default_rng(self.random_state)
        partitions = [
            self._member(name, int(rng.integers(2**31))).fit(X).labels_
            for name in self.members
            for _ in range(self.n_runs)
        ]
        self.association_ = co_association(partitions)
        shares = np.where(self.association_ < THRESHOLD, 0.0, self.association_)
        seed = int(rng.integers(2**31))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a graph in several parts, and of factors that still move
            first = self._spectral(shares, seed)
            factors = NMF(self.n_clusters, init="nndsvda", max_iter=300, random_state=seed).fit_transform(
                shares
            )
            both = co_association([first, factors.argmax(axis=1)])
            labels = self._spectral(both, seed)
        return relabel_by_size(labels, self.n_clusters)[0]

    def _member(self, name, seed):
        options = {"random_state": seed} if "random_state" in parameters(name) else {}
        return build(name, self.n_clusters, **options)

    def _spectral(self, affinity, seed):
        model = SpectralClustering(self.n_clusters, affinity="precomputed", n_init=5, random_state=seed)
        return model.fit(affinity).labels_


def co_association(partitions):
    """Share of partitions in which each pair of samples has the same cluster.

    Parameters
    ----------
    partitions : sequence of arrays of int, each of shape (time,)
        Labels.

    Returns
    -------
    array of shape (time, time)

    Examples
    --------
    >>> co_association([np.array([0, 0, 1]), np.array([0, 1, 1])])
    array([[1. , 0.5, 0. ],
           [0.5, 1. , 0.5],
           [0. , 0.5, 1. ]])
    """
    total = np.zeros((len(partitions[0]),) * 2)
    for labels in partitions:
        total += np.asarray(labels)[:, None] == np.asarray(labels)
    return total / len(partitions)
