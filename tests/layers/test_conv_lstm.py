import keras
import numpy as np
import pytest
from checks import check_layer
from keras import layers

from dsc_tf.layers import ConvLSTM


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 5, 4, 3, 2)).astype("float32")


def test_house_rules(x):
    check_layer(ConvLSTM, {"filters": 3, "return_sequences": False}, x)


@pytest.mark.parametrize("every", [True, False])
def test_equal_to_keras(x, every):
    keras_layer = layers.ConvLSTM2D(3, 3, padding="same", return_sequences=every)
    expected = keras_layer(x)
    layer = ConvLSTM(3, return_sequences=every)
    layer.build(x.shape)
    layer.set_weights(keras_layer.get_weights())
    assert layer(x).shape == expected.shape == layer.compute_output_shape(x.shape)
    np.testing.assert_allclose(layer(x), expected, atol=1e-6)


def test_starts_with_an_open_forget_gate(x):
    layer = ConvLSTM(3)
    layer.build(x.shape)
    assert np.asarray(layer.bias).tolist() == [0.0] * 3 + [1.0] * 3 + [0.0] * 6


def test_one_training_step_moves_the_weights_as_in_keras(x):
    y = np.ones((2, 5, 4, 3, 3), "float32")
    theirs = layers.ConvLSTM2D(3, 3, padding="same", return_sequences=True)
    ours = ConvLSTM(3)
    models = [keras.Sequential([keras.Input((None, *x.shape[2:])), layer]) for layer in (theirs, ours)]
    ours.set_weights(theirs.get_weights())
    for model in models:
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.train_on_batch(x, y)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_one_step_and_windows_of_any_length(x):
    layer = ConvLSTM(3)
    np.testing.assert_allclose(layer(x[:, :1])[:, 0], layer(x)[:, 0], atol=1e-6)
