"""Frequencies by year and their trend: by hand and by scipy."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import linregress, t

from dsc_tf.regimes.years import first_month, frequency_by_year, linear_trend, season_years


def test_trend_without_serial_correlation_is_that_of_scipy():
    x = np.arange(2001, 2011)
    y = (
        0.3 + 0.01 * x + 0.05 * np.array([1, -1, 1.5, -1, 0.7, -1, 1, -1.2, 1, -1])
    )  # negative lag-one correlation
    slope, low, high, p_value = linear_trend(x, y)
    expected = linregress(x, y)
    half = t.ppf(0.975, 8) * expected.stderr
    np.testing.assert_allclose(
        [slope, low, high, p_value],
        [expected.slope, expected.slope - half, expected.slope + half, expected.pvalue],
    )


def test_interval_with_serial_correlation_by_the_equations():
    x = np.arange(12.0)
    y = np.array([0, 0, 0, 0, 3, 3, 3, 3, 3, 1, 1, 1.0])
    slope, low, high, p_value = linear_trend(x, y)
    fitted = np.polyfit(x, y, 1)
    rest = y - np.polyval(fitted, x)
    r = sum(rest[i] * rest[i + 1] for i in range(11)) / sum(rest**2)
    effective = 12 * (1 - r) / (1 + r)
    error = np.sqrt(sum(rest**2) / (effective - 2)) / np.sqrt(sum((x - 5.5) ** 2))
    assert r > 0.3
    np.testing.assert_allclose(slope, fitted[0])
    np.testing.assert_allclose([slope - low, high - slope], t.ppf(0.975, effective - 2) * error)
    np.testing.assert_allclose(p_value, 2 * t.sf(abs(slope) / error, effective - 2))


def test_coverage_of_the_interval_for_white_noise():
    rng = np.random.default_rng(0)
    x = np.arange(40)
    inside = [
        low < 0 < high for _, low, high, _ in (linear_trend(x, rng.normal(size=40)) for _ in range(400))
    ]
    assert 0.92 < np.mean(inside) < 0.99


def test_too_few_years_have_no_trend():
    assert np.isnan(linear_trend([2001, 2002], [0.1, 0.2])).all()


def test_a_winter_belongs_to_the_year_in_which_it_begins():
    time = xr.DataArray(
        np.array(["2001-12-15", "2002-01-15", "2002-02-15", "2002-12-15"], "M8[ns]"), dims="time"
    )
    assert season_years(time).tolist() == [2001, 2001, 2001, 2002]
    assert first_month([11, 12, 1, 2, 3]) == 11


def test_frequencies_count_assigned_steps_and_leave_out_short_years():
    time = xr.date_range("2001-01-01", "2004-01-20", freq="1D")
    labels = np.where(time.year % 2, 0, 1)
    labels[:36] = -1
    found = frequency_by_year(labels, xr.DataArray(time, dims="time"))
    np.testing.assert_array_equal(found.frequency_by_year[0], [1, 0, 1, np.nan])
    assert found.year.values.tolist() == [2001, 2002, 2003, 2004]
    # The line through 1, 0, 1 is constant.
    np.testing.assert_allclose(found.trend, [0, 0], atol=1e-12)


def test_trend_is_per_decade():
    time = xr.DataArray(xr.date_range("2001-01-01", periods=40, freq="YS").repeat(10), dims="time")
    labels = np.array([[0] * (10 - n // 4) + [1] * (n // 4) for n in range(40)]).ravel()
    found = frequency_by_year(labels, time)
    expected = linregress(np.arange(40), [n // 4 / 10 for n in range(40)]).slope * 10
    assert float(found.trend[1]) == pytest.approx(expected)
    assert found.trend_low[1] < found.trend[1] < found.trend_high[1]
