import keras
import numpy as np
import pytest
from checks import check_layer

from dsc_tf.layers import DilatedConv1D


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(3, 11, 2)).astype("float32")


def pair(x, kernel_size=3, dilation=1):
    """The layer and Keras's convolution with the same weights."""
    ours = DilatedConv1D(4, kernel_size, dilation_rate=dilation)
    theirs = keras.layers.Conv1D(4, kernel_size, dilation_rate=dilation, padding="same")
    for layer in (ours, theirs):
        layer.build(x.shape)
    ours.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    return ours, theirs


@pytest.mark.parametrize("dilation", [1, 2, 5, 10, 11, 64])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_equal_to_keras(x, kernel_size, dilation):
    ours, theirs = pair(x, kernel_size, dilation)
    np.testing.assert_allclose(ours(x), theirs(x), atol=2e-6)


@pytest.mark.parametrize("dilation", [2, 16])
def test_series_of_any_length(x, dilation):
    ours, theirs = pair(x, dilation=dilation)
    model = keras.Sequential([keras.Input((None, 2)), ours])
    for length in (1, 4, 11):
        np.testing.assert_allclose(model.predict_on_batch(x[:, :length]), theirs(x[:, :length]), atol=2e-6)


def test_one_training_step_changes_the_weights_as_in_keras(x):
    layers = pair(x, dilation=4)
    for layer in layers:
        model = keras.Sequential([keras.Input((None, 2)), layer])
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.train_on_batch(x, np.ones((3, 11, 4), "float32"))
    for one, other in zip(*(layer.get_weights() for layer in layers), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_rules_for_layers(x):
    check_layer(DilatedConv1D, {"filters": 4, "kernel_size": (3,), "dilation_rate": (2,)}, x)


def test_strides_and_even_kernels_are_refused():
    for arguments in ({"strides": 2}, {"kernel_size": 2}):
        with pytest.raises(ValueError, match="stride 1"):
            DilatedConv1D(**{"filters": 1, "kernel_size": 3} | arguments)
