"""Classifiers on features that know the answer, and on features that do not."""

import warnings

import numpy as np
import pytest

from dsc_tf.downstream.probes import time_blocks
from dsc_tf.downstream.probes.classify import boosted_events, linear_classes, linear_events, logistic_events
from dsc_tf.errors import DscTfError

STEPS, PLACES = 900, 6
SPLIT = time_blocks(STEPS, gap=5)
POOLED = [boosted_events, logistic_events]  # one model for all rows


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(STEPS, 4))


@pytest.fixture
def events(features):
    """Which follow from the features but for a little noise: rarer at each place in turn, shape (time, place)."""
    rng = np.random.default_rng(1)
    odds = features @ rng.normal(size=(4, PLACES)) + 0.1 * rng.normal(size=(STEPS, PLACES))
    return (odds > np.linspace(0, 1.5, PLACES)).astype(float)


@pytest.fixture
def chance():
    """Events that nothing tells of."""
    return (np.random.default_rng(2).random((STEPS, PLACES)) < 0.3).astype(float)


def three_corners(seed=0):
    """Three classes, far apart."""
    classes = np.random.default_rng(seed).integers(0, 3, STEPS)
    middle = np.array([[0, 0], [9, 0], [0, 9]])[classes]
    return middle + np.random.default_rng(seed + 1).normal(size=(STEPS, 2)), classes


def quietly(function, *arguments):
    """Blocks of one class have no area under the curve, and scikit-learn says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


def test_separable_classes_are_named():
    assert linear_classes(*three_corners(), SPLIT) == {"accuracy": 1.0, "balanced_accuracy": 1.0}


def test_noise_names_classes_by_chance(features):
    classes = np.arange(STEPS) % 3
    measured = linear_classes(features, np.random.default_rng(5).permutation(classes), SPLIT)
    assert measured["accuracy"] == pytest.approx(1 / 3, abs=0.1)
    assert measured["balanced_accuracy"] == pytest.approx(1 / 3, abs=0.1)


def test_balanced_accuracy_does_not_reward_the_commonest_class(features):
    classes = (np.random.default_rng(6).random(STEPS) < 0.1).astype(int)
    measured = linear_classes(features, classes, SPLIT)
    assert measured["accuracy"] == np.mean(classes[SPLIT.test] == 0)
    assert measured["balanced_accuracy"] == 0.5


def turned(features):
    """The same representation on other axes, in another unit, about another point."""
    axes = np.linalg.qr(np.random.default_rng(8).normal(size=(4, 4)))[0]
    return 30 * features @ axes + [0, 7, -100, 1]


def test_axes_unit_and_offset_of_features_do_not_matter_to_classes(features):
    noise = np.random.default_rng(7).normal(size=STEPS)
    classes = (features[:, 0] + noise > 0).astype(int) + (features[:, 1] > 0.5)
    measured = linear_classes(features, classes, SPLIT)
    assert linear_classes(turned(features), classes, SPLIT) == pytest.approx(measured, abs=0.02)


def test_names_of_classes_do_not_matter():
    X, classes = three_corners()
    X = X / 9 + np.random.default_rng(3).normal(size=X.shape)
    measured = linear_classes(X, classes, SPLIT)
    assert 0.4 < measured["accuracy"] < 0.9
    assert linear_classes(X, np.array([3, 20, 100])[classes], SPLIT) == measured


def test_class_that_was_never_learnt_counts_as_an_error_and_not_in_the_mean_over_classes():
    X, classes = three_corners()
    unseen = SPLIT.test[: len(SPLIT.test) // 4]
    classes[unseen] = 7
    measured = linear_classes(X, classes, SPLIT)
    assert measured["accuracy"] == pytest.approx(1 - len(unseen) / len(SPLIT.test))
    assert measured["balanced_accuracy"] == 1


def test_test_block_teaches_nothing():
    """Turning its classes turns a perfect score into none."""
    X, classes = three_corners()
    classes[SPLIT.test] = (classes[SPLIT.test] + 1) % 3
    assert linear_classes(X, classes, SPLIT)["accuracy"] == 0


def test_determined_events_are_foretold_at_every_place(features, events):
    assert linear_events(features, events, SPLIT) > 0.98
    assert type(linear_events(features, events, SPLIT)) is float


@pytest.mark.parametrize("method", POOLED)
def test_determined_events_are_foretold(method, features, events):
    assert method(features, events[:, 0], SPLIT) > 0.93


def test_trees_see_what_a_line_cannot(features):
    ring = (np.abs(features[:, 0]) > 0.7).astype(float)
    assert boosted_events(features, ring, SPLIT) > 0.95
    assert logistic_events(features, ring, SPLIT) == pytest.approx(0.5, abs=0.15)


def test_noise_foretells_nothing_at_any_place(features, chance):
    assert linear_events(features, chance, SPLIT) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("method", POOLED)
def test_noise_foretells_nothing(method, features, chance):
    assert method(features, chance[:, 0], SPLIT) == pytest.approx(0.5, abs=0.12)


def test_every_place_has_weights_of_its_own(features):
    sign = np.array([1, -1, 1, -1, 1, -1])
    events = (features[:, [0]] * sign > 0).astype(float)
    assert linear_events(features, events, SPLIT) > 0.98


def test_places_that_differ_in_how_often_are_told_apart():
    """Pooled over places, the mean of each place alone tells something."""
    share = np.array([0.05, 0.95])
    events = (np.random.default_rng(0).random((STEPS, 2)) < share).astype(float)
    assert linear_events(np.random.default_rng(1).normal(size=(STEPS, 1)), events, SPLIT) > 0.9


def test_axes_unit_and_offset_of_features_do_not_matter_to_events(features, events):
    expected = linear_events(features, events, SPLIT)
    assert linear_events(turned(features), events, SPLIT) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("method", POOLED)
def test_scale_of_each_feature_does_not_matter_to_events(method, features, events):
    scaled = method(features * [1e4, 1e-3, 1, 30], events[:, 2], SPLIT)
    assert scaled == pytest.approx(method(features, events[:, 2], SPLIT), abs=2e-3)


def test_places_of_one_class_and_unknown_places_stop_nothing(features, events):
    events[:, 0], events[:, 1], events[:, 2] = 0, 1, np.nan
    assert linear_events(features, events, SPLIT) > 0.97


def test_unknown_events_are_neither_learnt_nor_tested(features, events):
    """A third of all events turned round spoils the score, unless they are unknown."""
    gone = np.random.default_rng(4).random(events.shape) < 1 / 3
    spoilt = linear_events(features, np.where(gone, 1 - events, events), SPLIT)
    unknown = linear_events(features, np.where(gone, np.nan, events), SPLIT)
    assert spoilt < 0.8 and unknown > 0.97


@pytest.mark.parametrize("method", POOLED)
def test_rows_with_unknown_events_are_as_if_absent(method, features, events):
    events, gone = events[:, 0].copy(), np.arange(STEPS) % 3 == 0
    kept = type(SPLIT)(*(block[~gone[block]] for block in SPLIT))
    unknown = np.where(gone, np.nan, events)
    assert method(features, unknown, SPLIT) == method(features, events, kept)


def test_trees_of_one_seed_are_the_same(features, events):
    one, other = (boosted_events(features, events[:, 0], SPLIT, random_state=3) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("method", [linear_events, *POOLED])
def test_one_class_in_the_validation_block_still_gives_a_score(method, value, features, events):
    events = events[:, :3] if method is linear_events else events[:, 0]
    events[SPLIT.validation] = value
    assert quietly(method, features, events, SPLIT) > 0.6


@pytest.mark.parametrize("method", [linear_events, *POOLED])
def test_one_class_in_the_test_block_is_no_score(method, features, events):
    events = events[:, :3] if method is linear_events else events[:, 0]
    events[SPLIT.test] = 0
    assert np.isnan(quietly(method, features, events, SPLIT))


@pytest.mark.parametrize("block", ["validation", "test"])
@pytest.mark.parametrize("method", POOLED)
def test_later_blocks_teach_no_weights(method, block, features, events):
    """Events turned round: in the test block foretold as badly as others well; in the validation block no matter."""
    events = events[:, 0].copy()
    at = getattr(SPLIT, block)
    events[at] = 1 - events[at]
    score = method(features, events, SPLIT)
    assert score < 0.1 if block == "test" else score > 0.7


def test_one_class_alone_is_refused(features):
    with pytest.raises(DscTfError, match="period: steps to learn from are all of one class"):
        linear_classes(features, np.zeros(STEPS, int), SPLIT)
