"""Clusterers in scikit-learn's company, and samples whose axes have names."""

import numpy as np
import pytest
import xarray as xr
from checks import plain_groups
from sklearn.base import clone
from sklearn.metrics import silhouette_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from small_networks import build_small

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.preprocessor import prepare

QUICK = {
    "pretrain_epochs": 1,
    "epochs": 1,
    "batch_size": 12,
    "sequence_length": 6,
    "units": (4,),
    "dilations": (1,),
}
FEW = ("kmeans", "gaussian_mixture", "clustering_layer", "dtcr")  # one of each base class
pytestmark = [
    pytest.mark.usefixtures("eagerly"),
]


def make(method, n_clusters=2):
    return build_small(method, n_clusters, random_state=0, **QUICK)


def silhouette(estimator, X):
    labels = estimator.predict(X)
    return silhouette_score(X.reshape(len(X), -1), labels) if np.ptp(labels) else -1.0


@pytest.fixture(scope="module")
def samples():
    """Twenty-four samples in two groups, with times and a coordinate along them."""
    X = xr.DataArray(
        plain_groups()[:, :, :3, :3],
        {"time": np.arange("2000-01-01", "2000-01-25", dtype="datetime64[D]").astype("datetime64[ns]")},
        ("time", "window", "latitude", "longitude", "variable"),
    )
    return X.assign_coords(season=("time", np.arange(24) // 12))


@pytest.mark.parametrize("method", ["kmeans", "clustering_layer"])
def test_grid_search_over_the_number_of_clusters(method, samples):
    search = GridSearchCV(make(method), {"n_clusters": [2, 3]}, scoring=silhouette, cv=TimeSeriesSplit(2))
    search.fit(samples.values)
    assert search.best_params_ == {"n_clusters": 2}
    assert len(search.predict(samples.values)) == 24


@pytest.mark.parametrize("method", FEW[:3])
def test_pipelines_set_parameters_and_clone(method, samples):
    X = samples.values
    pipe = make_pipeline(FunctionTransformer(lambda X: X * 2), make(method, 3))
    name = list(pipe.named_steps)[-1]
    pipe.set_params(**{f"{name}__n_clusters": 2})
    labels = pipe.fit_predict(X)
    assert set(labels) == {0, 1} and pipe.get_params()[f"{name}__n_clusters"] == 2
    np.testing.assert_array_equal(pipe.predict(X), labels)
    np.testing.assert_array_equal(clone(pipe).fit_predict(X), labels)


def test_rows_of_lists_and_frames_are_samples(samples):
    rows = samples.values.reshape(24, -1)
    labels = make("kmeans").fit_predict(rows)
    np.testing.assert_array_equal(make("kmeans").fit_predict(rows.tolist()), labels)
    frame = xr.DataArray(rows, dims=("day", "cell")).to_pandas()
    np.testing.assert_array_equal(
        make_pipeline(StandardScaler(), make("kmeans")).fit(frame).predict(frame), labels
    )


@pytest.mark.parametrize("method", FEW[1:])
def test_latent_vectors_as_a_frame(method, samples):
    X = samples.values
    model = make(method).set_output(transform="pandas")
    frame = model.fit_transform(X)
    assert list(frame.columns) == list(model.get_feature_names_out())
    np.testing.assert_array_equal(frame, model.set_output(transform="default").transform(X))
    np.testing.assert_array_equal(model.set_output(transform="pandas").predict(X), model.labels_)


@pytest.mark.parametrize("method", [*FEW, "hierarchical"])
def test_named_samples_give_named_rows_of_the_same_numbers(method, samples):
    model = make(method)
    labels = model.fit_predict(samples.transpose("variable", "time", "latitude", "longitude", "window"))
    assert labels.name == "labels" and labels.dims == ("time",) and isinstance(model.labels_, np.ndarray)
    assert set(labels.coords) == {"time", "season"}
    np.testing.assert_array_equal(labels, model.fit_predict(samples.values))
    for name, dims in {"predict": (), "predict_proba": ("cluster",), "transform": ("feature",)}.items():
        if hasattr(model, name):
            found, plain = getattr(model, name)(samples), getattr(model, name)(samples.values)
            assert found.dims == ("time", *dims) and isinstance(plain, np.ndarray)
            np.testing.assert_array_equal(found, plain)


def test_what_is_no_samples_is_refused(samples):
    with pytest.raises(DscTfError, match="a dataset. Make samples"):
        make("kmeans").fit(mock_dataset(days=20))
    with pytest.raises(DscTfError, match="Give one that has `time`"):
        make("kmeans").fit(samples.rename(time="day"))


@pytest.mark.parametrize("protocol", ["paper", "notebook"])
def test_prepared_samples_keep_their_names(protocol):
    ds = mock_dataset(days=30, gaps=True)
    X, _ = prepare(ds, protocol, window=3)
    named = X.to_xarray()
    np.testing.assert_array_equal(named, X)
    assert list(named["variable"].values) == list(ds.data_vars) and list(named.window.values) == [-2, -1, 0]
    np.testing.assert_array_equal(named.time, ds.time[X.sample_index])
    if protocol == "paper":
        np.testing.assert_array_equal(named.latitude, ds.latitude)
    else:
        assert "latitude" not in named.coords  # padded
    labels = make("kmeans").fit_predict(named)
    np.testing.assert_array_equal(labels.time, named.time)


def test_field_encoder_keeps_names():
    from dsc_tf import SpaceTimeTS2Vec

    X, _ = prepare(mock_dataset(days=12, latitudes=4, longitudes=4), "anomaly")
    named = X.to_xarray()
    model = SpaceTimeTS2Vec(size=8, grid=None, filters=1, depth=1, window=4, steps=0, random_state=0)
    found = model.fit(named.transpose(..., "time")).transform(named)
    assert found.dims == ("time", "feature") and found.name == "representation"
    frame = model.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == list(model.get_feature_names_out())
    np.testing.assert_array_equal(found, frame)
