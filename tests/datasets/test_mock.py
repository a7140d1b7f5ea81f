import numpy as np
import pytest

from dsc_tf.datasets.mock import mock_dataset


def test_same_seed_same_record_another_seed_another():
    first, twin, other = mock_dataset(seed=3), mock_dataset(seed=3), mock_dataset(seed=4)
    assert first.identical(twin) and not first.equals(other)


@pytest.mark.parametrize(("policy", "missing"), [("none", 0), ("coast", 2 * 3 / 72), ("all", 1)])
def test_policy_says_how_much_of_the_first_variable_is_missing(policy, missing):
    """On 8 x 9 points a coast takes the corner of 2 x 3; the second variable is whole."""
    ds = mock_dataset(nan_policy=policy)
    assert float(ds["t2m"].isnull().mean()) == pytest.approx(missing)
    assert not ds["msl"].isnull().any()


def test_isolated_values_miss_here_and_there():
    missing = mock_dataset(days=200, nan_policy="isolated")["t2m"].isnull()
    assert 0.03 < float(missing.mean()) < 0.07
    assert not missing.all("time").any() and missing.any("time").all()


def test_gaps_leave_out_ten_days_and_keep_the_length():
    ds = mock_dataset(days=30, gaps=True)
    steps = np.diff(ds.time.values) / np.timedelta64(1, "D")
    assert len(ds.time) == 30 and sorted(steps)[-2:] == [1, 11]


def test_constant_holds_one_value():
    ds = mock_dataset(constant="msl")
    assert len(np.unique(ds["msl"])) == 1 < len(np.unique(ds["t2m"]))


def test_every_size_is_a_knob():
    ds = mock_dataset(days=5, latitudes=3, longitudes=4, variables=("sst",), start="1999-12-31", freq="6h")
    assert dict(ds.sizes) == {"time": 5, "latitude": 3, "longitude": 4} and list(ds.data_vars) == ["sst"]
    assert ds.time.values[1] - ds.time.values[0] == np.timedelta64(6, "h")
    assert str(ds.time.values[0])[:10] == "1999-12-31"


def test_regimes_show_in_the_fields():
    """Patterns of standard deviation 3 under noise of 1: days of one regime lie closer together."""
    ds = mock_dataset(days=60, n_regimes=3)
    assert sorted(set(ds.regime.values.tolist())) == [0, 1, 2]
    within = ds["t2m"].groupby("regime").std("time").mean()
    assert float(within) < 0.6 * float(ds["t2m"].std("time").mean())


def test_layout_is_the_one_of_open_dataset():
    ds = mock_dataset()
    for variable in ds.values():
        assert variable.dims == ("time", "latitude", "longitude") and variable.dtype == np.float32
    assert "synthetic" in ds.attrs["title"] and ds["t2m"].attrs["units"] == "K"
