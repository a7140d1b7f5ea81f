import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.datasets.weatherbench import open_weatherbench
from dsc_tf.errors import DscTfError

GRIDS = {"5.625deg": (32, 64), "1.40625deg": (128, 256)}


def fields(short, year, shape, hours=30, levels=None, start="01-01"):
    """One file of WeatherBench; its values tell variable, level, hour and place apart."""
    rows, columns = shape
    size = 180 / rows
    time = pd.date_range(f"{year}-{start}", periods=hours, freq="h")
    values = np.random.default_rng(year).normal(size=(hours, rows, columns)).astype("float32")
    coords = {
        "time": time,
        "lat": ("lat", -90 + size * (np.arange(rows) + 0.5), {"standard_name": "latitude"}),
        "lon": ("lon", size * np.arange(columns), {"standard_name": "longitude"}),
    }
    dims = ("time", "lat", "lon")
    if levels is not None:
        values = np.stack([values + level for level in levels], axis=1)
        dims, coords["level"] = ("time", "level", "lat", "lon"), np.array(levels, dtype="int32")
    return xr.Dataset({short: (dims, values.astype("float32"), {"units": "of " + short})}, coords)


def written(base, folder, short, *, grid="5.625deg", years=(1979,), shape=None, **options):
    (base / folder).mkdir(parents=True, exist_ok=True)
    for year in years:
        ds = fields(short, year, shape or GRIDS[grid], **options)
        ds.to_netcdf(base / folder / f"{folder}_{year}_{grid}.nc")
    return base


@pytest.mark.parametrize("grid", GRIDS)
def test_one_variable_on_both_grids(tmp_path, grid):
    written(tmp_path, "2m_temperature", "t2m", grid=grid, years=(1979, 1980))
    ds = open_weatherbench(tmp_path, "2m_temperature")
    rows, columns = GRIDS[grid]
    assert dict(ds.sizes) == {"time": 60, "latitude": rows, "longitude": columns}
    assert ds["t2m"].dims == ("time", "latitude", "longitude") and ds["t2m"].dtype == np.float32
    assert float(ds.longitude.min()) == 0 and float(ds.longitude.max()) == 360 - 180 / rows
    np.testing.assert_array_equal(ds["t2m"][30:], fields("t2m", 1980, GRIDS[grid])["t2m"])
    assert ds["t2m"].attrs["units"] == "of t2m"


def test_several_variables_read_with_dask(tmp_path):
    written(tmp_path, "2m_temperature", "t2m")
    written(tmp_path, "geopotential_500", "z")
    written(tmp_path, "temperature", "t", levels=[500, 850])
    ds = open_weatherbench(tmp_path, ["2m_temperature", "geopotential_500", "temperature"])
    assert list(ds.data_vars) == ["t2m", "z500", "t500", "t850"]
    assert all(ds[name].chunks is not None for name in ds)


def test_level_kept_as_a_scalar_is_not_added_twice(tmp_path):
    (tmp_path / "temperature_850").mkdir()
    ds = fields("t", 1979, (32, 64), levels=[850]).isel(level=0)
    ds.to_netcdf(tmp_path / "temperature_850" / "temperature_850hPa_1979_5.625deg.nc")
    assert list(open_weatherbench(tmp_path, ["temperature_850"])) == ["t850"]


def test_levels_of_a_variable(tmp_path):
    written(tmp_path, "geopotential", "z", levels=[50, 500, 850])
    plain = fields("z", 1979, (32, 64))["z"]
    assert list(open_weatherbench(tmp_path, "geopotential")) == ["z50", "z500", "z850"]
    ds = open_weatherbench(tmp_path, "geopotential", levels=[850, 500])
    assert list(ds) == ["z850", "z500"]
    np.testing.assert_array_equal(ds["z500"], plain + np.float32(500))


def test_levels_leave_single_fields_alone(tmp_path):
    written(tmp_path, "10m_u_component_of_wind", "u10")
    written(tmp_path, "geopotential", "z", levels=[500])
    written(tmp_path, "temperature_850", "t")
    ds = open_weatherbench(tmp_path, ["10m_u_component_of_wind", "z", "temperature_850"], levels=[500])
    assert list(ds) == ["u10", "z500", "t850"]


def test_short_names(tmp_path):
    written(tmp_path, "2m_temperature", "t2m")
    written(tmp_path, "10m_u_component_of_wind", "u10")
    written(tmp_path, "geopotential", "z", levels=[500, 850])
    written(tmp_path, "temperature_850", "t")
    assert list(open_weatherbench(tmp_path, ["t2m", "u10", "z500", "t850"])) == ["t2m", "u10", "z500", "t850"]


def test_days_sum_what_accumulates(tmp_path):
    written(tmp_path, "2m_temperature", "t2m", hours=48)
    written(tmp_path, "total_precipitation", "tp", hours=48)
    daily = open_weatherbench(tmp_path, ["t2m", "tp"], aggregate="daily")
    hours = fields("t2m", 1979, (32, 64), hours=48)["t2m"].values[24:]
    assert daily.sizes["time"] == 2
    np.testing.assert_allclose(daily["t2m"][1], hours.mean(0), atol=1e-5)
    np.testing.assert_allclose(daily["tp"][1], hours.sum(0), atol=1e-4)


def test_region_and_period(tmp_path):
    written(tmp_path, "2m_temperature", "t2m", years=(1979, 1980))
    ds = open_weatherbench(tmp_path, "t2m", region=(60, -20, 40, 20), period=("1980-01-01", "1980-01-01"))
    assert ds.sizes["time"] == 24 and set(ds.time.dt.year.values.tolist()) == {1980}
    assert float(ds.longitude.min()) >= -20 and float(ds.longitude.max()) <= 20


def test_times_common_to_all(tmp_path):
    written(tmp_path, "2m_temperature", "t2m", hours=30)
    written(tmp_path, "total_precipitation", "tp", hours=23, start="01-01T07")
    ds = open_weatherbench(tmp_path, ["t2m", "tp"])
    assert str(ds.time.values[0])[:13] == "1979-01-01T07" and ds.sizes["time"] == 23


def mixed(base, **options):
    written(base, "2m_temperature", "t2m")
    return written(base, "geopotential_500", "z", **options)


BAD = {
    "no folder of the variable": (
        lambda d: written(d, "2m_temperature", "t2m"),
        {"variables": ["2m_temperature", "total_cloud_cover"]},
        "no folder total_cloud_cover in .*Choose among 2m_temperature",
    ),
    "short name without folder": (
        lambda d: written(d, "2m_temperature", "t2m"),
        {"variables": "z500"},
        "no folder geopotential in",
    ),
    "no folder at all": (lambda d: d / "absent", {"variables": "t2m"}, "no such folder.*absent"),
    "not unpacked": (
        lambda d: (d / "2m_temperature").mkdir() or d,
        {"variables": "t2m"},
        "2m_temperature holds no .nc files. Unpack",
    ),
    "variables on two grids": (
        lambda d: mixed(d, grid="1.40625deg"),
        {"variables": ["t2m", "z500"]},
        "geopotential_500 has 128 x 256 points, 2m_temperature 32 x 64",
    ),
    "years on two grids": (
        lambda d: mixed(d) and written(d, "2m_temperature", "t2m", years=(1980,), grid="1.40625deg"),
        {"variables": "t2m"},
        "2m_temperature_1980_1.40625deg.nc has 128 x 256",
    ),
    "no such level": (
        lambda d: written(d, "geopotential", "z", levels=[500, 850]),
        {"variables": "z", "levels": [500, 925]},
        "levels: 925 hPa not in geopotential_1979.*Choose among 500, 850",
    ),
    "one variable twice": (mixed, {"variables": ["t2m", "2m_temperature"]}, "t2m more than once"),
    "none": (mixed, {"variables": []}, "variables: none"),
    "no common time": (
        lambda d: mixed(d, years=(1990,)),
        {"variables": ["t2m", "z500"]},
        "no time in common",
    ),
    "constants": (
        lambda d: (
            (d / "constants").mkdir()
            or fields("lsm", 1979, (32, 64)).isel(time=0, drop=True).to_netcdf(d / "constants" / "a.nc")
            or d
        ),
        {"variables": "constants"},
        "no time axis",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, tmp_path):
    made, options, words = BAD[case]
    with pytest.raises(DscTfError, match=words) as caught:
        open_weatherbench(made(tmp_path), **options)
    assert "\n" not in str(caught.value)
