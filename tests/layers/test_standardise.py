import numpy as np
import pytest
from checks import check_layer

from dsc_tf.layers import Standardise


@pytest.fixture
def X():
    return np.random.default_rng(0).random((50, 2, 3, 4, 2), dtype="float32")


def test_house_rules(X):
    check_layer(Standardise, {}, X)


def test_changes_nothing_until_adapted(X):
    np.testing.assert_array_equal(Standardise()(X), X)


def test_departures_from_the_mean_field_over_one_scale_a_variable(X):
    X[..., 1] *= 30
    layer = Standardise()
    layer(X)
    layer.adapt(X)
    z = np.asarray(layer(X))[:, -1]
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(z.var(axis=0).mean(axis=(0, 1)), 1, rtol=1e-5)


def test_constant_variable_becomes_zero(X):
    X[..., 1] = 5
    layer = Standardise()
    layer(X)
    layer.adapt(X)
    assert not np.asarray(layer(X))[..., 1].any()
