"""Losses that know how far apart steps are: DepTS2Vec and variogram-aware contrast, against loops and by hand."""

import contrastive_loops as loops
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from dsc_tf.representations import DEP_TS2VEC, TS2VEC, VARIOGRAM, VARIOGRAM_HARD, ContrastiveLossConfig
from dsc_tf.representations.losses import hierarchical_loss, instance_term, temporal_term

RANGE = 4.0


def near(lag):
    """Similarity that falls along a line to 0 at the range."""
    return max(0.0, 1.0 - lag / RANGE)


def near_tensor(lag):
    return ops.maximum(0.0, 1.0 - lag / RANGE)


def range_zero(lag):
    return ops.cast(lag == 0, "float32")


def views(series=3, steps=7, features=4, seed=0):
    return np.random.default_rng(seed).normal(size=(2, series, steps, features)).astype("float32")


LOOPS = {
    "drop": (ContrastiveLossConfig(neighbour_weighting="downweight"), loops.dropping(near)),
    "attract": (ContrastiveLossConfig(neighbour_weighting="as_positives"), loops.attracting(near)),
    "follow": (ContrastiveLossConfig(neighbour_weighting="causal"), loops.following(near)),
    "hardness": (ContrastiveLossConfig(hardness=2.0), loops.hardening(near, 2.0)),
    "drop and hardness": (
        ContrastiveLossConfig(neighbour_weighting="downweight", hardness=1.0),
        loops.hardening(near, 1.0, keep=lambda similarity: 1 - similarity),
    ),
}


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("steps", [2, 7, 9])
def test_all_scales_as_by_loops(name, steps):
    contrast, temporal = LOOPS[name]
    first, second = views(steps=steps)
    loss = hierarchical_loss(first, second, contrast, lag_similarity=near_tensor)
    assert float(loss) == pytest.approx(loops.pyramid(first, second, temporal=temporal), rel=2e-5)


@pytest.mark.parametrize(
    ("contrast", "temporal"),
    [
        (DEP_TS2VEC, loops.following(near)),
        (VARIOGRAM, loops.dropping(near)),
        (VARIOGRAM_HARD, loops.hardening(near, 1.0, keep=lambda similarity: 1 - similarity)),
    ],
    ids=["dep_ts2vec", "variogram", "variogram_hard"],
)
def test_named_settings_as_by_loops(contrast, temporal):
    first, second = views() * 0.5
    loss = hierarchical_loss(first, second, contrast, lag_similarity=near_tensor)
    settings = {"tau": contrast.temperature, "instance_tau": contrast.instance_temperature}
    settings["normalise"] = contrast.normalise
    expected = loops.pyramid(first, second, temporal=temporal, **settings)
    assert float(loss) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("length", [1, 2, 5, 6])
def test_padding_counts_for_nothing(name, length):
    contrast, _ = LOOPS[name]
    first, second = views(steps=length)
    rest = views(steps=9 - length, seed=1) * 3
    longer = (np.concatenate([v, r], axis=1) for v, r in zip((first, second), rest, strict=True))
    with_rest = hierarchical_loss(*longer, contrast, length=length, scales=4, lag_similarity=near_tensor)
    plain = hierarchical_loss(first, second, contrast, lag_similarity=near_tensor)
    assert float(with_rest) == pytest.approx(float(plain), rel=1e-5)


@pytest.mark.parametrize("name", LOOPS)
def test_gradients_are_finite_and_none_comes_from_padding(name):
    contrast, _ = LOOPS[name]
    first, second = (tf.Variable(v) for v in views(steps=9))
    with tf.GradientTape() as tape:
        loss = hierarchical_loss(first, second, contrast, length=5, lag_similarity=near_tensor)
    for gradient in tape.gradient(loss, [first, second]):
        assert np.isfinite(gradient).all() and not np.asarray(gradient[:, 5:]).any()


@pytest.mark.parametrize("neighbours", ["downweight", "as_positives"])
def test_range_zero_is_plain_ts2vec(neighbours):
    first, second = views(steps=9)
    loss = hierarchical_loss(
        first, second, ContrastiveLossConfig(neighbour_weighting=neighbours), lag_similarity=range_zero
    )
    assert float(loss) == pytest.approx(float(hierarchical_loss(first, second)), rel=1e-6)


def test_without_distance_nothing_is_asked_of_it():
    def unasked(lag):
        raise AssertionError("TS2Vec knows no distance")

    first, second = views()
    loss = hierarchical_loss(first, second, TS2VEC, lag_similarity=unasked)
    assert float(loss) == float(hierarchical_loss(first, second))


def test_nothing_to_follow_leaves_the_instance_term():
    first, second = views()
    loss = hierarchical_loss(
        first, second, ContrastiveLossConfig(neighbour_weighting="causal"), lag_similarity=range_zero
    )
    assert float(loss) == pytest.approx(
        float(hierarchical_loss(first, second, ContrastiveLossConfig(alpha=1.0))) / 2
    )


def test_lags_grow_with_the_scale():
    asked = []

    def listening(lag):
        asked.append(float(ops.max(lag)))
        return near_tensor(lag)

    hierarchical_loss(
        *views(steps=8), ContrastiveLossConfig(neighbour_weighting="downweight"), lag_similarity=listening
    )
    # 8, 4, 2 steps that lie 1, 2, 4 apart; what is asked for the single step at the end counts for nothing.
    assert asked[:3] == [7, 6, 4]


def test_drop_of_two_steps_worked_by_hand():
    # Similarity of neighbours 3/4: of the two candidates one step away, a quarter is left.
    first, second = np.array([[[1.0], [0.0]]], "float32"), np.array([[[2.0], [1.0]]], "float32")
    e = np.exp
    by_hand = [
        np.log(e(2) + (e(0) + e(1)) / 4) - 2,
        np.log(e(0) + (e(0) + e(0)) / 4) - 0,
        np.log(e(2) + (e(2) + e(0)) / 4) - 2,
        np.log(e(0) + (e(2) + e(1)) / 4) - 0,
    ]
    loss = temporal_term(
        first, second, ContrastiveLossConfig(neighbour_weighting="downweight"), lag_similarity=near_tensor
    )
    assert float(loss) == pytest.approx(np.mean(by_hand), rel=1e-6)


def test_attract_of_two_steps_worked_by_hand():
    # The twin pulls by 1, both neighbours by 3/4 each: shares 1 / 2.5 and 0.75 / 2.5.
    first, second = np.array([[[1.0], [0.0]]], "float32"), np.array([[[2.0], [1.0]]], "float32")
    e = np.exp
    by_hand = [
        np.log(e(0) + e(2) + e(1)) - (0.4 * 2 + 0.3 * (0 + 1)),
        np.log(e(0) + e(0) + e(0)) - 0,
        np.log(e(2) + e(2) + e(0)) - (0.4 * 2 + 0.3 * (2 + 0)),
        np.log(e(2) + e(1) + e(0)) - (0.4 * 0 + 0.3 * (2 + 1)),
    ]
    loss = temporal_term(
        first, second, ContrastiveLossConfig(neighbour_weighting="as_positives"), lag_similarity=near_tensor
    )
    assert float(loss) == pytest.approx(np.mean(by_hand), rel=1e-6)


def test_follow_of_three_steps_worked_by_hand():
    # z = 1, 2, 0: step 0 follows 1 by 3/4 and 2 by 1/2, so by 3/5 and 2/5; step 1 has but one to follow: log 1.
    view = np.array([[[1.0], [2.0], [0.0]]], "float32")
    norm = np.log(np.exp(2) + np.exp(0))
    by_hand = 0.6 * (norm - 2) + 0.4 * (norm - 0)
    loss = temporal_term(
        view, view, ContrastiveLossConfig(neighbour_weighting="causal"), lag_similarity=near_tensor
    )
    assert float(loss) == pytest.approx(by_hand / 3, rel=1e-6)


def test_a_hard_pair_worked_by_hand():
    # Two far steps in one direction, (1, 0) and (1, 0), among four; the others point away, (-1, 0). Of the 16 pairs
    # half are at distance 0 and half at 2: mean 1. A close far pair weighs 1 + hardness * (1 - 0) / 1 = 3.
    z = np.array([[[1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]]], "float32")
    e, alone = np.exp, range_zero
    # Each step has one close far partner in either view, its own twin, and two away in either view.
    by_hand = np.log(2 * 3 * e(1) + e(1) + 4 * e(-1)) - 1
    loss = temporal_term(z, z, ContrastiveLossConfig(hardness=2.0), lag_similarity=alone)
    assert float(loss) == pytest.approx(by_hand, rel=1e-5)


def test_hard_pairs_are_never_near_ones():
    first, second = views()
    everything = ContrastiveLossConfig(hardness=5.0)
    loss = temporal_term(first, second, everything, lag_similarity=lambda lag: ops.ones_like(lag) * 0.5)
    assert float(loss) == pytest.approx(float(temporal_term(first, second)), rel=1e-6)


def test_series_that_are_near_contrast_less():
    first, second = views()
    similar = np.array([[1.0, 0.25, 0.0], [0.25, 1.0, 1.0], [0.0, 1.0, 1.0]], "float32")
    term = instance_term(first, second, similarity=ops.convert_to_tensor(similar))
    assert float(term) == pytest.approx(loops.instance(first, second, series=similar), rel=2e-5)
    loss = hierarchical_loss(first, second, series_similarity=ops.convert_to_tensor(similar))
    assert float(loss) == pytest.approx(loops.pyramid(first, second, series=similar), rel=2e-5)


def test_series_far_apart_contrast_as_in_ts2vec():
    first, second = views()
    apart = ops.eye(3)
    assert float(instance_term(first, second, similarity=apart)) == pytest.approx(
        float(instance_term(first, second)), rel=1e-6
    )
