"""Times that are written in other ways than as days since a date, or at the end of their intervals."""

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.records.notes import notes_of
from dsc_tf.records.open import open_dataset

STEPS = 20


@pytest.fixture
def ds():
    return mock_dataset(days=STEPS, latitudes=6, longitudes=7).drop_vars("regime")


def file_with_times(path, numbers, limits=None, **attrs):
    """A file of one variable, whose times are these numbers."""
    with netCDF4.Dataset(path, "w") as file:
        for name, values in (("time", numbers), ("lat", np.arange(3.0)), ("lon", np.arange(4.0))):
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
        file.createVariable("v", "f4", ("time", "lat", "lon"))[:] = np.arange(len(numbers))[:, None, None]
        file["v"].units = "K"
        file["time"].setncatts(attrs)
        if limits is not None:
            file.createDimension("nv", 2)
            file.createVariable("time_bnds", "f8", ("time", "nv"))[:] = limits
    return path


@pytest.mark.parametrize(
    ("numbers", "attrs", "expected"),
    [
        ([0, 1, 13], {"units": "months since 2000-01-31"}, ["2000-01-31", "2000-02-29", "2001-02-28"]),
        ([0.5, 1.5, 2.5], {"units": "months since 2001-01-01"}, ["2001-01-16", "2001-02-15", "2001-03-16"]),
        ([-1, 0, 2], {"units": "years since 1999-03-01"}, ["1998-03-01", "1999-03-01", "2001-03-01"]),
        (
            [0.5, 1.5, 12.5],
            {"units": "months since 1960-01-01", "calendar": "360"},
            ["1960-01-16", "1960-02-16", "1961-01-16"],
        ),
    ],
)
def test_months_and_years_are_those_of_the_calendar(tmp_path, numbers, attrs, expected):
    with pytest.warns(UserWarning, match="since .* taken as those of the calendar"):
        opened = open_dataset(file_with_times(tmp_path / "a.nc", numbers, **attrs))
    assert [str(time)[:10] for time in opened.indexes["time"]] == expected


def test_days_written_as_digits_with_such_units(tmp_path):
    """Absolute times of CDO."""
    path = file_with_times(tmp_path / "a.nc", [20010228.5, 20010301.25], units="day as %Y%m%d.%f")
    expected = pd.DatetimeIndex(["2001-02-28 12:00", "2001-03-01 06:00"], name="time")
    assert open_dataset(path).indexes["time"].equals(expected)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (20010101 + np.arange(STEPS), "20010101 looks like a date.*ds.time.astype.str., format='%Y%m%d'"),
        (200101 + np.arange(STEPS), "200101 looks like a date.*'%Y%m'"),
        ([f"2001-01-{day:02d}" for day in range(1, STEPS + 1)], "2001-01-01 looks like a date.*'%Y-%m-%d'"),
        (np.arange(STEPS), "Give it units such as 'days since"),
    ],
)
def test_dates_without_units_are_refused_with_the_right_advice(ds, values, words):
    with pytest.raises(DscTfError, match=f"not dates. {words}"):
        open_dataset(ds.assign_coords(time=values))


@pytest.mark.parametrize("name", ["initial_time0_hours", "TIME12", "time_counter", "tstamp"])
def test_an_axis_of_dates_is_time_by_whatever_name(ds, name):
    opened = open_dataset(ds.rename(time=name))
    assert opened.indexes["time"].equals(ds.indexes["time"])
    np.testing.assert_array_equal(opened.t2m, ds.t2m)


def test_the_chosen_variable_decides_between_two_axes_of_dates(ds):
    other = ds[["msl"]].isel(time=slice(None, None, 2)).rename(time="time_1")
    opened = open_dataset(ds[["t2m"]].merge(other), variables=["msl"])
    np.testing.assert_array_equal(opened.msl, ds.msl[::2])
    assert opened.indexes["time"].equals(ds.indexes["time"][::2])


@pytest.mark.parametrize("calendar", ["standard", "noleap"])
def test_times_at_the_end_of_their_intervals_are_taken_at_the_beginning(tmp_path, calendar):
    """Monthly means of some models: that of December is stamped 1 January."""
    first = xr.date_range("2001-12-01", periods=13, freq="MS", calendar=calendar)
    days = np.array([(month - first[0]).days for month in first])
    bounds = np.stack([days[:-1], days[1:]], axis=1)
    stated = {"units": "days since 2001-12-01", "calendar": calendar, "bounds": "time_bnds"}
    at_end = file_with_times(tmp_path / "end.nc", days[1:], bounds, **stated)
    with pytest.warns(
        UserWarning, match="taken at its beginning, the first 2001-12-01.*instead of 2002-01-01"
    ):
        opened = open_dataset(at_end, season="DJF")
    assert opened.v[:, 0, 0].values.tolist() == [0, 1, 2]  # December, January, February
    assert opened.indexes["time"][0].month == 12
    at_begin = file_with_times(tmp_path / "begin.nc", days[:-1], bounds, **stated)
    assert not notes_of(open_dataset(at_begin))


def test_a_step_long_before_all_others_is_named(ds):
    """Such as a missing value of -999 days, which becomes the first step."""
    times = ds.indexes["time"].values.copy()
    times[3] -= np.timedelta64(999, "D")
    with pytest.warns(
        UserWarning, match="time: 1998-04-.*, step 4 of the file, comes long before all others"
    ):
        open_dataset(ds.assign_coords(time=times))
    other_order = ds.isel(time=[*range(5, STEPS), *range(5)])
    assert not notes_of(open_dataset(other_order))
