"""TS2Vec's loss against loops over its formulas, against numbers worked by hand and against the authors' program."""

import json
from pathlib import Path

import contrastive_loops as loops
import numpy as np
import pytest
import tensorflow as tf

from dsc_tf.errors import DscTfError
from dsc_tf.representations import TS2VEC, ContrastiveLossConfig
from dsc_tf.representations.losses import hierarchical_loss, instance_term, temporal_term

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "ts2vec_golden.json"


def views(series=3, steps=7, features=4, seed=0):
    drawn = np.random.default_rng(seed).normal(size=(2, series, steps, features))
    return drawn.astype("float32")


def waves(series, steps, features):
    n = np.arange(series * steps * features).reshape(series, steps, features)
    return np.sin(0.1 * n).astype("float32"), np.cos(0.07 * n).astype("float32")


def padded(view, steps, seed=1):
    """More steps at the end, full of what must not count."""
    rest = np.random.default_rng(seed).normal(size=(len(view), steps - view.shape[1], view.shape[2])) * 3
    return np.concatenate([view, rest.astype("float32")], axis=1)


@pytest.mark.parametrize("shape", [(3, 7, 4), (2, 8, 3), (1, 8, 4), (4, 1, 4), (2, 2, 1)])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_all_scales_as_in_the_paper(shape, alpha):
    first, second = views(*shape)
    loss = hierarchical_loss(first, second, ContrastiveLossConfig(alpha=alpha))
    assert float(loss) == pytest.approx(loops.pyramid(first, second, alpha), rel=2e-5, abs=1e-6)


@pytest.mark.parametrize("unit", [0, 1, 2, 5])
def test_finest_scales_may_go_without_temporal_term(unit):
    first, second = views(steps=9)
    loss = hierarchical_loss(first, second, ContrastiveLossConfig(temporal_unit=unit))
    assert float(loss) == pytest.approx(loops.pyramid(first, second, unit=unit), rel=2e-5)


@pytest.mark.parametrize(("normalise", "temperature"), [(True, 1.0), (False, 3.0), (True, 0.1)])
def test_directions_and_temperature(normalise, temperature):
    first, second = views()
    loss = hierarchical_loss(
        first, second, ContrastiveLossConfig(normalise=normalise, temperature=temperature)
    )
    expected = loops.pyramid(first, second, tau=temperature, normalise=normalise)
    assert float(loss) == pytest.approx(expected, rel=2e-5)


def test_each_term_alone():
    first, second = views()
    assert float(instance_term(first, second)) == pytest.approx(loops.instance(first, second), rel=2e-5)
    assert float(temporal_term(first, second)) == pytest.approx(loops.plain_temporal(first, second), rel=2e-5)


def test_equal_vectors_leave_pure_chance():
    # Every candidate is as good: log(2 N - 1) over N series, log(2 T - 1) over T steps.
    same = np.ones((5, 6, 3), "float32")
    assert float(instance_term(same, same)) == pytest.approx(np.log(9), rel=1e-6)
    assert float(temporal_term(same, same)) == pytest.approx(np.log(11), rel=1e-6)


def test_two_steps_worked_by_hand():
    # z1 = (1, 0), z2 = (2, 1): in view 1, step 0 sees 1 * 0 of its own view and 1 * 2, 1 * 1 of the other.
    first, second = np.array([[[1.0], [0.0]]], "float32"), np.array([[[2.0], [1.0]]], "float32")
    e = np.exp
    by_hand = [
        np.log(e(0) + e(2) + e(1)) - 2,  # view 1, step 0
        np.log(e(0) + e(0) + e(0)) - 0,  # view 1, step 1
        np.log(e(2) + e(2) + e(0)) - 2,  # view 2, step 0
        np.log(e(2) + e(1) + e(0)) - 0,  # view 2, step 1
    ]
    assert float(temporal_term(first, second)) == pytest.approx(np.mean(by_hand), rel=1e-6)


def test_a_single_step_has_no_temporal_term_and_a_single_series_no_instance_term():
    assert float(temporal_term(*views(steps=1))) == pytest.approx(0, abs=1e-6)
    assert float(hierarchical_loss(*views(steps=1), ContrastiveLossConfig(alpha=0.0))) == 0
    assert float(instance_term(*views(series=1))) == 0
    assert float(hierarchical_loss(*views(series=1), ContrastiveLossConfig(alpha=1.0))) == 0


def test_views_are_alike_to_the_loss():
    first, second = views()
    assert float(hierarchical_loss(first, second)) == pytest.approx(
        float(hierarchical_loss(second, first)), rel=1e-6
    )


def test_order_of_series_does_not_matter():
    first, second = views()
    turned = hierarchical_loss(first[::-1].copy(), second[::-1].copy())
    assert float(turned) == pytest.approx(float(hierarchical_loss(first, second)), rel=1e-6)


@pytest.mark.parametrize("length", [1, 2, 5, 6, 7])
def test_padding_counts_for_nothing(length):
    first, second = views(steps=length)
    plain = hierarchical_loss(first, second)
    with_rest = hierarchical_loss(padded(first, 9), padded(second, 9, seed=2), length=length, scales=4)
    assert float(with_rest) == pytest.approx(float(plain), rel=1e-5)


def test_nothing_is_learned_from_padding():
    first, second = (tf.Variable(padded(v, 9, seed)) for seed, v in enumerate(views(steps=5)))
    with tf.GradientTape() as tape:
        loss = hierarchical_loss(first, second, length=5)
    for gradient in tape.gradient(loss, [first, second]):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient[:, :5]).max() > 0 and not np.asarray(gradient[:, 5:]).any()


def test_large_products_stay_finite():
    first, second = views() * 100
    assert np.isfinite(hierarchical_loss(first, second))


def test_length_may_be_known_only_at_run_time():
    first, second = views(steps=9)
    traced = tf.function(
        lambda a, b, n: hierarchical_loss(a, b, length=n, scales=4),
        input_signature=[tf.TensorSpec((None, None, 4)), tf.TensorSpec((None, None, 4)), tf.TensorSpec(())],
    )
    for length in (9.0, 4.0):
        cut = int(length)
        expected = loops.pyramid(first[:, :cut], second[:, :cut])
        assert float(traced(first, second, tf.constant(length))) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(
    "setting",
    [
        {"alpha": 1.1},
        {"alpha": -0.1},
        {"temperature": 0},
        {"neighbour_weighting": "friends"},
        {"hardness": -1},
        {"temporal_unit": -1},
    ],
)
def test_settings_out_of_range_are_named(setting):
    with pytest.raises(DscTfError, match=next(iter(setting))):
        ContrastiveLossConfig(**setting)


def test_defaults_know_no_distance():
    assert not TS2VEC.uses_lags
    assert (
        ContrastiveLossConfig(neighbour_weighting="downweight").uses_lags
        and ContrastiveLossConfig(hardness=0.5).uses_lags
    )


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text())


@pytest.mark.real
@pytest.mark.skipif(not GOLDEN.exists(), reason=f"no ../shared/data/{GOLDEN.name} beside the checkout")
@pytest.mark.parametrize("case", range(5))
def test_the_authors_program_says_the_same(golden, case):
    known = golden["loss"][case]
    first, second = waves(known["B"], known["T"], known["C"])
    close = {"rel": 1e-5, "abs": 1e-6}
    assert float(instance_term(first, second)) == pytest.approx(known["instance"], **close)
    assert float(temporal_term(first, second)) == pytest.approx(known["temporal"], **close)
    for name, value in known.items():
        if name.startswith("hier"):
            alpha, unit = (part[1:] for part in name.split("_")[1:])
            contrast = ContrastiveLossConfig(alpha=float(alpha), temporal_unit=int(unit))
            assert float(hierarchical_loss(first, second, contrast)) == pytest.approx(value, **close), name


def test_settings_of_older_files_are_read():
    old = {"alpha": 0.5, "temporal_unit": 0, "normalise": False, "temperature": 0.1, "neighbours": "follow"}
    config = ContrastiveLossConfig.from_json(old | {"hardness": 0.0})
    assert config.neighbour_weighting == "causal" and config.temperature == 0.1
