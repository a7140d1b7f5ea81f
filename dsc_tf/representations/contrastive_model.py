"""Keras model of contrastive training: two views, one encoder, one loss."""

import json
import logging
from typing import Any

import keras
import numpy as np
from keras import ops

from ..errors import refuse_damaged
from ..geostatistics import empirical_semivariogram, fit_semivariogram
from ..logging import log_duration
from ..training.batches import fit_batches
from ..training.checkpoint import restore
from ..training.optimizers import Adam
from ..training.reuse import compile_or_reset
from .losses import TS2VEC, hierarchical_loss

log = logging.getLogger(__name__)

LAGS = 4096  # length of the table of similarities; longer lags have the similarity 0


class ContrastiveModel(keras.Model):
    """Encodes two overlapping crops of each series and compares the steps in the overlap.

    Parameters
    ----------
    encoder : keras.Model
        Model from {"series", "valid_mask"} to (series, time, feature).
    contrast : ContrastiveLossConfig, default=TS2VEC
        Settings of the loss.
    longest : int
        Maximum number of steps in the overlap of two crops.
    regions : int or None, default=1
        Number of regions of the series. None: the series are unrelated, their time axes are not comparable.

    Notes
    -----
    Input: a batch of `Crops`. Output: two tensors of shape (series, time of the overlap, feature).
    """

    def __init__(self, encoder, contrast=TS2VEC, *, longest, regions=1):
        super().__init__(name="contrastive")
        self.encoder = encoder
        self.contrast = contrast
        self.scales = int(longest).bit_length()
        fixed = {"trainable": False, "dtype": "float32"}
        self.lag_table = self.add_weight(shape=(LAGS,), initializer="zeros", name="lag_table", **fixed)
        self.region_similarity: Any = None
        if regions is not None:
            self.region_similarity = self.add_weight(
                shape=(regions, regions), initializer="ones", name="region_similarity", **fixed
            )
        self.set_lag_similarity(np.zeros(0))
        self.semivariance = None
        if contrast.pair_weights is not None:
            self.gamma_table = self.add_weight(
                shape=(LAGS,), initializer="zeros", name="gamma_table", **fixed
            )
            self.gamma_range = self.add_weight(shape=(), initializer="zeros", name="gamma_range", **fixed)
            self.gamma_sill = self.add_weight(shape=(), initializer="ones", name="gamma_sill", **fixed)
            self.semivariance = _TabulatedSemivariogram(self.gamma_table, self.gamma_range, self.gamma_sill)

    def set_semivariogram(self, semivariogram):
        """Set the semivariogram of vectors of length 1, for `pair_weights`."""
        self.gamma_table.assign(semivariogram(np.arange(LAGS)))
        self.gamma_range.assign(semivariogram.range)
        self.gamma_sill.assign(semivariogram.sill)

    def set_lag_similarity(self, similarity):
        """Set the similarity of steps at lags 0, 1, 2, ...; 0 at longer lags than given, and always 1 at lag 0."""
        table = np.zeros(LAGS, np.float32)
        table[: len(similarity)] = similarity[:LAGS]
        table[0] = 1.0
        self.lag_table.assign(table)

    def set_region_similarity(self, similarity):
        """Set the similarity of regions, shape (region, region)."""
        self.region_similarity.assign(similarity)

    def call(self, inputs, training=False):
        first = self._encode(inputs, "first", training)
        second = self._encode(inputs, "second", training)
        steps = ops.arange(ops.shape(inputs["overlap"])[1])
        offsets = (ops.cast(inputs[name][0], steps.dtype) for name in ("offset", "second_offset"))
        return tuple(_steps(z, steps + at) for z, at in zip((first, second), offsets, strict=True))

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        lag_similarity = self._lag_similarity if self.contrast.uses_lags else None
        series_similarity = None
        if self.contrast.uses_regions and self.region_similarity is not None:
            lag = ops.abs(x["place"][:, None] - x["place"][None, :])
            regions = ops.take(ops.take(self.region_similarity, x["region"], axis=0), x["region"], axis=1)
            series_similarity = self._lag_similarity(lag) * regions
        first, second = (ops.cast(view, "float32") for view in y_pred)
        return hierarchical_loss(
            first,
            second,
            self.contrast,
            length=ops.sum(x["overlap"][0]),
            lag_similarity=lag_similarity,
            semivariance=self.semivariance,
            series_similarity=series_similarity,
            scales=self.scales,
        )

    def _encode(self, inputs, view, training):
        seen = {"series": inputs[view], "valid_mask": inputs[f"{view}_valid"]}
        return self.encoder(seen, training=training)

    def _lag_similarity(self, lag):
        lag = ops.cast(lag, "int32")
        return ops.where(lag < LAGS, ops.take(self.lag_table, ops.minimum(lag, LAGS - 1)), 0.0)


class _TabulatedSemivariogram:
    """Semivariances at integer lags, `range` and `sill` as variables that a compiled loss reads."""

    def __init__(self, table, range, sill):
        self.table = table
        self.range = range
        self.sill = sill

    def __call__(self, lag):
        return ops.take(self.table, ops.minimum(ops.cast(lag, "int32"), LAGS - 1))


def train_contrastive(model, batches, steps, *, learning_rate, history, callbacks=(), checkpoint=None):
    """Train as in the program of TS2Vec: AdamW, and finally the mean of the weights over all training steps.

    Parameters
    ----------
    model : keras.Model
        Model with its own `compute_loss`.
    batches : keras.utils.PyDataset
        Batches that depend on the attribute `epoch`.
    steps : int
        Number of training steps, rounded up to whole epochs.
    learning_rate : float
        Learning rate of AdamW.
    history : list
        List to which the loss of every epoch is appended.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Further callbacks.
    checkpoint : Checkpoint, default=None
        Where the state is saved after epochs, and restored from if it is there; None saves nothing.

    Raises
    ------
    DscTfError
        If the checkpoint is damaged or belongs to another run.
    """
    optimizer = Adam(learning_rate, weight_decay=0.01, epsilon=1e-8)
    compile_or_reset(model, optimizer, jit_compile=False)
    average = UniformAverage()
    own = [average, LossHistory(history)]
    epochs, start = -(-steps // len(batches)), 0
    if checkpoint is not None:
        start = _resumed(checkpoint, model, average, history)
        own.append(_SaveCheckpoint(checkpoint, average, history))
    with log_duration(log, f"{type(model).__name__}, {epochs} epochs of {len(batches)} batches"):
        fit_batches(model, batches, epochs=epochs, start=start, callbacks=[*own, *callbacks])


def _resumed(checkpoint, model, average, history):
    """Restore weights, optimiser, mean of weights and history; the number of epochs done, 0 without a checkpoint."""
    saved = checkpoint.load()
    if saved is None:
        return 0
    with refuse_damaged("checkpoint", checkpoint.path, "Delete it to start the training again."):
        average.restore(restore(saved, model))
        history.extend(json.loads(str(saved["history"])))
        return int(saved["epoch"])


class _SaveCheckpoint(keras.callbacks.Callback):
    """Saves a checkpoint after an epoch when one is due; not after the last, whose end must be reached again."""

    def __init__(self, checkpoint, average, history):
        super().__init__()
        self.checkpoint = checkpoint
        self.average = average
        self.history = history

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 < self.params["epochs"] and self.checkpoint.is_due():
            self.checkpoint.save("contrast", epoch + 1, self.model, self.history, self.average.state())


class UniformAverage(keras.callbacks.Callback):
    """Mean of the weights over all training steps, initial weights included; assigned to the model at the end.

    References
    ----------
    Yue et al. (2022), the authors' program (PyTorch's AveragedModel): a uniform, not an exponential average.
    """

    def __init__(self):
        super().__init__()
        self._restored = None

    def state(self):
        """Count and means by name, for `restore`."""
        return {"count": self._count} | {f"mean_{i}": mean for i, mean in enumerate(self._mean)}

    def restore(self, state):
        """Continue with the count and the means that `state` returned, at the next start of training."""
        means = [np.array(state[f"mean_{i}"]) for i in range(len(state) - 1)]
        self._restored = (int(state["count"]), means)

    def on_train_begin(self, logs=None):
        start = [np.asarray(w, np.float64) for w in self.model.trainable_variables]
        self._count, self._mean = self._restored or (1, start)
        self._restored = None

    def on_train_batch_end(self, batch, logs=None):
        if hasattr(self.model, "jax_state_sync"):  # on JAX the variables are updated on request only
            self.model.jax_state_sync()
        self._count += 1
        for mean, now in zip(self._mean, self.model.trainable_variables, strict=True):
            mean += (np.asarray(now) - mean) / self._count

    def on_train_end(self, logs=None):
        for mean, variable in zip(self._mean, self.model.trainable_variables, strict=True):
            variable.assign(mean)


class UpdateSemivariogram(keras.callbacks.Callback):
    """Fits the semivariogram of vectors in time and passes it to the loss.

    Representations are fitted at the start of every epoch, inputs (`contrast.fitted="input"`) at the start of training.

    Parameters
    ----------
    vectors : callable
        Function that returns the current vectors of gap-free segments, arrays of shape (time, feature).
    period : float, default=None
        Length of the year in steps, if the records contain their seasonal cycle: the semivariogram then has a
        periodic component.
    """

    def __init__(self, vectors, *, period=None):
        super().__init__()
        self.vectors = vectors
        self.period = period

    def on_epoch_begin(self, epoch, logs=None):
        contrast = self.model.contrast
        if contrast.fitted == "input" and hasattr(self, "semivariogram_"):
            return
        segments = self.vectors()
        if contrast.pair_weights is not None:
            segments = [s / np.maximum(np.linalg.norm(s, axis=1, keepdims=True), 1e-6) for s in segments]
        lags, values = empirical_semivariogram(segments)
        self.semivariogram_ = fit_semivariogram(lags, values, period=self.period)
        self.model.set_lag_similarity(self.semivariogram_.similarity(np.arange(LAGS)))
        if contrast.pair_weights is not None:
            self.model.set_semivariogram(self.semivariogram_)


class LossHistory(keras.callbacks.Callback):
    """Appends the loss of every epoch to a list."""

    def __init__(self, history):
        super().__init__()
        self.history = history

    def on_epoch_end(self, epoch, logs=None):
        self.history.append({"epoch": epoch, "loss": float(logs["loss"])})


def _steps(latent, index):
    """Return steps `index` of (series, time, feature); beyond the end they are the last step, ignored by the loss."""
    return ops.take(latent, ops.minimum(index, ops.shape(latent)[1] - 1), axis=1)
