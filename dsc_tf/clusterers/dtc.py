"""Deep Temporal Clustering."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import sklearn.cluster

from ..errors import DscTfError
from ..layers.clustering import SQUARED_DISTANCES
from ..models import dsc_model, temporal_autoencoder
from ..training import NOTEBOOK, TRAINED, UNTRAINED, Checkpoint, Recipe
from ..training.recipes import by_name
from .deep import DeepClusterer
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
    """Deep Temporal Clustering: a sample is read as one sequence of all its values.

    On fields the sequence runs over cells and variables, not over time; the DSC authors' notebook has it so.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    recipe : str or Recipe, default="trained"
        "trained" is ours; "notebook" repeats the settings of the DSC authors' notebook, which learn as well;
        "untrained" clusters what the network says as it is drawn.
    metric : {"euclidean", "cid", "correlation"}, default="euclidean"
        Distance of latent sequences to centres, see `ClusteringLayer`.
    init : {"kmeans", "hierarchical"}, default="kmeans"
        How centres start: k-means, or complete linkage by `metric`.
    sequence_length : int, default=None
        Most steps of a sequence, by means over areas; None takes every value.
    pretrain_epochs : int, default=None
        Passes over the record that learn reconstruction alone; None is the recipe's.
    epochs : int, default=None
        Most passes with the joint loss; None is the recipe's.
    batch_size : int, default=None
        Samples a step; None is the recipe's.
    learning_rate : float, default=None
        Of the joint loss; None is the recipe's.
    random_state : int, default=None
        Seed of everything random.
    checkpoint : Checkpoint, default=None
        Where to save the state of the fit and to go on from.
    callbacks : tuple of keras.callbacks.Callback, default=()
        Passed to Keras in both stages.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        As of `DSC`; centres are latent sequences (cluster, step, channel).

    References
    ----------
    Madiraju, N. S., Sadat, S. M., Fisher, D., Karimabadi, H. (2018). Deep Temporal Clustering: Fully
    Unsupervised Learning of Time-Domain Features. arXiv 1802.01059.
    """

    supports_out_of_core = False  # sequences are made of all samples at once
    network_function = staticmethod(temporal_autoencoder)
    recipes = by_name(DTC_NOTEBOOK, DTC_TRAINED, UNTRAINED)
    saved_parameters = ("metric", "sequence_length")

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        recipe: str | Recipe = "trained",
        metric: str = "euclidean",
        init: str = "kmeans",
        sequence_length: int | None = None,
        pretrain_epochs: int | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        random_state: int | None = None,
        checkpoint: Checkpoint | None = None,
        callbacks: Sequence = (),
    ):
        self.n_clusters = n_clusters
        self.recipe = recipe
        self.metric = metric
        self.init = init
        self.sequence_length = sequence_length
        self.pretrain_epochs = pretrain_epochs
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.callbacks = callbacks

    def _check(self, X):
        super()._check(X)
        for name, choices in (("metric", tuple(SQUARED_DISTANCES)), ("init", INITS)):
            if getattr(self, name) not in choices:
                raise DscTfError(f"{name}: {getattr(self, name)!r}. Choose one of {', '.join(choices)}.")

    def _inputs(self, X):
        return sequences(X, self.sequence_length)[:, None, :, None]

    def _network(self, shape, recipe, policy):
        return {"shape": shape}

    def _joint_model(self):
        return dsc_model(self.autoencoder_, self.n_clusters, metric=self.metric)

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
