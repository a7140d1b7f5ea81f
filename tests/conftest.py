"""What several rooms' tests share."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest


@pytest.fixture
def small_windows():
    """Twenty-four samples in two plain groups on an awkward grid, shape (24, 2, 9, 11, 3)."""
    rng = np.random.default_rng(0)
    X = rng.random((24, 2, 9, 11, 3), dtype=np.float32) * 0.1
    X[::2] += 0.8
    return X
