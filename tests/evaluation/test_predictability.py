"""Predictive evaluation: values by hand, nothing from held-out steps, causality."""

import numpy as np
import pytest
import xarray as xr

from dsc_tf.clusterers.eof import EOFKMeans
from dsc_tf.clusterers.predictive_kmeans import PredictiveKMeans
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.evaluation.predictability import (
    bootstrap_agreement,
    difference_interval,
    explained_variation,
    forecast_errors,
    information_ahead,
    is_causal,
    mutual_information,
    predictive_evaluation,
    split_years,
    terciles,
)


def test_explained_variation_by_hand():
    """Training fields -1, 1 follow labels 0, 1 one step later; so do the held-out ones, once with a miss."""
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    fields = np.array([1.0, -1, 1, -1, 1, -1, 1, 1])[:, None]
    train = np.arange(8) < 5  # pairs (0, 1) to (3, 4): label 0 is followed by -1, label 1 by +1; mean 0
    at, error, reference = forecast_errors(fields, labels, np.zeros(8, int), train, ~train, 1)
    assert at.tolist() == [5, 6] and error.tolist() == [0.0, 4.0] and reference.tolist() == [1.0, 1.0]
    assert explained_variation(fields, labels, np.zeros(8, int), train, ~train, 1) == -1.0


def test_composites_are_not_taken_across_segments_or_from_held_out_steps():
    labels = np.zeros(6, int)
    fields = np.arange(6.0)[:, None]
    segment = np.array([0, 0, 1, 1, 1, 1])
    train = np.arange(6) < 4
    at, error, _ = forecast_errors(fields, labels, segment, train, ~train, 1)
    # Training pairs are (0, 1) and (2, 3): composite (1 + 3) / 2 = 2. The held-out pair is (4, 5): error (5 - 2)^2.
    assert at.tolist() == [4] and error.tolist() == [9.0]


def test_label_unknown_in_training_forecasts_the_climatology():
    labels = np.array([0, 0, 1])
    fields = np.array([[1.0], [3.0], [5.0]])
    train = np.array([True, True, False])
    _, error, reference = forecast_errors(fields, labels, np.zeros(3, int), train, ~train, 0)
    assert error.tolist() == reference.tolist() == [9.0]


def test_information_of_independent_classes_is_zero_on_average():
    rng = np.random.default_rng(0)
    values = [mutual_information(rng.integers(0, 4, 300), rng.integers(0, 3, 300)) for _ in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200) + 5e-4


def test_information_leaves_unknown_classes_out():
    first, second = np.array([0, 1, 0, 1, 0]), np.array([0, 1, 0, 1, -1])
    assert mutual_information(first, second) == pytest.approx(np.log(2) - 1 / 8)
    assert np.isnan(mutual_information(first, np.full(5, -1)))


def test_information_ahead_shifts_within_segments():
    labels = np.array([0, 1, 0, 1])
    segment = np.array([0, 0, 1, 1])
    # Pairs (0, 1) and (2, 3): the class does not vary, so that nothing is learnt from the label.
    assert information_ahead(labels, labels, segment, np.ones(4, bool), 1) == 0.0


def test_interval_holds_the_difference_and_is_a_point_where_it_is_constant():
    rng = np.random.default_rng(1)
    reference = np.ones(400)
    low, high = difference_interval(
        np.full(400, 0.6), np.full(400, 0.9), reference, np.arange(400), n_draws=50
    )
    assert low == pytest.approx(0.3) and high == pytest.approx(0.3)
    other = rng.random(400)
    low, high = difference_interval(
        other - 0.1 * rng.random(400), other, reference, np.arange(400), n_draws=200
    )
    assert low < 0.05 < high and 0.04 < low and high < 0.06


def test_terciles_use_training_values_alone():
    values = np.array([0.0, 1, 2, 3, 4, 5, 100, -100])
    assert terciles(values, np.arange(8) < 6).tolist() == [0, 0, 1, 1, 2, 2, 2, 0]


def test_causality_is_tested_by_leaving_out_the_end():
    x = np.random.default_rng(2).normal(size=50)
    assert is_causal(lambda X: (np.cumsum(X) > 0).astype(int), x)
    assert not is_causal(lambda X: (X > np.median(X)).astype(int), x)


def test_bootstrap_agreement_refits_to_draws_of_training_samples():
    labels = np.array([0, 0, 1, 1])
    seen = []

    def fit(steps, seed):
        seen.append(steps)
        return 1 - labels  # the same partition under other numbers

    agreement = bootstrap_agreement(fit, 20, labels, np.arange(4), n_draws=3, block=5)
    assert agreement.tolist() == [1.0, 1.0, 1.0]
    assert all(len(steps) == 20 and steps.max() < 20 for steps in seen)


def test_years_of_winters_begin_in_july():
    time = xr.DataArray(
        np.concatenate(
            [np.arange(f"{y}-12-01", f"{y + 1}-03-01", dtype="M8[D]") for y in (2000, 2001, 2002)]
        ).astype("M8[ns]"),
        dims="time",
    )
    train, test = split_years(time, 1)
    assert str(time.values[test][0])[:10] == "2002-12-01" and (train ^ test).all()
    with pytest.raises(DscTfError, match="test_years: 3 of 3 years"):
        split_years(time, 3)


def test_evaluation_compares_methods_with_the_first():
    ds = mock_dataset(days=800, latitudes=4, longitudes=5)[["t2m"]]
    methods = {
        "a": lambda seed: EOFKMeans(3, n_init=1, random_state=seed),
        "same": lambda seed: EOFKMeans(3, n_init=1, random_state=seed),
        "predictive": lambda seed: PredictiveKMeans(3, n_init=1, random_state=seed),
    }
    table = predictive_evaluation(methods, ds, test_years=1, seeds=(0, 1), leads=(0, 1))
    assert table.explained_variation.shape == (3, 2, 2) and table.attrs["reference"] == "a"
    same = table.sel({"method": "same"})
    assert (same.difference == 0).all() and (same.low == 0).all() and (same.high == 0).all()
    ev = table.explained_variation
    assert (ev.sel({"method": "a", "lead": 0}) > ev.sel({"method": "a", "lead": 1})).all()
