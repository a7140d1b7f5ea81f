"""Deep Temporal Clustering Representation."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Self

import keras
import numpy as np
import numpy.typing as npt

from ..errors import DscTfError
from ..logging import log_duration
from ..models.dtcr import dtcr_encoder, dtcr_model
from ..training import Checkpoint, encode
from ..training.batches import fit_batches
from ..training.checkpoint import HistoryLogger, restore
from ..training.optimizers import Adam
from ..training.reuse import compile_or_reset
from ..training.seeds import seeded
from .base import LatentClusterer, check_five_axes, fit_kmeans, nearest_centre, order_by_size, read_model_json
from .dtcr_batches import Indicator, RealAndFake, RelaxedKMeans
from .sequences import sequences

log = logging.getLogger(__name__)

RESTARTS = 20  # of k-means on the representations


@dataclass(frozen=True)
class DTCRRecipe:
    """Settings of one training.

    Parameters
    ----------
    learning_rate : float
        Of Adam.
    cosine_decay : bool
        Whether the learning rate falls to 0 along half a cosine, or stays.
    epochs : int
        Passes.
    decay : float
        Weight decay (L2).
    standardise : bool
        Whether sequences are scaled to mean 0 and variance 1, over all of them.
    clip : float or None
        Largest norm of the gradient.
    sum_losses : bool
        Whether errors are sums, of reconstruction over steps and of k-means over samples, as the paper has it, or
        means. The authors' program has the mean of the one and the sum of the other.
    """

    learning_rate: float
    cosine_decay: bool
    epochs: int
    decay: float
    standardise: bool
    clip: float | None
    sum_losses: bool


RECIPES = {
    # The authors' program; the paper says 5e-3.
    "notebook": DTCRRecipe(
        learning_rate=1e-4,
        cosine_decay=False,
        epochs=300,
        decay=1e-4,
        standardise=False,
        clip=None,
        sum_losses=False,
    ),
    "trained": DTCRRecipe(
        learning_rate=5e-3,
        cosine_decay=True,
        epochs=200,
        decay=0.0,
        standardise=True,
        clip=1.0,
        sum_losses=True,
    ),
    "untrained": DTCRRecipe(
        learning_rate=0.0,
        cosine_decay=False,
        epochs=0,
        decay=0.0,
        standardise=False,
        clip=None,
        sum_losses=False,
    ),
}


class DTCR(LatentClusterer):
    """Deep Temporal Clustering Representation: a sample is read as one sequence of all its values.

    A recurrent autoencoder learns to reconstruct, to gather representations into `n_clusters` directions, and to
    tell sequences from fakes; k-means on its representations gives the labels. On fields the sequence runs over
    cells and variables, not over time; the DSC paper has it so.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    recipe : {"trained", "notebook", "untrained"}, default="trained"
        "trained" has the paper's learning rate; "notebook" the settings of its authors' program; "untrained"
        clusters what the network says as it is drawn.
    units : tuple of int, default=(50, 30, 30)
        Width of each layer of the encoder; the paper has (100, 50, 50) as well.
    dilations : tuple of int, default=(1, 4, 16)
        Dilation of each.
    kmeans_weight : float, default=0.1
        Weight of the k-means loss beside those of reconstruction and of fakes, which are 1.
    sequence_length : int, default=None
        Most steps of a sequence, by means over areas; None takes every value.
    epochs : int, default=None
        Passes over the record; None is the recipe's.
    batch_size : int, default=None
        Samples a step; None is all of them, as published.
    learning_rate : float, default=None
        Of Adam; None is the recipe's.
    random_state : int, default=None
        Seed of everything random.
    checkpoint : Checkpoint, default=None
        Where to save the state of the fit and to go on from.
    callbacks : tuple of keras.callbacks.Callback, default=()
        Passed to Keras.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    cluster_centers_ : array of shape (cluster, feature)
        Means of the representations.
    history_ : list of dict
        A row an epoch: stage, epoch, loss, reconstruction, clustering, label_change, seconds.
    stopped_by_ : str
        "epochs".
    model_, encoder_ : keras.Model
        The trained networks.

    References
    ----------
    Ma, Q., Zheng, J., Li, S., Cottrell, G. W. (2019). Learning Representations for Time Series Clustering. NeurIPS.
    """

    uses_window = True

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        recipe: str = "trained",
        units: Sequence[int] = (50, 30, 30),
        dilations: Sequence[int] = (1, 4, 16),
        kmeans_weight: float = 0.1,
        sequence_length: int | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        random_state: int | None = None,
        checkpoint: Checkpoint | None = None,
        callbacks: Sequence = (),
    ):
        self.n_clusters = n_clusters
        self.recipe = recipe
        self.units = units
        self.dilations = dilations
        self.kmeans_weight = kmeans_weight
        self.sequence_length = sequence_length
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.callbacks = callbacks

    def _taken(self, X):
        check_five_axes(X)
        return super()._taken(X)

    def _fit(self, X):
        if self.recipe not in RECIPES:
            raise DscTfError(f"recipe: {self.recipe!r}. Choose one of {', '.join(RECIPES)}.")
        recipe = RECIPES[self.recipe]
        values = sequences(X, self.sequence_length)
        self.scale_ = _scale(values) if recipe.standardise else (0.0, 1.0)
        values = self._scaled(values)
        with seeded(self.random_state) as seed:
            self._build(values.shape[1], recipe.decay)
            self._train(values, recipe, seed)
        representations = encode(self.encoder_, values).astype(np.float64)
        fitted = fit_kmeans(representations, self.n_clusters, RESTARTS, seed % 2**32)
        order = order_by_size(fitted.labels_, self.n_clusters)
        self.cluster_centers_ = fitted.cluster_centers_[order]
        self.stopped_by_ = "epochs"
        return nearest_centre(representations, self.cluster_centers_)

    def predict(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Nearest centre of each sample, shape (time,)."""
        return nearest_centre(self._latent(X).astype(np.float64), self.cluster_centers_)

    def transform(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Representation of each sample, shape (time, feature)."""
        return self._latent(X)

    def count_weights(self, shape):
        """Size of the network for samples of this shape (window, latitude, longitude, variable)."""
        steps = sequences(np.zeros((1, *shape), np.float32), self.sequence_length).shape[1]
        return dtcr_model(dtcr_encoder(steps, units=self.units, dilations=self.dilations)).count_params()

    def save(self, folder: str | PathLike) -> None:
        """Write `model.keras`, and `model.json` with `model.weights.h5`, which hold all that `load` needs.

        Parameters
        ----------
        folder : path
            Existing folder.
        """
        folder = Path(folder)
        self.encoder_.save(folder / "model.keras")
        self.encoder_.save_weights(folder / "model.weights.h5")
        names = ("units", "dilations", "sequence_length")
        text = {
            "method": type(self).__name__,
            "n_clusters": int(self.n_clusters),
            "parameters": {name: getattr(self, name) for name in names},
            "steps": int(self.encoder_.input_shape[1]),
            "scale": self.scale_,
            "centres": self.cluster_centers_.tolist(),
        }
        (folder / "model.json").write_text(json.dumps(text) + "\n")

    @classmethod
    def load(cls, folder: str | PathLike) -> Self:
        """A fitted clusterer from what `save` wrote, able to `predict` and `transform`.

        Parameters
        ----------
        folder : path
            Where `save` wrote.

        Raises
        ------
        DscTfError
            If the files are not there or another method's.
        """
        text = read_model_json(folder, cls.__name__)
        self = cls(text["n_clusters"], **text["parameters"])
        self._build(text["steps"], 0.0)
        self.encoder_.load_weights(Path(folder) / "model.weights.h5")
        self.scale_, self.cluster_centers_ = tuple(text["scale"]), np.array(text["centres"])
        return self

    def _latent(self, X):
        return encode(self.encoder_, self._inputs(self._taken(X)))

    def _inputs(self, X):
        return self._scaled(sequences(X, self.sequence_length))

    def _scaled(self, values):
        mean, deviation = self.scale_
        return (values - np.float32(mean)) / np.float32(deviation)

    def _build(self, steps, decay):
        self.encoder_ = dtcr_encoder(steps, units=self.units, dilations=self.dilations, decay=decay)
        self.model_ = dtcr_model(self.encoder_, decay=decay)

    def _train(self, values, recipe, seed):
        epochs = recipe.epochs if self.epochs is None else self.epochs
        indicator = Indicator(self.encoder_, values, self.n_clusters)
        batches = RealAndFake(values, indicator, batch_size=self.batch_size or len(values), seed=seed)
        rate = recipe.learning_rate if self.learning_rate is None else self.learning_rate
        if recipe.cosine_decay and epochs:
            rate = keras.optimizers.schedules.CosineDecay(rate, epochs * len(batches))
        compile_or_reset(
            self.model_,
            Adam(rate, clipnorm=recipe.clip),
            loss={
                "reconstruction": "mse",
                "representation": RelaxedKMeans(),
                "real": "binary_crossentropy",
                "fake": "binary_crossentropy",
            },
            loss_weights={
                "reconstruction": float(values.shape[1]) if recipe.sum_losses else 1.0,
                "representation": self.kmeans_weight / 2 * (len(values) if recipe.sum_losses else 1.0),
                "real": 0.5,
                "fake": 0.5,
            },
        )
        saved = self.checkpoint.load() if self.checkpoint else None
        self.history_ = json.loads(str(saved["history"])) if saved else []
        if saved is None:
            indicator.refresh()
        else:
            indicator.values = restore(saved, self.model_)["indicator"]
        start = len(self.history_)
        if start >= epochs:
            return
        record = HistoryLogger("joint", self.history_, checkpoint=self.checkpoint, extra=indicator.state)
        callbacks = [indicator, record, *self.callbacks]
        with log_duration(log, f"joint, epochs {start + 1} to {epochs} of {len(batches)} batches"):
            fit_batches(self.model_, batches, start=start, epochs=epochs, callbacks=callbacks)


def _scale(values):
    """Mean and standard deviation of all values; 1 for constant ones."""
    deviation = float(values.std(dtype=np.float64))
    return float(values.mean(dtype=np.float64)), deviation if deviation > 0 else 1.0
