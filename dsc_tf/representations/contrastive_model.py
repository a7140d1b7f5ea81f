"""The model that `fit` trains: two views through one encoder, one loss."""

import logging

import keras
import numpy as np
from keras import ops

from ..geostatistics import empirical_semivariogram, fit_semivariogram
from ..logging import log_duration
from ..training.batches import fit_batches
from ..training.optimizers import Adam
from ..training.reuse import compile_or_reset
from .losses import TS2VEC, hierarchical_loss

log = logging.getLogger(__name__)

LAGS = 4096  # lags that the table of similarity holds; all beyond are far


class ContrastiveModel(keras.Model):
    """Encodes two overlapping crops and compares the steps that they share.

    Parameters
    ----------
    encoder : keras.Model
        From {"series", "inside"} to (series, time, feature).
    contrast : Contrast, default=TS2VEC
        Settings of the loss.
    longest : int
        Most steps that two crops share.
    regions : int or None, default=1
        Number of regions that series come from. None: series are strangers, of which times do not compare.

    Call arguments
        A batch of `Crops`.

    Output shape
        Two of (series, time of the overlap, feature).
    """

    def __init__(self, encoder, contrast=TS2VEC, *, longest, regions=1):
        super().__init__(name="contrastive")
        self.encoder = encoder
        self.contrast = contrast
        self.scales = int(longest).bit_length()
        fixed = {"trainable": False, "dtype": "float32"}
        self.near_lags = self.add_weight(shape=(LAGS,), initializer="zeros", name="near_lags", **fixed)
        self.near_regions = None
        if regions is not None:
            self.near_regions = self.add_weight(
                shape=(regions, regions), initializer="ones", name="near_regions", **fixed
            )
        self.know_lags(np.zeros(0))

    def know_lags(self, similarity):
        """Tell how similar steps are at lags 0, 1, 2, ...; 0 beyond what is given, and always 1 at lag 0."""
        table = np.zeros(LAGS, np.float32)
        table[: len(similarity)] = similarity[:LAGS]
        table[0] = 1.0
        self.near_lags.assign(table)

    def know_regions(self, similarity):
        """Tell how similar regions are, shape (region, region)."""
        self.near_regions.assign(similarity)

    def call(self, inputs, training=False):
        first = self._encode(inputs, "first", training)
        second = self._encode(inputs, "second", training)
        steps = ops.arange(ops.shape(inputs["overlap"])[1])
        offsets = (ops.cast(inputs[name][0], steps.dtype) for name in ("offset", "second_offset"))
        return tuple(_steps(z, steps + at) for z, at in zip((first, second), offsets, strict=True))

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        near = series_near = None
        if self.contrast.knows_distance:
            near = self._near
            if self.near_regions is not None:
                apart = ops.abs(x["place"][:, None] - x["place"][None, :])
                regions = ops.take(ops.take(self.near_regions, x["region"], axis=0), x["region"], axis=1)
                series_near = self._near(apart) * regions
        first, second = (ops.cast(view, "float32") for view in y_pred)
        return hierarchical_loss(
            first,
            second,
            self.contrast,
            length=ops.sum(x["overlap"][0]),
            near=near,
            series_near=series_near,
            scales=self.scales,
        )

    def _encode(self, inputs, view, training):
        seen = {"series": inputs[view], "inside": inputs[f"{view}_inside"]}
        return self.encoder(seen, training=training)

    def _near(self, lag):
        at = ops.cast(lag, "int32")
        return ops.where(at < LAGS, ops.take(self.near_lags, ops.minimum(at, LAGS - 1)), 0.0)


def learn(model, batches, steps, *, learning_rate, history, callbacks=()):
    """Train as TS2Vec's program does: AdamW, and in the end the mean of the weights over training.

    Parameters
    ----------
    model : keras.Model
        With a loss of its own.
    batches : keras.utils.PyDataset
        Whose batches depend on `epoch`.
    steps : int
        Batches to learn from, rounded up to whole epochs.
    learning_rate : float
        Of AdamW.
    history : list
        Takes the loss of every epoch.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Passed to Keras.
    """
    optimizer = Adam(learning_rate, weight_decay=0.01, epsilon=1e-8)
    compile_or_reset(model, optimizer, jit_compile=False)
    own = [UniformAverage(), Losses(history)]
    epochs = -(-steps // len(batches))
    with log_duration(log, f"{type(model).__name__}, {epochs} epochs of {len(batches)} batches"):
        fit_batches(model, batches, epochs=epochs, callbacks=[*own, *callbacks])


class UniformAverage(keras.callbacks.Callback):
    """Mean of the weights over all steps of training, the initial ones included; put into the model at the end.

    References
    ----------
    Yue et al. (2022), their program (PyTorch's AveragedModel): no exponential average.
    """

    def on_train_begin(self, logs=None):
        self._count = 1
        self._mean = [np.asarray(w, np.float64) for w in self.model.trainable_variables]

    def on_train_batch_end(self, batch, logs=None):
        if hasattr(self.model, "jax_state_sync"):  # on JAX, weights stay where they were until asked for
            self.model.jax_state_sync()
        self._count += 1
        for mean, now in zip(self._mean, self.model.trainable_variables, strict=True):
            mean += (np.asarray(now) - mean) / self._count

    def on_train_end(self, logs=None):
        for mean, variable in zip(self._mean, self.model.trainable_variables, strict=True):
            variable.assign(mean)


class LearnDistances(keras.callbacks.Callback):
    """At the start of every epoch, tells the loss what the representations' own semivariogram says of lags.

    Parameters
    ----------
    latent : callable
        Returns the current representations of gap-free stretches, arrays of shape (time, feature).
    period : float, default=None
        Steps of a year, if the records keep their seasonal cycle: it then has a part of its own in the semivariogram.
    """

    def __init__(self, latent, *, period=None):
        super().__init__()
        self.latent = latent
        self.period = period

    def on_epoch_begin(self, epoch, logs=None):
        lags, values = empirical_semivariogram(self.latent())
        self.semivariogram_ = fit_semivariogram(lags, values, period=self.period)
        self.model.know_lags(self.semivariogram_.similarity(np.arange(LAGS)))


class Losses(keras.callbacks.Callback):
    """Appends the loss of every epoch to a list."""

    def __init__(self, history):
        super().__init__()
        self.history = history

    def on_epoch_end(self, epoch, logs=None):
        self.history.append({"epoch": epoch, "loss": float(logs["loss"])})


def _steps(latent, at):
    """Steps `at` of (series, time, feature); beyond the end the last one, which the loss leaves aside."""
    return ops.take(latent, ops.minimum(at, ops.shape(latent)[1] - 1), axis=1)
