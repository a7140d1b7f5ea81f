"""The seasonal standard deviation: a known cycle is found again, constants and short records are survived."""

import numpy as np
import pytest
import xarray as xr

from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.preprocessing.seasonal_deviation import fit_seasonal_deviation, seasonal_deviation


def days(n):
    return xr.DataArray(
        np.arange("2001-01-01", n, dtype="datetime64[D]").astype("datetime64[ns]"), dims="time"
    )


def test_a_cycle_of_the_variance_is_found_again():
    """Variance 4 + 2 cos(phase): 6 on 1 January, 2 at mid-year; the ridge of 0.001 shrinks the harmonic by 0.2 %."""
    time = days("2005-01-01")
    phase = 2 * np.pi * (time.dt.dayofyear.values - 1) / 365.25
    variance = (4 + 2 * np.cos(phase))[:, None]
    found = seasonal_deviation(fit_seasonal_deviation(variance, time), time)
    np.testing.assert_allclose(found, np.sqrt(variance), rtol=2e-3)
    assert found[0, 0] == pytest.approx(np.sqrt(6), rel=2e-3)


def test_a_short_record_has_one_deviation():
    time = days("2001-03-01")
    squares = np.random.default_rng(0).random((time.size, 2))
    found = seasonal_deviation(fit_seasonal_deviation(squares, time), time)
    np.testing.assert_allclose(found, np.sqrt(squares.mean(axis=0)) * np.ones_like(squares))


def test_constant_variables_are_divided_by_one():
    time = days("2002-06-01")
    found = seasonal_deviation(fit_seasonal_deviation(np.zeros((time.size, 1)), time), time)
    assert (found == 1).all()


def test_protocol_gives_every_season_the_same_variance():
    """Noise of standard deviation 1 in winter and 3 in summer: the quotient is 1 afterwards, and it can be undone."""
    time = days("2005-01-01")
    size = 2 - np.cos(2 * np.pi * (time.dt.dayofyear.values - 1) / 365.25)
    noise = np.random.default_rng(1).normal(size=(time.size, 4, 5)) * size[:, None, None]
    coords = {"time": time.values, "latitude": [40.0, 42, 44, 46], "longitude": np.arange(5.0)}
    ds = xr.Dataset({"t": (("time", "latitude", "longitude"), (280 + noise).astype(np.float32))}, coords)
    summer, winter = time.dt.month.isin([6, 7, 8]).values, time.dt.month.isin([12, 1, 2]).values
    ratio = {}
    for protocol in ("anomaly", "standardised_anomaly"):
        X, prep = prepare(ds, protocol)
        fields = X.last_step()
        ratio[protocol] = fields[summer].std() / fields[winter].std()
    assert ratio["anomaly"] > 2.3 and ratio["standardised_anomaly"] == pytest.approx(1, abs=0.1)
    again = prep.inverse_transform(X.read()[:, 0], ds["time"])
    np.testing.assert_allclose(again["t"], ds["t"], atol=1e-3)
