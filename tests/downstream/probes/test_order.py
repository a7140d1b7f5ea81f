import numpy as np
import pytest

from dsc_tf.downstream.probes import time_blocks
from dsc_tf.downstream.probes.order import next_class, regimes_of, temporal_distance
from dsc_tf.errors import DscTfError

STEPS = 900
SPLIT = time_blocks(STEPS, gap=20)
GAPS = np.setdiff1d(np.arange(STEPS), np.concatenate(SPLIT))


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=(STEPS, 5))


@pytest.fixture
def clock():
    """A hand that turns once in forty steps: where it stands tells distances up to sixteen."""
    angle = 2 * np.pi * np.arange(STEPS) / 40
    return np.stack([f(angle + shift) for f in (np.cos, np.sin) for shift in (0, 0.5, 1.0)], axis=1)


def test_a_ramp_knows_how_far_apart_steps_are():
    assert temporal_distance(np.arange(STEPS)[:, None] / 7.0, SPLIT) == 1


def test_noise_does_not_know_how_far_apart_steps_are(noise):
    assert temporal_distance(noise, SPLIT) == pytest.approx(0.2, abs=0.06)


def test_a_clock_knows_more_than_noise(clock, noise):
    assert temporal_distance(clock, SPLIT) > 0.4
    assert temporal_distance(clock + noise[:, [0]], SPLIT) < temporal_distance(clock, SPLIT)


def test_pairs_lie_inside_blocks(noise):
    """A missing value between blocks would raise."""
    holes = noise.copy()
    holes[GAPS] = np.nan
    assert temporal_distance(holes, SPLIT) == temporal_distance(noise, SPLIT)


def test_pairs_depend_on_the_seed(clock, noise):
    features = clock + 0.3 * noise[:, [0]]
    one, again, other = (temporal_distance(features, SPLIT, random_state=s) for s in (0, 0, 1))
    assert one == again != other


def test_fewer_pairs_when_asked(noise):
    # Of twenty pairs, shares are twentieths.
    share = temporal_distance(noise, SPLIT, most=20)
    assert share * 20 == pytest.approx(round(share * 20))


def test_a_cycle_is_foretold():
    labels = np.arange(STEPS) % 4
    assert next_class(np.eye(4)[labels], labels, SPLIT) == 1


def test_foretold_is_the_next_label_not_the_present_one(noise):
    labels = np.random.default_rng(1).integers(0, 4, STEPS)
    present, next_one = np.eye(4)[labels], np.eye(4)[np.roll(labels, -1)]
    assert next_class(present, labels, SPLIT) == pytest.approx(0.25, abs=0.1)
    assert next_class(next_one, labels, SPLIT) == 1


def test_labels_of_the_gap_are_not_looked_at(noise):
    labels = (noise[:, 0] > 0).astype(int)
    changed = labels.copy()
    changed[GAPS] = 9
    features = np.roll(noise, -1, axis=0) + noise
    assert next_class(features, changed, SPLIT) == next_class(features, labels, SPLIT)


def blobs(dtype="float64"):
    truth = np.random.default_rng(2).integers(0, 3, STEPS)
    middle = 10 * np.array([[0, 0], [1, 0], [0, 1]])[truth]
    return (middle + np.random.default_rng(3).normal(size=(STEPS, 2))).astype(dtype), truth


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_blobs_are_regimes(dtype):
    X, truth = blobs(dtype)
    labels = regimes_of(X, SPLIT, 3)
    assert labels.shape == (STEPS,)
    assert len(set(zip(labels.tolist(), truth.tolist(), strict=True))) == 3


def test_centres_come_from_the_training_block_alone():
    X, truth = blobs()
    moved = X.copy()
    moved[SPLIT.train[-1] + 1 :] += 500
    train = SPLIT.train
    np.testing.assert_array_equal(regimes_of(moved, SPLIT, 3)[train], regimes_of(X, SPLIT, 3)[train])


def test_seven_regimes_unless_told(noise):
    assert set(regimes_of(noise, SPLIT).tolist()) == set(range(7))


def test_blocks_too_short_for_a_pair_are_refused(noise):
    short = time_blocks(80, gap=0)
    with pytest.raises(DscTfError, match="period: a block of 16 steps holds no two that lie 16 apart"):
        temporal_distance(noise[:80], short)
    assert 0 <= temporal_distance(noise[:85], time_blocks(85, gap=0)) <= 1
