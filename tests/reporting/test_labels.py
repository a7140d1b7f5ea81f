import cf_xarray  # noqa: F401 - registers the accessor
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


def test_regime_index_of_one_variable_is_that_of_the_composites():
    from dsc_tf.preprocessing.preprocessor import prepare
    from dsc_tf.regimes.describe import describe_regimes
    from dsc_tf.regimes.index import regime_index
    from dsc_tf.reporting.clusters import sample_index

    ds = mock_dataset(days=120, variables=("t2m",))
    X, prep = prepare(ds, "anomaly")
    labels = np.arange(120) // 4 % 3
    anomalies = prep.anomalies(ds)
    # The index subtracts the mean of the record from the patterns, as composites do.
    expected = regime_index(
        anomalies.t2m - anomalies.t2m.mean("time"), describe_regimes(anomalies, labels).t2m
    )
    np.testing.assert_allclose(sample_index(X, labels, 3), expected["index"], atol=1e-3)


def test_composites_of_a_run_are_tested_unless_they_are_too_large(ds):
    from dsc_tf.regimes.significance import composite_test
    from dsc_tf.reporting.results import tested_composites

    labels = np.arange(40) // 5 % 2
    found = tested_composites(ds, labels)
    expected = composite_test(ds["t2m"], labels, method="effective")
    np.testing.assert_array_equal(found["t2m_significant"], expected["significant"])
    assert set(found) == {f"{name}_{part}" for name in ds for part in ("p_value", "significant")}
    long = ds.isel(time=np.arange(4000) % 40)
    assert not tested_composites(long, np.zeros(4000, int) + np.arange(4000) % 2, memory="1MB").data_vars
