"""Scores of ensembles against loops over their equations and closed forms."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from dsc_tf.errors import DscTfError
from dsc_tf.evaluation.ensembles import (
    coverage,
    crps,
    ensemble_scores,
    gaussian_coverage,
    gaussian_crps,
    rank_histogram,
    spread_error_ratio,
)


def crps_by_loops(members, values):
    """The definition, pair by pair."""
    scores = []
    for n, y in enumerate(values):
        x = members[:, n]
        error = sum(abs(a - y) for a in x) / len(x)
        pairs = sum(abs(a - b) for a in x for b in x)
        scores.append(error - pairs / (2 * len(x) * (len(x) - 1)))
    return np.mean(scores)


@pytest.fixture
def reliable():
    """Twenty members and an observation of the same distribution, shifted from value to value."""
    rng = np.random.default_rng(0)
    centre = rng.normal(size=4000)
    return centre + rng.normal(size=(20, 4000)), centre + rng.normal(size=4000)


def test_crps_equals_the_double_loop():
    rng = np.random.default_rng(1)
    members, values = rng.normal(size=(7, 30)), rng.normal(size=30)
    assert crps(members, values) == pytest.approx(crps_by_loops(members, values), abs=1e-12)


def test_crps_of_one_member_is_the_absolute_error():
    assert crps([[1.0, 5.0]], [2.0, 2.0]) == 2.0


def test_crps_of_a_large_ensemble_is_the_gaussian_closed_form():
    rng = np.random.default_rng(2)
    values = rng.normal(size=2000)
    members = rng.normal(0.3, 1.4, size=(200, 2000))
    expected = gaussian_crps(0.3, 1.4, values)
    assert crps(members, values) == pytest.approx(expected, rel=0.01)


def test_gaussian_crps_is_the_integral_of_its_definition():
    x = np.linspace(-12, 12, 40001)
    integral = np.trapezoid((norm.cdf(x, 0.5, 2.0) - (x >= 1.7)) ** 2, x)
    assert gaussian_crps(0.5, 2.0, [1.7]) == pytest.approx(integral, abs=1e-3)


def test_gaussian_crps_without_spread_is_the_absolute_error():
    assert gaussian_crps([1.0, 1.0], [0.0, 0.0], [2.0, 4.0]) == 2.0


def test_fair_crps_does_not_depend_on_the_number_of_members(reliable):
    members, values = reliable
    assert crps(members[:3], values) == pytest.approx(crps(members, values), rel=0.03)


def test_a_reliable_ensemble_has_ratio_one_nominal_coverage_and_flat_ranks(reliable):
    assert spread_error_ratio(*reliable) == pytest.approx(1, abs=0.03)
    assert coverage(*reliable) == pytest.approx(0.9, abs=0.015)
    ranks = rank_histogram(*reliable)
    assert ranks.sum() == 4000 and len(ranks) == 21
    assert np.abs(ranks - 4000 / 21).max() < 4 * np.sqrt(4000 / 21)


def test_half_the_spread_shows_in_all_of_them(reliable):
    members, values = reliable
    narrow = members.mean(axis=0) + 0.5 * (members - members.mean(axis=0))
    assert spread_error_ratio(narrow, values) == pytest.approx(0.5, abs=0.02)
    assert coverage(narrow, values) < 0.65
    ranks = rank_histogram(narrow, values)
    assert ranks[[0, -1]].min() > 2 * ranks[10]


def test_spread_error_ratio_by_hand():
    # variance of (0, 2) is 2, times 3/2; squared errors of the mean 1 are 4 and 2
    assert spread_error_ratio([[0, 0], [2, 2]], [3, 1 + np.sqrt(2)]) == pytest.approx(1.0)


def test_equal_values_are_ranked_at_random():
    ranks = rank_histogram(np.zeros((3, 4000)), np.zeros(4000), random_state=0)
    assert np.abs(ranks - 1000).max() < 120


def test_gaussian_coverage(reliable):
    _, values = reliable
    assert gaussian_coverage(0.0, np.sqrt(2), values, level=0.8) == pytest.approx(0.8, abs=0.02)


def test_missing_values_are_left_out_and_weights_count():
    members = [[1.0, 1.0, np.nan, 5.0]]
    assert crps(members, [2.0, np.nan, 0.0, 8.0]) == 2.0
    assert crps(members, [2.0, np.nan, 0.0, 8.0], weights=[3.0, 1.0, 1.0, 1.0]) == 1.5


def test_datasets_in_any_order_of_dimensions():
    rng = np.random.default_rng(3)
    observed = xr.DataArray(rng.normal(size=(5, 2, 3)), dims=("time", "latitude", "longitude"))
    members = observed + xr.DataArray(rng.normal(size=(4,)), dims="member")
    scores = ensemble_scores(members.to_dataset(name="t2m"), observed.to_dataset(name="t2m"))["t2m"]
    direct = ensemble_scores(members.transpose("member", *observed.dims).values, observed.values)
    assert scores == direct
    assert set(scores) == {"rmse", "crps", "spread_error_ratio", "coverage", "rank_histogram"}


def test_one_member_has_no_spread():
    scores = ensemble_scores([[1.0, 2.0]], [1.0, 1.0])
    assert scores["spread_error_ratio"] is None and scores["crps"] == 0.5


@pytest.mark.parametrize(
    "call, expected",
    [
        (lambda: crps(np.zeros((2, 3)), np.zeros(4)), "shape"),
        (lambda: crps([[np.nan]], [1.0]), "no value is present"),
        (lambda: spread_error_ratio([[1.0]], [1.0]), "1 member"),
        (lambda: crps(xr.DataArray([1.0], dims="x"), xr.DataArray([1.0], dims="x")), "member"),
    ],
)
def test_bad_input(call, expected):
    with pytest.raises(DscTfError, match=expected):
        call()
