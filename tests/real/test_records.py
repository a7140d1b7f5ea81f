"""The real records that lie beside the checkout; skipped where they are absent."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.records.open import open_dataset
from dsc_tf.records.validation import check_dataset

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.exists(), reason="no ../shared/data beside the checkout"),
]

# Steps, grid, variables, and what is to be said of them.
RECORDS = {
    "eraint_europe_2000-2010_daily.nc": (4018, 21, 24, "msl z500 t850", []),
    "ncep_slp_north_atlantic_2001-2010.nc": (3652, 17, 33, "slp", []),
    "era5_cds_morocco_2024_*.nc": (366, 61, 65, "t2m tp", []),
    "era5_monthly_peru_1960-2020.nc": (732, 45, 41, "z u10 v10 t2m tp", ["z"]),
    "sst_pacific_1970-2003.nc": (399, 30, 84, "sst", ["sst"]),
    "cmip5_ecearth_iberia_djf_1982-2002.nc": (1805, 8, 11, "psl tas ta850 hus850 pr", []),
    "eobs_tas_iberia_djf_1982-2002.nc": (1805, 19, 29, "tas", ["tas"]),
    "era5_danube_2013_daily.nc": (
        365,
        13,
        41,
        "cp lsp swvl1 tcwv ro sd rtp_500_850",
        ["swvl1", "tcwv", "rtp_500_850", "rtp_500_850"],
    ),
    "era5_t2m_uk_2019-03.grib": (744, 33, 49, "t2m", []),
    "era5_spi3_africa_1981-2018.nc": (456, 23, 20, "SPI3", []),
}


def opened(name, **options):
    if name.endswith(".grib"):
        pytest.importorskip("cfgrib")
    return open_dataset(str(DATA / name), **options)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_opens_in_one_form(name):
    steps, rows, columns, variables, doubtful = RECORDS[name]
    with opened(name) as ds:
        assert dict(ds.sizes) == {"time": steps, "latitude": rows, "longitude": columns}
        assert set(ds.data_vars) == set(variables.split())
        assert all(ds[v].dims == ("time", "latitude", "longitude") and ds[v].dtype == np.float32 for v in ds)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            check_dataset(ds)
        assert sorted(str(w.message).split(":")[0] for w in caught) == sorted(doubtful)


def test_hours_become_days():
    daily = opened("era5_t2m_uk_2019-03.grib", aggregate="daily")
    assert daily.sizes["time"] == 31


def test_windows_stay_within_a_winter():
    with opened("cmip5_ecearth_iberia_djf_1982-2002.nc") as ds:
        X, _ = prepare(ds, "anomaly", window=10)
        months = ds.time[X.sample_index].dt.month.values
        assert set(months.tolist()) == {12, 1, 2}
        # Nine days of each winter have no full window.
        winters = len(ds.time) - len(X)
        assert winters % 9 == 0 and 19 <= winters // 9 <= 22


def test_date_line_in_a_real_file():
    with opened("sst_pacific_1970-2003.nc", region=(10, 170, -10, -150)) as part:
        assert float(part.longitude[0]) >= 170 and float(part.longitude[-1]) <= 210
