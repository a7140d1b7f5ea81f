"""Index and life cycles by hand, and steps of no regime."""

import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.regimes.index import active_regime, life_cycles, regime_index
from dsc_tf.regimes.unassigned import unassign_distant, unassign_weak


def days(n, start="2001-01-01"):
    return xr.date_range(start, periods=n, freq="1D").values


def indices(*columns, time=None):
    values = np.stack([np.asarray(c, dtype=float) for c in columns], axis=1)
    time = days(len(values)) if time is None else time
    return xr.DataArray(values, {"time": time, "cluster": np.arange(len(columns))}, ("time", "cluster"))


def test_projection_counts_area():
    coords = {"time": days(3), "latitude": [60.0, 0.0], "longitude": [0.0]}
    anomaly = xr.DataArray(
        np.array([[1.0, 2], [0, 0], [3, np.nan]])[:, :, None], coords, ("time", "latitude", "longitude")
    )
    pattern = xr.DataArray(
        np.array([[2.0, 1]])[:, :, None],
        {"cluster": [0], "latitude": [60.0, 0.0], "longitude": [0.0]},
        ("cluster", "latitude", "longitude"),
    )
    found = regime_index(anomaly, pattern)
    # cos 60 = 0.5: (0.5 * 1 * 2 + 1 * 2 * 1) / 1.5; the missing cell leaves 3 * 2.
    np.testing.assert_allclose(found.projection[:, 0], [2, 0, 6])
    np.testing.assert_allclose(found["index"][:, 0], (np.array([2, 0, 6]) - 8 / 3) / np.std([2, 0, 6]))
    past = regime_index(anomaly, pattern, reference=("2001-01-01", "2001-01-02"))
    np.testing.assert_allclose(past["index"][:, 0], [1, -1, 5])
    pascal = regime_index(anomaly.assign_attrs(units="Pa"), pattern.assign_attrs(units="hPa"))
    np.testing.assert_allclose(pascal.projection, 100 * found.projection)
    with pytest.raises(DscTfError, match="units 'K' do not convert to 'Pa'"):
        regime_index(anomaly.assign_attrs(units="Pa"), pattern.assign_attrs(units="K"))
    with pytest.raises(DscTfError, match="grid"):
        regime_index(anomaly, pattern.assign_coords(latitude=[50.0, 0.0]))
    with pytest.raises(DscTfError, match="reference"):
        regime_index(anomaly, pattern, reference=("1990-01-01", "1990-12-31"))


def test_life_cycles_by_hand():
    strong = indices([0, 1, 2, 3, 1.5, 1, 0, 2, 2, 0], [1.2] * 5 + [0] * 5)
    cycles = life_cycles(strong)
    assert cycles["cluster"].tolist() == [1, 0]
    assert cycles["onset"].tolist() == list(strong.time.values[[0, 1]])
    assert cycles["maximum"].tolist() == list(strong.time.values[[0, 3]])
    assert cycles["decay"].tolist() == list(strong.time.values[[4, 5]])
    assert cycles["duration"].tolist() == [5, 5] and cycles["peak"].tolist() == [1.2, 3.0]
    # Where both are active, the larger index counts; days 7 and 8 are too short a spell.
    np.testing.assert_array_equal(active_regime(strong, cycles), [1, 1, 0, 0, 0, 0, -1, -1, -1, -1])


def test_short_breaks_are_bridged_where_allowed():
    broken = indices([1, 1, 1, 0, 1, 1, 0, 0, 1])
    assert len(life_cycles(broken)) == 0
    bridged = life_cycles(broken, max_gap=1)
    assert bridged["duration"].tolist() == [6]
    assert life_cycles(broken, min_duration=3)["duration"].tolist() == [3]


def test_life_cycles_end_with_their_season():
    time = np.r_[days(4), days(4, "2002-01-01")]
    assert len(life_cycles(indices([2] * 8, time=time))) == 0
    assert life_cycles(indices([2] * 8, time=time), min_duration=4)["duration"].tolist() == [4, 4]


def test_far_days_by_hand():
    X = np.array([[0.0], [1], [2], [10], [11], [30]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    kept = unassign_distant(labels, X, np.array([[1.0], [10.0]]), quantile=0.8)
    np.testing.assert_array_equal(kept, [0, 0, 0, 1, 1, -1])
    with pytest.raises(DscTfError, match="quantile"):
        unassign_distant(labels, X, np.array([[1.0], [10.0]]), quantile=0)


def test_weak_days_by_hand():
    index = np.array([[1.0, 0], [0.9, 3], [0, 2], [5, 5]])
    np.testing.assert_array_equal(unassign_weak([0, 0, 1, -1], index), [0, -1, 1, -1])
