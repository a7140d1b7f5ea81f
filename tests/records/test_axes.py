"""What is an axis: by attributes and units, then by names, then by values."""

import warnings
from datetime import timedelta

import cftime
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.records.notes import notes_of
from dsc_tf.records.open import open_dataset


@pytest.fixture
def ds():
    return mock_dataset(days=20, latitudes=6, longitudes=7).drop_vars("regime")


def with_axis(ds, axis, values, **attrs):
    return ds.assign_coords({axis: (axis, np.asarray(values), attrs)})


REFUSED = {
    "latitude not finite": (lambda ds: with_axis(ds, "latitude", [60, 58, np.nan, 54, 52, 50]), "not finite"),
    "longitude infinite": (lambda ds: with_axis(ds, "longitude", [0, 1, 2, np.inf, 4, 5, 6]), "not finite"),
    "latitude above 90": (lambda ds: with_axis(ds, "latitude", np.arange(100, 94, -1)), "reaches 100"),
    "texts": (lambda ds: with_axis(ds, "latitude", list("abcdef")), "not numbers"),
    "truth values": (lambda ds: with_axis(ds, "latitude", [True, False] * 3), "not numbers"),
    "kilometres": (lambda ds: with_axis(ds, "longitude", np.arange(7), units="km"), "'km', not degrees"),
    "no unit at all": (lambda ds: with_axis(ds, "latitude", np.arange(6), units="1"), "'1', not degrees"),
    "radians by unit": (
        lambda ds: with_axis(ds, "latitude", np.linspace(1, 0, 6), units="radian"),
        "np.degrees",
    ),
    "row twice": (
        lambda ds: with_axis(ds, "latitude", [60, 58, 56, 56, 54, 52]),
        "latitude 56 occurs 2 times",
    ),
    "column twice": (lambda ds: with_axis(ds, "longitude", [0, 2, 4, 6, 8, 10, 10]), "longitude 10 occurs 2"),
    "projection": (
        lambda ds: with_axis(
            ds, "latitude", np.arange(6) * 5e4, units="m", standard_name="projection_y_coordinate"
        ),
        "map projection",
    ),
    "rotated pole": (
        lambda ds: with_axis(ds, "latitude", np.arange(6), standard_name="grid_latitude"),
        "rotated pole",
    ),
    "days as numbers": (lambda ds: with_axis(ds, "time", 20010101 + np.arange(20)), "not dates"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_axis_is_refused_in_one_line(case, ds):
    change, words = REFUSED[case]
    with pytest.raises(DscTfError, match=words) as caught:
        open_dataset(change(ds))
    assert "\n" not in str(caught.value)


def test_radians_are_known_by_their_range(ds):
    wide = mock_dataset(days=3, latitudes=7, longitudes=12).drop_vars("regime")
    wide = wide.assign_coords(
        latitude=np.linspace(np.pi / 2, -np.pi / 2, 7), longitude=np.arange(12) * 2 * np.pi / 12
    )
    with pytest.raises(DscTfError, match="radians"):
        open_dataset(wide)


@pytest.mark.parametrize("dims", [("station",), ("cell",), ("i",)])
def test_points_are_refused(dims):
    points = xr.Dataset(
        {"tas": (("time", *dims), np.zeros((4, 5)))},
        {
            "time": pd.date_range("2001", periods=4),
            "lat": (dims, np.arange(5.0)),
            "lon": (dims, np.arange(5.0)),
        },
    )
    with pytest.raises(DscTfError, match="5 stations or cells"):
        open_dataset(points)


def test_two_dimensions_are_refused_as_data_variables_too(ds):
    rotated = ds.rename(latitude="rlat", longitude="rlon")
    two = np.ones((6, 7))
    rotated["lat"], rotated["lon"] = (("rlat", "rlon"), two), (("rlat", "rlon"), two)
    rotated["rlat"].attrs, rotated["rlon"].attrs = {"standard_name": "grid_latitude"}, {}
    with pytest.raises(DscTfError, match="lat has two dimensions"):
        open_dataset(rotated)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([354, 356, 358, 0, 2, 4, 6], [-6, -4, -2, 0, 2, 4, 6]),
        ([174, 176, 178, -180, -178, -176, -174], [174, 176, 178, 180, 182, 184, 186]),
        ([0, 60, 120, 180, -120, -60, -30], [0, 60, 120, 180, 240, 300, 330]),
    ],
)
def test_longitudes_ascend_and_columns_stay(ds, columns, expected):
    opened = open_dataset(with_axis(ds, "longitude", np.array(columns, float)))
    assert opened.longitude.values.tolist() == expected
    np.testing.assert_array_equal(opened.t2m, ds.t2m)


@pytest.mark.parametrize("first", [0.0, -180.0])
def test_cyclic_column_is_dropped_and_reported(ds, first):
    with pytest.warns(UserWarning, match="last column was dropped"):
        opened = open_dataset(with_axis(ds, "longitude", first + np.arange(7) * 60.0))
    assert opened.longitude.values.tolist() == (first + np.arange(6) * 60.0).tolist()
    assert "last column was dropped" in notes_of(opened)[0]


def test_rows_without_order_are_sorted(ds):
    order = [3, 0, 5, 1, 4, 2]
    with pytest.warns(UserWarning, match="sorted from north to south"):
        opened = open_dataset(ds.isel(latitude=order))
    np.testing.assert_array_equal(opened.t2m, ds.t2m)


def forecasts(order, *, as_numbers=False):
    """Forecasts of six starts and four lead times; the value of a field is the hours of its valid time."""
    start = pd.date_range("2001-01-01", periods=6, freq="1D")
    ahead = pd.to_timedelta(np.arange(4) * 6, "h")
    valid = start.values[:, None] + ahead.values
    hours = (valid - np.datetime64("2001-01-01")) / np.timedelta64(1, "h")
    values = np.broadcast_to(hours[:, :, None, None], (6, 4, 2, 3)).astype("float32")
    ds = xr.Dataset(
        {"t2m": (("time", "step", "latitude", "longitude"), values)},
        {"time": start, "step": ahead, "latitude": [50.0, 49.0], "longitude": [0.0, 1.0, 2.0]},
    )
    if as_numbers:
        return ds.assign_coords(step=("step", np.arange(4) * 6, {"units": "hours"})).transpose(*order, ...)
    return ds.assign_coords(valid_time=(("time", "step"), valid)).transpose(*order, ...)


@pytest.mark.parametrize("order", [("time", "step"), ("step", "time")])
@pytest.mark.parametrize("as_numbers", [False, True])
def test_each_field_of_a_forecast_gets_its_own_time(order, as_numbers):
    opened = open_dataset(forecasts(order, as_numbers=as_numbers))
    hours = (opened.time.values - np.datetime64("2001-01-01")) / np.timedelta64(1, "h")
    np.testing.assert_array_equal(hours, 6.0 * np.arange(24))
    np.testing.assert_array_equal(opened.t2m[:, 0, 0], hours)


def test_overlapping_forecasts_are_refused():
    ds = forecasts(("time", "step")).drop_vars("valid_time")
    ds = ds.assign_coords(step=pd.to_timedelta(np.arange(4), "D"))
    with pytest.raises(DscTfError, match=r"overlap.*ds.isel\(step=0\)"):
        open_dataset(ds)


def test_two_grids_in_one_file(ds):
    coarse = ds.t2m[:, ::2, ::2].rename(latitude="latitude_2", longitude="longitude_2")
    with pytest.warns(UserWarning, match="left out.*coarse"):
        opened = open_dataset(ds.assign(coarse=coarse))
    np.testing.assert_array_equal(opened.t2m, ds.t2m)


@pytest.mark.parametrize(
    ("calendar", "period", "steps"),
    [
        ("360_day", ("2000-01-01", "2000-12-31"), 360),
        ("360_day", ("2000-02-30", "2000-03-01"), 2),
        ("noleap", ("2000-02-28", "2000-02-29"), 1),
        ("standard", ("2000-02-28", "2000-02-29"), 2),
        ("standard", ("2000", "2000"), 366),
    ],
)
def test_period_in_every_calendar(calendar, period, steps):
    ds = mock_dataset(days=720, latitudes=2, longitudes=2)
    times = xr.date_range("2000-01-01", periods=720, calendar=calendar, use_cftime=calendar != "standard")
    assert open_dataset(ds.assign_coords(time=times), period=period).sizes["time"] == steps


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (("2001-01-15", "2001-01-03"), "comes after"),
        (("2001-01-01", "2001-02-30"), "not two dates"),
        (("03/01/2001", "15/01/2001"), "not two dates"),
        (("", ""), "not two dates"),
    ],
)
def test_what_is_no_period_is_refused(ds, period, words):
    with pytest.raises(DscTfError, match=words):
        open_dataset(ds, period=period)


def test_names_of_results_are_not_taken(ds):
    with pytest.warns(UserWarning, match="size: called size_"):
        assert list(open_dataset(ds.rename(t2m="size"))) == ["size_", "msl"]


@pytest.mark.parametrize("units", ["degrees_E", "degE", "deg_e", "degrees east", "°E", "Degrees_East"])
def test_spellings_of_degrees_east(ds, units):
    opened = open_dataset(with_axis(ds, "longitude", ds.longitude, units=units).rename(longitude="column"))
    np.testing.assert_array_equal(opened.longitude, ds.longitude)


def test_standard_names_win_over_exchanged_names(ds):
    exchanged = ds.rename(latitude="longitude", longitude="latitude")
    exchanged["longitude"].attrs = {"standard_name": "latitude", "units": "degrees_north"}
    exchanged["latitude"].attrs = {"standard_name": "longitude", "units": "degrees_east"}
    opened = open_dataset(exchanged)
    np.testing.assert_array_equal(opened.latitude, ds.latitude)
    np.testing.assert_array_equal(opened.t2m, ds.t2m)


def test_x_and_y_without_units_are_taken_as_degrees_with_a_warning(ds):
    with pytest.warns(
        UserWarning, match="y has no units; taken as latitude|x has no units; taken as longitude"
    ):
        open_dataset(ds.rename(latitude="y", longitude="x"))


@pytest.mark.parametrize("first", [0, 1])
def test_x_and_y_that_count_cells_are_refused(ds, first):
    counts = ds.rename(latitude="y", longitude="x").assign_coords(
        y=np.arange(6) + first, x=np.arange(7) + first
    )
    with pytest.raises(DscTfError, match=f"y counts cells from {first} to {first + 5} and has no units"):
        open_dataset(counts)


def test_degrees_west_are_refused_with_the_right_advice(ds):
    with pytest.raises(DscTfError, match="degrees_west. Multiply it by -1"):
        open_dataset(with_axis(ds, "longitude", ds.longitude, units="degrees_west"))


def test_the_coordinate_of_the_rotated_pole_is_that_of_the_axis(ds):
    with pytest.raises(DscTfError, match="rlat belongs to a rotated pole, so it is no latitude"):
        open_dataset(ds.rename(latitude="rlat", longitude="rlon"))


def test_times_of_two_calendars_are_refused(ds):
    pairs = zip(
        xr.date_range("2001-01-01", periods=20, calendar="noleap", use_cftime=True),
        xr.date_range("2001-01-01", periods=20, calendar="360_day", use_cftime=True),
        strict=True,
    )
    mixed = [pair[i % 2] for i, pair in enumerate(pairs)]
    with pytest.raises(DscTfError, match="time mixes the calendars 360_day, noleap"):
        open_dataset(ds.assign_coords(time=np.array(mixed, dtype=object)))


def test_times_with_a_zone_are_refused(ds):
    zoned = pd.date_range("2001-01-01", periods=20, tz="Europe/Paris")
    with pytest.raises(DscTfError, match="time has the time zone Europe/Paris. Convert it to UTC"):
        open_dataset(ds.assign_coords(time=zoned))


def test_years_before_zero_are_refused(ds):
    times = np.array([cftime.Datetime360Day(-44, 1, day) for day in range(1, 21)])
    with pytest.raises(DscTfError, match="begins in the year -44"):
        open_dataset(ds.assign_coords(time=times))


def test_times_may_be_a_data_variable_over_another_dimension(ds):
    fields = {name: (("record", "latitude", "longitude"), ds[name].values) for name in ds.data_vars}
    records = xr.Dataset(fields, {name: ds[name] for name in ("latitude", "longitude")})
    records["time"] = ("record", ds.time.values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # units are not stated
        np.testing.assert_array_equal(open_dataset(records).time, ds.time)


@pytest.mark.parametrize("calendar", ["standard", "noleap"])
def test_times_are_rounded_to_seconds(ds, calendar):
    """Days as floating-point numbers give times such as 23:59:59.999, which belong to the next day."""
    ds = ds.convert_calendar(calendar, use_cftime=calendar != "standard")
    opened = open_dataset(ds.assign_coords(time=ds.indexes["time"] - timedelta(milliseconds=1)))
    assert opened.indexes["time"].equals(ds.indexes["time"])
