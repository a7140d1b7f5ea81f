import numpy as np
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.reporting import data_fingerprint, labels_dataset, software_versions


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


def test_fingerprint_sees_every_value(ds):
    first = data_fingerprint(ds)
    assert data_fingerprint(ds.copy(deep=True)) == first
    assert data_fingerprint(ds.chunk(time=7)) == first
    ds["msl"][5, 4, 3] += 1e-3 * 280
    assert data_fingerprint(ds)["sha256"] != first["sha256"]
    assert first["variables"]["t2m"]["units"] == "K" and first["variables"]["t2m"]["missing"] > 0


def test_versions_name_what_results_depend_on():
    assert {"python", "numpy", "keras", "dsc_tf"} <= set(software_versions())
