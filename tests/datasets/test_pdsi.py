from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.datasets.pdsi import drought, open_divisions, open_pdsi
from dsc_tf.errors import DscTfError

RECORD = Path(__file__).parents[3] / "shared" / "data" / "nclimdiv_pdsi_1895-2022.nc"
PACKED = {"dtype": "int16", "scale_factor": 0.01, "_FillValue": -32768}


def index(year):
    """Twelve months of PDSI in steps of 0.01, the north-west corner at sea."""
    values = np.random.default_rng(year).integers(-900, 900, size=(12, 6, 8)) / 100
    values[:, :2, :3] = np.nan
    return values


def terraclimate(folder, year):
    """A year as TerraClimate delivers it, on a small grid."""
    ds = xr.Dataset(
        {
            "PDSI": (("time", "lat", "lon"), index(year), {"units": "unitless", "grid_mapping": "crs"}),
            "crs": ((), np.int16(3)),
        },
        {
            "time": pd.date_range(f"{year}-01-01", periods=12, freq="MS"),
            "lat": ("lat", 40 - (np.arange(6) + 0.5) / 24, {"units": "degrees_north"}),
            "lon": ("lon", -95 + (np.arange(8) + 0.5) / 24, {"units": "degrees_east"}),
        },
    )
    path = folder / f"TerraClimate_PDSI_{year}.nc"
    ds.to_netcdf(path, encoding={"PDSI": PACKED, "time": {"units": "days since 1900-01-01"}})
    return path


def test_terraclimate_becomes_canonical(tmp_path):
    with open_pdsi(terraclimate(tmp_path, 1990)) as ds:
        assert list(ds.data_vars) == ["pdsi"]
        assert ds["pdsi"].dims == ("time", "latitude", "longitude") and ds["pdsi"].dtype == np.float32
        assert ds["pdsi"].attrs["units"] == "1"
        assert ds.latitude.values[0] == pytest.approx(40 - 0.5 / 24)
        np.testing.assert_allclose(ds["pdsi"], index(1990), atol=1e-5)


def test_opening_reads_no_field(tmp_path):
    with open_pdsi(terraclimate(tmp_path, 1990)) as ds:
        assert not ds["pdsi"].variable._in_memory


def test_years_are_joined(tmp_path):
    paths = [terraclimate(tmp_path, year) for year in (1991, 1990)]
    expected = np.concatenate([index(1990), index(1991)])
    for source in (paths, str(tmp_path / "TerraClimate_PDSI_*.nc")):
        with open_pdsi(source) as ds:
            assert ds.indexes["time"].equals(pd.date_range("1990-01-01", periods=24, freq="MS"))
            np.testing.assert_allclose(ds["pdsi"], expected, atol=1e-5)


def test_region_and_period(tmp_path):
    paths = [terraclimate(tmp_path, year) for year in (1990, 1991)]
    with open_pdsi(paths, region=(39.9, -94.9, 39.8, -94.8), period=("1990-12", "1991-02")) as ds:
        assert ds.time.dt.month.values.tolist() == [12, 1, 2]
        np.testing.assert_allclose(ds["pdsi"][1:], index(1991)[:2, 2:5, 2:5], atol=1e-5)


def test_many_files_are_read_month_by_month(tmp_path):
    paths = [terraclimate(tmp_path, year) for year in (1990, 1991)]
    with open_pdsi(paths, region=(39.9, -94.9, 39.8, -94.8)) as ds:
        assert ds["pdsi"].chunks == ((1,) * 24, (3,), (3,))


def test_years_on_two_grids_are_refused(tmp_path):
    with xr.open_dataset(terraclimate(tmp_path, 1991)) as ds:
        ds.load().isel(lat=slice(3)).to_netcdf(tmp_path / "half.nc")
    with pytest.raises(DscTfError, match="grids differ"):
        open_pdsi([terraclimate(tmp_path, 1990), tmp_path / "half.nc"])


def test_no_file_fits(tmp_path):
    with pytest.raises(DscTfError, match="no such file"):
        open_pdsi(str(tmp_path / "*.nc"))


def test_index_under_another_name(tmp_path):
    with xr.open_dataset(terraclimate(tmp_path, 1990)) as ds:
        other = ds.load().rename(PDSI="scpdsi")
    assert list(open_pdsi(other, variable="scpdsi")) == list(
        open_pdsi(other.rename(scpdsi="pdsi"), variable="pdsi")
    )
    with pytest.raises(DscTfError, match="'PDSI' is not in the data. Choose among scpdsi"):
        open_pdsi(other)


def divisions(path, missing=-99.99):
    values = np.array([[-3.0, missing, 1.5], [0.5, -2.0, missing]], dtype=np.float32)
    time = pd.date_range("1895-01-01", periods=3, freq="MS")
    ds = xr.Dataset({"pdsi": (("division", "time"), values)}, {"division": ["2301", "2302"], "time": time})
    ds.to_netcdf(path)
    return path


@pytest.mark.parametrize("missing", [-99.99, np.nan])
def test_divisions(tmp_path, missing):
    pdsi = open_divisions(divisions(tmp_path / "a.nc", missing))
    assert pdsi.dims == ("time", "division") and pdsi.dtype == np.float32
    np.testing.assert_array_equal(pdsi, np.float32([[-3, 0.5], [np.nan, -2], [1.5, np.nan]]))
    assert pdsi.sel(time="1895-03", division="2301").item() == 1.5


def test_what_is_no_record_of_divisions(tmp_path):
    with pytest.raises(DscTfError, match="no such file"):
        open_divisions(tmp_path / "absent.nc")
    (tmp_path / "text.nc").write_text("no netCDF")
    with pytest.raises(DscTfError, match="cannot be read as netCDF"):
        open_divisions(tmp_path / "text.nc")
    with pytest.raises(DscTfError, match="no pdsi over time and division.*open_pdsi"):
        open_divisions(terraclimate(tmp_path, 1990))
    with xr.open_dataset(divisions(tmp_path / "a.nc")) as ds:
        ds.load().assign_coords(time=[0, 1, 2]).to_netcdf(tmp_path / "b.nc")
    with pytest.raises(DscTfError, match="time: int64 .*no date"):
        open_divisions(tmp_path / "b.nc")


def test_drought_lies_below_the_threshold():
    pdsi = xr.DataArray(np.float32([-3.5, -2.0, -1.9, np.nan]), dims="time")
    np.testing.assert_array_equal(drought(pdsi), [1, 0, 0, np.nan])
    np.testing.assert_array_equal(drought(pdsi, threshold=-3.0), [1, 0, 0, np.nan])
    np.testing.assert_array_equal(drought(pdsi, threshold=-1.0), [1, 1, 1, np.nan])
    assert drought(pdsi).name == "drought" and drought(pdsi).dtype == np.float32


def test_drought_stays_lazy():
    lazy = drought(xr.DataArray(np.float32([-3.0, 1.0]), dims="time").chunk())
    assert lazy.chunks is not None and lazy.values.tolist() == [1, 0]


@pytest.mark.real
@pytest.mark.skipif(not RECORD.exists(), reason=f"no ../shared/data/{RECORD.name} beside the checkout")
def test_droughts_of_missouri():
    pdsi = open_divisions(RECORD)
    assert pdsi.dims == ("time", "division") and pdsi.shape == (1536, 344)
    assert pdsi.indexes["time"].equals(pd.date_range("1895-01-01", "2022-12-01", freq="MS"))
    missouri = drought(pdsi).sel(division=[f"230{i}" for i in range(1, 7)])
    share = missouri.groupby("time.year").mean(...)
    assert share.year[share == 1].values.tolist() == [1954], "the drought of the fifties"
    assert float(share.sel(year=1993)) == 0, "the year of the great flood"
