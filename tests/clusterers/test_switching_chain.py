"""The switching chain against enumeration, simulation and its own laws."""

from itertools import product

import numpy as np
import pytest

from dsc_tf.clusterers.switching_chain import (
    Chain,
    Priors,
    Run,
    _em,
    fit_chain,
    forward_backward,
    infer,
    lagged,
    log_emissions,
    past_future_information,
    segment_starts,
    stationary,
)

TRANSITIONS = np.array([[0.8, 0.15, 0.05], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5]])


def enumerated(emissions, transitions):
    """Posterior of a chain of one segment by the sum over all paths: smoothed, filtered, counts, log-likelihood."""
    days, n_states = emissions.shape

    def paths(length):
        for path in product(range(n_states), repeat=length):
            logs = emissions[range(length), path].sum() - np.log(n_states)
            yield (
                path,
                np.exp(logs + sum(np.log(transitions[a, b]) for a, b in zip(path, path[1:], strict=False))),
            )

    smoothed, counts, filtered = np.zeros((days, n_states)), np.zeros((n_states, n_states)), []
    total = 0.0
    for path, weight in paths(days):
        total += weight
        smoothed[range(days), path] += weight
        for a, b in zip(path, path[1:], strict=False):
            counts[a, b] += weight
    for length in range(1, days + 1):
        last = np.zeros(n_states)
        for path, weight in paths(length):
            last[path[-1]] += weight
        filtered.append(last / last.sum())
    return smoothed / total, np.array(filtered), counts / total, np.log(total)


@pytest.mark.parametrize("days", [1, 2, 5, 7])
def test_posterior_is_the_sum_over_all_paths(days):
    emissions = (
        np.random.default_rng(days).normal(scale=2, size=(days, 3)) - 700
    )  # far below what exp can hold
    posterior = forward_backward(emissions, TRANSITIONS, segment_starts(np.zeros(days)))
    smoothed, filtered, counts, _ = enumerated(emissions + 700, TRANSITIONS)
    np.testing.assert_allclose(posterior.smoothed, smoothed, rtol=1e-9)
    np.testing.assert_allclose(posterior.filtered, filtered, rtol=1e-9)
    np.testing.assert_allclose(posterior.counts, counts, rtol=1e-9)
    expected = enumerated(emissions + 700, TRANSITIONS)[3] - 700 * days
    assert posterior.log_likelihood == pytest.approx(expected, rel=1e-12)


def test_segments_are_independent_chains():
    rng = np.random.default_rng(0)
    emissions = rng.normal(size=(30, 3))
    segment = np.repeat([4, 7, 2], [13, 1, 16])
    whole = forward_backward(emissions, TRANSITIONS, segment_starts(segment))
    parts = [
        forward_backward(emissions[segment == i], TRANSITIONS, segment_starts(segment[segment == i]))
        for i in (4, 7, 2)
    ]
    np.testing.assert_allclose(whole.smoothed, np.concatenate([p.smoothed for p in parts]), rtol=1e-9)
    np.testing.assert_allclose(whole.filtered, np.concatenate([p.filtered for p in parts]), rtol=1e-9)
    np.testing.assert_allclose(whole.counts, sum(p.counts for p in parts), rtol=1e-9)
    assert whole.log_likelihood == pytest.approx(sum(p.log_likelihood for p in parts))


def test_lags_do_not_cross_segments():
    values = np.arange(1.0, 7.0)[:, None]
    starts = segment_starts([0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(lagged(values, 2, starts), [[0, 0], [1, 0], [2, 1], [0, 0], [4, 0], [5, 4]])


def test_emissions_are_gaussian_densities():
    from scipy.stats import multivariate_normal

    rng = np.random.default_rng(0)
    root = rng.normal(size=(2, 2, 2))
    chain = Chain(
        rng.normal(size=(2, 2)),
        rng.normal(size=(2, 2, 2)),
        root @ root.transpose(0, 2, 1),
        np.full((2, 2), 0.5),
    )
    X, before = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    found = log_emissions(chain, X, before) - np.log(2 * np.pi)
    for k in range(2):
        for t in range(5):
            mean = chain.means[k] + chain.coefficients[k].T @ before[t]
            expected = multivariate_normal(mean, chain.covariances[k]).logpdf(X[t])
            assert found[t, k] == pytest.approx(expected)


def test_em_never_lowers_the_likelihood():
    rng = np.random.default_rng(1)
    regime = np.repeat(rng.integers(0, 3, 30), 10)
    X = rng.normal(size=(3, 4))[regime] + rng.normal(size=(300, 4))
    guess = rng.dirichlet(np.ones(3), 300)
    none = Priors(mean=0, covariance=0, lag=0, transition=0, stickiness=0)
    (run,) = _em(X, segment_starts(np.zeros(300)), [Run(guess)], 0, 60, none)
    history = np.array(run.history)[10:]  # after tempering
    assert len(history) > 5 and (np.diff(history) > -1e-5 * np.abs(history[1:])).all()
    assert history[-1] > history[0]


def simulated(days=1500, seed=0):
    """Two regimes of equal mean and different dynamics in two dimensions, episodes of 50 days."""
    rng = np.random.default_rng(seed)
    regime = np.repeat(np.arange(days // 50) % 2, 50)
    turn = 0.9 * np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    X = rng.normal(size=(days, 2))
    for t in range(1, days):
        X[t] += (turn if regime[t] else turn.T) @ X[t - 1]
    return X, regime, turn


def agreement(labels, regime):
    """Share of days on which two labels of two regimes agree."""
    share = float(np.mean(labels == regime))
    return max(share, 1 - share)


def test_two_simulated_autoregressions_are_recovered():
    X, regime, turn = simulated()
    starts = segment_starts(np.zeros(len(X)))
    chain, posterior = fit_chain(X, starts, 2, 1, random_state=0)
    assert agreement(posterior.smoothed.argmax(axis=1), regime) > 0.97
    order = (
        [0, 1]
        if agreement(posterior.smoothed.argmax(axis=1), regime)
        == np.mean(posterior.smoothed.argmax(axis=1) == regime)
        else [1, 0]
    )
    found = chain.ordered(order)
    np.testing.assert_allclose(found.coefficients[0].T, turn.T, atol=0.1)
    np.testing.assert_allclose(found.coefficients[1].T, turn, atol=0.1)
    np.testing.assert_allclose(found.covariances, np.broadcast_to(np.eye(2), (2, 2, 2)), atol=0.15)
    assert (np.diag(chain.transitions) > 0.9).all()


def test_static_regimes_are_no_shocks_of_one_autoregression():
    """Two distant means under red noise: deviations from the mean path keep the states apart even with a lag."""
    rng = np.random.default_rng(0)
    regime = np.repeat(np.arange(60) % 2, 10)
    X = 3.0 * np.where(regime[:, None] == 1, 1.0, -1.0) + rng.normal(size=(600, 1))
    _, posterior = fit_chain(X, segment_starts(np.zeros(600)), 2, 1, random_state=0)
    assert agreement(posterior.smoothed.argmax(axis=1), regime) > 0.98


@pytest.mark.parametrize("lags", [0, 1, 3])
def test_filtered_states_do_not_depend_on_later_days(lags):
    X, _, _ = simulated(400)
    starts = segment_starts(np.zeros(400))
    chain, _ = fit_chain(X, starts, 2, lags, n_init=2, max_iter=20, random_state=0)
    other = X.copy()
    other[300:] = np.random.default_rng(9).normal(scale=3, size=(100, 2))
    first, second = (infer(chain, data, starts, causal=True)[0].filtered for data in (X, other))
    np.testing.assert_allclose(first[:300], second[:300], rtol=1e-9)
    assert not np.allclose(first[300:], second[300:])


def test_same_seed_same_chain():
    X, _, _ = simulated(400)
    starts = segment_starts(np.zeros(400))
    first, second = (fit_chain(X, starts, 2, 1, n_init=2, max_iter=20, random_state=3)[0] for _ in range(2))
    np.testing.assert_array_equal(first.coefficients, second.coefficients)


def test_stationary_distribution_is_kept():
    share = stationary(TRANSITIONS)
    np.testing.assert_allclose(share @ TRANSITIONS, share)
    assert share.sum() == pytest.approx(1)


def test_information_of_certain_states_is_the_entropy_and_of_noise_nothing():
    """With certain emissions and two equally long alternating states the past tells the future within an episode."""
    regime = np.repeat(np.arange(40) % 2, 50)
    certain = np.where(np.eye(2)[regime] > 0, 0.0, -50.0)
    transitions = np.array([[0.98, 0.02], [0.02, 0.98]])
    starts = segment_starts(np.zeros(2000))
    wrong = 4 * 39 / 1996  # pairs of t and t + 4, the first future day, that lie across a change
    expected = np.log(2) + wrong * np.log(wrong) + (1 - wrong) * np.log(1 - wrong)
    assert past_future_information(certain, transitions, starts) == pytest.approx(expected, abs=0.01)
    noise = np.random.default_rng(0).normal(size=(2000, 2))
    assert past_future_information(noise, np.full((2, 2), 0.5), starts) < 0.01


def test_information_pairs_days_of_one_segment_only():
    certain = np.where(np.eye(2)[[0, 0, 1, 1]] > 0, 0.0, -50.0)
    assert past_future_information(certain, np.full((2, 2), 0.5), segment_starts([0, 0, 1, 1])) == 0.0
