"""Training data and clustering loss of DTCR: fake sequences, cluster indicator and relaxed k-means."""

from typing import Any

import keras
import numpy as np
from keras import ops

from ..training.batches import Batches, encode


def fake_sequences(X, share, rng):
    """Sequences whose values at a share of their steps are permuted.

    Parameters
    ----------
    X : array of shape (time, step, channel)
        Real sequences.
    share : float
        Share of permuted steps, at least two; they differ between sequences.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    array of shape (time, step, channel)
        Every sequence contains the same values; none of the chosen steps keeps its own.

    References
    ----------
    Ma et al. (2019), section 3.3.
    """
    count = max(2, int(share * X.shape[1]))
    chosen = rng.random(X.shape[:2]).argsort(axis=1)[:, :count]
    # In random order each of the chosen steps takes the value of the next one: no step keeps its own.
    fake = X.copy()
    rows = np.arange(len(X))[:, None]
    fake[rows, chosen] = X[rows, np.roll(chosen, 1, axis=1)]
    return fake


class RealAndFake(Batches):
    """Batches of real sequences and one fake sequence for each, generated at every training step.

    Parameters
    ----------
    X : array of shape (time, step, 1)
        Real sequences.
    indicator : Indicator
        Cluster indicator; its rows belong to the sequences.
    batch_size : int
        Number of sequences of a batch.
    seed : int
        Seed of fakes and of the order of sequences.
    """

    SHARE = 0.2

    def __init__(self, X, indicator, *, batch_size, seed):
        super().__init__(X, batch_size=batch_size, seed=seed)
        self.indicator = indicator

    def clear(self):
        """Remove the references to sequences and to the indicator, which holds the encoder."""
        super().clear()
        self.indicator = None

    def __getitem__(self, step):
        at = self.indices(self.epoch * self.steps + step)
        x = self.X[at]
        fake = fake_sequences(x, self.SHARE, np.random.default_rng([self.seed, self.epoch, step]))
        targets = {
            "reconstruction": x,
            "representation": self.indicator.rows(at),
            "real": np.ones((len(at), 1), np.float32),
            "fake": np.zeros((len(at), 1), np.float32),
        }
        return {"sequence": x, "fake": fake}, targets


class Indicator(keras.callbacks.Callback):
    """The relaxed cluster indicator F, recomputed at intervals and constant in between.

    F has orthonormal columns, the `n_clusters` leading left singular vectors of the representations of all samples
    (rows), and so minimises the relaxed k-means loss.

    Parameters
    ----------
    encoder : keras.Model
        From sequences to representations.
    X : array of shape (time, step, 1)
        All sequences.
    n_clusters : int
        Number of clusters.
    every : int, default=10
        Number of epochs between updates.

    References
    ----------
    Ma et al. (2019), section 3.2 and equation 5.
    """

    def __init__(self, encoder, X, n_clusters, *, every=10):
        super().__init__()
        self.encoder = encoder
        self.X = X
        self.n_clusters = n_clusters
        self.every = every
        self.values: Any = None

    def rows(self, at):
        """Rows of the samples at `at`, scaled so that a batch's loss is on average the record's."""
        return self.values[at] * np.float32(np.sqrt(len(self.X) / len(at)))

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            self.refresh()

    def initialise(self, seed=None):
        """Set F before training: from the initial representations, or to a random matrix with orthonormal columns.

        Parameters
        ----------
        seed : int, default=None
            Seed of the random matrix; None uses the initial representations.
        """
        if seed is None:
            self.refresh()
        else:
            self.values = random_indicator(len(self.X), self.n_clusters, seed)

    def refresh(self):
        """Compute F from the current weights."""
        self.values = indicator(encode(self.encoder, self.X), self.n_clusters)

    def state(self):
        """State that a resumed run needs."""
        return {"indicator": self.values}


def indicator(representations, n_clusters):
    """The leading left singular vectors, shape (time, cluster), float32.

    Parameters
    ----------
    representations : array of shape (time, feature)
        A row for each sample.
    n_clusters : int
        Number of vectors.
    """
    left, _, _ = np.linalg.svd(np.asarray(representations, np.float64), full_matrices=False)
    values = np.zeros((len(left), n_clusters), np.float32)
    values[:, : left.shape[1]] = left[:, :n_clusters]
    return values


def random_indicator(n_samples, n_clusters, seed):
    """Random matrix with orthonormal columns, shape (time, cluster), float32.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    n_clusters : int
        Number of columns; those beyond `n_samples` are 0.
    seed : int
        Seed.
    """
    return indicator(np.random.default_rng(seed).normal(size=(n_samples, n_clusters)), n_clusters)


@keras.saving.register_keras_serializable(package="dsc_tf")
class RelaxedKMeans(keras.losses.Loss):
    """Relaxed k-means objective of representations, divided by their number: tr(H^T H) - tr(F^T H^T H F).

    If F is the exact normalised indicator of a partition, this is the inertia of k-means for each sample.

    Parameters
    ----------
    name : str, default="relaxed_kmeans"
        Name of the loss.

    Call arguments
        y_true: rows of F, shape (time, cluster); y_pred: rows of H^T, shape (time, feature).

    References
    ----------
    Ma et al. (2019), equation 4; Zha et al. (2001). The division makes its weight independent of the length of the
    record.
    """

    def __init__(self, name="relaxed_kmeans", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        explained = ops.matmul(ops.transpose(y_true), y_pred)
        samples = ops.cast(ops.shape(y_pred)[0], y_pred.dtype)
        return (ops.sum(ops.square(y_pred)) - ops.sum(ops.square(explained))) / samples
