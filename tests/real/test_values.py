"""Values of real files compared with those that plain xarray and NumPy read."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.records.open import open_dataset

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.exists(), reason="no ../shared/data next to the checkout"),
    pytest.mark.filterwarnings("ignore:.*multiple fill values:xarray.SerializationWarning"),
]

# File, variable as opened, and how plain xarray finds it.
VALUES = [
    ("eraint_europe_2000-2010_daily.nc", "z500", lambda ds: ds["z500"]),
    ("ncep_slp_north_atlantic_2001-2010.nc", "slp", lambda ds: ds["slp"]),
    ("era5_cds_morocco_2024_accum.nc", "tp", lambda ds: ds["tp"]),
    ("era5_cds_morocco_2024_instant.nc", "t2m", lambda ds: ds["t2m"]),
    ("era5_monthly_peru_1960-2020.nc", "u10", lambda ds: ds["u10"]),
    ("era5_danube_2013_daily.nc", "swvl1", lambda ds: ds["swvl1"]),
    ("sst_pacific_1970-2003.nc", "sst", lambda ds: ds["sst"]),
    ("cmip5_ecearth_iberia_djf_1982-2002.nc", "hus850", lambda ds: ds["hus850"]),
    ("eobs_tas_iberia_djf_1982-2002.nc", "tas", lambda ds: ds["tas"]),
    ("eobs_pr_iberia_djf_1982-1998.nc", "pr", lambda ds: ds["pr"]),
    ("era5_spi3_africa_1981-2018.nc", "SPI3", lambda ds: ds["SPI3"]),
    ("odd/mini_psl_ERA5_mon_194001-202212.nc", "psl", lambda ds: ds["psl"]),
    (
        "odd/esmv_ta_day_ACCESS-CM2_historical_r1i1p1f1_gn_20000101-20041231.nc",
        "ta85000Pa",
        lambda ds: ds["ta"].where(ds["ta"] < 1e36).isel(plev=1),
    ),
]


@pytest.mark.parametrize(
    ("name", "variable", "plain"), VALUES, ids=[f"{row[0][-30:]}-{row[1]}" for row in VALUES]
)
def test_values_are_those_of_plain_xarray(name, variable, plain):
    with xr.open_dataset(DATA / name, decode_timedelta=False) as raw, open_dataset(DATA / name) as opened:
        expected = plain(raw)
        order = [next(d for d in expected.dims if axis in d) for axis in ("time", "lat", "lon")]
        np.testing.assert_array_equal(
            opened[variable].values, expected.transpose(*order).values.astype("float32")
        )
        np.testing.assert_array_equal(opened.latitude.values, raw[order[1]].values)
        np.testing.assert_array_equal(opened.longitude.values, raw[order[2]].values)
        assert (opened.indexes["time"] == raw.indexes[order[0]]).all()


def test_days_of_real_hours_are_means_of_numpy():
    pytest.importorskip("cfgrib")
    path = DATA / "era5_t2m_uk_2019-03.grib"
    with xr.open_dataset(
        path, engine="cfgrib", backend_kwargs={"indexpath": ""}, decode_timedelta=False
    ) as raw:
        hours = raw.t2m.values
    daily = open_dataset(path, aggregate="daily").t2m
    np.testing.assert_allclose(daily, hours.reshape(31, 24, *hours.shape[1:]).mean(axis=1), rtol=1e-6)


def test_members_of_a_real_ensemble():
    path = DATA / "odd" / "mini_rx1day_CORDEX-NAM_historical_mon_197001-200512.nc"
    with xr.open_dataset(path) as raw:
        label, expected = str(raw.member_id.values[3]), raw.rx1day.isel(member=3).values
        count = raw.sizes["member"]
    np.testing.assert_array_equal(open_dataset(path, member=label).rx1day, expected)
    assert open_dataset(path, member="all").sizes["time"] == count * 432


def test_members_and_levels_of_a_real_grib_file():
    pytest.importorskip("cfgrib")
    path = DATA / "odd" / "cfgrib_era5-levels-members.grib"
    with xr.open_dataset(path, engine="cfgrib", backend_kwargs={"indexpath": ""}) as raw:
        expected = raw.t.sel(number=2, isobaricInhPa=850).values
    opened = open_dataset(path, member=2)
    assert sorted(opened) == ["t500hPa", "t850hPa", "z500hPa", "z850hPa"]
    np.testing.assert_array_equal(opened.t850hPa, expected)
    assert list(open_dataset(path, member=2, level=850, variables=["t"])) == ["t"]


def test_fields_at_several_levels_of_a_real_grib_file():
    pytest.importorskip("cfgrib")
    path = DATA / "odd" / "cfgrib_soil-surface-level-mix.grib"
    assert set(open_dataset(path)) == {
        "t2m",
        "slt",
        *(f"{n}{i}" for n in ("stl", "swvl") for i in (1, 2, 3, 4)),
    }
    chosen = open_dataset(path, grib_filter={"typeOfLevel": "surface"})
    assert set(chosen) == {"t2m", "slt"}
    assert set(open_dataset(DATA / "odd" / "cfgrib_hpa_and_pa.grib")) == {"t1hPa", "t10Pa", "t1Pa"}


REFUSED = {
    "airbase_pm10_germany_1998-2007.nc": "70 stations",
    "noaa_stations_1990-1992.nc": "137 stations",
    "odd/cfgrib_reduced_gg.grib": "unstructured grid",
    "odd/ek_healpix_H8.grib2": "healpix",
    "odd/mini_tas_Amon_ICON-ESM-LR_historical_r1i1p1f1_gn_185001.nc": "20480 stations or cells",
    "odd/mini_tas_AFR-22_MPI-M-MPI-ESM-LR_historical_r1i1p1_GERICS-REMO2015_v1_day_19960101-20001231.nc": "two dimen",
    "odd/xclim_daily_surface_cancities_1990-1993.nc": "5 stations",
    "odd/mini_rx1day_CORDEX-NAM_historical_mon_197001-200512.nc": "19 ensemble members",
}


@pytest.mark.parametrize("name", REFUSED, ids=lambda v: v[-30:])
def test_real_files_that_do_not_fit_are_refused_in_one_line(name):
    if ".grib" in name:
        pytest.importorskip("cfgrib")
    with pytest.raises(DscTfError, match=REFUSED[name]) as caught:
        open_dataset(DATA / name)
    assert "\n" not in str(caught.value)
