"""TS2Vec's encoder against a loop over its definition; padding, missing steps and the causal twin are exact."""

import math

import keras
import numpy as np
import pytest
from checks import check_saved

from dsc_tf.models.ts2vec import last_step_encoder, series_encoder


@pytest.fixture(scope="module")
def encoder():
    return series_encoder(2, width=4, depth=3, size=5)


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(3, 11, 2)).astype("float32")


def said(encoder, X, inside=None, **options):
    inside = np.ones(X.shape[:2], "float32") if inside is None else inside
    return np.asarray(encoder({"series": X, "valid_mask": inside}, **options))


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def convolved(layer, x):
    kernel, bias = (np.asarray(w, np.float64) for w in layer.get_weights())
    dilation = layer.dilation_rate[0]
    out = np.tile(bias, (len(x), 1))
    for t in range(len(x)):
        for tap in range(3):
            at = t + (tap - 1) * dilation
            if 0 <= at < len(x):
                out[t] += x[at] @ kernel[tap]
    return out


def by_hand(encoder, series, depth=3):
    """Blocks of GELU, dilated convolution, GELU, dilated convolution, plus a skip; one series."""
    layer = {one.name: one for one in encoder.layers}

    def dense(name, x):
        return x @ np.asarray(layer[name].kernel) + np.asarray(layer[name].bias)

    missing = np.isnan(series).any(axis=1)
    h = dense("input", np.where(missing[:, None], 0.0, series))
    h[missing] = 0
    for i in range(depth + 1):
        u = convolved(layer[f"block{i}_conv1"], gelu(h))
        v = convolved(layer[f"block{i}_conv2"], gelu(u))
        assert layer[f"block{i}_conv1"].dilation_rate == layer[f"block{i}_conv2"].dilation_rate == (2**i,)
        h = v + (dense(f"block{i}_skip", h) if i == depth else h)
    return h


def test_as_defined(encoder, X):
    np.testing.assert_allclose(said(encoder, X), [by_hand(encoder, x) for x in X], atol=1e-5)


def test_missing_steps_are_zeros_after_the_first_layer(encoder, X):
    X[0, 3] = np.nan
    X[1, 5:8, 1] = np.nan
    latent = said(encoder, X)
    assert np.isfinite(latent).all()
    np.testing.assert_allclose(latent, [by_hand(encoder, x) for x in X], atol=1e-5)


@pytest.mark.parametrize("length", [1, 5, 10])
def test_padding_changes_nothing(encoder, X, length):
    inside = (np.arange(11) < length) * np.ones((3, 1), "float32")
    latent = said(encoder, X, inside.astype("float32"))
    np.testing.assert_allclose(latent[:, :length], said(encoder, X[:, :length]), atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 11])
def test_last_step_alone_is_that_of_the_whole(encoder, X, steps):
    X[0, 1] = np.nan
    window = X[:, -steps:]
    last = np.asarray(last_step_encoder(encoder, steps)(window))
    np.testing.assert_allclose(last, said(encoder, window)[:, -1], atol=1e-6)


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_last_step_alone_at_other_depths(X, depth):
    encoder = series_encoder(2, width=3, depth=depth, size=3)
    last = np.asarray(last_step_encoder(encoder, 11)(X))
    np.testing.assert_allclose(last, said(encoder, X)[:, -1], atol=1e-6)


def test_masks_and_dropout_hold_in_training_only(encoder, X):
    np.testing.assert_array_equal(said(encoder, X), said(encoder, X))
    assert (said(encoder, X, training=True) != said(encoder, X, training=True)).any()


def test_another_mask_at_rest(X):
    hiding = series_encoder(2, width=4, depth=2, size=5, inference_mask="all_false")
    blind = said(hiding, X)
    np.testing.assert_allclose(blind, np.broadcast_to(blind[:1], blind.shape), atol=1e-7)


def test_same_seed_same_masks(X):
    keras.utils.set_random_seed(0)
    one = series_encoder(2, width=4, depth=1, size=5, seed=3)
    other = series_encoder(2, width=4, depth=1, size=5, seed=3)
    other.set_weights(one.get_weights())
    np.testing.assert_array_equal(said(one, X, training=True), said(other, X, training=True))


@pytest.mark.parametrize(("variables", "parameters"), [(1, 637_248), (8, 637_696)])
def test_published_size(variables, parameters):
    assert sum(math.prod(w.shape) for w in series_encoder(variables).trainable_weights) == parameters


def test_initial_weights_are_uniform_as_in_pytorch():
    encoder = series_encoder(6, width=40, depth=1, size=30)
    kernel, bias = encoder.get_layer("block0_conv1").get_weights()
    limit = 1 / math.sqrt(3 * 40)
    for weights in (kernel, bias):
        assert 0.8 * limit < np.abs(weights).max() <= limit
    assert kernel.std() == pytest.approx(limit / math.sqrt(3), rel=0.05)


def test_is_saved(encoder, X, tmp_path):
    check_saved(encoder, {"series": X, "valid_mask": np.ones((3, 11), "float32")}, tmp_path / "encoder.keras")
