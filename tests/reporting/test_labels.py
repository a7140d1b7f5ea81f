import numpy as np
import pytest
import xarray as xr

from dsc_tf.data import mock_dataset
from dsc_tf.reporting import data_fingerprint, labels_dataset, regimes, software_versions


@pytest.fixture
def ds():
    return mock_dataset(days=40, nan_policy="coast")


def test_labels_are_cf_flags_and_stay_integers_on_disk(ds, tmp_path):
    labels = np.array([-1, -1, *(np.arange(38) % 3)])
    soft = np.full((40, 3), np.nan)
    soft[2:] = 1 / 3
    made = labels_dataset(labels, ds.time, n_clusters=3, soft=soft, latent=np.zeros((40, 2)), truth=ds.regime)
    made.to_netcdf(tmp_path / "labels.nc")
    with xr.open_dataset(tmp_path / "labels.nc") as back:
        assert back.labels.dtype == np.int8
        assert back.labels.attrs["flag_values"].dtype == np.int8
        assert back.labels.cf.is_flag_variable
        assert int((back.labels.cf == "cluster_2").sum()) == 12
        assert int((back.labels.cf == "unassigned").sum()) == 2
        np.testing.assert_array_equal(back.soft_assignment, soft.astype("float32"))
        np.testing.assert_array_equal(back.true_regime, ds.regime)
        np.testing.assert_array_equal(back.time, ds.time)


def test_many_clusters_need_wider_integers(ds):
    assert labels_dataset(np.zeros(40), ds.time, n_clusters=200).labels.dtype == np.int16


def test_regimes_by_hand():
    ds = mock_dataset(days=6, variables=("t2m",), latitudes=2, longitudes=2)
    ds["t2m"].values[:] = np.array([0, 0, 6, 6, 6, 0.0])[:, None, None]
    described = regimes(ds, np.array([0, 0, 1, 1, 1, -1]))
    np.testing.assert_allclose(described.frequency, [0.4, 0.6])
    # 0 0 1 1 1 : from 0 once to 0 and once to 1; from 1 twice to 1. One stay of 2, one of 3.
    np.testing.assert_allclose(described.transition_probability, [[0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(described.mean_run_length, [2, 3])
    # The mean of the record is 3, unassigned step included.
    np.testing.assert_allclose(described["t2m"][:, 0, 0], [-3, 3])
    np.testing.assert_allclose(described.frequency_by_month[:, 0], [0.4, 0.6])
    assert described["t2m"].attrs["units"] == "K"


def test_stays_end_at_gaps():
    ds = mock_dataset(days=10, gaps=True)
    described = regimes(ds, np.array([0] * 8 + [1] * 2))
    # Cluster 0 stays five days, then, after the gap, three more.
    assert described.mean_run_length[0] == 4


def test_always_missing_cells_stay_missing(ds):
    described = regimes(ds, ds.regime.values)
    assert np.isnan(described["t2m"].values[:, :2, :3]).all()
    assert np.isfinite(described["msl"]).all()


def test_fingerprint_sees_every_value(ds):
    first = data_fingerprint(ds)
    assert data_fingerprint(ds.copy(deep=True)) == first
    assert data_fingerprint(ds.chunk(time=7)) == first
    ds["msl"][5, 4, 3] += 1e-3 * 280
    assert data_fingerprint(ds)["sha256"] != first["sha256"]
    assert first["variables"]["t2m"]["units"] == "K" and first["variables"]["t2m"]["missing"] > 0


def test_versions_name_what_results_depend_on():
    assert {"python", "numpy", "keras", "dsc_tf"} <= set(software_versions())
