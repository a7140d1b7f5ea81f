"""One seed for everything random in a fit."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

# Keras, Python and NumPy have one random state for all threads.
_random_state_lock = threading.RLock()


@contextmanager
def seeded(random_state: int | None) -> Iterator[int]:
    """Seed Keras, NumPy and Python inside the block, and restore the states of Python and NumPy after it.

    The states are shared by all threads, so that blocks in several threads run one after the other.

    Parameters
    ----------
    random_state : int or None
        Seed; None chooses one at random.

    Yields
    ------
    int
        The seed in use.
    """
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if random_state is None else int(random_state)
    with _random_state_lock:
        python, legacy = random.getstate(), np.random.get_state()
        try:
            keras.utils.set_random_seed(seed)
            yield seed
        finally:
            random.setstate(python)
            np.random.set_state(legacy)
