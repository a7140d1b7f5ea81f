"""Every method in the registry keeps these promises."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone

from dsc_tf.clusterers import METHODS, clusterer
from dsc_tf.errors import DscTfError

QUICK = {"pretrain_epochs": 1, "epochs": 1, "batch_size": 8, "precision": "float32"}


def make(method, n_clusters=2, **options):
    kind = clusterer(method)
    known = inspect.signature(kind).parameters
    options = {"random_state": 0} | QUICK | options
    return kind(n_clusters, **{name: value for name, value in options.items() if name in known})


@pytest.fixture(params=METHODS)
def method(request):
    return request.param


def test_labels_number_every_sample_from_the_largest_cluster(method, small_windows):
    estimator = make(method, 3)
    labels = estimator.fit_predict(small_windows)
    assert labels.shape == (24,) and np.issubdtype(labels.dtype, np.integer)
    sizes = np.bincount(labels, minlength=3)
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_array_equal(labels, estimator.labels_)


def test_two_plain_groups_are_found(method, small_windows):
    labels = make(method).fit_predict(small_windows)
    assert len(set(labels[::2])) == len(set(labels[1::2])) == 1 and labels[0] != labels[1]


def test_same_seed_same_labels_and_fit_twice_is_fit_once(method, small_windows):
    estimator = make(method, 4)
    first = estimator.fit_predict(small_windows)
    np.testing.assert_array_equal(first, estimator.fit_predict(small_windows))
    np.testing.assert_array_equal(first, make(method, 4).fit_predict(small_windows))


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


def test_prediction_on_the_training_data_gives_the_labels(method, small_windows):
    estimator = make(method, 3).fit(small_windows)
    if not hasattr(estimator, "predict"):
        pytest.skip(f"{method} knows only the samples it was fitted on")
    np.testing.assert_array_equal(estimator.predict(small_windows), estimator.labels_)


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


def test_unknown_method_is_refused():
    with pytest.raises(DscTfError, match="kmedoids.*dsc, kmeans"):
        clusterer("kmedoids")
