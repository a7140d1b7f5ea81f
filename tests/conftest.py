"""What several rooms' tests share."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("DSC_TF_PLAIN_HTTP", "1")  # the services of the tests run on this machine

import pytest
from checks import plain_groups


@pytest.fixture
def small_windows():
    """Twenty-four samples in two plain groups on an awkward grid, shape (24, 2, 9, 11, 3)."""
    return plain_groups()


def without_tracing():
    """Models train without tracing: for a handful of steps, that is much the shorter way."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


eagerly = pytest.fixture(without_tracing, scope="module", name="eagerly")
one_test_eagerly = pytest.fixture(without_tracing, name="one_test_eagerly")
