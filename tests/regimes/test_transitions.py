"""A planted preference is found, a chain without one is not."""

import numpy as np
import pytest

from dsc_tf.errors import DscTfError
from dsc_tf.regimes.transitions import departure_shares, quasi_independent, transition_test, two_sided


def chain(probability, n, seed):
    rng = np.random.default_rng(seed)
    below = np.cumsum(probability, axis=1)
    labels = np.zeros(n, dtype=int)
    for t, u in enumerate(rng.random(n - 1), 1):
        labels[t] = np.searchsorted(below[labels[t - 1]], u)
    return labels


def persistent(leave, stay=0.75):
    return stay * np.eye(len(leave)) + (1 - stay) * np.asarray(leave)


# From each of four clusters to the others: without memory, weights 4 3 2 1; and with 0 -> 1 preferred.
WEIGHTS = np.array([0.4, 0.3, 0.2, 0.1])
PLAIN = np.where(np.eye(4, dtype=bool), 0, WEIGHTS) / (1 - WEIGHTS[:, None])
PLANTED = PLAIN.copy()
PLANTED[0] = [0, 0.1, 0.1, 0.8]


@pytest.mark.parametrize("null", ["memoryless", "spells"])
def test_a_planted_transition_is_found(null):
    labels = chain(persistent(PLANTED), 800, 0)
    found = transition_test(labels, null=null, n_surrogates=400)
    assert found.p_adjusted[0, 3] < 0.05 and found.share[0, 3] > found.expected[0, 3]
    assert found.p_adjusted[0, 1] < 0.05 and found.share[0, 1] < found.expected[0, 1]
    assert np.isnan(np.diag(found.p_value)).all()


@pytest.mark.parametrize("null", ["memoryless", "spells"])
def test_chains_without_memory_of_the_origin_are_not(null):
    p_values = [
        transition_test(chain(persistent(PLAIN), 400, seed), null=null, n_surrogates=99).p_value.values
        for seed in range(20)
    ]
    rejected = np.mean(np.stack(p_values)[:, ~np.eye(4, dtype=bool)] < 0.05)
    # 240 cells, not independent: 0.05 on average.
    assert 0.01 < rejected < 0.1


def test_expected_shares_of_a_known_chain():
    labels = chain(persistent(PLAIN), 8000, 1)
    found = transition_test(labels, n_surrogates=50)
    np.testing.assert_allclose(found.expected.fillna(0), PLAIN, atol=0.04)


def test_quasi_independence_by_hand():
    # Margins of a_i b_j with a = (1, 2, 3), b = (3, 2, 1), which is then found again.
    table = np.outer([1, 2, 3], [3, 2, 1]) * (1 - np.eye(3))
    np.testing.assert_allclose(quasi_independent(table + 100 * np.eye(3)), table, rtol=1e-6)


def test_departures_by_hand():
    shares = departure_shares(np.array([[9, 3, 1], [0, 5, 0], [2, 2, 0]]))
    np.testing.assert_allclose(shares, [[np.nan, 0.75, 0.25], [np.nan] * 3, [0.5, 0.5, np.nan]])


def test_two_sided_by_rank():
    null = np.arange(99.0)[:, None]
    np.testing.assert_allclose(two_sided(np.array([100.0]), null), [0.02])
    np.testing.assert_allclose(two_sided(np.array([-1.0]), null), [0.02])
    assert two_sided(np.array([49.0]), null)[0] == 1.0


def test_stays_keep_to_their_group():
    # Clusters 0, 1, 2 in one half-year and 3, 4, 5 in the other: within groups, none goes to the other's.
    halves = [chain(persistent((1 - np.eye(3)) / 2), 200, seed) + 3 * (seed % 2) for seed in range(10)]
    labels, group = np.concatenate(halves), np.repeat(np.arange(10) % 2, 200)
    blind = transition_test(labels, null="spells", n_surrogates=100)
    fair = transition_test(labels, null="spells", groups=group, n_surrogates=100)
    assert (blind.p_adjusted < 0.05).sum() > 10
    assert fair.expected[0, 3:].sum() < 0.1
    assert (fair.p_adjusted < 0.05).sum() == 0


def test_no_departure_leads_over_a_gap():
    labels = np.array([0, 0, 1, 1, 2, 2])
    found = transition_test(labels, starts=(0, 2), n_surrogates=20)
    assert found["count"][0, 1] == 0 and found["count"][1, 2] == 1


@pytest.mark.parametrize(
    ("labels", "options", "word"),
    [([0, 1, 0, 1], {}, "clusters"), ([0, 1, 2], {"null": "markov"}, "null")],
)
def test_bad_input(labels, options, word):
    with pytest.raises(DscTfError, match=word):
        transition_test(np.array(labels), **options)
