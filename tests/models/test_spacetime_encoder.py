"""The encoder of fields: a representation of every step, which knows nothing of later steps."""

import numpy as np
import pytest
from checks import check_saved

from dsc_tf.models.spacetime import field_decoder, spacetime_encoder


@pytest.fixture(scope="module")
def encoder():
    return spacetime_encoder((4, 5), 2, filters=2, depth=2, size=6)


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(3, 7, 4, 5, 2)).astype("float32")


def said(encoder, X, inside=None, **options):
    inside = np.ones(X.shape[:2], "float32") if inside is None else inside
    return np.asarray(encoder({"series": X, "valid_mask": inside}, **options))


def test_a_representation_of_every_step(encoder, X):
    assert encoder.output_shape == (None, None, 6)
    assert said(encoder, X).shape == (3, 7, 6)
    assert said(encoder, X[:, :1]).shape == (3, 1, 6)


def test_steps_and_series_differ(encoder, X):
    latent = said(encoder, X).reshape(21, 6)
    assert len(np.unique(latent.round(5), axis=0)) == 21


def test_later_steps_are_not_seen(encoder, X):
    before = said(encoder, X)
    X[:, 4] += 5
    after = said(encoder, X)
    np.testing.assert_allclose(after[:, :4], before[:, :4], atol=1e-6)
    assert (np.abs(after[:, 4:] - before[:, 4:]).max(axis=(0, 2)) > 1e-6).all()  # and remembered


def test_padding_at_the_end_changes_nothing(encoder, X):
    inside = np.ones((3, 7), "float32")
    inside[:, 5:] = 0
    np.testing.assert_allclose(said(encoder, X, inside)[:, :5], said(encoder, X[:, :5]), atol=1e-6)


def test_chance_holds_in_training_only(encoder, X):
    np.testing.assert_array_equal(said(encoder, X), said(encoder, X))
    assert (said(encoder, X, training=True) != said(encoder, X, training=True)).any()


def test_mask_hides_whole_fields(X):
    options = {"filters": 2, "depth": 1, "size": 6, "smooth": False, "dropout": 0.0}
    blind = spacetime_encoder((4, 5), 2, mask="all_false", **options)
    latent = said(blind, X, training=True)
    np.testing.assert_allclose(latent, np.broadcast_to(latent[:1], latent.shape), atol=1e-7)
    seeing = spacetime_encoder((4, 5), 2, mask="all_true", **options)
    np.testing.assert_allclose(said(seeing, X, training=True), said(seeing, X), atol=1e-6)


def test_is_saved(encoder, X, tmp_path):
    check_saved(encoder, {"series": X, "valid_mask": np.ones((3, 7), "float32")}, tmp_path / "encoder.keras")


def test_decoder_draws_fields():
    decoder = field_decoder((4, 5), 2, 6)
    assert decoder.output_shape == (None, None, 4, 5, 2)
    latent = np.random.default_rng(0).normal(size=(3, 7, 6)).astype("float32")
    kernel, bias = decoder.get_layer("fields").get_weights()
    np.testing.assert_allclose(decoder(latent), (latent @ kernel + bias).reshape(3, 7, 4, 5, 2), atol=1e-5)


@pytest.mark.parametrize("linear", [0.0, 0.5, 1.0])
def test_linear_share_of_features_is_linear_in_the_field(linear):
    """Doubling the field at rest doubles those features and, as it should, not the others."""
    encoder = spacetime_encoder((4, 5), 2, filters=2, depth=1, size=6, linear=linear, seed=0)
    field = np.random.default_rng(0).normal(size=(1, 3, 4, 5, 2)).astype(np.float32)
    inside = np.ones((1, 3), np.float32)
    once, twice = (np.asarray(encoder({"series": k * field, "valid_mask": inside})) for k in (1, 2))
    doubled = np.isclose(2 * once, twice, rtol=1e-4, atol=1e-5).all(axis=(0, 1))
    assert doubled.sum() == round(6 * linear)
