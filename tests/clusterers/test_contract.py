"""Every method in the registry fulfils these properties; networks are small here."""

import inspect

import numpy as np
import pytest
import xarray as xr
from checks import plain_groups
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from small_networks import build_small

from dsc_tf.clusterers import CONTROL_METHODS, METHODS, build, clusterer, load_clusterer
from dsc_tf.clusterers.registry import METHOD_OPTIONS, parameters, summary
from dsc_tf.errors import DscTfError
from dsc_tf.evaluation import evaluate
from dsc_tf.evaluation.diagnostics import lloyd_refinement

QUICK = {
    "pretrain_epochs": 1,
    "epochs": 1,
    "batch_size": 24,
    "precision": "float32",
    "neighbours": 5,
    "n_networks": 1,
}
PUBLIC = ("predict", "predict_proba", "transform")
pytestmark = [
    pytest.mark.usefixtures("eagerly"),
]


def make(method, n_clusters=2, **options):
    return build_small(method, n_clusters, **({"random_state": 0} | QUICK | options))


@pytest.fixture(scope="module", autouse=True)
def short_epochs():
    """Forecast networks train two batches in an epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dsc_tf.clusterers.forecast_network.STEPS", 2)
        yield


@pytest.fixture(params=METHODS, scope="module")
def method(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(method, eagerly):
    return make(method, 3).fit(plain_groups())


def test_labels_number_every_sample_from_the_largest_cluster(fitted):
    labels = fitted.labels_
    assert labels.shape == (24,) and np.issubdtype(labels.dtype, np.integer)
    sizes = np.bincount(labels, minlength=3)
    assert len(sizes) == 3 and (np.diff(sizes) <= 0).all()


def test_two_plain_groups_are_found(method, small_windows):
    if method in CONTROL_METHODS:
        pytest.skip(f"{method} finds no structure, on purpose")
    if method == "mcgta":
        pytest.skip("mcgta finds stretches of time, not samples that alternate")
    labels = make(method, pretrain_epochs=4, batch_size=8).fit_predict(small_windows)
    assert len(set(labels[::2])) == len(set(labels[1::2])) == 1 and labels[0] != labels[1]


def test_same_seed_same_labels(fitted, small_windows):
    np.testing.assert_array_equal(fitted.labels_, clone(fitted).fit_predict(small_windows))


def test_prediction_on_the_training_data_gives_the_labels(fitted, method, small_windows):
    if not hasattr(fitted, "predict"):
        pytest.skip(f"{method} labels the samples that it was fitted on alone")
    np.testing.assert_array_equal(fitted.predict(small_windows), fitted.labels_)


def test_transform_gives_a_row_for_each_sample(fitted, method, small_windows):
    if not hasattr(fitted, "transform"):
        pytest.skip(f"{method} has no latent space")
    latent = fitted.transform(small_windows)
    assert latent.shape[0] == 24 and latent.ndim == 2 and np.isfinite(latent).all()


def test_a_loaded_clusterer_gives_the_same_results(fitted, method, small_windows, tmp_path):
    fitted.save(tmp_path)
    loaded = load_clusterer(tmp_path)
    assert type(loaded) is clusterer(method) and loaded.n_clusters == 3
    for name in PUBLIC:
        assert hasattr(loaded, name) == hasattr(fitted, name)
        if hasattr(fitted, name):
            np.testing.assert_array_equal(
                getattr(loaded, name)(small_windows), getattr(fitted, name)(small_windows)
            )
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2e6


def test_dataarrays_give_dataarrays(fitted, small_windows):
    dims = ("time", "window", "latitude", "longitude", "variable")
    named = xr.DataArray(small_windows, {"time": np.arange(24)}, dims)
    for name, others in {"predict": (), "predict_proba": ("cluster",), "transform": ("feature",)}.items():
        if hasattr(fitted, name):
            found = getattr(fitted, name)(named.transpose(*reversed(dims)))
            assert found.dims == ("time", *others)
            np.testing.assert_array_equal(found, getattr(fitted, name)(small_windows))
    assert isinstance(fitted.labels_, np.ndarray)


def test_rmse_is_the_objective_of_k_means(fitted, small_windows):
    """Lloyd's iterations from any labels can only lower it: a law of measure and method alike."""
    features = small_windows[:, -1].reshape(24, -1)
    if not fitted.labels_.any():
        pytest.skip("all samples are in one cluster: no measure is defined")
    before, after = (
        evaluate(features, fitted.labels_)["rmse_mean"],
        lloyd_refinement(features, fitted.labels_),
    )
    assert after["rmse_mean"] <= before * (1 + 1e-9)
    assert (after["moved"] == 0) == (after["rmse_mean"] == pytest.approx(before, rel=1e-9))


def test_fewer_distinct_samples_than_clusters_are_no_error(method, small_windows):
    X = np.repeat(small_windows[:2], 12, axis=0)
    labels = make(method, 4).fit_predict(X)
    assert labels.min() == 0 and labels.max() < 4


def test_clone_and_parameters(method):
    estimator = make(method, 5)
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    assert set(copy.get_params()) == {"n_clusters", *parameters(method)}
    assert copy.set_params(n_clusters=4).n_clusters == 4
    assert not [name for name in vars(copy) if name.endswith("_")]
    keyword_only = list(inspect.signature(clusterer(method)).parameters.values())[1:]
    assert all(p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in keyword_only)


def test_the_registry_agrees_with_the_class(method):
    entry = METHODS[method]
    own = clusterer(method)
    assert own.__name__ == entry.class_name and own.__doc__.splitlines()[0] == summary(method)
    assert hasattr(own, "count_weights") == entry.is_deep
    assert set(entry.options) == set(METHOD_OPTIONS) & set(parameters(method))


def test_unknown_parameters_are_refused(method):
    with pytest.raises(DscTfError, match=f"recipee: {method} has no such parameter"):
        build(method, 3, recipee="x")


@pytest.mark.parametrize(
    ("n_clusters", "words"), [(1, "at least 2"), (2.5, "integer"), (25, "25 for 24 samples")]
)
def test_number_of_clusters_is_checked(n_clusters, words, small_windows):
    with pytest.raises(DscTfError, match=words):
        make("kmeans", n_clusters).fit(small_windows)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_values_are_refused(method, fitted, value, small_windows):
    small_windows[3, -1, 2, 2, 1] = value
    with pytest.raises(DscTfError, match="missing or infinite"):
        make(method).fit(small_windows)
    for name in PUBLIC:
        if hasattr(fitted, name):
            with pytest.raises(DscTfError, match="missing or infinite"):
                getattr(fitted, name)(small_windows)


def test_samples_of_another_shape_are_refused(fitted, small_windows):
    for name in PUBLIC:
        if hasattr(fitted, name):
            with pytest.raises(DscTfError, match="X has .* features, but .* is expecting"):
                getattr(fitted, name)(small_windows[..., :2])
            with pytest.raises(DscTfError, match="as in `fit`"):
                getattr(fitted, name)(small_windows.swapaxes(2, 3))


def test_methods_need_a_fit(method, small_windows):
    estimator = make(method)
    for name in PUBLIC:
        if hasattr(estimator, name):
            with pytest.raises(NotFittedError):
                getattr(estimator, name)(small_windows)
    with pytest.raises(NotFittedError):
        estimator.save("nowhere")


def test_unknown_method_and_recipe_are_refused(small_windows):
    with pytest.raises(DscTfError, match="kmedoids.*dsc, kmeans"):
        clusterer("kmedoids")
    with pytest.raises(DscTfError, match="recipe: 'fast'"):
        make("dec", recipe="fast").fit(small_windows)
