"""Base classes of methods that train a network."""

import dataclasses
import json
import logging
import math
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

import keras
import numpy as np
from keras import ops
from sklearn.utils.validation import check_is_fitted

from ..errors import DscTfError, refuse_damaged
from ..logging import log_duration
from ..models import autoencoder_of, deduplicating_encoder, encoder_of, has_decoder, joint_clustering_model
from ..preprocessing.samples import Samples
from ..stored import check_sizes, check_weights
from ..training import RECIPES, Batches, Checkpoint, Recipe, TargetRefresh, encode
from ..training.batches import UniqueFieldBatches, fit_batches
from ..training.checkpoint import HistoryLogger, restore
from ..training.precision import dtype_policy
from ..training.reuse import compile_or_reset, exchange_weights
from ..training.seeds import seeded
from .base import LatentClusterer, fit_kmeans, order_by_size
from .model_files import plain, read_model_json, write_model_json

log = logging.getLogger(__name__)

WEIGHTS = "model.weights.h5"
COMPILED = ("autoencoder_", "model_")  # the other networks of a clusterer are parts of these
NETWORKS = (*COMPILED, "encoder_", "deduplicating_encoder_")
CHUNK_ROWS = 256  # latent vectors that are compared with all centres at a time
LOSSES = {"clustering": "kld", "reconstruction": "mse"}


class TrainingParameters(TypedDict, total=False):
    """Parameters of `NetworkClusterer` as keyword arguments of its subclasses."""

    recipe: Any
    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    random_state: int | None
    checkpoint: Checkpoint | None
    callbacks: Sequence[keras.callbacks.Callback]


class JointTrainingParameters(TrainingParameters, total=False):
    """Parameters of `DeepClusterer` as keyword arguments of its subclasses."""

    network: keras.Model | Callable[[tuple[int, ...]], keras.Model] | None
    pretrain_epochs: int | None


class NetworkClusterer(LatentClusterer):
    """Base class of methods that train a network: the parameters of training.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    recipe : str or Recipe, default="trained"
        Settings of the training. "trained" are those of this package; "notebook" those of the published notebooks or
        programs; "untrained" clusters the latent vectors of the initial network.
    epochs : int, default=None
        Maximum number of passes over the record with the clustering loss; None uses the recipe's.
    batch_size : int, default=None
        Number of samples of a training step; None uses the recipe's.
    learning_rate : float, default=None
        Learning rate of the clustering loss; None uses the recipe's.
    random_state : int, default=None
        Seed of initial weights, order of samples, dropout and k-means.
    checkpoint : Checkpoint, default=None
        File that the state of the fit is saved in, and that an interrupted fit continues from.
    callbacks : tuple of keras.callbacks.Callback, default=()
        Passed to the `fit` of Keras in all stages.
    """

    uses_window = True

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        recipe: Any = "trained",
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        random_state: int | None = None,
        checkpoint: Checkpoint | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ):
        self.n_clusters = n_clusters
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.callbacks = callbacks

    def __sklearn_is_fitted__(self):
        return hasattr(self, "encoder_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # networks compute in float32
        return tags

    def count_weights(self, shape: tuple[int, ...]) -> int:
        """Number of weights of the network.

        Parameters
        ----------
        shape : tuple of int
            Shape of a sample: (window, latitude, longitude, variable).
        """
        raise NotImplementedError

    def _save_network(self, folder, model, content):
        """Write `model.json` and the weights of `model`, without the state of an optimiser."""
        folder = Path(folder)
        keras.Model(model.input, model.output, name=model.name).save_weights(folder / WEIGHTS)
        write_model_json(folder, self._model_json() | content)

    @staticmethod
    def _load_weights(folder, model):
        path = Path(folder) / WEIGHTS
        try:
            check_weights(path)
            model.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DscTfError(
                f"model: {path} cannot be read ({reason}). Give the folder of a finished run."
            ) from error


class DeepClusterer(NetworkClusterer):
    """Base class of methods with an encoder and a clustering layer.

    The fit has three stages: pretraining of an autoencoder, initial centres by k-means on the latent vectors, and joint
    training with the clustering loss. Subclasses implement `_network_arguments`, which returns the arguments of
    the network as a dict, and define

    - `network_function`, which takes them; without a decoder there is no pretraining;
    - `recipes`, by name;
    - `keeps_decoder`, whether the joint loss includes the reconstruction.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    network : keras.Model or callable, default=None
        Network to train instead of the published one: a Keras model, or a function from the shape of a sample
        (window, latitude, longitude, variable) to one. The model has the layers or attributes `encoder` and, for a
        reconstruction loss, `decoder`, both Keras models. A model that is given is copied, with new initial weights.
    pretrain_epochs : int, default=None
        Number of passes over the record with the reconstruction loss alone; None uses the recipe's.
    **training
        Parameters of `NetworkClusterer`.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    soft_labels_ : array of shape (time, cluster)
        Student's t similarity to each centre.
    cluster_centers_ : array of shape (cluster, feature)
        Centres in the latent space.
    history_ : list of dict
        One row for each epoch: stage, epoch, loss, reconstruction, clustering, label_change, seconds.
    stopped_by_ : str
        "converged" if labels stopped changing, else "epochs".
    model_, autoencoder_, encoder_ : keras.Model
        The trained networks; `autoencoder_` ends in the latent vector if there is no decoder.
    """

    supports_out_of_core = supports_multi_gpu = True
    network_function: Callable[..., keras.Model]
    recipes = RECIPES
    keeps_decoder = True
    precision = "float32"
    _donor: "DeepClusterer | None" = None

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        network: keras.Model | Callable[[tuple[int, ...]], keras.Model] | None = None,
        pretrain_epochs: int | None = None,
        **training: Unpack[TrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.network = network
        self.pretrain_epochs = pretrain_epochs

    def reuse_network_of(self, other: Self) -> Self:
        """Train in the compiled network of another clusterer at the next `fit`, which saves the time of tracing.

        The other clusterer gets a copy of its network with equal weights. See `fit_seeds`.

        Parameters
        ----------
        other : DeepClusterer
            Fitted with the same parameters but `random_state`, to samples of the same shape.

        Returns
        -------
        self
        """
        self._donor = other
        return self

    def count_weights(self, shape: tuple[int, ...]) -> int:
        """Number of weights of the network.

        Parameters
        ----------
        shape : tuple of int
            Shape of a sample: (window, latitude, longitude, variable).
        """
        sample = self._inputs(np.zeros((1, *shape), np.float32))
        arguments = self._network_arguments(sample.shape[1:], self._recipe(), "float32")
        return self._new_network(arguments).count_params()

    def save(self, folder: str | PathLike) -> None:
        """Write the fitted clusterer: `model.json` and `model.weights.h5`.

        The network is rebuilt from its arguments, or from its architecture in JSON if it was given as `network`.

        Parameters
        ----------
        folder : path
            Existing folder.
        """
        check_is_fitted(self)
        content: dict[str, Any] = {"network": {name: plain(v) for name, v in self.network_.items()}}
        if self.network is not None or hasattr(self, "architecture_"):
            content["architecture"] = json.loads(self.autoencoder_.to_json())
        self._save_network(folder, self.model_, content)

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
            self.network_ = content["network"] | {"shape": tuple(content["network"]["shape"])}
            sizes = {name: value for name, value in self.network_.items() if name != "shape"}
            check_sizes(sizes, Path(folder) / WEIGHTS)
            if "architecture" in content:
                self.architecture_ = json.dumps(content["architecture"])
            self._build()
            self._load_weights(folder, self.model_)
            self.cluster_centers_ = np.asarray(self.model_.get_layer("clustering").centres)
        return self

    def _model_json(self):
        content = super()._model_json()
        if isinstance(self.recipe, Recipe):
            content["parameters"]["recipe"] = dataclasses.asdict(self.recipe)
        return content

    @classmethod
    def _from_model_json(cls, content):
        self = super()._from_model_json(content)
        if isinstance(self.recipe, dict):
            self.recipe = Recipe(**self.recipe)
        return self

    def _network_arguments(self, shape, recipe, policy):
        raise NotImplementedError

    def _inputs(self, X):
        """Input of the network for samples; the first axis is time."""
        return X

    def _fit(self, X):
        recipe = self._recipe()
        X = self._inputs(X)
        policy = dtype_policy(self.precision, best=recipe.precision)
        log.debug("precision %s is %s; batch size %s", self.precision, policy, recipe.batch_size)
        with seeded(self.random_state) as seed:
            self.network_ = self._network_arguments(X.shape[1:], recipe, policy)
            self._build()
            self._exchange_with_donor()
            if recipe.standardise and any(layer.name == "standardise" for layer in self.encoder_.layers):
                self.encoder_.get_layer("standardise").adapt(X)
            saved = self.checkpoint.load() if self.checkpoint else None
            self.history_ = json.loads(str(saved["history"])) if saved else []
            first = None
            if saved is None or str(saved["stage"]) == "pretrain":
                if has_decoder(self.autoencoder_):
                    self._pretrain(X, recipe, seed, saved)
                first = self._initialise_centres(X, recipe, seed)
                saved = None
            last = self._train_jointly(X, recipe, seed, saved, first)
        self.precision_ = policy
        self._number_by_size(self._soft_assignments(X) if last is None else last)
        return self.soft_labels_.argmax(axis=1)

    def _predict(self, X):
        return self._predict_proba(X).argmax(axis=1)

    def _predict_proba(self, X):
        return self._soft_assignments(self._inputs(X))

    def _transform(self, X):
        latent = self._latent(self._inputs(X))
        return latent.reshape(len(latent), -1)

    def _recipe(self):
        recipe = self.recipe
        if not isinstance(recipe, Recipe):
            if recipe not in self.recipes:
                raise DscTfError(f"recipe: {recipe!r}. Choose one of {', '.join(self.recipes)}.")
            recipe = self.recipes[recipe]
        given = {name: getattr(self, name) for name in ("batch_size", "learning_rate")}
        return dataclasses.replace(recipe, **{name: v for name, v in given.items() if v is not None})

    def _build(self):
        self.autoencoder_ = self._new_network(self.network_)
        self.encoder_ = encoder_of(self.autoencoder_)
        self.model_ = self._joint_model()
        self.deduplicating_encoder_ = deduplicating_encoder(self.encoder_)

    def _new_network(self, arguments):
        """A network with initial weights."""
        if hasattr(self, "architecture_"):  # loaded
            return keras.models.model_from_json(self.architecture_)
        if self.network is None:
            return type(self).network_function(**arguments)
        if isinstance(self.network, keras.Model):
            return keras.models.clone_model(autoencoder_of(self.network))
        return autoencoder_of(self.network(tuple(arguments["shape"])))

    def _exchange_with_donor(self):
        """Take over the compiled network of the donor, with the initial weights of the new one."""
        donor, self._donor = self._donor, None
        if donor is None or donor.network_ != self.network_:
            return
        exchange_weights(
            [getattr(donor, name) for name in COMPILED], [getattr(self, name) for name in COMPILED]
        )
        for name in NETWORKS:
            of_donor, own = getattr(donor, name), getattr(self, name)
            setattr(donor, name, own)
            setattr(self, name, of_donor)

    def _joint_model(self):
        return joint_clustering_model(self.autoencoder_, self.n_clusters, reconstruct=self.keeps_decoder)

    def _latent(self, X):
        """Latent vectors of inputs of the network."""
        if self.deduplicating_encoder_ and isinstance(X, Samples) and X.overlaps:
            return encode(self.deduplicating_encoder_, X, kind=UniqueFieldBatches)
        return encode(self.encoder_, X)

    def _soft_assignments(self, X):
        """Soft assignments of inputs of the network."""
        return _map_chunks(self.model_.get_layer("clustering"), self._latent(X))

    def _pretrain(self, X, recipe, seed, saved):
        model = self.autoencoder_
        compile_or_reset(model, recipe.new_optimizer(recipe.pretrain_learning_rate), loss="mse")
        shuffle = recipe.shuffle or recipe.shuffle_pretraining
        batches = Batches(X, lambda at, x: x, batch_size=recipe.batch_size, seed=seed if shuffle else None)
        if saved is not None:
            restore(saved, model)
        given = recipe.pretrain_epochs if self.pretrain_epochs is None else self.pretrain_epochs
        self._run_stage("pretrain", model, batches, _n_epochs(given, recipe.pretrain_steps, batches), saved)

    def _initialise_centres(self, X, recipe, seed):
        """Set the centres; return the soft assignments to them."""
        latent = self._latent(X)
        layer = self.model_.get_layer("clustering")
        centres = self._first_centres(latent.reshape(len(X), -1).astype(np.float64), recipe, seed)
        layer.centres.assign(centres.reshape(layer.centres.shape))
        nearest = _map_chunks(layer.squared_distances, latent).min(axis=1)
        spread = np.sqrt(nearest.mean(dtype=np.float64))
        if recipe.length_scale_divisor is not None and spread > 0:
            layer.length_scale.assign(spread / recipe.length_scale_divisor)
        return _map_chunks(layer, latent)

    def _first_centres(self, latent, recipe, seed):
        start, restarts = recipe.kmeans_init, recipe.kmeans_restarts
        return fit_kmeans(latent, self.n_clusters, restarts, seed % 2**32, init=start).cluster_centers_

    def _train_jointly(self, X, recipe, seed, saved, first):
        """Train from the soft assignments `first`; return those of the final weights, None if they are not known."""
        model = self.model_
        weights = {"clustering": recipe.clustering_weight, "reconstruction": 1.0}
        compile_or_reset(
            model,
            recipe.new_optimizer(recipe.learning_rate),
            loss={name: LOSSES[name] for name in model.output},
            loss_weights={name: weights[name] for name in model.output},
        )
        refresh = TargetRefresh(
            lambda: self._soft_assignments(X),
            tol=recipe.tol,
            patience=recipe.patience,
            reconstructs="reconstruction" in model.output,
        )
        batches = Batches(
            X,
            refresh.targets,
            batch_size=recipe.batch_size,
            steps=recipe.update_interval,
            seed=seed if recipe.shuffle else None,
        )
        if saved is None:
            refresh.refresh(first)
        else:
            refresh.restore(restore(saved, model))
        if not refresh.converged:
            given = recipe.epochs if self.epochs is None else self.epochs
            steps = _n_epochs(given, recipe.steps, batches) * batches.steps_per_pass
            epochs = math.ceil(steps / batches.steps)  # an epoch lies between two refreshes
            self._run_stage("joint", model, batches, epochs, saved, refresh)
        self.stopped_by_ = "converged" if refresh.converged else "epochs"
        return refresh.soft_labels

    def _run_stage(self, stage, model, batches, epochs, saved, refresh=None):
        start = int(saved["epoch"]) if saved else 0
        if start >= epochs:
            return
        extra = refresh.state if refresh else dict
        record = HistoryLogger(stage, self.history_, checkpoint=self.checkpoint, extra=extra)
        own = [*([refresh] if refresh else []), record]
        with log_duration(log, f"{stage}, epochs {start + 1} to {epochs} of {batches.steps} batches"):
            fit_batches(model, batches, start=start, epochs=epochs, callbacks=[*own, *self.callbacks])

    def _number_by_size(self, soft_labels):
        order = order_by_size(soft_labels.argmax(axis=1), self.n_clusters)
        centres = self.model_.get_layer("clustering").centres
        centres.assign(np.asarray(centres)[order])
        self.cluster_centers_ = np.asarray(centres)
        self.soft_labels_ = soft_labels[:, order]


class FieldClusterer(DeepClusterer):
    """Base class of methods with convolutions over fields: samples have all five axes."""

    def _check_dimensions(self, X):
        if self.network is None and np.ndim(X) != 5:
            raise DscTfError(f"X: shape {np.shape(X)}. Give (time, window, latitude, longitude, variable).")


def _map_chunks(function, latent):
    """Values of a Keras function of latent vectors, computed for a part of them at a time."""
    chunks = [latent[i : i + CHUNK_ROWS] for i in range(0, len(latent), CHUNK_ROWS)]
    return np.concatenate([ops.convert_to_numpy(function(chunk)) for chunk in chunks])


def _n_epochs(given, steps, batches):
    """Number of passes over the record: the given one, or enough for the steps of the recipe, at least two."""
    if given is not None:
        return given
    return max(2, math.ceil(steps / batches.steps_per_pass)) if steps else 0
