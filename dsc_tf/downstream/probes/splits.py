"""Blocks of time for learning, choosing and testing, with a gap between them."""

from typing import NamedTuple

import numpy as np

from ...errors import DscTfError


class Split(NamedTuple):
    """Positions in time, arrays of int: what a probe learns from, chooses its settings on, and is tested on."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def ahead(self, lead, steps):
        """Those positions, of a record of `steps`, of which the step `lead` steps later is in the record too."""
        return Split(*(at[at + lead < steps] for at in self))

    def by_place(self, places):
        """Positions of the same steps among rows of which each step has `places`, one after the other."""
        return Split(*((at[:, None] * places + np.arange(places)).ravel() for at in self))


def shifted(values, lead):
    """Return what comes `lead` steps later: `values` of shape (time, ...) moved up, NaN at the end."""
    later = np.full(values.shape, np.nan)
    later[:-lead] = values[lead:]
    return later


def time_blocks(steps, *, shares=(0.6, 0.2, 0.2), gap=0):
    """Three consecutive blocks of a record.

    Parameters
    ----------
    steps : int
        Steps of the record.
    shares : tuple of float, default=(0.6, 0.2, 0.2)
        Shares of training, validation and test.
    gap : int, default=0
        Steps left out between two blocks, so that what one ends with does not tell what the next begins with.

    Returns
    -------
    Split

    Raises
    ------
    DscTfError
        If a block is left empty.
    """
    ends = np.round(np.cumsum(shares) * steps).astype(int)
    begins = [0, ends[0] + gap, ends[1] + gap]
    blocks = [np.arange(begin, end) for begin, end in zip(begins, ends, strict=True)]
    if not all(map(len, blocks)):
        raise DscTfError(
            f"period: {steps} steps with gaps of {gap} leave an empty block. Give a longer record."
        )
    return Split(*blocks)
