import numpy as np
import pytest
from sklearn.linear_model import Ridge

from dsc_tf.downstream.probes import RidgeProbe
from dsc_tf.downstream.probes.ridge import ALPHAS


@pytest.fixture
def linear():
    """Features and targets of a linear map with offset, and its noise, for training and validation."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6))
    Y = X @ rng.normal(size=(6, 3)) + [5, -7, 100] + rng.normal(size=(400, 3))
    return X[:300], Y[:300], X[300:], Y[300:]


def twin(X, Y, X_validation, Y_validation):
    """scikit-learn's ridge at each penalty in turn."""
    best = None
    for alpha in ALPHAS:
        model = Ridge(alpha).fit(X, Y)
        error = model.predict(X_validation) - Y_validation
        score = np.sqrt((error**2).mean()) + np.abs(error).mean()
        if best is None or score < best[0]:
            best = score, alpha, model
    return best[1:]


def test_linear_map_is_recovered():
    rng = np.random.default_rng(1)
    X, W = rng.normal(size=(2000, 5)), rng.normal(size=(5, 4))
    Y = X @ W + 3.0
    probe = RidgeProbe().fit(X[:1500], Y[:1500], X[1500:], Y[1500:])
    np.testing.assert_allclose(probe.predict(X), Y, atol=1e-3)
    np.testing.assert_allclose(probe.predict(np.eye(5)) - probe.predict(np.zeros((5, 5))), W, atol=1e-3)


@pytest.mark.parametrize("noise", [0, 30])
def test_equals_scikit_learn(linear, noise):
    X, Y, X_validation, Y_validation = linear
    Y = Y + noise * np.random.default_rng(1).normal(size=Y.shape)
    probe = RidgeProbe().fit(X, Y, X_validation, Y_validation)
    alpha, model = twin(X, Y, X_validation, Y_validation)
    assert probe.alpha_ == alpha
    np.testing.assert_allclose(probe.predict(X_validation), model.predict(X_validation), rtol=1e-8)


def test_penalty_is_chosen_on_the_validation_block(linear):
    X, Y, X_validation, _ = linear
    follows = Ridge(0.1).fit(X, Y).predict(X_validation)
    assert RidgeProbe().fit(X, Y, X_validation, follows).alpha_ == 0.1
    flat = np.broadcast_to(Y.mean(axis=0), follows.shape)
    assert RidgeProbe().fit(X, Y, X_validation, flat).alpha_ == max(ALPHAS)


def test_coefficients_come_from_the_training_block_alone(linear):
    X, Y, X_validation, Y_validation = linear
    one = RidgeProbe([2]).fit(X, Y, X_validation, Y_validation)
    other = RidgeProbe([2]).fit(X, Y, 9 * X_validation, Y_validation**2)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


def test_mean_of_features_and_targets_bears_no_penalty(linear):
    X, Y, X_validation, Y_validation = linear
    one = RidgeProbe().fit(X, Y, X_validation, Y_validation).predict(X)
    other = RidgeProbe().fit(X + 50, Y - 20, X_validation + 50, Y_validation - 20).predict(X + 50)
    np.testing.assert_allclose(other, one - 20, rtol=1e-6)


def test_twin_features_share_their_weight(linear):
    X, Y, X_validation, Y_validation = linear
    doubled = RidgeProbe([1]).fit(X[:, [0, 0]], Y, X_validation[:, [0, 0]], Y_validation)
    effect = doubled.predict(np.eye(2)) - doubled.predict(np.zeros((2, 2)))
    np.testing.assert_allclose(effect[0], effect[1], rtol=1e-8)


def test_more_features_than_steps(linear):
    X, Y, X_validation, Y_validation = linear
    wide = np.random.default_rng(0).normal(size=(6, 500))
    probe = RidgeProbe([1]).fit(X[:20] @ wide, Y[:20], X_validation @ wide, Y_validation)
    expected = Ridge(1).fit(X[:20] @ wide, Y[:20]).predict(X_validation @ wide)
    np.testing.assert_allclose(probe.predict(X_validation @ wide), expected, rtol=1e-6)


def test_more_rows_than_asked_for_are_thinned_out_evenly(linear):
    X, Y, X_validation, Y_validation = linear
    thinned = RidgeProbe(most_rows=150).fit(X, Y, X_validation, Y_validation)
    by_hand = RidgeProbe().fit(X[::2], Y[::2], X_validation, Y_validation)
    np.testing.assert_array_equal(thinned.predict(X), by_hand.predict(X))


def test_single_precision_is_enough(linear):
    probe = RidgeProbe().fit(*linear)
    single = RidgeProbe().fit(*(a.astype("float32") for a in linear))
    assert single.alpha_ == probe.alpha_
    np.testing.assert_allclose(single.predict(linear[2]), probe.predict(linear[2]), rtol=1e-4, atol=1e-4)
