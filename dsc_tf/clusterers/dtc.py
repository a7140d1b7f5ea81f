"""Deep Temporal Clustering."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np
import sklearn.cluster

from ..errors import DscTfError
from ..layers.clustering import SQUARED_DISTANCES
from ..models import joint_clustering_model, temporal_autoencoder
from ..training import NOTEBOOK, TRAINED, UNTRAINED
from ..training.recipes import by_name
from .deep import DeepClusterer, JointTrainingParameters
from .sequences import sequences

INITS = ("kmeans", "hierarchical")

DTC_NOTEBOOK = replace(
    NOTEBOOK,
    optimizer="adam",
    pretrain_epochs=10,
    pretrain_learning_rate=1e-3,
    epochs=100,
    learning_rate=1e-3,
    batch_size=366,
    shuffle=True,
    update_interval=None,
    tol=1e-5,
    patience=10,
    kmeans_init="k-means++",
    kmeans_restarts=20,
)
DTC_TRAINED = replace(TRAINED, pretrain_learning_rate=1e-3, batch_size=32)


class DTC(DeepClusterer):
    """Deep Temporal Clustering of the sequence of all values of a sample.

    For fields the sequence runs over cells and variables, not over time, as in the DSC authors' notebook.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    metric : {"euclidean", "cid", "correlation"}, default="euclidean"
        Distance of latent sequences to centres, see `ClusteringLayer`.
    init : {"kmeans", "hierarchical"}, default="kmeans"
        Initial centres: k-means, or complete linkage with `metric`.
    sequence_length : int, default=None
        Maximum number of steps of a sequence, reached by means over areas; None uses every value.
    filters : int, default=50
        Channels of the convolution.
    kernel_size : int, default=10
        Width of the convolution in steps.
    pool_size : int, default=8
        Number of steps that are pooled into one.
    units : tuple of int, default=(50, 1)
        Widths of the two LSTM layers; the last is the number of channels of the latent sequence.
    **training
        Parameters of `DeepClusterer` and `NetworkClusterer`.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`; centres are latent sequences (cluster, step, channel).

    References
    ----------
    Madiraju, N. S., Sadat, S. M., Fisher, D., Karimabadi, H. (2018). Deep Temporal Clustering: Fully
    Unsupervised Learning of Time-Domain Features. arXiv 1802.01059.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 8), dtype=np.float32)
    >>> small = {"filters": 2, "kernel_size": 2, "pool_size": 2, "units": (2, 1)}
    >>> DTC(2, **small, recipe="untrained", random_state=0).fit(X).transform(X).shape
    (12, 4)
    """

    supports_out_of_core = False  # sequences are made of all samples at once
    network_function = staticmethod(temporal_autoencoder)
    recipes = by_name(DTC_NOTEBOOK, DTC_TRAINED, UNTRAINED)

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        metric: str = "euclidean",
        init: str = "kmeans",
        sequence_length: int | None = None,
        filters: int = 50,
        kernel_size: int = 10,
        pool_size: int = 8,
        units: Sequence[int] = (50, 1),
        **training: Unpack[JointTrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.metric = metric
        self.init = init
        self.sequence_length = sequence_length
        self.filters = filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.units = units

    def _check_parameters(self, X):
        for name, choices in (("metric", tuple(SQUARED_DISTANCES)), ("init", INITS)):
            if getattr(self, name) not in choices:
                raise DscTfError(f"{name}: {getattr(self, name)!r}. Choose one of {', '.join(choices)}.")

    def _inputs(self, X):
        return sequences(X, self.sequence_length)[:, None, :, None]

    def _network_arguments(self, shape, recipe, policy):
        sizes = {name: getattr(self, name) for name in ("filters", "kernel_size", "pool_size")}
        return {"shape": shape, "units": tuple(self.units)} | sizes

    def _joint_model(self):
        return joint_clustering_model(self.autoencoder_, self.n_clusters, metric=self.metric)

    def _first_centres(self, latent, recipe, seed):
        if self.init == "kmeans":
            return super()._first_centres(latent, recipe, seed)
        linkage = sklearn.cluster.AgglomerativeClustering(
            self.n_clusters, metric="precomputed", linkage="complete"
        )
        labels = linkage.fit_predict(_distances(latent, self.metric))
        return np.stack([latent[labels == j].mean(axis=0) for j in range(self.n_clusters)])


def _distances(latent, metric):
    """Distances between all latent sequences, shape (time, time)."""
    points = latent[..., None].astype(np.float32)
    rows = [SQUARED_DISTANCES[metric](point[None, None], points[None]) for point in points]
    return np.sqrt(np.maximum(0.0, np.concatenate([np.asarray(row) for row in rows])))
