"""Deep Temporal Clustering Representation."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Self, Unpack

import keras
import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..errors import DscTfError, refuse_damaged
from ..logging import log_duration
from ..models.dtcr import dtcr_encoder, dtcr_model
from ..training import encode
from ..training.batches import fit_batches
from ..training.checkpoint import HistoryLogger, restore
from ..training.optimizers import Adam
from ..training.reuse import compile_or_reset
from ..training.seeds import seeded
from .base import fit_kmeans, nearest_centre, order_by_size
from .deep import NetworkClusterer, TrainingParameters
from .dtcr_batches import Indicator, RealAndFake, RelaxedKMeans
from .model_files import plain, read_model_json
from .sequences import sequences

log = logging.getLogger(__name__)

N_INIT = 20  # restarts of k-means on the representations


@dataclass(frozen=True)
class DTCRRecipe:
    """Settings of the network and of its training.

    Parameters
    ----------
    learning_rate : float
        Learning rate of Adam.
    epochs : int
        Number of passes over the record.
    cosine_decay : bool, default=False
        Whether the learning rate falls to 0 along half a cosine, or is constant.
    decay : float, default=0.0
        Weight decay (L2) of all trainable variables.
    standardise : bool, default=False
        Whether sequences are scaled to mean 0 and variance 1 over all of them.
    clip : float or None, default=None
        Maximum norm of the gradient.
    sum_reconstruction : bool, default=False
        Whether the reconstruction loss is the sum over steps, as in the paper, or the mean.
    sum_kmeans : bool, default=False
        Whether the k-means loss is the sum over samples or the mean.
    random_indicator : bool, default=False
        Whether the cluster indicator of the first epochs is a random matrix with orthonormal columns, or that of the
        initial representations.
    units, dilations : tuple of int
        Units and dilation of each layer of the encoder, default=(50, 30, 30) and (1, 4, 16).
    reset_after : bool, default=True
        Whether the reset gate acts after the product of state and recurrent kernel, or before it.
    gate_bias : float, default=0.0
        Initial bias of the update and the reset gates.
    decoder_start : {"zero", "first value"}, default="zero"
        Input of the first step of the decoder: 0, or the first value of the sequence with noise.
    """

    learning_rate: float
    epochs: int
    cosine_decay: bool = False
    decay: float = 0.0
    standardise: bool = False
    clip: float | None = None
    sum_reconstruction: bool = False
    sum_kmeans: bool = False
    random_indicator: bool = False
    units: tuple[int, ...] = (50, 30, 30)
    dilations: tuple[int, ...] = (1, 4, 16)
    reset_after: bool = True
    gate_bias: float = 0.0
    decoder_start: str = "zero"


RECIPES = {
    # The authors' program. The paper has a learning rate of 5e-3, dilations 1, 4, 16 and a summed reconstruction loss.
    "notebook": DTCRRecipe(
        learning_rate=1e-4,
        epochs=300,
        decay=1e-4,
        sum_kmeans=True,
        random_indicator=True,
        units=(100, 50, 50),
        dilations=(1, 2, 4),
        reset_after=False,
        gate_bias=1.0,
        decoder_start="first value",
    ),
    "trained": DTCRRecipe(
        learning_rate=5e-3,
        epochs=200,
        cosine_decay=True,
        standardise=True,
        clip=1.0,
        sum_reconstruction=True,
        sum_kmeans=True,
    ),
    "untrained": DTCRRecipe(learning_rate=0.0, epochs=0),
}


class DTCR(NetworkClusterer):
    """Deep Temporal Clustering Representation of the sequence of all values of a sample.

    A recurrent autoencoder learns to reconstruct sequences, to concentrate their representations in `n_clusters`
    directions, and to distinguish sequences from shuffled ones; k-means on its representations gives the labels. For
    fields the sequence runs over cells and variables, not over time, as in the DSC paper.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    units : tuple of int, default=None
        Number of units of each layer of the encoder; None uses the recipe's: (100, 50, 50) for "notebook", else
        (50, 30, 30). The paper uses both.
    dilations : tuple of int, default=None
        Dilation of each layer; None uses the recipe's: (1, 2, 4) for "notebook", else (1, 4, 16).
    kmeans_weight : float, default=0.1
        Weight of the k-means loss; those of reconstruction and of the classification of shuffled sequences are 1.
    sequence_length : int, default=None
        Maximum number of steps of a sequence, reached by means over areas; None uses every value.
    **training
        Parameters of `NetworkClusterer`. `recipe` is "trained" with the learning rate of the paper, "notebook" with
        the settings of its authors' program, or "untrained". A `batch_size` of None uses all samples, as published.

    Notes
    -----
    The recipe "notebook" corrects two faults of the authors' program: there the rows of the cluster indicator refer to
    an earlier order of the samples, and fake sequences do not keep the values of the real ones. Recurrent kernels are
    initialised as in Keras (orthogonal), not as in TensorFlow 1.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    cluster_centers_ : array of shape (cluster, feature)
        Means of the representations.
    history_ : list of dict
        One row for each epoch: stage, epoch, loss, reconstruction, clustering, label_change, seconds; clustering is
        the k-means loss of a sample without its weight.
    stopped_by_ : str
        "epochs".
    model_, encoder_ : keras.Model
        The trained networks.
    scale_ : tuple of float
        Mean and standard deviation that sequences are standardised with.

    References
    ----------
    Ma, Q., Zheng, J., Li, S., Cottrell, G. W. (2019). Learning Representations for Time Series Clustering. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 8), dtype=np.float32)
    >>> DTCR(2, units=(2,), dilations=(1,), recipe="untrained", random_state=0).fit(X).transform(X).shape
    (12, 4)
    """

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        units: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
        kmeans_weight: float = 0.1,
        sequence_length: int | None = None,
        **training: Unpack[TrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.units = units
        self.dilations = dilations
        self.kmeans_weight = kmeans_weight
        self.sequence_length = sequence_length

    def _fit(self, X):
        recipe = self._recipe()
        values = sequences(X, self.sequence_length)
        self.scale_ = _scale(values) if recipe.standardise else (0.0, 1.0)
        values = self._scaled(values)
        with seeded(self.random_state) as seed:
            self.network_ = self._network_arguments(recipe)
            self._build(values.shape[1], recipe)
            self._train(values, recipe, seed)
        representations = encode(self.encoder_, values).astype(np.float64)
        fitted = fit_kmeans(representations, self.n_clusters, N_INIT, seed % 2**32)
        order = order_by_size(fitted.labels_, self.n_clusters)
        self.cluster_centers_ = fitted.cluster_centers_[order]
        self.stopped_by_ = "epochs"
        return nearest_centre(representations, self.cluster_centers_)

    def _predict(self, X):
        return nearest_centre(self._transform(X).astype(np.float64), self.cluster_centers_)

    def _transform(self, X):
        return encode(self.encoder_, self._scaled(sequences(X, self.sequence_length)))

    def count_weights(self, shape: tuple[int, ...]) -> int:
        """Number of weights of the network.

        Parameters
        ----------
        shape : tuple of int
            Shape of a sample: (window, latitude, longitude, variable).
        """
        steps = sequences(np.zeros((1, *shape), np.float32), self.sequence_length).shape[1]
        _, model = _networks(steps, self._network_arguments(self._recipe()))
        return model.count_params()

    def save(self, folder: str | PathLike) -> None:
        """Write the fitted clusterer: `model.json` and `model.weights.h5`, the weights of the encoder.

        Parameters
        ----------
        folder : path
            Existing folder.
        """
        check_is_fitted(self)
        content = {
            "steps": int(self.encoder_.input_shape[1]),
            "network": {name: plain(value) for name, value in self.network_.items()},
            "scale": plain(self.scale_),
            "centres": self.cluster_centers_.tolist(),
        }
        self._save_network(folder, self.encoder_, content)

    @classmethod
    def load(cls, folder: str | PathLike) -> Self:
        """Load a fitted clusterer.

        Parameters
        ----------
        folder : path
            Folder that `save` wrote to.

        Raises
        ------
        DscTfError
            If the files are missing, damaged, or of another method.
        """
        with refuse_damaged("model", folder, "Give the folder of a finished run."):
            content = read_model_json(folder, cls.__name__)
            self = cls._from_model_json(content)
            # Earlier versions had one kind of cell and wrote its sizes as parameters.
            self.network_ = content.get("network") or {"units": self.units, "dilations": self.dilations}
            self._build(content["steps"])
            self._load_weights(folder, self.encoder_)
            self.scale_, self.cluster_centers_ = tuple(content["scale"]), np.array(content["centres"])
        return self

    def _scaled(self, values):
        mean, deviation = self.scale_
        return (values - np.float32(mean)) / np.float32(deviation)

    def _recipe(self):
        if self.recipe not in RECIPES:
            raise DscTfError(f"recipe: {self.recipe!r}. Choose one of {', '.join(RECIPES)}.")
        return RECIPES[self.recipe]

    def _network_arguments(self, recipe):
        """Arguments of `dtcr_encoder`."""
        return {
            "units": tuple(recipe.units if self.units is None else self.units),
            "dilations": tuple(recipe.dilations if self.dilations is None else self.dilations),
            "reset_after": recipe.reset_after,
            "gate_bias": recipe.gate_bias,
        }

    def _build(self, steps, recipe=None):
        self.encoder_, self.model_ = _networks(steps, self.network_, recipe)

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
                "reconstruction": float(values.shape[1]) if recipe.sum_reconstruction else 1.0,
                "representation": self.kmeans_weight / 2 * (len(values) if recipe.sum_kmeans else 1.0),
                "real": 0.5,
                "fake": 0.5,
            },
        )
        saved = self.checkpoint.load() if self.checkpoint else None
        self.history_ = json.loads(str(saved["history"])) if saved else []
        if saved is None:
            indicator.initialise(seed if recipe.random_indicator else None)
        else:
            indicator.values = restore(saved, self.model_)["indicator"]
        start = len(self.history_)
        if start >= epochs:
            return
        logger = HistoryLogger(
            "joint",
            self.history_,
            checkpoint=self.checkpoint,
            extra=indicator.state,
            clustering_output="representation",
        )
        callbacks = [indicator, logger, *self.callbacks]
        with log_duration(log, f"joint, epochs {start + 1} to {epochs} of {len(batches)} batches"):
            fit_batches(self.model_, batches, start=start, epochs=epochs, callbacks=callbacks)


def _networks(steps, arguments, recipe=None):
    """Encoder and training model with initial weights; without a recipe, as needed for inference."""
    encoder = dtcr_encoder(steps, **arguments)
    cell = {name: arguments[name] for name in ("reset_after", "gate_bias") if name in arguments}
    options = {"decay": recipe.decay, "decoder_start": recipe.decoder_start} if recipe else {}
    return encoder, dtcr_model(encoder, **cell, **options)


def _scale(values):
    """Mean and standard deviation of all values; 1 for constant ones."""
    deviation = float(values.std(dtype=np.float64))
    return float(values.mean(dtype=np.float64)), deviation if deviation > 0 else 1.0
