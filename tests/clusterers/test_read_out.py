"""Linear heads on the latent vectors of a fitted method."""

import numpy as np

from dsc_tf.clusterers.eof import EOFKMeans
from dsc_tf.clusterers.read_out import ReadOut, read_out


def wave():
    """A wave of twelve steps that moves over 24 cells, with noise, shape (240, 24)."""
    step, cell = np.arange(240)[:, None], np.arange(24)
    return np.cos(np.pi / 6 * (step - cell)) + 0.2 * np.random.default_rng(0).normal(size=(240, 24))


def test_heads_on_all_components_decode_the_fields():
    """The latent space holds all components, so that the fields are decoded up to the ridge penalty."""
    X = wave()
    network = EOFKMeans(3, n_components=24, random_state=0).fit(X)
    regimes = read_out(network, X, 4, window=2, n_init=5, random_state=0)
    assert isinstance(regimes, ReadOut) and regimes.decoded_r2_ > 0.99
    assert regimes.leads_ == (1, 3) and len(np.unique(regimes.labels_)) == 4
    assert (np.diff(regimes.labels_) != 0).sum() <= 4 * 20 + 4
    np.testing.assert_array_equal(regimes.predict(X), regimes.labels_)


def test_a_coarse_latent_space_decodes_less():
    X = wave()
    network = EOFKMeans(3, n_components=1, random_state=0).fit(X)
    assert read_out(network, X, window=1, n_init=2, random_state=0).decoded_r2_ < 0.6


def test_the_network_is_not_changed_and_later_steps_change_no_label():
    X = wave()
    network = EOFKMeans(3, random_state=0).fit(X)
    before = network.transform(X)
    regimes = read_out(network, X, window=3, n_init=2, random_state=0)
    np.testing.assert_array_equal(network.transform(X), before)
    np.testing.assert_array_equal(regimes.predict(X[:100]), regimes.labels_[:100])
