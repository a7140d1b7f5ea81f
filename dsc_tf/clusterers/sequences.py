"""Samples as sequences with one value at each step, the input of DTC and DTCR."""

import numpy as np

from ..errors import DscTfError


def sequences(X, sequence_length=None):
    """All values of a sample as one sequence.

    Parameters
    ----------
    X : array of shape (time, window, latitude, longitude, variable)
        Samples.
    sequence_length : int, default=None
        Maximum number of steps of a sequence: fields are averaged over square blocks of cells, the smallest that
        suffice. None uses every value.

    Returns
    -------
    array of shape (time, step, 1)
        float32.

    Raises
    ------
    DscTfError
        If even one mean for each variable and step of the window is more than `sequence_length`.
    """
    X = np.asarray(X)
    block = 1 if sequence_length is None else _block(X.shape[1:], sequence_length)
    return block_means(X, block).reshape(len(X), -1, 1).astype(np.float32, copy=False)


def block_means(X, block):
    """Means over blocks of `block` x `block` cells; the last ones of each axis may be smaller.

    Parameters
    ----------
    X : array of shape (time, window, latitude, longitude, variable)
        Samples.
    block : int
        Number of cells along an edge.

    Returns
    -------
    array of shape (time, window, latitude block, longitude block, variable)
    """
    for axis in (2, 3):
        starts = np.arange(0, X.shape[axis], block)
        counts = np.diff(np.append(starts, X.shape[axis])).astype(X.dtype)
        shape = [1] * X.ndim
        shape[axis] = -1
        X = X if block == 1 else np.add.reduceat(X, starts, axis=axis) / counts.reshape(shape)
    return X


def _block(shape, sequence_length):
    window, height, width, variables = shape
    for block in range(1, max(height, width) + 1):
        steps = window * -(-height // block) * -(-width // block) * variables
        if steps <= sequence_length:
            return block
    raise DscTfError(
        f"sequence_length: {sequence_length} is less than one mean for each variable ({window * variables}). "
        "Give more."
    )
