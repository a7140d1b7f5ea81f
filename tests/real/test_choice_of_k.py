"""Coe et al. (2021) choose seven clusters of autumn days; so do we, up to what results/regimes.md says of eight."""

from pathlib import Path

import numpy as np
import pytest

from dsc_tf.evaluation.classifiability import classifiability, classifiability_test, random_partitions

FILE = Path(__file__).parents[3] / "shared" / "data" / "coe2021_autumn_pcs.csv"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not FILE.exists(), reason="no ../shared/data beside the checkout"),
]


@pytest.fixture(scope="module")
def X():
    return np.loadtxt(FILE, delimiter=",", skiprows=1)


def test_seven_is_where_runs_agree_most(X):
    index = [classifiability(random_partitions(X, k, 40), statistic="mean") for k in range(4, 9)]
    assert 4 + int(np.argmax(index)) == 7


@pytest.mark.slow
def test_seven_passes_against_red_noise_and_fewer_do_not(X):
    observed, null = classifiability_test(
        X, range(3, 8), range(0, len(X), 91), statistic="mean", n_surrogates=40, n_jobs=2
    )
    assert (observed > np.quantile(null, 0.9, axis=1)).tolist() == [False, False, False, False, True]
