"""Residence times against a Markov chain: geometric survival, right rates, a planted memory found."""

import numpy as np
import pytest

from dsc_tf.regimes.residence import residence_test
from dsc_tf.regimes.transitions import markov_chains, transition_probabilities


def chain(n, stay, seed):
    rng = np.random.default_rng(seed)
    matrix = np.array([[stay, 1 - stay], [1 - stay, stay]])
    return markov_chains(np.zeros(n, int), [0], matrix, 1, rng)[0]


def test_lengths_by_hand():
    labels = np.array([0, 0, 1, 0, 0, 0, -1, 1, 1, 1])
    found = residence_test(labels, n_surrogates=5)
    assert found.spells.values.tolist() == [2, 2] and found.mean_length.values.tolist() == [2.5, 2.0]
    np.testing.assert_allclose(found.deviation, [np.std([2, 3], ddof=1), np.std([1, 3], ddof=1)])
    np.testing.assert_array_equal(found.survival, [[1, 1, 0.5], [1, 0.5, 0.5]])
    # From 0: to 0 three times, to 1 once; from 1: to 0 once, to 1 twice.
    np.testing.assert_allclose(found.stay, [3 / 4, 2 / 3])


def test_survival_of_the_null_hypothesis_is_geometric():
    labels = chain(4000, 0.7, 0)
    found = residence_test(labels, n_surrogates=200)
    stay = float(found.stay[0])
    expected = stay ** (found.length.values - 1.0)
    np.testing.assert_allclose(found.survival_null[0], expected, atol=0.01)
    deviation = np.sqrt(stay) / (1 - stay)  # of a geometric distribution
    assert float(found.deviation_null[0]) == pytest.approx(deviation, rel=0.03)


def test_right_rate_for_markov_chains_and_memory_found():
    p_values = [float(residence_test(chain(300, 0.7, s), n_surrogates=99).p_value[0]) for s in range(30)]
    assert np.mean(np.array(p_values) < 0.1) < 0.27
    alike = np.tile(np.repeat([0, 1], 4), 40)  # all spells last four steps
    found = residence_test(alike, n_surrogates=99)
    assert (found.p_value <= 0.02).all() and (found.deviation == 0).all()


def test_segments_cut_the_surrogates_off_too():
    labels = np.repeat([0, 1], 5).tolist() * 20
    found = residence_test(np.array(labels), starts=range(0, 200, 5), n_surrogates=20)
    np.testing.assert_array_equal(found.survival_null, 1.0)  # no transition within a segment


def test_probabilities_of_a_cluster_that_is_never_left():
    np.testing.assert_array_equal(
        transition_probabilities(np.array([[0, 0], [1, 3]])), [[1, 0], [0.25, 0.75]]
    )
