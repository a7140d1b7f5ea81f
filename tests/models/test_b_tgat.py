import numpy as np
import pytest
from checks import check_saved, check_step

from dsc_tf.clusterers.b_tgat import BTGAT
from dsc_tf.errors import DscTfError
from dsc_tf.models import b_tgat_autoencoder, encoder_of, joint_clustering_model

SMALL = {"filters": (2, 2), "units": 4, "heads": 2, "blocks": 1, "latent_size": 3}


def random(*shape):
    return np.random.default_rng(0).random(shape, dtype="float32")


@pytest.fixture(scope="module")
def network():
    return b_tgat_autoencoder((2, 3, 5, 1), **SMALL)


@pytest.mark.usefixtures("one_test_eagerly")
def test_reconstruction_has_the_shape_of_any_input(network):
    assert network.output_shape == (None, 2, 3, 5, 1)
    assert encoder_of(network).output_shape == (None, 3)
    check_step(network, random(2, 2, 3, 5, 1))


def test_saved_model_computes_the_same(network, tmp_path):
    check_saved(joint_clustering_model(network, 4), random(3, 2, 3, 5, 1), tmp_path / "model.keras")


def test_joint_model_shares_the_weights(network):
    model = joint_clustering_model(network, 4)
    assert set(model.output) == {"clustering", "reconstruction"}
    assert model.count_params() == network.count_params() + 4 * 3 + 1


def test_skip_connections_reach_the_decoder(network):
    """With the latent vector fixed, other fields of the encoder change the reconstruction."""
    decoder = network.get_layer("decoder")
    skip = random(1, 2, 4, 6, 2)
    latent = np.ones((1, 3), "float32")
    one, other = (np.asarray(decoder({"latent": latent, "skip_0": s})) for s in (skip, 0 * skip))
    assert np.abs(one - other).max() > 0


def test_every_step_of_the_window_reaches_the_latent_vector(network):
    x, encoder = random(1, 2, 3, 5, 1), encoder_of(network)
    for step in range(2):
        changed = x.copy()
        changed[:, step] += 1
        assert np.abs(np.asarray(encoder(changed)) - np.asarray(encoder(x))).max() > 1e-6


def test_number_of_heads_divides_the_units():
    with pytest.raises(DscTfError, match="heads: 3 for 4 units"):
        BTGAT(2, units=4, heads=3).fit(random(6, 2, 4, 4, 1))
