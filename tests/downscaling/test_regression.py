import numpy as np
import pytest
from sklearn.linear_model import Ridge

from dsc_tf.downscaling.anomalies import is_amount, leading_patterns
from dsc_tf.downscaling.conserve import conserve_blocks
from dsc_tf.downscaling.regression import FieldRegression, choose_penalty, folds_of_days, out_of_fold
from dsc_tf.downscaling.remainder import AmountSpread, DrawnRemainder, QuantileMapping, lag_one_correlation


def linear(days=300, seed=0, noise=0.1):
    """Predictors, and fields that depend linearly on them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(days, 4)) * [3, 2, 1, 0.5]
    return x, x @ rng.normal(size=(4, 12)) + 2 + noise * rng.normal(size=(days, 12))


def test_weights_are_those_of_scikit_learn():
    x, y = linear()
    patterns = leading_patterns(y, 0.999)
    unit = ((x - x.mean(axis=0)) ** 2).sum() / 4
    ridge = Ridge(alpha=0.01 * unit).fit(x, y @ patterns.T)
    found = FieldRegression.fit(x, y, 0.01)
    np.testing.assert_allclose(found(x), ridge.predict(x) @ patterns, atol=1e-8)


def test_chosen_penalty_has_the_least_validation_error():
    x, y = linear(noise=3.0)
    penalty, error = choose_penalty(x[:40], y[:40], x[200:], y[200:])
    own = FieldRegression.fit(x[:40], y[:40], penalty)(x[200:]) - y[200:]
    assert error == pytest.approx(np.sqrt((own**2).mean()), rel=1e-6)
    for other in (penalty / 30, penalty * 30):
        worse = FieldRegression.fit(x[:40], y[:40], other)(x[200:]) - y[200:]
        assert (worse**2).mean() >= (own**2).mean() * (1 - 1e-9)


@pytest.mark.parametrize("shape", [(50, 8), (8, 50)])
def test_patterns_are_those_of_the_singular_value_decomposition(shape):
    y = np.random.default_rng(1).normal(size=shape) @ np.diag(np.geomspace(1, 1e-3, shape[1]))
    _, s, vt = np.linalg.svd(y, full_matrices=False)
    patterns = leading_patterns(y, 0.99)
    count = int(np.searchsorted(np.cumsum(s**2) / (s**2).sum(), 0.99)) + 1
    assert len(patterns) == count
    np.testing.assert_allclose(np.abs(np.sum(patterns * vt[:count], axis=1)), 1.0, atol=1e-6)


def test_folds_are_whole_segments_where_there_are_enough():
    segment = np.repeat(np.arange(12), 10)
    fold = folds_of_days(segment)
    assert all(len(set(fold[segment == s])) == 1 for s in range(12)) and set(fold) == set(range(5))
    assert np.bincount(folds_of_days(np.zeros(100, int))).tolist() == [20] * 5


def test_predictions_out_of_fold_do_not_depend_on_their_own_fold():
    x, y = linear()
    fold = folds_of_days(np.zeros(300, int))
    before = out_of_fold(x, y, 0.01, fold)
    changed = y.copy()
    changed[fold == 2] += 100
    np.testing.assert_array_equal(out_of_fold(x, changed, 0.01, fold)[fold == 2], before[fold == 2])


def test_drawn_fields_have_the_covariance_and_the_persistence_of_the_remainders():
    rng = np.random.default_rng(2)
    mixing = rng.normal(size=(3, 6))
    z = np.zeros((6000, 3))
    for t in range(1, 6000):
        z[t] = np.array([0.8, 0.5, 0.0]) * z[t - 1] + rng.normal(size=3)
    remainder = z @ np.linalg.qr(mixing.T)[0].T
    segment = np.arange(6000) // 100
    fitted = DrawnRemainder.fit(remainder, segment)
    drawn = fitted.draw(3, segment, np.random.default_rng(0))
    covariance = np.cov(drawn.reshape(-1, 6).T)
    np.testing.assert_allclose(covariance, remainder.T @ remainder / 6000, atol=0.15)
    np.testing.assert_allclose(fitted.persistence, [0.8, 0.5, 0.0], atol=0.05)
    again = lag_one_correlation(drawn[0] @ fitted.patterns.T, segment)
    np.testing.assert_allclose(again, fitted.persistence, atol=0.05)


def test_segments_are_drawn_independently():
    fitted = DrawnRemainder(np.eye(1), np.ones(1), np.array([0.99]))
    ends = fitted.draw(4000, np.array([0, 0, 1, 1]), np.random.default_rng(0))[..., 0]
    assert (
        np.corrcoef(ends[:, 0], ends[:, 1])[0, 1] > 0.98
        and abs(np.corrcoef(ends[:, 1], ends[:, 2])[0, 1]) < 0.05
    )


def test_spread_follows_the_amount():
    rng = np.random.default_rng(3)
    predicted = rng.uniform(0, 2, size=(400, 20))
    remainder = predicted * rng.normal(size=predicted.shape)
    spread = AmountSpread.fit(predicted, remainder)
    np.testing.assert_allclose(spread(np.array([0.5, 1.9])), np.array([0.5, 1.9]) / np.sqrt(4 / 3), rtol=0.06)


def test_mapped_values_have_the_observed_quantiles():
    rng = np.random.default_rng(4)
    drawn, observed = rng.normal(size=(10, 400, 2)), np.maximum(rng.normal(size=(400, 2)) * 3 - 1, 0.0)
    mapping = QuantileMapping.fit(drawn, observed)
    mapped = np.maximum(mapping(drawn), 0.0).reshape(-1, 2)
    assert (mapped == 0).mean() == pytest.approx((observed == 0).mean(), abs=0.01)
    np.testing.assert_allclose(
        np.quantile(mapped, [0.7, 0.9, 0.99], axis=0),
        np.quantile(observed, [0.7, 0.9, 0.99], axis=0),
        atol=0.15,
    )
    beyond = mapping.drawn[-1] + 2.0
    np.testing.assert_allclose(mapping(beyond[None]), mapping.observed[-1:] + 2.0)


@pytest.mark.parametrize("amount", [True, False])
def test_block_means_become_the_coarse_values(amount):
    rng = np.random.default_rng(5)
    fine = np.maximum(rng.normal(size=(3, 7, 12)), 0.0)
    fine[..., 5] = np.nan
    block = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, -1, -1, -1])
    coarse = rng.uniform(0, 3, size=(7, 3))
    coarse[2, 1] = 0.0
    changed = conserve_blocks(fine, coarse, block, amount=amount)
    for number in range(3):
        np.testing.assert_allclose(
            np.nanmean(changed[..., block == number], axis=-1),
            np.broadcast_to(coarse[:, number], (3, 7)),
            atol=1e-5,
        )
    np.testing.assert_array_equal(changed[..., 9:], fine[..., 9:])
    assert not amount or np.nanmin(changed) >= 0


def test_amounts_are_told_from_other_variables():
    rng = np.random.default_rng(6)
    rain = np.maximum(rng.normal(size=2000), 0.0)
    assert is_amount(rain) and is_amount(rain * 1e-5) and is_amount(np.append(rain, np.nan))
    assert not is_amount(rng.normal(size=2000)) and not is_amount(280 + rng.normal(size=2000))
    assert not is_amount(np.exp(rng.normal(size=2000)))
    assert not is_amount(np.full(5, np.nan))
