import keras
import numpy as np
import pytest
from checks import check_layer
from keras import layers

from dsc_tf.layers import UpsampleConv2D


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def plain(x, layer, activation=None):
    """Nearest upsampling and a convolution, one after the other, with the layer's weights."""
    inputs = keras.Input(x.shape[1:])
    conv = layers.Conv2D(layer.filters, 3, padding="same", activation=activation)
    model = keras.Model(inputs, conv(layers.UpSampling2D()(inputs)))
    conv.set_weights(layer.get_weights())
    return model


def test_house_rules(rng):
    x = rng.normal(size=(2, 5, 4, 5)).astype("float32")
    check_layer(UpsampleConv2D, {"filters": 6, "activation": "tanh"}, x)


@pytest.mark.parametrize("grid", [(1, 1), (1, 4), (3, 3), (4, 4), (17, 1), (5, 6)])
def test_equal_to_upsampling_and_convolution(rng, grid):
    x = rng.normal(size=(2, *grid, 3)).astype("float32")
    layer = UpsampleConv2D(4, activation="tanh")
    layer.build(x.shape)
    layer.bias.assign(rng.normal(size=4))
    expected = plain(x, layer, "tanh")(x)
    assert layer(x).shape == (2, 2 * grid[0], 2 * grid[1], 4) == layer.compute_output_shape(x.shape)
    np.testing.assert_allclose(layer(x), expected, atol=2e-6)


def test_one_training_step_moves_the_same_weights_alike(rng):
    x = rng.normal(size=(4, 5, 4, 2)).astype("float32")
    y = rng.normal(size=(4, 10, 8, 5)).astype("float32")
    ours = keras.Sequential([keras.Input(x.shape[1:]), UpsampleConv2D(5)])
    theirs = plain(x, ours.layers[-1])
    for model in (ours, theirs):
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.train_on_batch(x, y)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_taps_are_summed_before_they_are_rounded(rng):
    # 1 + 2^-9 and -1 cancel in float32 to 2^-9; rounded to bfloat16 first they would cancel to nothing.
    layer = UpsampleConv2D(1, dtype="mixed_bfloat16")
    layer.build((1, 5, 5, 1))
    kernel = np.zeros((3, 3, 1, 1), "float32")
    kernel[1, 1], kernel[1, 2] = 1 + 2**-9, -1
    layer.kernel.assign(kernel)
    assert float(layer(np.ones((1, 5, 5, 1), "float32"))[0, 4, 4, 0]) == 2**-9
