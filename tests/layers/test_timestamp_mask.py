import numpy as np
import pytest

from dsc_tf.errors import DscTfError
from dsc_tf.layers.timestamp_mask import KINDS, TimestampMask

STEPS = 40


@pytest.fixture
def latent():
    return np.ones((200, STEPS, 3), "float32")


@pytest.fixture
def present():
    return np.ones((200, STEPS), "float32")


def shown(layer, latent, present, training=True):
    """Which steps came through, shape (series, time); all features alike."""
    out = np.asarray(layer(latent, present, training=training))
    assert (out == out[..., :1]).all()
    return out[..., 0]


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_binomial_keeps_each_step_by_chance(latent, present, keep):
    seen = shown(TimestampMask(keep_probability=keep, seed=0), latent, present)
    assert set(np.unique(seen)) == {0, 1}
    assert seen.mean() == pytest.approx(keep, abs=0.02)  # 8000 draws: standard deviation 0.006
    assert seen.mean(axis=0).std() < 0.06 and (seen[0] != seen[1]).any()


def test_continuous_hides_up_to_five_spans_of_a_tenth(latent, present):
    seen = shown(TimestampMask("continuous", seed=0), latent, present)
    hidden = (1 - seen).sum(axis=1)
    assert hidden.min() >= 4 and hidden.max() <= 20
    assert (hidden == 20).any() and (hidden < 20).any()  # spans may fall on one another
    edges = np.diff(np.pad(1 - seen, ((0, 0), (1, 1))), axis=1)
    for row in edges:
        lengths = np.flatnonzero(row == -1) - np.flatnonzero(row == 1)
        assert len(lengths) <= 5 and (lengths >= 4).all()
    assert hidden.any() and (seen[:, 0] == 0).any() and (seen[:, -1] == 0).any()


@pytest.mark.parametrize(("steps", "most"), [(1, 1), (2, 1), (5, 2), (9, 4)])
def test_continuous_leaves_half_of_short_series(steps, most):
    x = np.ones((100, steps, 1), "float32")
    hidden = (1 - shown(TimestampMask("continuous", seed=0), x, x[..., 0])).sum(axis=1)
    assert hidden.min() >= 1 and hidden.max() == most


def test_plain_kinds(latent, present):
    assert shown(TimestampMask("all_true"), latent, present).all()
    assert not shown(TimestampMask("all_false"), latent, present).any()
    last = shown(TimestampMask("mask_last"), latent, present)
    assert last[:, :-1].all() and not last[:, -1].any()


@pytest.mark.parametrize("kind", KINDS)
def test_absent_steps_are_never_seen(latent, present, kind):
    present[:, 3] = 0
    assert not shown(TimestampMask(kind, seed=0), latent, present)[:, 3].any()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_hidden_at_rest(latent, present, kind):
    assert shown(TimestampMask(kind), latent, present, training=False).all()


def test_at_rest_another_mask_may_hold(latent, present):
    layer = TimestampMask("all_true", inference_kind="mask_last")
    assert shown(layer, latent, present).all()
    assert not shown(layer, latent, present, training=False)[:, -1].any()


@pytest.mark.parametrize("kind", ["binomial", "continuous"])
def test_seed_gives_the_mask_and_every_call_another(latent, present, kind):
    one, other = TimestampMask(kind, seed=3), TimestampMask(kind, seed=3)
    first = shown(one, latent, present)
    np.testing.assert_array_equal(first, shown(other, latent, present))
    assert (first != shown(one, latent, present)).any()
    assert (first != shown(TimestampMask(kind, seed=4), latent, present)).any()


def test_config_holds_every_argument():
    arguments = {"kind": "continuous", "inference_kind": "all_false", "keep_probability": 0.25, "seed": 7}
    config = TimestampMask(**arguments).get_config()
    assert {name: config[name] for name in arguments} == arguments
    assert TimestampMask.from_config(config).keep_probability == 0.25


@pytest.mark.parametrize("arguments", [{"kind": "none"}, {"inference_kind": "some"}])
def test_other_kinds_are_refused(arguments):
    with pytest.raises(DscTfError, match="mask"):
        TimestampMask(**arguments)


def test_configurations_of_older_files_are_read():
    config = {"kind": "binomial", "at_rest": "mask_last", "keep": 0.25, "seed": 7}
    layer = TimestampMask.from_config(config)
    assert layer.inference_kind == "mask_last" and layer.keep_probability == 0.25
