"""scikit-learn's checks of estimators, for every method in the registry; networks are small."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from small_networks import build_small, small_network

from dsc_tf.clusterers import CONTROL_METHODS, DEEP_METHODS, METHODS

ONE_CLUSTER = "the check sets n_clusters to 1; a clusterer has at least 2"
EXPECTED = dict.fromkeys(
    [
        "check_dont_overwrite_parameters",
        "check_methods_subset_invariance",
        "check_fit2d_1sample",
        "check_fit2d_1feature",
        "check_fit2d_predict1d",
    ],
    ONE_CLUSTER,
)
OF_NETWORKS = {
    "check_do_not_raise_errors_in_init_or_set_params": "constructors pass the parameters of training on by keyword"
}
OF_SEQUENCES = {
    "check_methods_sample_order_invariance": "the label of a sample depends on the samples before it",
    "check_dict_unchanged": "the check fits fewer samples than the method needs",
}
SEQUENTIAL = ("persistent_kmeans", "mcgta", "predictive_kmeans", "switching")
pytestmark = pytest.mark.filterwarnings("ignore")


def estimators(methods):
    quick = {"pretrain_epochs": 1, "epochs": 1, "random_state": 0, "neighbours": 3, "sequence_length": None}
    for method in methods:
        own = {"network": small_network} if method in DEEP_METHODS else {}
        yield build_small(method, **quick | own)


def expected_failures(estimator):
    method = next(name for name, entry in METHODS.items() if entry.class_name == type(estimator).__name__)
    found = EXPECTED | (OF_NETWORKS if method in DEEP_METHODS else {})
    if method in SEQUENTIAL:
        found |= OF_SEQUENCES
    if method == "mcgta":
        found["check_clustering"] = "the check shuffles the samples; the method finds stretches of time"
    if method in CONTROL_METHODS:
        found["check_clustering"] = "a control finds no structure, on purpose"
    return found


LONG = (*DEEP_METHODS, "predictive_kmeans", "switching", "consensus")  # minutes together


@parametrize_with_checks(
    list(estimators(name for name in METHODS if name not in LONG)), expected_failed_checks=expected_failures
)
def test_quick_methods_pass(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
@parametrize_with_checks(list(estimators(LONG)), expected_failed_checks=expected_failures)
def test_other_methods_pass(estimator, check):
    check(estimator)
