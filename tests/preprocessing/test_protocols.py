import dataclasses

import pytest

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.preprocessing.protocols import PROTOCOLS


def test_protocols_carry_their_own_names():
    assert {name: protocol.name for name, protocol in PROTOCOLS.items()} == {
        "paper": "paper",
        "notebook": "notebook",
        "anomaly": "anomaly",
        "standardised_anomaly": "standardised_anomaly",
    }


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocols_are_frozen(name):
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROTOCOLS[name].scale = "cell"


def test_notebook_pads_41_points_to_48():
    X, _ = prepare(mock_dataset(days=3, latitudes=41, longitudes=41), "notebook")
    assert X.shape == (3, 1, 48, 48, 2)
    assert not X[:, :, 41:].any() and not X[:, :, :, 41:].any()


def test_a_protocol_of_ones_own_is_taken():
    own = dataclasses.replace(PROTOCOLS["paper"], name="own", pad_multiple=4)
    X, prep = prepare(mock_dataset(), own)
    assert X.shape == (30, 1, 8, 12, 2) and prep.protocol_ is own
