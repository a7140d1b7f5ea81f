"""Networks of the ablation study against the weight counts of the authors' notebooks."""

import json
import math

import keras
import numpy as np
import pytest

from dsc_tf.clusterers.ablations import CNNAutoencoder, CNNEncoder, CNNLSTMEncoder
from dsc_tf.models import cnn_lstm_encoder

PUBLISHED_SHAPE = (1, 41, 41, 7)


def test_cnn_lstm_encoder_has_the_published_number_of_weights():
    """Convolutions 3 x 3, poolings 41 -> 21 -> 11, LSTM layers of 512, a dense layer of 256."""
    with keras.StatelessScope():  # no values are needed to count weights
        network = cnn_lstm_encoder(PUBLISHED_SHAPE)
        encoder = network.get_layer("encoder")
        standardise = sum(math.prod(w.shape) for w in encoder.get_layer("standardise").weights)
        count = encoder.count_params() - standardise
    convolutions = (9 * 7 + 1) * 64 + (9 * 64 + 1) * 64 + (9 * 64 + 1) * 256
    first, second = (4 * 512 * (size + 512 + 1) for size in (11 * 11 * 256, 512))
    assert count == convolutions + first + second + (512 + 1) * 256 == 66_908_736
    assert count + 7 * 256 == 66_910_528  # printed by the authors' notebook, with the clustering layer


@pytest.mark.parametrize(("padding", "cells"), [("same", 11 * 11), ("valid", 10 * 10)])
def test_poolings_of_odd_grids(padding, cells):
    network = cnn_lstm_encoder((1, 41, 41, 1), filters=(1, 1), units=1, latent_size=1, padding=padding)
    kernel = network.get_layer("encoder").layers[-3].cell.kernel
    assert kernel.shape == (cells, 4)


@pytest.mark.parametrize("recipe", ["notebook", "untrained"])
def test_kmeans_starts_as_in_the_notebooks(recipe):
    for method, expected in (
        (CNNEncoder, ("k-means++", 20)),
        (CNNLSTMEncoder, ("k-means++", 20)),
        (CNNAutoencoder, ("random", 30)),
    ):
        settings = method.recipes[recipe]
        assert (settings.kmeans_init, settings.kmeans_restarts) == expected


def test_networks_of_earlier_versions_keep_their_padding(tmp_path):
    X = np.random.default_rng(0).random((6, 1, 5, 5, 1), dtype=np.float32)
    small = {"filters": (2, 2), "units": 2, "latent_size": 2, "recipe": "untrained", "random_state": 0}

    class Earlier(CNNLSTMEncoder):
        def _network_arguments(self, shape, recipe, policy):
            return super()._network_arguments(shape, recipe, policy) | {"padding": "valid"}

    fitted = Earlier(2, **small).fit(X)
    fitted.save(tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    del content["network"]["padding"]
    (tmp_path / "model.json").write_text(json.dumps(content | {"method": "CNNLSTMEncoder"}))
    np.testing.assert_array_equal(CNNLSTMEncoder.load(tmp_path).predict(X), fitted.predict(X))
