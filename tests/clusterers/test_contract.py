"""Every method in the registry keeps these promises."""

import inspect

import numpy as np
import pytest
from checks import plain_groups
from sklearn.base import clone

from dsc_tf.clusterers import CONTROLS, METHODS, NETWORKS, build, clusterer
from dsc_tf.errors import DscTfError
from dsc_tf.evaluation import evaluate
from dsc_tf.evaluation.diagnostics import descent

# After fewer passes of learning to reconstruct, the joint loss can still move all latent vectors into one cluster.
QUICK = {
    "pretrain_epochs": 4,
    "epochs": 1,
    "batch_size": 8,
    "precision": "float32",
    "sequence_length": 60,
    "neighbours": 5,
}


def make(method, n_clusters=2, **options):
    return build(method, n_clusters, **({"random_state": 0} | QUICK | options))


@pytest.fixture(params=METHODS, scope="module")
def method(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(method):
    return make(method, 3).fit(plain_groups())


def test_labels_number_every_sample_from_the_largest_cluster(fitted):
    labels = fitted.labels_
    assert labels.shape == (24,) and np.issubdtype(labels.dtype, np.integer)
    sizes = np.bincount(labels, minlength=3)
    assert len(sizes) == 3 and (np.diff(sizes) <= 0).all()


def test_two_plain_groups_are_found(method, small_windows):
    if method in CONTROLS:
        pytest.skip(f"{method} finds nothing, by intention")
    if method == "mcgta":
        pytest.skip("mcgta finds stretches of time, not samples that alternate")
    labels = make(method).fit_predict(small_windows)
    assert len(set(labels[::2])) == len(set(labels[1::2])) == 1 and labels[0] != labels[1]


def test_same_seed_same_labels_and_fit_twice_is_fit_once(fitted, small_windows):
    first = fitted.labels_
    np.testing.assert_array_equal(first, clone(fitted).fit_predict(small_windows))
    np.testing.assert_array_equal(first, fitted.fit_predict(small_windows))


def test_prediction_on_the_training_data_gives_the_labels(fitted, method, small_windows):
    if not hasattr(fitted, "predict"):
        pytest.skip(f"{method} knows only the samples it was fitted on")
    np.testing.assert_array_equal(fitted.predict(small_windows), fitted.labels_)


def test_transform_gives_a_row_for_each_sample(fitted, method, small_windows):
    if not hasattr(fitted, "transform"):
        pytest.skip(f"{method} has no latent space")
    latent = fitted.transform(small_windows)
    assert latent.shape[0] == 24 and latent.ndim == 2 and np.isfinite(latent).all()


def test_saved_network_labels_the_same(fitted, method, small_windows, tmp_path):
    if method not in NETWORKS:
        pytest.skip(f"{method} has no network")
    fitted.save(tmp_path)
    loaded = clusterer(method).load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(small_windows), fitted.labels_)
    np.testing.assert_array_equal(loaded.transform(small_windows), fitted.transform(small_windows))


def test_rmse_is_the_objective_of_k_means(fitted, small_windows):
    """Lloyd's iterations from any labels can only lower it: a law of measure and method alike."""
    if np.ptp(fitted.labels_) == 0:
        pytest.skip("one cluster: no measure is defined")
    features = small_windows[:, -1].reshape(24, -1)
    before, after = evaluate(features, fitted.labels_)["rmse_mean"], descent(features, fitted.labels_)
    assert after["rmse_mean"] <= before * (1 + 1e-9)
    assert (after["moved"] == 0) == (after["rmse_mean"] == pytest.approx(before, rel=1e-9))


def test_fewer_distinct_samples_than_clusters_are_survived(method, small_windows):
    X = np.repeat(small_windows[:2], 12, axis=0)
    labels = make(method, 4).fit_predict(X)
    assert labels.min() == 0 and labels.max() < 4


def test_clone_and_parameters(method):
    estimator = make(method, 5)
    twin = clone(estimator)
    assert twin.get_params() == estimator.get_params()
    assert twin.set_params(n_clusters=4).n_clusters == 4
    assert not [name for name in vars(twin) if name.endswith("_")]


def test_constructor_is_short_and_keyword_only(method):
    parameters = list(inspect.signature(clusterer(method)).parameters.values())
    assert len(parameters) <= 12
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[1:])


@pytest.mark.parametrize(
    ("n_clusters", "words"), [(1, "at least 2"), (2.5, "integer"), (25, "25 for 24 samples")]
)
def test_number_of_clusters_is_checked(method, n_clusters, words, small_windows):
    with pytest.raises(DscTfError, match=words):
        make(method, n_clusters).fit(small_windows)


def test_missing_values_are_loud(method, small_windows):
    small_windows[3, 0, 2, 2, 1] = np.nan
    with pytest.raises(DscTfError, match="missing or infinite"):
        make(method).fit(small_windows)


def test_unknown_method_and_recipe_are_refused(small_windows):
    with pytest.raises(DscTfError, match="kmedoids.*dsc, kmeans"):
        clusterer("kmedoids")
    with pytest.raises(DscTfError, match="recipe: 'fast'"):
        make("dec", recipe="fast").fit(small_windows)
