import keras
import numpy as np
import pytest
from scipy.linalg import inv, sqrtm

from dsc_tf.models.pooled_trunk import classifier, past_future_model, pooled_trunk
from dsc_tf.training.past_future import (
    VAMP_RIDGE,
    KeepBest,
    PairBatches,
    RowBatches,
    canonical_directions,
    held_out_correlations,
    vamp2_loss,
)


def test_loss_is_the_norm_of_the_whitened_covariance():
    outputs = np.random.default_rng(0).normal(size=(50, 2, 3)).astype("float32")
    past, future = (outputs[:, i] - outputs[:, i].mean(axis=0) for i in range(2))
    ridge = VAMP_RIDGE * (outputs.var(axis=0).mean()) * np.eye(3)  # of the mean variance of past and future
    c00, c11, c01 = past.T @ past / 50 + ridge, future.T @ future / 50 + ridge, past.T @ future / 50
    expected = np.linalg.norm(inv(sqrtm(c00)) @ c01 @ inv(sqrtm(c11))) ** 2
    assert float(vamp2_loss(None, keras.ops.convert_to_tensor(outputs))) == pytest.approx(-expected, rel=1e-4)


def test_loss_does_not_depend_on_the_scale_of_the_outputs():
    outputs = np.random.default_rng(0).normal(size=(50, 2, 3)).astype("float32")
    small, large = (float(vamp2_loss(None, keras.ops.convert_to_tensor(s * outputs))) for s in (0.01, 100))
    assert small == pytest.approx(large, rel=1e-4)


def test_loss_of_equal_outputs_is_their_number_less_what_the_ridge_takes():
    same = np.repeat(np.random.default_rng(0).normal(size=(200, 1, 4)), 2, axis=1).astype("float32")
    variances = np.linalg.eigvalsh(np.cov(same[:, 0].T, bias=True))
    expected = ((variances / (variances + VAMP_RIDGE * variances.mean())) ** 2).sum()
    assert 3.9 < expected < 4
    assert float(vamp2_loss(None, keras.ops.convert_to_tensor(same))) == pytest.approx(-expected, rel=1e-4)


def test_pairs_are_a_lag_apart_and_depend_on_seed_epoch_and_step():
    fields = np.arange(100.0)
    batches = PairBatches(fields, np.arange(10, 20), (1, 4), batch_size=32, steps=3, seed=5)
    lags = set()
    for step in range(3):
        pairs, _ = batches[step]
        lags |= set(pairs["future"] - pairs["past"])
        assert set(pairs["past"]) <= set(range(10, 20))
        np.testing.assert_array_equal(batches[step][0]["past"], pairs["past"])
    assert lags <= {1.0, 4.0}
    assert not np.array_equal(batches[0][0]["past"], batches[1][0]["past"])


def test_rows_are_drawn_among_those_given():
    batches = RowBatches(np.arange(50.0), np.eye(50), np.array([3, 30]), batch_size=20, steps=1, seed=(1, 2))
    fields, targets = batches[0]
    assert set(fields) == {3.0, 30.0}
    np.testing.assert_array_equal(targets.argmax(axis=1), fields)


def test_canonical_directions_separate_slow_from_fast():
    """A mixture of a slow and a fast autoregression: the first direction is the slow one, with its correlation."""
    rng = np.random.default_rng(0)
    sources = rng.normal(size=(4000, 2))
    for t in range(1, 4000):
        sources[t] += np.array([0.95, 0.3]) * sources[t - 1]
    mixed = sources @ np.array([[1.0, 0.4], [0.5, 1.0]])
    first, held_out = np.arange(3000), np.arange(3000, 3990)
    mean, rotation = canonical_directions(mixed, first, 4)
    found = (mixed - mean) @ rotation
    assert abs(np.corrcoef(found[:, 0], sources[:, 0])[0, 1]) > 0.99
    np.testing.assert_allclose(found[:3000].std(axis=0), 1, atol=0.05)
    slow, fast = held_out_correlations(mixed, first, held_out, 4)
    assert slow == pytest.approx(0.95**4, abs=0.08) and 0 <= fast < 0.15


def test_best_weights_are_kept():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    seen, scores = [], iter([1.0, 3.0, 2.0])

    def score():
        seen.append(model.get_weights()[0].copy())
        return next(scores)

    keep = KeepBest(score)
    model.fit(np.ones((8, 1)), np.ones((8, 1)), epochs=3, verbose=0, callbacks=[keep])
    assert (keep.best, keep.best_epoch) == (3.0, 2)
    np.testing.assert_array_equal(model.get_weights()[0], seen[1])


def test_trunk_does_not_depend_on_the_position_of_a_pattern():
    """Away from the edges, a shift by the total stride of 4 changes no feature."""
    keras.utils.set_random_seed(0)
    trunk = pooled_trunk((16, 40, 1), filters=4, size=5)
    field = np.zeros((1, 16, 40, 1), "float32")
    field[0, 6:10, 16:20, 0] = np.random.default_rng(0).normal(size=(4, 4))
    np.testing.assert_allclose(trunk(field), trunk(np.roll(field, 4, axis=2)), atol=1e-6)
    assert not np.allclose(trunk(field), trunk(-field), atol=1e-3)


def test_models_on_the_trunk_have_their_shapes():
    keras.utils.set_random_seed(0)
    trunk = pooled_trunk((5, 7, 2), filters=4, size=5)
    fields = np.random.default_rng(0).normal(size=(3, 5, 7, 2)).astype("float32")
    model = past_future_model(trunk, size=2)
    outputs = np.asarray(model({"past": fields, "future": fields[::-1].copy()}))
    assert outputs.shape == (3, 2, 2)
    np.testing.assert_allclose(outputs[:, 1], outputs[::-1, 0], atol=1e-6)
    copy = classifier(trunk, 4)
    assert copy(fields).shape == (3, 4)
    before = trunk.get_weights()
    copy.set_weights([w + 1 for w in copy.get_weights()])
    for old, new in zip(before, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
