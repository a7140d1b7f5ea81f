"""A preprocessor and a clusterer as one estimator on datasets."""

import numpy as np
import pytest
import xarray as xr
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score

from dsc_tf.clusterers import build
from dsc_tf.clusterers.pipeline import load_pipeline, make_pipeline, save_pipeline
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.preprocessor import Preprocessor

CLASSICAL = ("kmeans", "eof_kmeans", "gaussian_mixture", "spherical_kmeans", "persistent_kmeans")


def new_pipeline(method="eof_kmeans", **options):
    return make_pipeline(Preprocessor("anomaly"), build(method, 3, random_state=0, **options))


@pytest.fixture(scope="module")
def record():
    return mock_dataset(days=800, nan_policy="isolated")


@pytest.fixture(scope="module")
def fitted(record):
    return new_pipeline(n_init=20).fit(record.isel(time=slice(0, 500)))


def test_regimes_are_found_in_new_data(record, fitted):
    past, new = record.isel(time=slice(0, 500)), record.isel(time=slice(500, None))
    np.testing.assert_array_equal(fitted.predict(past), fitted.clusterer.labels_)
    assert adjusted_rand_score(fitted.clusterer.labels_, past.regime) > 0.99
    labels = fitted.predict(new)
    assert adjusted_rand_score(labels, new.regime) > 0.99
    assert isinstance(labels, xr.DataArray) and labels.dims == ("time",)
    np.testing.assert_array_equal(labels.time, new.time)


def test_it_is_what_its_parts_are(record, fitted):
    """Anomalies, empirical orthogonal functions and k-means by scikit-learn, clusters in order of size."""
    past = record.isel(time=slice(0, 500))
    features = Preprocessor("anomaly").fit_transform(past).last_step()
    scores = PCA(0.9, svd_solver="full").fit_transform(features)
    found = KMeans(3, n_init=20, random_state=0).fit(scores).labels_
    order = np.argsort(-np.bincount(found), kind="stable")
    np.testing.assert_array_equal(fitted.predict(past), np.argsort(order)[found])
    np.testing.assert_array_equal(new_pipeline(n_init=20).fit_predict(past), fitted.predict(past))


def test_nothing_leaks_from_other_new_days(record, fitted):
    new = record.isel(time=slice(500, None))
    latent = fitted.transform(new)
    assert latent.dims == ("time", "feature")
    np.testing.assert_allclose(latent[:3], fitted.transform(new.isel(time=slice(0, 3))), atol=1e-4)


def test_order_and_grid_are_checked(record, fitted):
    with pytest.raises(NotFittedError, match="not fitted"):
        new_pipeline().predict(record)
    with pytest.raises(DscTfError, match="latitude"):
        fitted.predict(record.isel(latitude=slice(1, None)))


def test_parameters_are_set_and_cloned(record):
    pipe = new_pipeline().set_params(preprocessor__window=2, clusterer__n_clusters=2)
    labels = clone(pipe).fit_predict(record.isel(time=slice(60)))
    assert set(labels.values) == {0, 1} and labels.sizes["time"] == 59


def test_methods_that_a_clusterer_lacks_are_not_there(fitted):
    assert hasattr(fitted, "transform") and not hasattr(fitted, "predict_proba")
    assert hasattr(new_pipeline("gaussian_mixture"), "predict_proba")
    assert not hasattr(new_pipeline("kmeans"), "transform")


@pytest.mark.filterwarnings("ignore:.* are in months")
@pytest.mark.parametrize("method", CLASSICAL)
def test_saved_and_loaded_it_predicts_the_same(method, record, tmp_path):
    pipe = new_pipeline(method).fit(record.isel(time=slice(100)))
    save_pipeline(pipe, tmp_path / "model")
    again = load_pipeline(tmp_path / "model")
    new = record.isel(time=slice(100, 300))
    np.testing.assert_array_equal(again.predict(new), pipe.predict(new))
    if hasattr(pipe, "predict_proba"):
        np.testing.assert_array_equal(again.predict_proba(new), pipe.predict_proba(new))
    assert again.clusterer.get_params() == pipe.clusterer.get_params()
    assert not [path for path in (tmp_path / "model").iterdir() if path.suffix not in (".json", ".npz")]


def test_arrays_are_read_without_pickle(record, tmp_path):
    save_pipeline(new_pipeline("gaussian_mixture").fit(record.isel(time=slice(60))), tmp_path)
    for path in tmp_path.glob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype.kind in "fiubU" for name in arrays)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(DscTfError, match="model: no preprocessing.npz"):
        load_pipeline(tmp_path)
