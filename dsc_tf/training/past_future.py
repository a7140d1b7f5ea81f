"""Training of a network so that what it computes of one day is correlated with what it computes of a later day."""

import keras
import numpy as np
from keras import ops

VAMP_RIDGE = (
    1e-2  # relative to the mean variance, so that the score does not depend on the scale of the outputs
)
ROTATION_RIDGE = 1e-4  # relative to the mean variance


def vamp2_loss(y_true, outputs):
    """Minus the VAMP-2 score: the sum of squared canonical correlations of a batch of pairs.

    Parameters
    ----------
    y_true : tensor
        Ignored.
    outputs : tensor of shape (pair, 2, output)
        Outputs for the earlier and for the later field.

    Returns
    -------
    scalar
        -|C00^(-1/2) C01 C11^(-1/2)|_F^2, with `VAMP_RIDGE` times the mean variance added to the variances.

    References
    ----------
    Wu, H., Noe, F. (2020). Variational Approach for Learning Markov Processes from Time Series Data. J. Nonlinear
    Sci. 30, section 3.2. Mardt, A., Pasquali, L., Wu, H., Noe, F. (2018). VAMPnets for deep learning of molecular
    kinetics. Nature Communications 9.
    """
    count, _, size = outputs.shape
    count = ops.shape(outputs)[0] if count is None else count
    centred = outputs - ops.mean(outputs, axis=0, keepdims=True)
    past, future = centred[:, 0], centred[:, 1]
    scale = 1.0 / ops.cast(count, outputs.dtype)
    c00 = scale * ops.matmul(ops.transpose(past), past)
    c11 = scale * ops.matmul(ops.transpose(future), future)
    ridge = VAMP_RIDGE * (ops.trace(c00) + ops.trace(c11)) / (2 * size) * ops.eye(size, dtype=outputs.dtype)
    c00, c11 = c00 + ridge, c11 + ridge
    c01 = scale * ops.matmul(ops.transpose(past), future)
    # |C00^(-1/2) C01 C11^(-1/2)|_F^2 is the trace of C00^(-1) C01 C11^(-1) C10.
    forward = ops.solve(c00, c01)
    backward = ops.solve(c11, ops.transpose(c01))
    return -ops.sum(forward * ops.transpose(backward))


class PairBatches(keras.utils.PyDataset):
    """Batches of pairs of fields some days apart, drawn with replacement.

    Parameters
    ----------
    fields : array of shape (time, latitude, longitude, variable)
        Fields.
    first : array of int, shape (pair,)
        Positions of the earlier fields; all of `first + lag` must be valid for each lag.
    lags : tuple of int
        Distances between the two fields in days; each batch has one of them.
    batch_size : int
        Pairs of a batch.
    steps : int
        Batches of an epoch.
    seed : int
        Seed: a batch depends on it, on the epoch and on its number.
    """

    def __init__(self, fields, first, lags, *, batch_size, steps, seed):
        super().__init__()
        self.fields, self.first, self.lags = fields, first, lags
        self.batch_size, self.steps, self.seed = batch_size, steps, seed
        self.epoch = 0

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        rng = np.random.default_rng([self.seed, self.epoch, step])
        at = rng.choice(self.first, self.batch_size)
        pairs = {"past": self.fields[at], "future": self.fields[at + rng.choice(self.lags)]}
        return pairs, np.zeros(self.batch_size, np.float32)

    def clear(self):
        """Remove the reference to the fields after the last batch has been used."""
        self.fields = None


class RowBatches(keras.utils.PyDataset):
    """Batches of fields and their targets, drawn with replacement among given rows.

    Parameters
    ----------
    fields : array of shape (time, latitude, longitude, variable)
        Fields.
    targets : array of shape (time, class)
        What the network is to return.
    rows : array of int, shape (row,)
        Positions to draw from.
    batch_size : int
        Fields of a batch.
    steps : int
        Batches of an epoch.
    seed : sequence of int
        Seed: a batch depends on it and on its number.
    """

    def __init__(self, fields, targets, rows, *, batch_size, steps, seed):
        super().__init__()
        self.fields, self.targets, self.rows = fields, targets, rows
        self.batch_size, self.steps, self.seed = batch_size, steps, list(seed)
        self.epoch = 0

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        rng = np.random.default_rng([*self.seed, self.epoch, step])
        at = rng.choice(self.rows, self.batch_size)
        return self.fields[at], self.targets[at]

    def clear(self):
        """Remove the references to fields and targets after the last batch has been used."""
        self.fields = self.targets = None


class KeepBest(keras.callbacks.Callback):
    """Keep the weights of the epoch with the largest score.

    Parameters
    ----------
    score : callable
        Score of the current weights, called without arguments after each epoch.

    Attributes
    ----------
    best : float
        Largest score.
    best_epoch : int
        Epoch after which it was reached, counted from 1.
    """

    def __init__(self, score):
        super().__init__()
        self.score = score
        self.best, self.best_epoch, self._weights = -np.inf, 0, None

    def on_epoch_end(self, epoch, logs=None):
        score = self.score()
        if score > self.best:
            self.best, self.best_epoch, self._weights = score, epoch + 1, self.model.get_weights()

    def on_train_end(self, logs=None):
        if self._weights is not None:
            self.model.set_weights(self._weights)


def canonical_directions(outputs, first, lag):
    """Directions of largest correlation between outputs some days apart, by the reversible estimate.

    Parameters
    ----------
    outputs : array of shape (time, output)
        Outputs of a network.
    first : array of int, shape (pair,)
        Positions of the earlier days.
    lag : int
        Days between the two.

    Returns
    -------
    mean : array of shape (output,)
    rotation : array of shape (output, direction)
        Columns by decreasing correlation, scaled to unit variance.
    """
    mean = outputs[first].mean(axis=0)
    past, future = outputs[first] - mean, outputs[first + lag] - mean
    variance = (past.T @ past + future.T @ future) / (2 * len(first))
    covariance = (past.T @ future + future.T @ past) / (2 * len(first))
    size = len(variance)
    floor = ROTATION_RIDGE * np.trace(variance) / size + 1e-12
    whitening = np.linalg.inv(np.linalg.cholesky(variance + floor * np.eye(size))).T
    values, vectors = np.linalg.eigh(whitening.T @ covariance @ whitening)
    return mean, whitening @ vectors[:, np.argsort(-values)]


def held_out_correlations(outputs, first, held_out, lag):
    """Correlation of each canonical direction between held-out days `lag` apart, shape (direction,); at least 0.

    Parameters
    ----------
    outputs : array of shape (time, output)
        Outputs of a network.
    first, held_out : array of int
        Positions of the earlier days from which directions are estimated, and of those on which they are judged.
    lag : int
        Days between the two.
    """
    mean, rotation = canonical_directions(outputs, first, lag)
    z = (outputs - mean) @ rotation
    past, future = z[held_out] - z[held_out].mean(axis=0), z[held_out + lag] - z[held_out + lag].mean(axis=0)
    norms = np.sqrt((past**2).sum(axis=0) * (future**2).sum(axis=0)) + 1e-12
    return np.maximum((past * future).sum(axis=0) / norms, 0.0)
