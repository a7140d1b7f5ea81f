"""What SwitchingDSC adds to the contract: the branch with a network, its files, and the choice between branches."""

import numpy as np
import pytest

from dsc_tf.clusterers import trunk_chain
from dsc_tf.clusterers.switching import SwitchingAutoregression
from dsc_tf.clusterers.switching_dsc import TRUNK, SwitchingDSC
from dsc_tf.errors import DscTfError

SMALL = {"filters": 4, "steps": 20, "rounds": 2, "round_steps": 4, "random_state": 0}


def highs_and_lows(days=360, seed=0):
    """A high or a low at a random longitude in episodes of 30 days, shape (day, 8, 12, 1); means are equal."""
    rng = np.random.default_rng(seed)
    regime = np.repeat(np.arange(days // 30) % 2, 30)
    distance = np.abs((np.arange(12) - rng.integers(0, 12, days)[:, None] + 6) % 12 - 6)
    wave = np.exp(-0.5 * (distance / 1.5) ** 2)
    wave -= wave.mean(axis=1, keepdims=True)
    profile = np.exp(-0.5 * ((np.arange(8) - 3.5) / 2) ** 2)
    fields = 3 * np.where(regime == 0, 1, -1)[:, None, None] * profile[:, None] * wave[:, None, :]
    X = fields + 0.3 * rng.normal(size=fields.shape)
    return X[..., None].astype(np.float32), regime


@pytest.fixture(scope="module")
def fitted():
    X, regime = highs_and_lows()
    return SwitchingDSC(2, branches=(), **SMALL | {"steps": 60, "round_steps": 30}).fit(X[:, None]), X, regime


def test_network_separates_highs_from_lows_where_the_linear_chain_cannot(fitted):
    method, X, regime = fitted
    assert method.branch_ == TRUNK
    share = np.mean(method.labels_ == regime)
    assert max(share, 1 - share) > 0.9
    linear = SwitchingAutoregression(2, branches=((6, 0),), random_state=0).fit(X[:, None]).labels_
    share = np.mean(linear == regime)
    assert max(share, 1 - share) < 0.8


def test_network_is_saved_and_loaded_without_pickle(fitted, tmp_path):
    method, X, _ = fitted
    method.save(tmp_path)
    loaded = SwitchingDSC.load(tmp_path)
    assert loaded.branch_ == TRUNK
    np.testing.assert_array_equal(loaded.predict_proba(X[:, None]), method.soft_labels_)
    assert not list(tmp_path.glob("*.pkl"))
    (tmp_path / "network_1.weights.h5").write_bytes(b"damaged")
    with pytest.raises(DscTfError, match="network_1.weights.h5 cannot be read"):
        SwitchingDSC.load(tmp_path)


def test_causal_labels_of_the_network_do_not_depend_on_later_days(fitted):
    method, X, _ = fitted
    other = X.copy()
    other[200:] = -X[200:]
    method.causal = True
    try:
        first, second = (method.predict_proba(data[:, None]) for data in (X, other))
    finally:
        method.causal = False
    np.testing.assert_allclose(first[:200], second[:200], atol=1e-6)
    assert not np.allclose(first[200:], second[200:])


@pytest.mark.usefixtures("one_test_eagerly")
def test_network_is_judged_with_the_linear_branches():
    X, _ = highs_and_lows()
    quick = SMALL | {"steps": 4, "rounds": 1, "round_steps": 2}
    never = {"sufficient_information": np.inf}
    method = SwitchingDSC(2, branches=((2, 0),), **never, **quick).fit(X[:, None])
    assert set(method.information_) == set(method.candidates_) == {(2, 0), TRUNK}
    best = max(method.information_.values())
    assert method.information_[method.branch_] == best


def test_chosen_network_is_trained_again_on_the_whole_record(monkeypatch):
    """The choice sees the first two thirds alone. Training is a mock."""
    X, regime = highs_and_lows()
    lengths = {"past-future": [], "round": []}

    def past_future(trunk, fields, *_):
        lengths["past-future"].append(len(fields))
        return np.eye(2)[regime[: len(fields)]] + 0.1 * np.random.default_rng(0).normal(
            size=(len(fields), 2)
        ), 0.5

    def train(network, fields, *_):
        lengths["round"].append(len(fields))
        network.set_weights([weight + 1 for weight in network.get_weights()])

    monkeypatch.setattr(trunk_chain, "_train_past_future", past_future)
    monkeypatch.setattr(trunk_chain, "_train_classifier", train)
    monkeypatch.setattr(
        trunk_chain, "_log_probabilities", lambda _, fields: fields[:, :1, :2, :].mean(axis=1)[..., 0]
    )
    monkeypatch.setattr(SwitchingAutoregression, "_judge", lambda *_: {(2, 0): -1.0})
    method = SwitchingDSC(2, branches=((2, 0),), **SMALL).fit(X[:, None])
    assert method.branch_ == TRUNK
    assert lengths == {"past-future": [240, 360], "round": 2 * [240] + 4 * [360]}


def test_network_is_not_trained_where_a_linear_branch_is_enough(monkeypatch):
    X, _ = highs_and_lows()
    monkeypatch.setattr(SwitchingDSC, "_fit_trunk", pytest.fail)
    monkeypatch.setattr(SwitchingAutoregression, "_judge", lambda *_: {(2, 0): 0.2})
    assert SwitchingDSC(2, branches=((2, 0),), **SMALL).fit(X[:, None]).branch_ == (2, 0)


def test_grid_too_small_for_the_network_needs_linear_branches():
    X = np.random.default_rng(0).normal(size=(30, 1, 3, 3, 1))
    with pytest.raises(DscTfError, match="branches: none for a grid of 3 x 3"):
        SwitchingDSC(2, branches=(), **SMALL).fit(X)
    assert SwitchingDSC(2, branches=((2, 0),), **SMALL).fit(X).branch_ == (2, 0)
