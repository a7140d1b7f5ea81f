import numpy as np
import pytest
from checks import check_saved, check_step
from keras import layers

from dsc_tf.layers import ConvLSTM
from dsc_tf.models import dsc_autoencoder, joint_clustering_model
from dsc_tf.models.dsc import FILTERS

SMALL = {"units": 8, "latent_size": 6}
SMALLER = SMALL | {"filters": (4, 4, 8, 8)}


def test_published_size():
    """19.4 million weights on 48 x 48 x 7 (the authors' notebook)."""
    autoencoder = dsc_autoencoder((1, 48, 48, 7))
    assert round(autoencoder.count_params() / 1e6, 1) == 19.4
    assert autoencoder.get_layer("encoder").output.shape == (None, 256)


@pytest.mark.parametrize("cell", ["lstm", "convlstm"])
@pytest.mark.parametrize(
    ("shape", "traced"), [((1, 16, 16, 1), True), ((3, 9, 17, 2), False), ((2, 2, 40, 5), False)]
)
def test_reconstruction_has_the_shape_of_any_input(cell, shape, traced, request):
    if not traced:
        request.getfixturevalue("one_test_eagerly")
    model = dsc_autoencoder(shape, cell=cell, **SMALLER)
    assert model.output.shape == (None, *shape)
    check_step(model, np.random.default_rng(0).random((3, *shape), dtype="float32"))


@pytest.mark.parametrize("cell", ["lstm", "convlstm"])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_saved_model_computes_the_same(cell, policy, tmp_path):
    shape = (2, 9, 11, 3)
    x = np.random.default_rng(0).random((3, *shape), dtype="float32")
    autoencoder = dsc_autoencoder(shape, cell=cell, dropout=0.1, policy=policy, **SMALLER)
    check_saved(joint_clustering_model(autoencoder, 4, alpha=2.0), x, tmp_path / "model.keras")


def test_order_of_the_window_matters():
    for cell in ("lstm", "convlstm"):
        model = dsc_autoencoder((3, 16, 16, 1), cell=cell, **SMALL)
        x = np.random.default_rng(0).random((1, 3, 16, 16, 1), dtype="float32")
        latent = model.get_layer("encoder")
        assert np.abs(np.asarray(latent(x)) - np.asarray(latent(x[:, ::-1]))).max() > 0, cell


def test_each_argument_changes_the_network():
    plain = dsc_autoencoder((2, 16, 16, 1), **SMALL)

    def kinds(model):
        return [type(layer) for layer in model.get_layer("encoder").layers]

    assert ConvLSTM in kinds(dsc_autoencoder((2, 16, 16, 1), cell="convlstm", **SMALL))
    assert ConvLSTM not in kinds(plain)
    dropped = dsc_autoencoder((2, 16, 16, 1), dropout=0.5, **SMALL).get_layer("encoder")
    assert {layer.dropout for layer in dropped.layers if isinstance(layer, layers.LSTM)} == {0.5}
    bounded = dsc_autoencoder((2, 16, 16, 1), output_activation="tanh", **SMALL).get_layer("decoder")
    last = [layer for layer in bounded.layers if isinstance(layer, layers.Conv2D)][-1]
    assert last.activation.__name__ == "tanh"


def test_padding_is_cropped_where_the_data_end():
    """The decoder of a 41 x 41 grid works on 48 x 48 and gives the first 41 back."""
    decoder = dsc_autoencoder((1, 41, 41, 7), **SMALL).get_layer("decoder")
    crop = next(layer for layer in decoder.layers if isinstance(layer, layers.Cropping2D))
    assert crop.cropping == ((0, 7), (0, 7))
    assert [w.shape[-1] for w in decoder.weights if len(w.shape) == 4][:4] == list(reversed(FILTERS))


def test_dsc_model_shares_the_autoencoders_weights():
    autoencoder = dsc_autoencoder((1, 16, 16, 1), **SMALL)
    model = joint_clustering_model(autoencoder, 3)
    assert model.count_params() == autoencoder.count_params() + 3 * SMALL["latent_size"] + 1
