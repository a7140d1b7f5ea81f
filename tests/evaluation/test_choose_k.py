"""Classifiability by hand, red noise with the right memory, planted groups chosen."""

import sys

import numpy as np
import pytest
from sklearn.cluster import KMeans

from dsc_tf.errors import DscTfError
from dsc_tf.evaluation.choose_k import choose_k
from dsc_tf.evaluation.classifiability import (
    classifiability,
    family_wise_p_values,
    lag_one,
    random_partitions,
    red_noise,
)


def blobs(n=300, seed=0):
    """Stays of five days in three groups that lie far apart in a plane."""
    rng = np.random.default_rng(seed)
    centres = 6 * np.array([[1, 0], [-0.5, 0.8], [-0.5, -0.8]])
    return centres[np.repeat(rng.integers(0, 3, n // 5), 5)] + rng.normal(size=(n, 2))


def test_index_by_hand():
    one = np.array([[1.0, 0], [0, 2]])
    other = np.array([[0, 1.0], [3, 4]])
    # From one to other: (1, 0) is best matched by (3, 4), 0.6; (0, 2) by (0, 1), 1.
    # Back: (0, 1) by (0, 2), 1; (3, 4) by (0, 2), 0.8.
    both = np.stack([one, other])
    np.testing.assert_allclose(classifiability(both), (0.6 + 0.8) / 2)
    np.testing.assert_allclose(classifiability(both, statistic="mean"), (0.8 + 0.9) / 2)
    np.testing.assert_allclose(classifiability(np.stack([one, 5 * one[::-1]])), 1)


def test_partitions_of_plain_groups_are_all_the_same():
    X = blobs()
    assert classifiability(random_partitions(X - X.mean(axis=0), 3, 10, init="k-means++")) > 0.99


@pytest.mark.parametrize("init", ["random", "k-means++"])
def test_partitions_are_those_of_scikit_learn(init):
    X = np.random.default_rng(0).normal(size=(120, 4)) * [4, 3, 2, 1] + 50
    found = random_partitions(X, 5, 6, init=init, random_state=3)
    seeds = np.random.default_rng(3).integers(2**31, size=6).tolist()
    one_by_one = [KMeans(5, init=init, n_init=1, random_state=seed).fit(X).cluster_centers_ for seed in seeds]
    np.testing.assert_allclose(found, one_by_one, atol=2e-5)  # single precision


def test_partitions_do_not_depend_on_how_many_are_computed_at_a_time(monkeypatch):
    X = np.random.default_rng(0).normal(size=(60, 3))
    together = random_partitions(X, 4, 7)
    monkeypatch.setattr(sys.modules[random_partitions.__module__], "BLOCK_VALUES", 2 * 4 * 60)
    np.testing.assert_allclose(random_partitions(X, 4, 7), together, atol=1e-5)


def test_other_initial_centres_are_refused():
    with pytest.raises(DscTfError, match="init: 'first'. Choose random or k-means"):
        random_partitions(blobs(), 3, init="first")


def test_surrogates_have_mean_variance_and_memory_within_seasons():
    rng = np.random.default_rng(0)
    starts = range(0, 4000, 100)
    X = red_noise(rng.normal(size=(4000, 2)) * [1, 3] + [5, 0], starts)[0]
    for start in starts:  # memory of 0.8 and none, begun anew in each season
        for t in range(start + 1, start + 100):
            X[t, 0] += 0.8 * (X[t - 1, 0] - 5)
    surrogates = red_noise(X, starts, n_surrogates=3, random_state=1)
    assert surrogates.shape == (3, 4000, 2)
    np.testing.assert_allclose(surrogates.mean(axis=1), np.tile(X.mean(axis=0), (3, 1)))
    np.testing.assert_allclose(surrogates.std(axis=1), np.tile(X.std(axis=0), (3, 1)))
    for surrogate in surrogates:
        np.testing.assert_allclose(lag_one(surrogate, starts), lag_one(X, starts), atol=0.05)
        across = surrogate[100::100, 0] - 5, surrogate[99:-1:100, 0] - 5
        assert abs(np.corrcoef(*across)[0, 1]) < 0.5


def test_lag_one_leaves_gaps_out():
    # 1 -1 | 1 -1: within stretches each step is followed by its opposite, over the gap by its like.
    X = np.array([[1.0], [-1], [-1], [1]])
    np.testing.assert_allclose(lag_one(X, (0, 2)), [-1])


def test_family_wise_level_over_nine_numbers_of_clusters():
    # Under the null hypothesis the record is one more surrogate: something passes by itself in many cases, and at
    # the family-wise level of 10 % in at most 10 % of them (400 repetitions: standard deviation 1.5 %).
    rng = np.random.default_rng(0)
    by_itself = by_family = 0
    for _ in range(400):
        index = rng.normal(size=(9, 100))
        p_value, p_family = family_wise_p_values(index[:, 0], index[:, 1:])
        assert (p_family >= p_value).all()
        by_itself += (p_value <= 0.1).any()
        by_family += (p_family <= 0.1).any()
    assert by_itself / 400 > 0.5
    assert by_family / 400 < 0.15


def test_planted_number_of_groups_is_chosen():
    found = choose_k(
        blobs(), (3, 4), range(0, 300, 50), n_partitions=6, n_surrogates=19, n_bootstrap=3, init="k-means++"
    )
    assert found.passes[0] == 1 and found.classifiability[0] > 0.999 > found.classifiability[1]
    assert found.silhouette[0] > found.silhouette[1] and found.davies_bouldin[0] < found.davies_bouldin[1]
    assert found.bootstrap_ari[0] > 0.99 > found.bootstrap_ari[1]
    assert found.classifiability_null.shape == (2, 19)
    beaten_by = found.classifiability_null >= found.classifiability
    np.testing.assert_allclose(found.p_value, (1 + beaten_by.sum("surrogate")) / 20)
    np.testing.assert_allclose(
        found.null_quantile.sel(quantile=0.5), np.median(found.classifiability_null, axis=1)
    )


@pytest.mark.parametrize(
    ("partitions", "statistic", "word"), [(1, "min", "partitions"), (2, "most", "statistic")]
)
def test_bad_input(partitions, statistic, word):
    with pytest.raises(DscTfError, match=word):
        classifiability(np.ones((partitions, 2, 2)), statistic=statistic)
