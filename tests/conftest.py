"""What several rooms' tests share."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from checks import plain_groups


@pytest.fixture
def small_windows():
    """Twenty-four samples in two plain groups on an awkward grid, shape (24, 2, 9, 11, 3)."""
    return plain_groups()
