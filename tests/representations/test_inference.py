"""Encoding: whole, sliding and causal agree; pooling is a maximum; collapse is noticed."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from dsc_tf.errors import DscTfError
from dsc_tf.models.ts2vec import series_encoder
from dsc_tf.representations.inference import (
    effective_rank,
    encode_causal,
    encode_full,
    encode_sliding,
    pool_time,
    warn_if_collapsed,
)

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "ts2vec_golden.json"


@pytest.fixture(scope="module")
def encoder():
    return series_encoder(2, width=4, depth=3, size=5)


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(3, 11, 2)).astype("float32")


@pytest.fixture
def latent():
    return np.random.default_rng(1).normal(size=(2, 9, 4)).astype("float32")


def alone(encoder, window):
    """Representations of one window, by a call of its own."""
    return np.asarray(encoder({"series": window[None], "valid_mask": np.ones((1, len(window)))}))[0]


def test_whole_is_the_encoder_batch_by_batch(encoder, X):
    one_by_one = np.stack([alone(encoder, series) for series in X])
    np.testing.assert_allclose(encode_full(encoder, X, batch_size=2), one_by_one, atol=1e-6)


@pytest.mark.parametrize(
    ("length", "before", "after"), [(1, 3, 0), (2, 3, 3), (4, 2, 1), (11, 0, 0), (20, 1, 1)]
)
def test_sliding_by_a_loop_over_windows(encoder, X, length, before, after):
    expected = np.empty((3, 11, 5), "float32")
    for i, series in enumerate(X):
        for at in range(0, 11, length):
            window = np.full((before + length + after, 2), np.nan, "float32")
            for k, step in enumerate(range(at - before, at + length + after)):
                if 0 <= step < 11:
                    window[k] = series[step]
            kept = min(length, 11 - at)
            expected[i, at : at + kept] = alone(encoder, window)[before : before + kept]
    np.testing.assert_allclose(encode_sliding(encoder, X, length, before, after, 4), expected, atol=1e-6)


@pytest.mark.parametrize("before", [0, 1, 3, 6, 20])
def test_causal_steps_are_sliding_ones_at_less_cost(encoder, X, before):
    slow = encode_sliding(encoder, X, 1, before, 0)
    np.testing.assert_allclose(encode_causal(encoder, X, before, batch_size=7), slow, atol=1e-6)


def test_causal_steps_with_missing_ones(encoder, X):
    X[0, 4] = np.nan
    X[1, 6:, 1] = np.nan
    fast = encode_causal(encoder, X, 5)
    assert np.isfinite(fast).all()
    np.testing.assert_allclose(fast, encode_sliding(encoder, X, 1, 5, 0), atol=1e-6)


def test_causal_steps_know_nothing_of_later_ones(encoder, X):
    before = encode_causal(encoder, X, 4)
    X[:, 7] += 10
    after = encode_causal(encoder, X, 4)
    np.testing.assert_array_equal(after[:, :7], before[:, :7])
    assert np.abs(after[:, 7:] - before[:, 7:]).max() > 0.01


def test_causal_steps_see_no_further_back_than_told(encoder, X):
    before = encode_causal(encoder, X, 4)
    X[:, 2] += 10
    changed = np.abs(encode_causal(encoder, X, 4) - before).max(axis=(0, 2)) > 0
    assert not changed[:2].any() and changed[2:7].all() and not changed[7:].any()


def test_all_missing_is_finite(encoder):
    nothing = np.full((2, 6, 2), np.nan, "float32")
    for latent in (
        encode_full(encoder, nothing),
        encode_sliding(encoder, nothing, 2, 1, 1),
        encode_causal(encoder, nothing, 3),
    ):
        assert np.isfinite(latent).all() and latent.shape == (2, 6, 5)


def maximum_by_loop(latent, width):
    """Steps from width // 2 before to (width - 1) // 2 after, as far as there are any."""
    out = np.empty_like(latent)
    for t in range(latent.shape[1]):
        out[:, t] = latent[:, max(0, t - width // 2) : t + (width - 1) // 2 + 1].max(axis=1)
    return out


def test_no_pooling_changes_nothing(latent):
    assert pool_time(latent, None) is latent


@pytest.mark.parametrize("width", [1, 2, 3, 4, 9, 30])
def test_pooling_over_a_window(latent, width):
    np.testing.assert_array_equal(pool_time(latent, width), maximum_by_loop(latent, width))


def test_pooling_over_the_series(latent):
    np.testing.assert_array_equal(pool_time(latent, "series"), latent.max(axis=1))


@pytest.mark.parametrize(("steps", "widths"), [(9, [3, 5, 9]), (10, [3, 5, 9, 17]), (3, [3]), (4, [3, 5])])
def test_pooling_over_many_scales(steps, widths):
    # Windows of 2 ** (p + 1) + 1 steps for all p with 2 ** p + 1 < steps, as in the authors' program.
    latent = np.random.default_rng(0).normal(size=(2, steps, 3))
    expected = np.concatenate([maximum_by_loop(latent, w) for w in widths], axis=-1)
    np.testing.assert_array_equal(pool_time(latent, "multiscale"), expected)


@pytest.mark.parametrize("steps", [1, 2])
def test_too_few_steps_for_scales_stay_as_they_are(steps):
    latent = np.ones((2, steps, 3))
    np.testing.assert_array_equal(pool_time(latent, "multiscale"), latent)


@pytest.mark.parametrize("pooling", ["mean", 0, -1, 2.5])
def test_other_pooling_is_refused(latent, pooling):
    with pytest.raises(DscTfError, match="pooling"):
        pool_time(latent, pooling)


@pytest.mark.real
@pytest.mark.skipif(not GOLDEN.exists(), reason=f"no ../shared/data/{GOLDEN.name} beside the checkout")
@pytest.mark.parametrize(
    ("name", "pooling"), [("win3", 3), ("win4", 4), ("full", "series"), ("multi", "multiscale")]
)
def test_the_authors_program_pools_the_same(name, pooling):
    known = json.loads(GOLDEN.read_text())["encode"]
    steps, expected = np.array(known["plain"]["v"]), np.array(known[name]["v"])
    assert list(pool_time(steps, pooling).shape) == known[name]["shape"]
    np.testing.assert_allclose(pool_time(steps, pooling), expected, atol=1e-9)


@pytest.mark.parametrize("directions", [1, 2, 5])
def test_effective_rank_counts_directions(directions):
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0][:directions]
    assert effective_rank(np.concatenate([basis, -basis]) + 7.0) == pytest.approx(directions)


def test_effective_rank_of_unequal_variances_by_hand():
    # Variances 9 and 1: shares 0.9 and 0.1.
    z = np.array([[3.0, 1.0], [3.0, -1.0], [-3.0, 1.0], [-3.0, -1.0]])
    expected = np.exp(-(0.9 * np.log(0.9) + 0.1 * np.log(0.1)))
    assert effective_rank(z) == pytest.approx(expected)
    assert effective_rank(z.reshape(2, 2, 2)) == pytest.approx(expected)


@pytest.mark.parametrize("value", [0.0, 3.0, 1e4])
def test_all_the_same_fill_no_direction(value):
    assert effective_rank(np.full((4, 5, 3), value, "float32")) == 0


def test_a_single_feature_is_one_direction():
    assert effective_rank(np.arange(6.0)[:, None]) == pytest.approx(1)


def test_collapse_is_told():
    line = np.random.default_rng(0).normal(size=(50, 1)) * np.ones((1, 4))
    for latent in (np.ones((3, 7, 4)), line):
        with pytest.warns(UserWarning, match="collapsed"):
            assert warn_if_collapsed(latent) < 1.5


def test_health_is_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert warn_if_collapsed(np.random.default_rng(0).normal(size=(100, 4))) > 3
