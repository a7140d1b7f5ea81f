"""Batches for Keras `fit` and `predict`, the same on every backend."""

from typing import Any

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """Batches of samples with their targets, `steps` of them an epoch.

    An epoch need not be a pass: batches go on through pass after pass where the last epoch stopped.
    Which samples batch i of epoch e holds depends on the seed, e and i alone, so that a resumed
    run sees what an uninterrupted one would have seen.

    Parameters
    ----------
    X : array of shape (time, window, latitude, longitude, variable)
        Samples.
    targets : callable, default=None
        From positions in time and their samples to what `fit` compares with; None for `predict`.
    batch_size : int, default=32
        Samples a batch; the last of a pass may be smaller.
    steps : int, default=None
        Batches an epoch; None is one pass.
    seed : int, default=None
        Seed of the order of samples, new at each pass; None keeps the order of time.
    """

    def __init__(self, X, targets=None, *, batch_size=32, steps=None, seed=None):
        super().__init__()
        self.X = X
        self.targets = targets
        self.batch_size = batch_size
        self.steps_per_pass = -(-len(X) // batch_size)
        self.steps = steps or self.steps_per_pass
        self.seed = seed
        self.epoch = 0
        self._order: tuple[Any, Any] = (None, None)

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        at = self.indices(self.epoch * self.steps + step)
        x = self.X.read(at) if hasattr(self.X, "read") else self.X[at]
        return (x,) if self.targets is None else (x, self.targets(at, x))

    def indices(self, step):
        """Positions in time of the samples of batch `step`, counted from the start of training."""
        a_pass, batch = divmod(step, self.steps_per_pass)
        at = slice(batch * self.batch_size, (batch + 1) * self.batch_size)
        return self._order_of(a_pass)[at]

    def clear(self):
        """Remove the references to samples and targets after the last batch has been used.

        TensorFlow keeps the generator of every `fit` and `predict` for the life of the process; with it would stay
        the samples, and through the targets the network.
        """
        self.X = self.targets = None

    def _order_of(self, a_pass):
        if self.seed is None:
            return np.arange(len(self.X))
        known, order = self._order
        if known != a_pass:
            order = np.random.default_rng([self.seed, a_pass]).permutation(len(self.X))
            self._order = (a_pass, order)
        return order


class UniqueFieldBatches(Batches):
    """Windows in order, for an encoder that sees the fields of a batch once each, see `models.deduplicating_encoder`.

    `X` has a method `unique_fields`, as `Samples` have.
    """

    def __getitem__(self, step):
        fields, places = self.X.unique_fields(self.indices(step))
        window = self.X.shape[1]
        parcels = np.zeros((-(-len(fields) // window), window, *fields.shape[1:]), fields.dtype)
        parcels.reshape(-1, *fields.shape[1:])[: len(fields)] = fields
        return ({"fields": parcels, "places": places.astype(np.int32)},)


class SetEpoch(keras.callbacks.Callback):
    """Sets the attribute `epoch` of the batches, also after `initial_epoch`."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.epoch = epoch


def fit_batches(model, batches, *, epochs, start=0, callbacks=()):
    """Train a compiled model on batches that know their epoch, and let them go.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    batches : keras.utils.PyDataset
        Whose batches depend on `epoch`.
    epochs : int
        Epochs to end with.
    start : int, default=0
        Epochs that are behind already.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Called in this order, when the batches know their epoch.
    """
    callbacks = [SetEpoch(batches), *callbacks]
    try:
        model.fit(batches, initial_epoch=start, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    finally:
        batches.clear()


def encode(model, X, *, batch_size=64, kind=Batches):
    """Return the outputs of `model` for every sample, without holding a copy of `X`.

    Parameters
    ----------
    model : keras.Model
        Takes (time, window, latitude, longitude, variable).
    X : array of shape (time, window, latitude, longitude, variable)
        Samples.
    batch_size : int, default=64
        Samples a step.
    kind : type, default=Batches
        What the model reads: samples, or `UniqueFieldBatches`.

    Returns
    -------
    array
        What `model` returns, first axis time.
    """
    batches = kind(X, batch_size=batch_size)
    try:
        return model.predict(batches, verbose=0)
    finally:
        batches.clear()
