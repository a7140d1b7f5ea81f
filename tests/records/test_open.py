import errno
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.records.notes import notes_of
from dsc_tf.records.open import open_dataset


@pytest.fixture
def ds():
    return mock_dataset(days=40)


def same_values(one, other):
    for name in other.data_vars:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("classic.nc", {"format": "NETCDF3_CLASSIC", "engine": "netcdf4"}),
        ("hdf5.nc", {"engine": "netcdf4"}),
        ("h5.nc4", {"engine": "netcdf4", "format": "NETCDF4_CLASSIC"}),
    ],
)
def test_netcdf_of_every_kind(ds, name, options, tmp_path):
    ds.to_netcdf(tmp_path / name, **options)
    with open_dataset(tmp_path / name) as opened:
        same_values(opened, ds)
        assert list(opened.coords["regime"].values) == list(ds.regime.values)


def test_zarr_folder(ds, tmp_path):
    pytest.importorskip("zarr")
    ds.to_zarr(tmp_path / "store.zarr", zarr_format=2, consolidated=True)
    same_values(open_dataset(tmp_path / "store.zarr"), ds)


def test_opening_reads_no_field(ds, tmp_path):
    ds.to_netcdf(tmp_path / "a.nc")
    with open_dataset(tmp_path / "a.nc") as opened:
        assert not opened["t2m"].variable._in_memory


def test_files_of_other_times_are_joined_in_order_of_time(ds, tmp_path):
    ds.isel(time=slice(20, None)).to_netcdf(tmp_path / "a.nc")
    ds.isel(time=slice(None, 20)).to_netcdf(tmp_path / "b.nc")
    same_values(open_dataset(str(tmp_path / "*.nc")), ds)


def test_interleaved_files_are_sorted(ds, tmp_path):
    ds.isel(time=slice(0, None, 2)).to_netcdf(tmp_path / "a.nc")
    ds.isel(time=slice(1, None, 2)).to_netcdf(tmp_path / "b.nc")
    same_values(open_dataset([tmp_path / "a.nc", tmp_path / "b.nc"]), ds)


def test_files_of_other_variables_are_merged(ds, tmp_path):
    ds[["t2m"]].to_netcdf(tmp_path / "a.nc")
    ds[["msl"]].to_netcdf(tmp_path / "b.nc")
    same_values(open_dataset([tmp_path / "a.nc", tmp_path / "b.nc"]), ds)


def test_files_of_other_grids_are_refused(ds, tmp_path):
    ds[["t2m"]].to_netcdf(tmp_path / "a.nc")
    half = ds[["t2m"]].assign_coords(latitude=ds.latitude + 0.5, time=ds.time + np.timedelta64(40, "D"))
    half.to_netcdf(tmp_path / "b.nc")
    with pytest.raises(DscTfError, match="grids differ|grid of one|do not fit"):
        opened = open_dataset([tmp_path / "a.nc", tmp_path / "b.nc"])
        assert opened.sizes["latitude"] == 8, "a union of two grids is no grid"


@pytest.mark.parametrize(
    "names",
    [
        {"time": "valid_time", "latitude": "lat", "longitude": "lon"},
        {"time": "date", "latitude": "nav_lat", "longitude": "nav_lon"},
        {"time": "t", "latitude": "y", "longitude": "x"},
    ],
)
@pytest.mark.filterwarnings("ignore:.* has no units; taken as:UserWarning")
def test_names_become_canonical(ds, names):
    same_values(open_dataset(ds.rename(names)), ds)


def test_attributes_win_over_names(ds):
    odd = ds.rename(latitude="j", longitude="i", time="when")
    odd["j"].attrs = {"standard_name": "latitude"}
    odd["i"].attrs = {"units": "degrees_east"}
    odd["when"].attrs = {"axis": "T"}
    same_values(open_dataset(odd), ds)


def test_dimensions_of_length_one_are_dropped(ds):
    more = ds.expand_dims(number=[0], surface=[0.0]).assign_coords(expver=("time", ["0001"] * 40))
    opened = open_dataset(more)
    assert opened["t2m"].dims == ("time", "latitude", "longitude")
    assert set(opened.coords) == {"time", "latitude", "longitude", "regime"}


def test_final_and_preliminary_data_become_one(ds):
    late = np.arange(40) >= 30
    final, preliminary = ds.where(~xr.DataArray(late, dims="time")), ds.where(xr.DataArray(late, dims="time"))
    both = xr.concat([final, preliminary], pd.Index([1, 5], name="expver"))
    same_values(open_dataset(both), ds)


def test_levels_become_variables(ds):
    levels = xr.concat([ds[["t2m"]], ds[["t2m"]] + 1], pd.Index([850, 500], name="level"))
    opened = open_dataset(levels.rename(t2m="t"))
    assert list(opened.data_vars) == ["t850", "t500"]
    np.testing.assert_array_equal(opened["t850"], ds["t2m"])


def test_forecast_time_and_valid_time(ds):
    """As cfgrib opens a GRIB file: `time` is when a forecast began, `valid_time` when it holds."""
    begin = ds.time - np.timedelta64(6, "h")
    grib = ds.assign_coords(time=begin, valid_time=("time", ds.time.values), step=np.timedelta64(6, "h"))
    np.testing.assert_array_equal(open_dataset(grib).time, ds.time)


def test_unsorted_time_is_sorted(ds):
    same_values(open_dataset(ds.isel(time=np.random.default_rng(0).permutation(40))), ds)


def test_units_and_attributes_are_kept(ds):
    opened = open_dataset(ds)
    assert opened["t2m"].attrs["units"] == "K" and opened.attrs == ds.attrs


def test_variables_by_name_or_standard_name(ds):
    ds["msl"].attrs["standard_name"] = "air_pressure_at_mean_sea_level"
    assert list(open_dataset(ds, variables=["air_pressure_at_mean_sea_level", "t2m"])) == ["msl", "t2m"]


def test_what_is_no_field_is_left_out_with_a_warning(ds):
    ds["orography"] = ds["t2m"].isel(time=0, drop=True)
    with pytest.warns(UserWarning, match="left out.*orography"):
        assert "orography" not in open_dataset(ds)


def test_region_in_the_order_of_the_data_store(ds):
    part = open_dataset(ds, region=(58, -6, 52, 0))
    assert part.latitude.values.tolist() == [58, 56, 54, 52]
    assert part.longitude.values.tolist() == [-6, -4, -2, 0]


@pytest.mark.parametrize("first", [-180, 0])
def test_region_across_date_line_and_meridian(first):
    whole = mock_dataset(longitudes=36).assign_coords(longitude=first + 10.0 * np.arange(36))
    assert open_dataset(whole, region=(60, 160, 40, -170)).longitude.values.tolist() == [160, 170, 180, 190]
    assert open_dataset(whole, region=(60, -20, 40, 10)).longitude.values.tolist() == [-20, -10, 0, 10]
    assert open_dataset(whole, region=(60, -180, 40, 180)).sizes["longitude"] == 36


def test_period_includes_both_ends(ds):
    part = open_dataset(ds, period=("2001-01-05", "2001-01-07"))
    assert part.time.dt.day.values.tolist() == [5, 6, 7]


@pytest.mark.parametrize(("season", "months"), [("DJF", {12, 1, 2}), ("mam", {3, 4, 5}), ("ND", {11, 12})])
def test_season_is_its_months_of_every_year(season, months):
    part = open_dataset(mock_dataset(days=800, latitudes=2, longitudes=2), season=season)
    assert set(part.time.dt.month.values) == months
    assert part.sizes["time"] == np.isin(pd.date_range("2001-01-01", periods=800).month, list(months)).sum()


def test_season_is_taken_from_what_was_aggregated():
    monthly = open_dataset(
        mock_dataset(days=800, latitudes=2, longitudes=2), aggregate="monthly", season="DJF"
    )
    assert monthly.time.dt.month.values.tolist() == [1, 2, 12, 1, 2, 12, 1, 2]


def test_windows_stay_within_a_season():
    ds = open_dataset(mock_dataset(days=800, latitudes=4, longitudes=4), season="JJ")
    X, _ = prepare(ds, window=5)
    assert len(X) == 2 * (61 - 4)
    assert (ds.time[X.sample_index].dt.strftime("%m-%d").values >= "06-05").all()


@pytest.mark.parametrize("season", ["J", "winter", "JFMAMJJASONDJ", "FJ"])
def test_what_is_no_season_is_refused(season):
    with pytest.raises(DscTfError, match=f"season: '{season}'. Give the first letters"):
        open_dataset(mock_dataset(), season=season)


def test_season_without_a_step(ds):
    with pytest.raises(DscTfError, match="season: no step in JJA"):
        open_dataset(ds, season="JJA")


def hourly():
    ds = mock_dataset(days=48, freq="1h", variables=("t2m", "tp", "sshf"))
    ds["tp"].attrs["cell_methods"] = "time: sum"
    ds["sshf"].attrs["GRIB_stepType"] = "accum"
    return ds


def test_daily_means_and_sums():
    raw = hourly()
    daily = open_dataset(raw, aggregate="daily")
    assert daily.sizes["time"] == 2
    np.testing.assert_allclose(daily["t2m"][1], raw["t2m"][24:].mean("time"), rtol=1e-6)
    for name in ("tp", "sshf"):
        np.testing.assert_allclose(daily[name][1], raw[name][24:].sum("time"), rtol=1e-6)
    assert daily["t2m"].attrs["units"] == "K" and daily["tp"].attrs["cell_methods"] == "time: sum"


def test_user_names_what_accumulates():
    raw = hourly()
    summed = open_dataset(raw, aggregate="6h", accumulated=["t2m"])["t2m"]
    np.testing.assert_allclose(summed[0], raw["t2m"][:6].sum("time"), rtol=1e-6)


def test_incomplete_periods_are_left_out_and_reported():
    """Hours 0 to 4, 12 to 23 and 40 to 47: of four half days one is complete and one is absent."""
    raw = hourly().isel(time=np.r_[0:5, 12:24, 40:48])
    with pytest.warns(
        UserWarning, match="2 incomplete periods of '12h' left out, the first 2001-01-01 with 5 of 12"
    ):
        half_days = open_dataset(raw, aggregate="12h")
    assert half_days.time.dt.hour.values.tolist() == [12]


def test_calendar_of_360_days():
    ds = mock_dataset(days=60)
    ds["time"] = xr.date_range("2001-01-01", periods=60, calendar="360_day", use_cftime=True)
    monthly = open_dataset(ds, aggregate="monthly", period=("2001-01-01", "2001-02-30"))
    assert monthly.sizes["time"] == 2


BAD = {
    "no such file": (lambda d: "absent.nc", {}, "no such file: absent.nc"),
    "empty glob": (lambda d: str(d / "*.nc"), {}, "no such file"),
    "plain folder": (lambda d: d, {}, "is a folder, not a Zarr store"),
    "text": (lambda d: written(d / "a.nc", "not a climate file"), {}, "cannot be read as a climate file"),
    "no time": (lambda d: mock_dataset().isel(time=0, drop=True), {}, "no time axis"),
    "no latitude": (lambda d: mock_dataset().isel(latitude=0, drop=True), {}, "no latitude"),
    "curvilinear": (lambda d: curvilinear(), {}, "curvilinear or rotated"),
    "missing variable": (
        lambda d: mock_dataset(),
        {"variables": ["sst"]},
        "'sst' is not in the data.*t2m, msl",
    ),
    "region upside down": (lambda d: mock_dataset(), {"region": (40, 0, 50, 10)}, "south 50 above north 40"),
    "region elsewhere": (lambda d: mock_dataset(), {"region": (10, 0, 0, 10)}, "no grid point.*60 -10 46 6"),
    "period elsewhere": (
        lambda d: mock_dataset(),
        {"period": ("1990", "1991")},
        "run from 2001-01-01 to 2001-01-30",
    ),
    "no date": (lambda d: mock_dataset(), {"period": ("soon", "later")}, "not two dates"),
    "offset": (lambda d: mock_dataset(), {"aggregate": "often"}, "aggregate: 'often'"),
    "accumulated": (lambda d: mock_dataset(), {"accumulated": ["tp"]}, "accumulated: tp not in the data"),
    "nothing gridded": (
        lambda d: xr.Dataset({"a": ("time", [1.0])}, mock_dataset(days=1).coords),
        {},
        "no variable",
    ),
}


def written(path, text):
    path.write_text(text)
    return path


def curvilinear():
    ds = (
        mock_dataset(variables=("t2m",))
        .drop_vars("regime")
        .rename(latitude="j", longitude="i")
        .drop_vars(["i", "j"])
    )
    two = np.ones((8, 9))
    return ds.assign_coords(
        lat=(("j", "i"), two, {"units": "degrees_north"}), lon=(("j", "i"), two, {"units": "degrees_east"})
    )


@pytest.mark.parametrize("case", BAD)
@pytest.mark.filterwarnings("ignore:left out")
def test_bad_input(case, tmp_path):
    source, options, words = BAD[case]
    with pytest.raises(DscTfError, match=words) as caught:
        open_dataset(source(tmp_path), **options)
    assert "\n" not in str(caught.value)


def test_grib_without_its_extra(monkeypatch, tmp_path):
    (tmp_path / "a.grib").write_bytes(b"GRIB")
    monkeypatch.setitem(sys.modules, "cfgrib", None)
    with pytest.raises(DscTfError, match=r"needs cfgrib.*dsc_tf\[grib\]"):
        open_dataset(tmp_path / "a.grib")


@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT"])
def test_netcdf_is_opened_without_asking_other_engines(form, tmp_path, monkeypatch):
    path = tmp_path / "a.nc"
    mock_dataset(days=3).to_netcdf(path, format=form)
    monkeypatch.setattr(
        "xarray.backends.plugins.guess_engine", lambda *_, **__: pytest.fail("engines were asked")
    )
    with open_dataset(path) as ds:
        assert ds.sizes["time"] == 3


def test_absent_units_are_stated_once_and_stored():
    ds = mock_dataset(days=5)
    ds["t2m"].attrs.pop("units")
    with pytest.warns(
        UserWarning, match="^units: not stated for t2m; values are taken as they are"
    ) as caught:
        opened = open_dataset(ds)
    assert len(caught) == 1
    assert notes_of(opened) == [str(caught[0].message)]


@pytest.mark.parametrize("target", ["gone.nc", "x.nc"], ids=["dangling", "loop"])
@pytest.mark.parametrize("pattern", ["x.nc", "*.nc"])
def test_a_link_that_leads_nowhere_is_refused(tmp_path, target, pattern):
    (tmp_path / "x.nc").symlink_to(tmp_path / target)
    with pytest.raises(DscTfError, match=r"cannot be opened \(|no such file") as caught:
        open_dataset(tmp_path / pattern)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", [None, 5, b"x.nc", {"t2m": 1}, np.zeros((3, 4, 5)), [1, 2]])
def test_sources_of_other_types_are_refused(source):
    with pytest.raises(DscTfError, match=f"data: {type(source).__name__}. Give a path"):
        open_dataset(source)


def test_datasets_in_a_list_are_joined(ds):
    same_values(open_dataset([ds.isel(time=slice(0, 3)), ds.isel(time=slice(3, None))]), ds)


def test_an_address_is_refused_without_its_password():
    with pytest.raises(DscTfError, match=r"data: an address \(https\), not a file") as caught:
        open_dataset("https://user:secret@example.org/x.nc")
    assert "secret" not in str(caught.value)


def test_patterns_reach_into_folders(ds, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    ds.to_netcdf(tmp_path / "a" / "b" / "x.nc")
    same_values(open_dataset(tmp_path / "**" / "*.nc"), ds)


def test_variables_in_groups_are_named(ds, tmp_path):
    ds.to_netcdf(tmp_path / "x.nc", group="forecast")
    with pytest.raises(DscTfError, match=r"holds its variables in groups \(forecast\)"):
        open_dataset(tmp_path / "x.nc")
    ds.to_netcdf(tmp_path / "y.nc")
    ds.to_netcdf(tmp_path / "y.nc", group="other", mode="a")
    with pytest.warns(UserWarning, match="y.nc: left out, since in groups or without metadata: other"):
        same_values(open_dataset(tmp_path / "y.nc"), ds)


@pytest.mark.parametrize(
    ("start", "kind"), [(b"\x1f\x8b", "gzip"), (b"BZh9", "bzip2"), (b"PK\x03\x04", "zip")]
)
def test_packed_files_are_named(tmp_path, start, kind):
    (tmp_path / "x.nc").write_bytes(start + bytes(50))
    with pytest.raises(DscTfError, match=rf"is compressed or an archive \({kind}\). Unpack it first"):
        open_dataset(tmp_path / "x.nc")


@pytest.mark.parametrize("kind", ["complex64", "bool", "<U8"])
def test_variables_of_other_kinds_are_named_with_their_kind(ds, kind):
    with pytest.raises(DscTfError, match=f"t2m holds {kind}"):
        open_dataset(ds[["t2m"]].astype(kind))


def test_the_dimension_that_is_no_axis_is_named(ds):
    bands = xr.concat([ds[["t2m"]]] * 3, "band")
    with pytest.raises(DscTfError, match=r"t2m was left out, since band \(3\) is no level"):
        open_dataset(bands)


def test_one_name_of_a_sum_may_be_a_text_and_a_season_is_one(ds):
    assert open_dataset(ds, accumulated="t2m", aggregate="2D").t2m.attrs["cell_methods"] == "time: sum"
    with pytest.raises(DscTfError, match="season: 5. Give the first letters"):
        open_dataset(ds, season=5)


def test_too_many_open_files_are_named(ds, tmp_path, monkeypatch):
    ds.to_netcdf(tmp_path / "a.nc")

    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("dsc_tf.records.files.open", refuse, raising=False)
    with pytest.raises(DscTfError, match="too many open files. Raise the limit"):
        open_dataset(tmp_path / "a.nc")
