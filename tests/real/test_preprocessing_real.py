"""Preparation of the real records; skipped where they are absent."""

from pathlib import Path

import numpy as np
import pytest

from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.preprocessing.protocols import PROTOCOLS
from dsc_tf.records.open import open_dataset

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.exists(), reason="no ../shared/data beside the checkout"),
]
NAMES = [
    "eraint_europe_2000-2010_daily.nc",
    "cmip5_ecearth_iberia_djf_1982-2002.nc",
    "eobs_tas_iberia_djf_1982-2002.nc",
    "era5_monthly_peru_1960-2020.nc",
    "sst_pacific_1970-2003.nc",
]


@pytest.mark.filterwarnings("ignore:.*constant in time")
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", NAMES)
def test_real_records_come_back_in_their_units(name, protocol):
    with open_dataset(str(DATA / name)) as ds:
        X, prep = prepare(ds, protocol)
        assert np.isfinite(X).all()
        back = prep.inverse_transform(X[:, -1], time=X.time)
        for variable in ds:
            known = np.isfinite(ds[variable].values)
            largest = float(np.abs(ds[variable]).max())
            np.testing.assert_allclose(
                back[variable].values[known], ds[variable].values[known], atol=1e-6 * largest
            )
            assert back[variable].attrs == ds[variable].attrs


def test_windows_never_step_from_february_to_december():
    with open_dataset(str(DATA / "cmip5_ecearth_iberia_djf_1982-2002.nc")) as ds:
        X, _ = prepare(ds, window=5)
        days = ds.time.values.astype("datetime64[D]").astype(int)
        ends = X.sample_index
        assert (days[ends] - days[ends - 4] == 4).all()


def test_eleven_years_leave_no_season_behind():
    """Monthly means of the anomalies hold under a twentieth of their variance, of the raw fields the most."""
    with open_dataset(str(DATA / "eraint_europe_2000-2010_daily.nc")) as ds:
        X, prep = prepare(ds, "anomaly")
        month = ds.time.dt.month.values

        def seasonal_share(fields):
            means = np.stack([fields[month == m].mean(axis=0) for m in range(1, 13)])
            return means.var(axis=0).mean() / fields.var(axis=0).mean()

        v = prep.variables_.index("t850")
        assert seasonal_share(X[:, 0, ..., v]) < 0.05 < 0.3 < seasonal_share(ds["t850"].values)
