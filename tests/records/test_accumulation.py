"""Sums over time, of amounts and of running accumulations."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.records.open import open_dataset

HOURS = 24 * 8


def amounts(name, hours=HOURS, step=1):
    """Amounts of each interval that ends at its time: rain, or a flux with both signs."""
    rng = np.random.default_rng(0)
    shape = (hours // step, 3, 4)
    if name == "rain":
        return rng.gamma(0.2, 1e-3, shape)
    phase = 2 * np.pi * (np.arange(shape[0]) * step % 24) / 24
    return (3e4 * np.cos(phase)[:, None, None] - 1e4 + rng.normal(0, 3e3, shape)) * step


def running(values, interval, step):
    """Accumulated from the start of each interval on."""
    whole = values.reshape(-1, interval // step, 3, 4)
    return whole.cumsum(axis=1).reshape(values.shape)


def dataset(values, step=1, **attrs):
    times = pd.date_range("2001-06-01", periods=len(values), freq=f"{step}h") + pd.Timedelta(step, "h")
    grid = {"latitude": [50.0, 49.0, 48.0], "longitude": [0.0, 1.0, 2.0, 3.0]}
    return xr.Dataset({"tp": (("time", "latitude", "longitude"), values, attrs)}, {"time": times, **grid})


@pytest.mark.parametrize(
    ("name", "interval", "step"),
    [
        ("rain", 24, 1),
        ("rain", 12, 1),
        ("rain", 24, 3),
        ("rain", 24, 6),
        ("flux", 24, 1),
        ("flux", 12, 1),
        ("flux", 24, 3),
    ],
)
@pytest.mark.parametrize(
    "attrs", [{"GRIB_stepType": "accum"}, {"cell_methods": "area: time: sum (interval: 1 hour)"}]
)
def test_running_accumulations_are_differenced(name, interval, step, attrs):
    values = amounts(name, step=step)
    with pytest.warns(UserWarning, match="tp: accumulated since.*differenced"):
        daily = open_dataset(dataset(running(values, interval, step), step, **attrs), aggregate="daily")
    expected = values.reshape(-1, 24 // step, 3, 4).sum(axis=1)
    np.testing.assert_allclose(daily.tp, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    assert str(daily.time.values[0])[:10] == "2001-06-01"


@pytest.mark.parametrize("name", ["rain", "flux"])
@pytest.mark.parametrize("step", [1, 3, 6])
@pytest.mark.filterwarnings(
    "ignore:aggregate. 1 incomplete|aggregate. 2 incomplete|tp. taken as amounts of 6 hours:UserWarning"
)
def test_amounts_of_single_steps_are_summed_as_they_are(name, step):
    values = amounts(name, step=step)
    ds = dataset(values, step, GRIB_stepType="accum").assign_coords(
        time=lambda d: d.time - pd.Timedelta(step, "h")
    )
    daily = open_dataset(ds, aggregate="daily")
    np.testing.assert_allclose(
        daily.tp, values.reshape(-1, 24 // step, 3, 4).sum(axis=1), rtol=1e-4, atol=1e-2
    )


@pytest.mark.filterwarnings("ignore:tp. accumulated since midnight:UserWarning")
def test_a_gap_makes_its_day_incomplete():
    values = running(amounts("rain"), 24, 1)
    holed = dataset(values, GRIB_stepType="accum").isel(time=np.delete(np.arange(HOURS), 24 * 3 + 5))
    with pytest.warns(
        UserWarning, match="1 incomplete periods of 'daily' left out, the first 2001-06-04 with 23 of 24"
    ):
        daily = open_dataset(holed, aggregate="daily")
    assert daily.sizes["time"] == 7


METHODS = {
    "time: sum": "sum",
    "time:sum": "sum",
    "area: mean time: sum": "sum",
    "time: Sum (interval: 1 hour comment: total)": "sum",
    "area: time: mean": "mean",
    "time: maximum": "max",
    "time: max": "max",
    "time: minimum": "min",
    "time: sum within days time: maximum over days": "max",
    "time: point": "mean",
    "lat: lon: sum": "mean",
    "": "mean",
}


@pytest.mark.parametrize("methods", METHODS)
def test_aggregation_follows_cell_methods(methods):
    ds = mock_dataset(days=12, variables=("v",), freq="1D").drop_vars("regime")
    ds["v"].attrs["cell_methods"] = methods
    five = open_dataset(ds, aggregate="4D").v
    expected = getattr(ds.v.values.reshape(3, 4, *ds.v.shape[1:]), METHODS[methods])(axis=1)
    np.testing.assert_allclose(five, expected, rtol=1e-6)


@pytest.mark.parametrize("step_type", ["max", "min", "avg"])
def test_aggregation_follows_the_step_type_of_grib(step_type):
    ds = mock_dataset(days=4, variables=("v",)).drop_vars("regime")
    ds["v"].attrs["GRIB_stepType"] = step_type
    result = open_dataset(ds, aggregate="4D").v[0]
    name = {"avg": "mean"}.get(step_type, step_type)
    np.testing.assert_allclose(result, getattr(ds.v.values, name)(axis=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("days", "start", "aggregate", "kept", "left_out"),
    [
        (40, "2001-01-01", "monthly", ["2001-01-01"], "2001-02-01 with 9 of 28"),
        (130, "2001-02-01", "QS-DEC", ["2001-03-01"], "2000-12-01 with 28 of 90"),
        (400, "2001-01-01", "1YS", ["2001-01-01"], "2002-01-01 with 35 of 365"),
        (40, "2001-01-01", "1ME", ["2001-01-31"], "2001-02-28 with 9 of 28"),
        (12, "2001-01-01", "5D", ["2001-01-01", "2001-01-06"], "2001-01-11 with 2 of 5"),
    ],
)
def test_incomplete_months_seasons_and_years_are_left_out(days, start, aggregate, kept, left_out):
    ds = mock_dataset(days=days, start=start, latitudes=2, longitudes=2)
    with pytest.warns(UserWarning, match=left_out):
        opened = open_dataset(ds, aggregate=aggregate)
    assert [str(time)[:10] for time in opened.time.values] == kept


@pytest.mark.parametrize(("calendar", "days"), [("noleap", 59), ("360_day", 60), ("all_leap", 60)])
def test_months_of_other_calendars_are_complete(calendar, days):
    ds = mock_dataset(days=days, latitudes=2, longitudes=2)
    ds["time"] = xr.date_range("2001-01-01", periods=days, calendar=calendar, use_cftime=True)
    assert open_dataset(ds, aggregate="monthly").sizes["time"] == 2


def test_monthly_values_become_seasons():
    ds = mock_dataset(days=12, freq="1MS", start="2001-03-01", latitudes=2, longitudes=2)
    opened = open_dataset(ds, aggregate="QS-DEC")
    np.testing.assert_allclose(opened.t2m[0], ds.t2m[:3].mean("time"), rtol=1e-6)
    assert opened.sizes["time"] == 4


@pytest.mark.parametrize(
    "aggregate",
    ["0D", "-1D", "1ns", "1s", "1min", "", "5", "1e9D", "100YE", "W-FOO", "6h", "1B", "SMS", "36h", "1.5D"],
)
def test_what_is_no_period_of_the_data_is_refused(aggregate):
    with pytest.raises(DscTfError, match="aggregate: ") as caught:
        open_dataset(mock_dataset(days=20, latitudes=2, longitudes=2), aggregate=aggregate)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("units", "count"), [("mm", 1), ("kg m-2", 1), ("mm h-1", 0)])
def test_amounts_that_are_averaged_are_named(units, count):
    ds = mock_dataset(days=48, freq="1h")[["t2m"]]
    ds["t2m"].attrs = {"units": units}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        open_dataset(ds, aggregate="daily")
    assert sum("add --accumulated t2m" in str(one.message) for one in caught) == count


def test_yearly_data_are_not_aggregated_to_months():
    ds = mock_dataset(days=5, freq="YS")
    with pytest.raises(DscTfError, match="'monthly' is shorter than the time step of the data"):
        open_dataset(ds, aggregate="monthly")


@pytest.mark.parametrize(("sign", "reset"), [(1, None), (-1, None), (1, 96)])
@pytest.mark.filterwarnings("ignore:aggregate. 1 incomplete:UserWarning")
def test_totals_since_the_start_of_a_forecast_are_differenced(sign, reset):
    """A total over the whole record, or one that begins again after days."""
    values = sign * amounts("rain")
    total = values.reshape(-1, reset or HOURS, 3, 4).cumsum(axis=1).reshape(values.shape)
    with pytest.warns(UserWarning, match="accumulated since the start of the record or of a forecast"):
        daily = open_dataset(dataset(total, GRIB_stepType="accum"), aggregate="daily")
    expected = values.reshape(-1, 24, 3, 4).sum(axis=1)
    known = (daily.time.values - np.datetime64("2001-06-01")) // np.timedelta64(1, "D")
    np.testing.assert_allclose(daily.tp, expected[known], rtol=1e-3, atol=1e-4)
    assert len(known) >= len(expected) - 1


@pytest.mark.filterwarnings("ignore:aggregate. . incomplete:UserWarning")
def test_a_sum_without_one_of_its_amounts_is_missing():
    values = amounts("rain")
    values[30, 0, 0] = np.nan
    daily = open_dataset(dataset(values, cell_methods="time: sum"), aggregate="daily").tp
    assert np.argwhere(np.isnan(daily.values)).tolist() == [
        [0, 0, 0]
    ]  # the hours 23 to 46 are the first whole day
    np.testing.assert_allclose(daily[0, 1], values[23:47, 1].sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("attrs", "accumulated", "words"),
    [
        ({"cell_methods": "time: median"}, (), "tp: averaged, although its cell_methods state a median"),
        ({"cell_methods": "time: standard_deviation"}, (), "state a standard deviation"),
        ({"units": "kg m-2 s-1"}, ["tp"], "tp: summed, although its units are kg m-2 s-1"),
        ({"cell_methods": "time: mean"}, ["tp"], "tp: summed, although the file states values of kind mean"),
    ],
)
@pytest.mark.filterwarnings("ignore:aggregate. . incomplete|units. not stated:UserWarning")
def test_doubtful_sums_and_means_are_named(attrs, accumulated, words):
    with pytest.warns(UserWarning, match=words):
        open_dataset(dataset(amounts("rain"), **attrs), aggregate="daily", accumulated=accumulated)


def test_sums_without_a_period_are_named():
    with pytest.warns(UserWarning, match="accumulated: tp. Without aggregate, nothing is summed"):
        open_dataset(dataset(amounts("rain")), accumulated=["tp"])


def test_buckets_of_two_steps_are_differenced():
    """Rain of 0 to 3 and of 0 to 6 hours in turn, as in forecasts of the GFS."""
    values = amounts("rain", step=3)
    with pytest.warns(UserWarning, match="tp: accumulated since the start of every 6 hours"):
        daily = open_dataset(dataset(running(values, 6, 3), 3, cell_methods="time: sum"), aggregate="daily")
    np.testing.assert_allclose(daily.tp, values.reshape(-1, 8, 3, 4).sum(axis=1), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("hours", [0, 4, 9, 15, 20])
@pytest.mark.parametrize("daylight", [10, 16])
def test_the_daily_cycle_of_radiation_is_no_bucket(hours, daylight):
    times = np.arange(HOURS)
    sun = np.clip(np.cos(2 * np.pi * (times - hours - 12) / 24) - np.cos(np.pi * daylight / 24), 0, None)
    values = (sun[:, None, None] * np.linspace(1, 2, 12).reshape(3, 4)).reshape(-1, 3, 3, 4).sum(axis=1)
    daily = open_dataset(
        dataset(values, 3, cell_methods="time: sum").assign_coords(
            time=pd.date_range("2001-06-01", periods=len(values), freq="3h")
        ),
        aggregate="daily",
    )
    np.testing.assert_allclose(daily.tp, values.reshape(-1, 8, 3, 4).sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    ("units", "is_named"), [("mm day-1", True), ("mm/hr", True), ("mm per day", True), ("mm (3 h)", False)]
)
def test_rates_per_another_time_than_the_step_are_named(units, is_named):
    values = dataset(amounts("rain", step=3), 3, units=units)
    values["time"] = pd.date_range("2001-06-01", periods=values.sizes["time"], freq="3h")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        open_dataset(values, aggregate="daily", accumulated=["tp"])
    assert any(f"summed, although its units are {units}" in str(w.message) for w in caught) == is_named
