"""One seed for everything random in a fit."""

import random
from contextlib import contextmanager

import keras
import numpy as np


@contextmanager
def seeded(random_state):
    """Seed Keras, NumPy and Python inside the block, and give Python's and NumPy's state back after it.

    Parameters
    ----------
    random_state : int or None
        None draws a seed.

    Yields
    ------
    int
        The seed in use.
    """
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if random_state is None else random_state
    python, legacy = random.getstate(), np.random.get_state()
    try:
        keras.utils.set_random_seed(seed)
        yield seed
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
