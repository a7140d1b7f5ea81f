"""Odds ratios: by hand, by scipy, by the sums over blocks, and their rates on random events."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import t
from scipy.stats.contingency import odds_ratio

from dsc_tf.errors import DscTfError
from dsc_tf.regimes.impact import block_starts, find_events, odds_ratios, regime_impact, steps_in_common

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 200)
EVENTS = (RNG.random((200, 1)) < 0.2 + 0.3 * (LABELS == 1)[:, None]).astype(float)


def table(j):
    inside, event = LABELS == j, EVENTS[:, 0] == 1
    return [
        [(inside & event).sum(), (inside & ~event).sum()],
        [(~inside & event).sum(), (~inside & ~event).sum()],
    ]


def test_single_steps_give_the_sample_odds_ratio_of_scipy_and_the_interval_of_woolf():
    found = odds_ratios(EVENTS, LABELS, np.arange(200))
    for j in range(3):
        counts = np.array(table(j), float)
        assert found["odds_ratio"][j, 0] == pytest.approx(odds_ratio(table(j), kind="sample").statistic)
        half = t.ppf(0.975, 199) * np.sqrt((1 / counts).sum() * 200 / 199)
        np.testing.assert_allclose(np.log(found["odds_high"][j] / found["odds_ratio"][j]), half)
        np.testing.assert_allclose(np.log(found["odds_ratio"][j] / found["odds_low"][j]), half)
    assert found["odds_p_value"][1, 0] < 0.01 and found["odds_low"][1, 0] > 1
    assert found["event_share"][1, 0] == EVENTS[LABELS == 1].mean()


def test_variance_over_blocks_by_a_loop():
    blocks = block_starts([0, 95], 200, 10)
    found = odds_ratios(EVENTS, LABELS, blocks)
    inside, event = LABELS == 0, EVENTS[:, 0]
    p, q = event[inside].mean(), event[~inside].mean()
    total = 0.0
    for first, last in zip(blocks, [*blocks[1:], 200], strict=True):
        influence = 0.0
        for step in range(first, last):
            if inside[step]:
                influence += (event[step] - p) / (inside.sum() * p * (1 - p))
            else:
                influence -= (event[step] - q) / ((~inside).sum() * q * (1 - q))
        total += influence**2
    error = np.sqrt(total * len(blocks) / (len(blocks) - 1))
    expected = t.ppf(0.975, len(blocks) - 1) * error
    np.testing.assert_allclose(np.log(found["odds_high"][0] / found["odds_ratio"][0]), expected)


def test_a_zero_count_adds_a_half():
    events = np.array([[0.0], [0], [0], [1], [1], [0]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    found = odds_ratios(events, labels, np.arange(6))
    assert found["odds_ratio"][0, 0] == pytest.approx((0.5 * 1.5) / (3.5 * 2.5))
    assert np.isnan(odds_ratios(0 * events, labels, np.arange(6))["odds_ratio"]).all()


def test_right_rate_where_spells_and_events_last():
    # Both last eight steps: single steps reject far too often, blocks of twenty do not.
    rng = np.random.default_rng(1)
    labels = np.repeat(rng.integers(0, 2, 150), 8)
    events = np.repeat(rng.random((150, 200)) < 0.3, 8, axis=0).astype(float)
    single = odds_ratios(events, labels, np.arange(1200))["odds_p_value"][0]
    blocks = odds_ratios(events, labels, block_starts([0], 1200, 24))["odds_p_value"][0]
    assert (single < 0.05).mean() > 0.3 and (blocks < 0.05).mean() < 0.11


def test_events_are_relative_to_the_month():
    fields = np.array([[1.0], [2], [3], [10], [20], [np.nan]])
    found = find_events(fields, np.array([1, 1, 1, 7, 7, 7]), quantile=0.5)
    np.testing.assert_array_equal(found[:, 0], [0, 0, 1, 0, 1, np.nan])
    assert find_events(fields, np.array([1, 1, 1, 7, 7, 7]), quantile=0.5, below=True)[:, 0].tolist()[:3] == [
        1,
        0,
        0,
    ]


def rain(labels, wet):
    time = xr.date_range("2001-01-01", periods=len(labels))
    amounts = np.random.default_rng(2).gamma(0.5, 4, (len(labels), 4, 5))
    amounts[labels == wet, :2] *= 4
    axes = {"time": time, "latitude": [50.0, 49, 48, 47], "longitude": np.arange(5.0)}
    return xr.DataArray(amounts, axes, ("time", "latitude", "longitude"), "tp", {"units": "mm"})


def test_a_planted_wet_regime_is_found_where_it_is_wet():
    labels = np.repeat(np.random.default_rng(3).integers(0, 3, 120), 5)
    found = regime_impact(rain(labels, 2), labels, block=15)
    assert found.odds_significant[2, :2].all() and found.odds_significant[2, 2:].mean() < 0.2
    assert (found.odds_ratio[2, :2] > 2).all() and (found.odds_low[2, :2] > 1).all()
    assert found.significant[2, :2].all() and found.composite.attrs["units"] == "mm"
    assert found.attrs["event"] == "tp above the 0.9 quantile of its calendar month"


@pytest.mark.parametrize(("name", "value"), [("quantile", 1.0), ("block", 0), ("confidence", 0)])
def test_what_is_refused(name, value):
    labels = np.array([0, 1, 0])
    with pytest.raises(DscTfError, match=f"{name}: "):
        regime_impact(rain(labels, 0), labels, **{name: value})
    with pytest.raises(DscTfError, match="labels: 2 for 3"):
        regime_impact(rain(labels, 0), labels[:2])


def test_steps_of_two_records_are_matched_by_day_month_or_minute():
    days = xr.date_range("2001-01-01 12:00", periods=5)
    others = xr.date_range("2001-01-03", periods=5, calendar="noleap", use_cftime=True)
    assert [p.tolist() for p in steps_in_common(days, others)] == [[2, 3, 4], [0, 1, 2]]
    months = (
        xr.date_range("2001-01-31", periods=4, freq="ME"),
        xr.date_range("2001-02-01", periods=4, freq="MS"),
    )
    assert steps_in_common(*months)[0].tolist() == [1, 2, 3]
    hours = xr.date_range("2001-01-01", periods=48, freq="h")
    assert steps_in_common(days, hours)[0].tolist() == [0, 1]  # the daily record decides


def test_hours_are_matched_exactly():
    hours = xr.date_range("2001-01-01", periods=48, freq="h")
    assert steps_in_common(hours, hours[3:])[0].tolist() == list(range(3, 48))
