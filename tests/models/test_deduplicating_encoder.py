import numpy as np
import pytest

from dsc_tf.models import (
    cnn_autoencoder,
    cnn_encoder,
    cnn_lstm_encoder,
    deduplicating_encoder,
    dense_autoencoder,
    dsc_autoencoder,
    temporal_autoencoder,
)

SMALL = {"units": 8, "latent_size": 6}
SHAPE = (3, 12, 9, 2)


@pytest.mark.parametrize(
    "network",
    [
        lambda: dsc_autoencoder(SHAPE, **SMALL),
        lambda: dsc_autoencoder(SHAPE, cell="convlstm", **SMALL),
        lambda: cnn_encoder(SHAPE, dense=(8, 5)),
        lambda: cnn_autoencoder(SHAPE, dense=(8, 5)),
        lambda: cnn_lstm_encoder(SHAPE, **SMALL),
    ],
    ids=["dsc", "convlstm", "cnn", "cnn_autoencoder", "cnn_lstm"],
)
def test_fields_seen_once_give_what_windows_give(network):
    encoder = network().get_layer("encoder")
    fields = np.random.default_rng(0).random((6, *SHAPE[1:]), dtype="float32")
    places = np.array([[0, 1, 2], [1, 2, 3], [3, 4, 5], [2, 3, 4]], np.int32)
    parcels = fields.reshape(2, *SHAPE)
    shared = deduplicating_encoder(encoder)({"fields": parcels, "places": places})
    np.testing.assert_allclose(np.asarray(shared), np.asarray(encoder(fields[places])), atol=1e-6)


def test_weights_are_shared_not_copied():
    encoder = dsc_autoencoder(SHAPE, **SMALL).get_layer("encoder")
    shared = deduplicating_encoder(encoder)
    assert {id(weight) for weight in shared.weights} == {id(weight) for weight in encoder.weights}


@pytest.mark.parametrize(
    "network",
    [
        dsc_autoencoder((1, 9, 9, 1), **SMALL),
        dense_autoencoder(SHAPE, layer_sizes=(4, 2)),
        temporal_autoencoder((1, 40, 1), filters=2, units=(2, 1)),
    ],
    ids=["one step", "dense", "sequence"],
)
def test_nothing_to_share(network):
    assert deduplicating_encoder(network.get_layer("encoder")) is None
