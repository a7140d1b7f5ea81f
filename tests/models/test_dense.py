"""Options of the dense network of DEC."""

import keras
import numpy as np
import pytest
from checks import check_saved

from dsc_tf.clusterers.dec import DEC
from dsc_tf.errors import DscTfError
from dsc_tf.models import dense_autoencoder
from dsc_tf.models.dense import leaky_relu

SHAPE = (1, 3, 3, 1)


def test_leaky_relu_by_hand():
    np.testing.assert_allclose(leaky_relu(np.float32([-2, 0, 3])), [-0.02, 0, 3], rtol=1e-6)


def test_biases_are_zero_or_uniform_as_in_pytorch(tmp_path):
    plain, uniform = (
        dense_autoencoder(SHAPE, layer_sizes=(400, 2), uniform_bias=given) for given in (False, True)
    )
    assert not np.asarray(plain.get_layer("encoder").get_layer("encoder_0").bias).any()
    bias = np.asarray(uniform.get_layer("encoder").get_layer("encoder_0").bias)
    assert np.abs(bias).max() <= 1 / 3 and bias.std() == pytest.approx(
        1 / 3 / np.sqrt(3), rel=0.1
    )  # 9 inputs


def test_activation_reaches_hidden_layers_and_is_saved(tmp_path):
    network = dense_autoencoder(SHAPE, layer_sizes=(4, 2), activation="leaky_relu")
    encoder = network.get_layer("encoder")
    assert encoder.get_layer("encoder_0").activation is leaky_relu
    assert encoder.get_layer("encoder_1").activation is keras.activations.linear
    check_saved(network, np.ones((2, *SHAPE), "float32"), tmp_path / "model.keras")
    with pytest.raises(DscTfError, match="activation: 'tanh'"):
        dense_autoencoder(SHAPE, activation="tanh")


def test_dec_passes_its_options_and_saves_them(tmp_path):
    X = np.random.default_rng(0).random((8, *SHAPE), dtype=np.float32)
    options = {"activation": "leaky_relu", "uniform_bias": True}
    fitted = DEC(2, layer_sizes=(3, 2), recipe="untrained", random_state=0, **options).fit(X)
    fitted.save(tmp_path)
    loaded = DEC.load(tmp_path)
    assert loaded.encoder_.get_layer("encoder_0").activation is leaky_relu
    np.testing.assert_array_equal(loaded.predict(X), fitted.labels_)


def test_pretraining_of_the_notebook_recipe_shuffles():
    recipe = DEC.recipes["notebook"]
    assert recipe.shuffle_pretraining and not recipe.shuffle
