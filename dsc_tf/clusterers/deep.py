"""What all methods with an autoencoder and a clustering layer do alike."""

import dataclasses
import json
import logging
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from keras import ops

from ..errors import DscTfError
from ..logging import log_duration
from ..models import dsc_model, has_decoder, shared_encoder
from ..preprocessing.samples import Samples
from ..training import RECIPES, Batches, Recipe, TargetRefresh, encode
from ..training.batches import UniqueFieldBatches, fit_batches
from ..training.checkpoint import HistoryLogger, restore
from ..training.devices import strategy
from ..training.precision import dtype_policy
from ..training.reuse import compile_or_reset, copy_initial_weights
from ..training.seeds import seeded
from .base import LatentClusterer, check_five_axes, fit_kmeans, order_by_size, read_model_json

log = logging.getLogger(__name__)

RUN_ONLY_PARAMETERS = (
    "random_state",
    "pretrain_epochs",
    "epochs",
    "checkpoint",
    "callbacks",
)  # the network is the same
MODELS = ("autoencoder_", "model_", "encoder_", "shared_encoder_")
PART = 256  # latent vectors beside all centres at a time
LOSSES = {"clustering": "kld", "reconstruction": "mse"}


class DeepClusterer(LatentClusterer):
    """Pretrain an autoencoder, start centres by k-means, train both jointly.

    Subclasses write `_network`, which returns the arguments of the network as a dict, and name

    - `network_function`, which takes them; without a decoder there is no pretraining;
    - `recipes`, by name;
    - `keeps_decoder`, whether the joint loss holds the reconstruction;
    - `saved_parameters`, those of the constructor that a loaded clusterer needs to predict.
    """

    supports_out_of_core = uses_window = supports_multi_gpu = True
    recipes = RECIPES
    keeps_decoder = True
    saved_parameters: tuple[str, ...] = ()
    precision = "float32"

    def _taken(self, X):
        check_five_axes(X)
        return super()._taken(X)

    def _fit(self, X):
        recipe = self._recipe()
        X = self._inputs(X)
        policy = dtype_policy(self.precision, best=recipe.precision)
        log.debug("precision %s is %s; batch size %s", self.precision, policy, recipe.batch_size)
        with seeded(self.random_state) as seed:
            self.network_ = self._network(X.shape[1:], recipe, policy)
            self._build_or_redraw(recipe)
            if recipe.standardise:
                self.encoder_.get_layer("standardise").adapt(X)
            saved = self.checkpoint.load() if self.checkpoint else None
            self.history_ = json.loads(str(saved["history"])) if saved else []
            if saved is None or str(saved["stage"]) == "pretrain":
                if has_decoder(self.autoencoder_):
                    self._pretrain(X, recipe, seed, saved)
                self._start_centres(X, recipe, seed)
                saved = None
            self._joint(X, recipe, seed, saved)
        self.precision_ = policy
        self._number_by_size(X)
        return self.soft_labels_.argmax(axis=1)

    def predict(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Cluster of each sample, shape (time,)."""
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Soft assignment of each sample, shape (time, cluster); rows sum to 1."""
        return self._assigned(self._inputs(self._taken(X)))

    def transform(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Latent vector of each sample, shape (time, feature); latent sequences end to end."""
        latent = self._encoded(self._inputs(self._taken(X)))
        return latent.reshape(len(latent), -1)

    def count_weights(self, shape):
        """Size of the network for samples of this shape (window, latitude, longitude, variable)."""
        sample = self._inputs(np.zeros((1, *shape), np.float32))
        network = type(self).network_function(**self._network(sample.shape[1:], self._recipe(), "float32"))
        return network.count_params()

    def save(self, folder: str | PathLike) -> None:
        """Write the model: `model.keras`, and `model.json` with `model.weights.h5`.

        The pair opens in any Keras 3, since the network is built anew from its arguments; a `.keras`
        file may not open in an older Keras than wrote it.

        Parameters
        ----------
        folder : path
            Existing folder.
        """
        folder = Path(folder)
        self.model_.save(folder / "model.keras")
        self.model_.save_weights(folder / "model.weights.h5")
        network = self.network_ | {"shape": list(self.network_["shape"])}
        text = {"method": type(self).__name__, "n_clusters": int(self.n_clusters), "network": network}
        text["parameters"] = {name: getattr(self, name) for name in self.saved_parameters}
        (folder / "model.json").write_text(json.dumps(text, indent=2) + "\n")

    @classmethod
    def load(cls, folder: str | PathLike) -> Self:
        """A fitted clusterer from `model.json` and `model.weights.h5`, able to `predict` and `transform`.

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
        self = cls(text["n_clusters"], **text.get("parameters", {}))
        self.network_ = text["network"] | {"shape": tuple(text["network"]["shape"])}
        self._build()
        self.model_.load_weights(Path(folder) / "model.weights.h5")
        return self

    def _recipe(self):
        recipe = self.recipe
        if not isinstance(recipe, Recipe):
            if recipe not in self.recipes:
                raise DscTfError(f"recipe: {recipe!r}. Choose one of {', '.join(self.recipes)}.")
            recipe = self.recipes[recipe]
        asked = {name: getattr(self, name) for name in ("batch_size", "learning_rate")}
        return dataclasses.replace(recipe, **{name: v for name, v in asked.items() if v is not None})

    def _inputs(self, X):
        """What the network reads of samples; first axis time."""
        return X

    def _build_or_redraw(self, recipe):
        """Fitted again by other seeds, a clusterer keeps its compiled networks and draws their weights anew."""
        others = {name: v for name, v in self.get_params().items() if name not in RUN_ONLY_PARAMETERS}
        settings = (repr((self.network_, recipe, others)), strategy())
        known = getattr(self, "_built_for", None) == settings
        kept = {name: getattr(self, name) for name in MODELS} if known else {}
        self._build()
        if known:
            whole = ("autoencoder_", "model_")  # the others are parts of these
            copy_initial_weights([kept[name] for name in whole], [getattr(self, name) for name in whole])
            vars(self).update(kept)
        self._built_for = settings

    def _build(self):
        self.autoencoder_ = type(self).network_function(**self.network_)
        self.encoder_ = self.autoencoder_.get_layer("encoder")
        self.model_ = self._joint_model()
        self.shared_encoder_ = shared_encoder(self.encoder_)

    def _joint_model(self):
        return dsc_model(self.autoencoder_, self.n_clusters, reconstruct=self.keeps_decoder)

    def _encoded(self, X):
        """Latent vectors of samples as the network reads them."""
        if self.shared_encoder_ and isinstance(X, Samples) and X.overlaps:
            return encode(self.shared_encoder_, X, kind=UniqueFieldBatches)
        return encode(self.encoder_, X)

    def _assigned(self, X):
        """Soft assignments of samples as the network reads them."""
        return _map_chunks(self.model_.get_layer("clustering"), self._encoded(X))

    def _pretrain(self, X, recipe, seed, saved):
        model = self.autoencoder_
        compile_or_reset(model, recipe.new_optimizer(recipe.pretrain_learning_rate), loss="mse")
        batches = Batches(
            X, lambda at, x: x, batch_size=recipe.batch_size, seed=seed if recipe.shuffle else None
        )
        if saved is not None:
            restore(saved, model)
        asked = recipe.pretrain_epochs if self.pretrain_epochs is None else self.pretrain_epochs
        epochs = _n_epochs(asked, recipe.pretrain_steps, batches)
        self._run("pretrain", model, batches, epochs, saved)

    def _start_centres(self, X, recipe, seed):
        latent = self._encoded(X)
        layer = self.model_.get_layer("clustering")
        centres = self._first_centres(latent.reshape(len(X), -1).astype(np.float64), recipe, seed)
        layer.centres.assign(centres.reshape(layer.centres.shape))
        nearest = _map_chunks(layer.squared_distances, latent).min(axis=1)
        spread = np.sqrt(nearest.mean(dtype=np.float64))
        if recipe.length_scale_divisor is not None and spread > 0:
            layer.length_scale.assign(spread / recipe.length_scale_divisor)

    def _first_centres(self, latent, recipe, seed):
        start, restarts = recipe.kmeans_init, recipe.kmeans_restarts
        return fit_kmeans(latent, self.n_clusters, restarts, seed % 2**32, init=start).cluster_centers_

    def _joint(self, X, recipe, seed, saved):
        model = self.model_
        weights = {"clustering": recipe.clustering_weight, "reconstruction": 1.0}
        compile_or_reset(
            model,
            recipe.new_optimizer(recipe.learning_rate),
            loss={name: LOSSES[name] for name in model.output},
            loss_weights={name: weights[name] for name in model.output},
        )
        refresh = TargetRefresh(
            lambda: self._assigned(X),
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
            refresh.refresh()
        else:
            refresh.restore(restore(saved, model))
        if not refresh.converged:
            asked = recipe.epochs if self.epochs is None else self.epochs
            steps = _n_epochs(asked, recipe.steps, batches) * batches.steps_per_pass
            epochs = -(-steps // batches.steps)  # an epoch is what lies between two refreshes
            self._run("joint", model, batches, epochs, saved, refresh)
        self.stopped_by_ = "labels at rest" if refresh.converged else "epochs"

    def _run(self, stage, model, batches, epochs, saved, refresh=None):
        start = int(saved["epoch"]) if saved else 0
        if start >= epochs:
            return
        extra = refresh.state if refresh else dict
        record = HistoryLogger(stage, self.history_, checkpoint=self.checkpoint, extra=extra)
        own = [*([refresh] if refresh else []), record]
        with log_duration(log, f"{stage}, epochs {start + 1} to {epochs} of {batches.steps} batches"):
            fit_batches(model, batches, start=start, epochs=epochs, callbacks=[*own, *self.callbacks])

    def _number_by_size(self, X):
        soft_labels = self._assigned(X)
        order = order_by_size(soft_labels.argmax(axis=1), self.n_clusters)
        centres = self.model_.get_layer("clustering").centres
        centres.assign(np.asarray(centres)[order])
        self.cluster_centers_ = np.asarray(centres)
        self.soft_labels_ = soft_labels[:, order]


def _map_chunks(function, latent):
    return np.concatenate(
        [ops.convert_to_numpy(function(latent[i : i + PART])) for i in range(0, len(latent), PART)]
    )


def _n_epochs(asked, steps, batches):
    """Passes over the record: those asked for, or as many as the recipe's steps take, at least two."""
    if asked is not None:
        return asked
    return max(2, -(-steps // batches.steps_per_pass)) if steps else 0
