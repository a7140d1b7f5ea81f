"""Several files: exact joins, converted units, levels and members in files of their own."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.records.open import open_dataset
from dsc_tf.records.units import check_units_and_grid, factor_and_offset


@pytest.fixture
def ds():
    return mock_dataset(days=40).drop_vars("regime")


def two(tmp_path, first, second):
    first.to_netcdf(tmp_path / "a.nc")
    second.to_netcdf(tmp_path / "b.nc")
    return [tmp_path / "a.nc", tmp_path / "b.nc"]


def test_grids_equal_to_rounding_are_one(ds, tmp_path):
    shifted = ds[["msl"]].assign_coords(latitude=ds.latitude + 1e-10)
    opened = open_dataset(two(tmp_path, ds[["t2m"]], shifted))
    assert dict(opened.sizes) == dict(ds.sizes)
    np.testing.assert_array_equal(opened.msl, ds.msl)


def test_float32_and_float64_copies_are_one(ds, tmp_path):
    odd = ds.assign_coords(latitude=ds.latitude + 0.1)
    late = odd.isel(time=slice(20, None)).assign_coords(latitude=odd.latitude.astype("float32"))
    opened = open_dataset(two(tmp_path, odd.isel(time=slice(20)), late))
    np.testing.assert_array_equal(opened.t2m, ds.t2m)


@pytest.mark.parametrize("change", ["reversed", "modulo 360"])
def test_rows_and_columns_are_brought_into_one_order(ds, tmp_path, change):
    late = ds.isel(time=slice(20, None))
    if change == "reversed":
        late = late.isel(latitude=slice(None, None, -1))
    else:
        late = late.assign_coords(longitude=late.longitude % 360)
    opened = open_dataset(two(tmp_path, ds.isel(time=slice(20)), late))
    np.testing.assert_array_equal(opened.t2m, ds.t2m)


REFUSED = {
    "other times": (
        lambda ds: (ds[["t2m"]], ds[["msl"]].assign_coords(time=ds.time + np.timedelta64(12, "h"))),
        "time: a.nc.*b.nc",
    ),
    "one variable shorter": (
        lambda ds: (ds.isel(time=slice(20)), ds[["msl"]].isel(time=slice(20, None))),
        "20 steps",
    ),
    "overlap": (
        lambda ds: (ds.isel(time=slice(25)), (ds + 1).isel(time=slice(15, None))),
        "10 duplicated steps",
    ),
    "row more": (lambda ds: (ds[["t2m"]], ds[["msl"]].isel(latitude=slice(7))), "a.nc and b.nc do not fit"),
    "units": (
        lambda ds: (ds.isel(time=slice(20)), ds.isel(time=slice(20, None)).assign(t2m=in_litres(ds)[20:])),
        "'l' do not convert to 'K'",
    ),
    "daily and monthly": (
        lambda ds: (ds, mock_dataset(days=12, start="2001-03-01", freq="1MS").drop_vars("regime")),
        "steps of 1 days, b.nc of 31",
    ),
    "calendars": (
        lambda ds: (
            ds[["t2m"]],
            ds[["msl"]].assign_coords(
                time=xr.date_range("2001-01-01", periods=40, calendar="noleap", use_cftime=True)
            ),
        ),
        "calendar standard, b.nc noleap",
    ),
    "mean and maximum": (
        lambda ds: tuple(
            ds[["t2m"]].assign(t2m=ds.t2m.assign_attrs(cell_methods=f"time: {method}"))
            for method in ("mean", "maximum")
        ),
        r"both hold t2m, with different cell_methods \(time: mean, time: maximum\)",
    ),
}


def in_litres(ds):
    return ds.t2m.assign_attrs(units="l")


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(case, ds, tmp_path):
    change, words = REFUSED[case]
    paths = two(tmp_path, *change(ds))
    with pytest.raises(DscTfError, match=words) as caught:
        open_dataset(paths)
    assert "\n" not in str(caught.value)


def test_period_makes_files_fit(ds, tmp_path):
    paths = two(tmp_path, ds[["t2m"]], ds[["msl"]].isel(time=slice(10, 30)))
    opened = open_dataset(paths, period=("2001-01-11", "2001-01-30"))
    np.testing.assert_array_equal(opened.t2m, ds.t2m[10:30])


def test_units_are_converted_and_reported(ds, tmp_path):
    late = ds.isel(time=slice(20, None))
    celsius = late.assign(t2m=(late.t2m - 273.15).assign_attrs(late.t2m.attrs | {"units": "degC"}))
    paths = two(tmp_path, ds.isel(time=slice(20)), celsius)
    with pytest.warns(UserWarning, match="t2m of b.nc: converted from degC to K"):
        opened = open_dataset(paths)
    np.testing.assert_allclose(opened.t2m, ds.t2m, rtol=1e-6)


@pytest.mark.parametrize(
    ("units", "wanted", "expected"),
    [
        ("hPa", "Pa", (100, 0)),
        ("millibars", "hPa", (1, 0)),
        ("m s**-1", "m s-1", (1, 0)),
        ("Celsius", "K", (1, 273.15)),
        ("degrees_celsius", "kelvin", (1, 273.15)),
        ("degrees Celsius", "K", (1, 273.15)),  # no angle times a temperature
        ("deg C", "degrees K", (1, 273.15)),
        ("mm", "m", (1e-3, 0)),
        ("%", "1", (0.01, 0)),
        ("kg", "K", None),
    ],
)
def test_units_in_any_spelling(units, wanted, expected):
    assert factor_and_offset(units, wanted) == (expected and pytest.approx(expected))


def test_units_and_grid_of_a_fitted_model(ds):
    expected = {
        "variables": {"msl": "Pa", "t2m": "K"},
        "latitude": ds.latitude.values,
        "longitude": ds.longitude.values,
    }
    assert list(check_units_and_grid(ds, expected)) == ["msl", "t2m"]
    hectopascal = ds.assign(msl=(ds.msl / 100).assign_attrs(units="hPa")).isel(latitude=slice(None, None, -1))
    with pytest.warns(UserWarning, match="msl: converted from hPa to Pa"):
        same = check_units_and_grid(hectopascal, expected)
    np.testing.assert_allclose(same.msl, ds.msl, rtol=1e-6)
    with pytest.raises(DscTfError, match="msl not in the data"):
        check_units_and_grid(ds[["t2m"]], expected)
    with pytest.raises(DscTfError, match="differ from those the model was fitted to"):
        check_units_and_grid(ds.assign_coords(latitude=ds.latitude + 1), expected)
    with pytest.raises(DscTfError, match="'kg' do not convert to 'Pa'"):
        check_units_and_grid(ds.assign(msl=ds.msl.assign_attrs(units="kg")), expected)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_final_data_are_preferred_in_any_order(ds, tmp_path, order):
    final = ds.isel(time=slice(30)).assign_coords(expver=("time", ["0001"] * 30))
    preliminary = (ds + 100).isel(time=slice(20, None)).assign_coords(expver=("time", ["0005"] * 20))
    paths = two(tmp_path, final, preliminary)
    with pytest.warns(UserWarning, match="expver: 10 steps"):
        opened = open_dataset([paths[i] for i in order])
    np.testing.assert_array_equal(opened.t2m[:30], ds.t2m[:30])
    np.testing.assert_array_equal(opened.t2m[30:], ds.t2m[30:] + 100)


@pytest.mark.parametrize("order", [[1, 5], [5, 1]])
def test_final_data_are_preferred_along_expver(ds, order):
    versions = {1: ds.where(ds.time < ds.time[30]), 5: ds + 100}
    both = xr.concat([versions[v] for v in order], pd.Index(order, name="expver"))
    opened = open_dataset(both)
    np.testing.assert_array_equal(opened.t2m[:30], ds.t2m[:30])


def test_files_of_one_level_each(ds, tmp_path):
    z = ds[["t2m"]].rename(t2m="z")
    paths = two(tmp_path, z.assign_coords(level=500.0), (z + 1).assign_coords(level=850.0))
    opened = open_dataset(paths)
    assert list(opened) == ["z500", "z850"]
    np.testing.assert_array_equal(opened.z850, ds.t2m + 1)


def test_files_of_one_member_each(ds, tmp_path):
    paths = two(tmp_path, ds.assign_coords(number=0), (ds + 1).assign_coords(number=1))
    with pytest.raises(DscTfError, match="2 ensemble members"):
        open_dataset(paths)
    np.testing.assert_array_equal(open_dataset(paths, member=1).t2m, ds.t2m + 1)
    assert open_dataset(paths, member="all").member.values.tolist() == ["0"] * 40 + ["1"] * 40


def test_different_steps_fit_after_aggregation(tmp_path):
    hourly = mock_dataset(days=96, freq="1h", variables=("t2m",)).drop_vars("regime")
    sixth = mock_dataset(days=16, freq="6h", variables=("msl",)).drop_vars("regime")
    opened = open_dataset(two(tmp_path, hourly, sixth), aggregate="daily")
    np.testing.assert_allclose(opened.msl[1], sixth.msl[4:8].mean("time"), rtol=1e-6)
    np.testing.assert_allclose(opened.t2m[1], hourly.t2m[24:48].mean("time"), rtol=1e-6)


def test_different_quantities_of_one_name_are_named(ds, tmp_path):
    first, second = ds.isel(time=slice(0, 20)), ds.isel(time=slice(20, 40)).copy()
    first = first.assign(t2m=first.t2m.assign_attrs(cell_methods="time: mean"))
    second = second.assign(t2m=second.t2m.assign_attrs(cell_methods="time: maximum"))
    with pytest.warns(UserWarning, match="t2m: cell_methods is time: mean in a.nc, time: maximum in b.nc"):
        open_dataset(two(tmp_path, first, second))


def test_levels_in_other_units_are_one_level(ds):
    """The same field at 850 hPa and at 85000 Pa are no two variables."""
    field = ds[["t2m"]].rename(t2m="t")
    first, second = field.expand_dims(level=[850]), field.expand_dims(plev=[85000.0])
    first["level"].attrs["units"], second["plev"].attrs["units"] = "hPa", "Pa"
    with pytest.raises(DscTfError, match="40 duplicated steps"):
        open_dataset([first, second])
    opened = open_dataset([first.isel(time=slice(20)), second.isel(time=slice(20, None))])
    assert list(opened) == ["t850hPa"] and opened.sizes["time"] == 40


def test_daily_files_of_different_hours_are_named(ds, tmp_path):
    late = ds.isel(time=slice(20, None)).assign_coords(time=ds.time.values[20:] + np.timedelta64(6, "h"))
    with pytest.warns(UserWarning, match=r"time: a.nc is of 00:00, b.nc of 06:00"):
        open_dataset(two(tmp_path, ds.isel(time=slice(20)), late))


def test_coordinates_written_with_few_decimals_are_those_of_the_other_file(ds, tmp_path):
    """Of a Gaussian grid; a shift by half a cell is no rounding."""
    rows = np.array(
        [88.5721685140073, 85.1577, 20.123456789, 0.5, -20.123456789, -85.1577, -88.5721685140073]
    )
    fine = ds.isel(latitude=slice(7)).assign_coords(latitude=rows)
    late = fine.isel(time=slice(20, None))
    rounded = late.assign_coords(latitude=rows.round(2))
    opened = open_dataset(two(tmp_path, fine.isel(time=slice(20)), rounded))
    np.testing.assert_array_equal(opened.t2m, fine.t2m)
    whole = ds.assign_coords(longitude=np.arange(ds.sizes["longitude"]) * 1.0)
    shifted = whole.assign_coords(longitude=whole.longitude + 0.04)
    with pytest.raises(DscTfError, match="grids differ"):
        open_dataset([whole.isel(time=slice(20)), shifted.isel(time=slice(20, None))])


@pytest.mark.parametrize(
    ("name", "change"),
    [("t2m", lambda v: v - 273.15), ("msl", lambda v: v / 100), ("msl", lambda v: v * 9.80665)],
)
def test_a_file_whose_values_contradict_its_units_is_named(ds, name, change):
    late = ds.isel(time=slice(20, None))
    late = late.assign({name: change(late[name]).assign_attrs(ds[name].attrs)})
    with pytest.warns(UserWarning, match=f"{name}: .* in the first field of dataset 1.*both have the units"):
        open_dataset([ds.isel(time=slice(20)), late])


def test_seasons_are_no_other_units(ds):
    """Of a small region in degrees Celsius."""
    celsius = ds[["t2m"]] * 0 + np.linspace(-3, -2, ds.sizes["longitude"])
    celsius["t2m"].attrs["units"] = "degC"
    open_dataset([celsius.isel(time=slice(20)), celsius.isel(time=slice(20, None)) + 30])
