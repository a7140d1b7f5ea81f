"""Measures of records on disk, and of records too long for every pair to be compared."""

import numpy as np
import pytest

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.evaluation import MEASURES, cluster_statistics, evaluate
from dsc_tf.evaluation import statistics as clusters
from dsc_tf.preprocessing import preprocessor as preprocessing
from dsc_tf.preprocessing.preprocessor import prepare

OF_PAIRS = {
    "silhouette_euclidean",
    "nearest_pair_distance",
    "nearest_pair_row_minimum",
    "nearest_pair_row_mean",
}


@pytest.fixture
def groups():
    rng = np.random.default_rng(0)
    labels = rng.choice(3, size=2000, p=[0.6, 0.399, 0.001])
    labels[:3] = 0, 1, 2
    return rng.normal(size=(2000, 4)) + 4 * np.eye(4)[labels], labels


@pytest.mark.parametrize("window", [1, 3])
def test_disk_gives_what_memory_gives(window, tmp_path, monkeypatch):
    ds = mock_dataset(days=90, gaps=True, nan_policy="coast")
    X, _ = prepare(ds, "anomaly", window)
    monkeypatch.setattr(preprocessing, "memory_limit", lambda memory: 0)
    on_disk, _ = prepare(ds, "anomaly", window, scratch=tmp_path)
    labels = np.arange(len(X)) % 4 - 1  # one in four unassigned
    measures = evaluate(on_disk, labels, labels)
    assert measures == pytest.approx(evaluate(X, labels, labels), rel=1e-5)
    assert set(MEASURES) < set(measures)
    on_disk.close()


def test_pairs_of_a_part_stand_for_all_and_the_rest_is_exact(groups):
    X, labels = groups
    whole, part = cluster_statistics(X, labels), cluster_statistics(X, labels, max_paired=500)
    assert len(part.paired.labels) <= 501 and part.paired.sizes.min() >= 1
    for name, measure in MEASURES.items():
        if name not in OF_PAIRS:
            assert measure.function(part) == measure.function(whole), name
    silhouette = MEASURES["silhouette_euclidean"].function
    assert silhouette(part) == pytest.approx(silhouette(whole), abs=0.03)
    assert silhouette(part) != silhouette(whole)
    upper = np.triu_indices(3, k=1)
    assert (part.nearest_pairs[upper] >= whole.nearest_pairs[upper]).all()
    assert (np.diag(part.nearest_pairs) <= np.diag(whole.nearest_pairs)).all()
    again = cluster_statistics(X, labels, max_paired=500)
    np.testing.assert_array_equal(again.nearest_pairs, part.nearest_pairs)


def test_clusters_keep_their_shares_in_the_part(groups):
    X, labels = groups
    part = cluster_statistics(X, labels, max_paired=500).paired
    np.testing.assert_allclose(part.sizes / 500, np.bincount(labels) / 2000, atol=2 / 500)


def test_evaluate_warns_of_a_part(groups, monkeypatch):
    X, labels = groups
    monkeypatch.setattr(clusters, "PAIR_OPERATIONS", 500**2 * X.shape[1])
    monkeypatch.setattr(clusters, "MIN_PAIRED", 10)
    with pytest.warns(UserWarning, match="of 500 of 2000 steps, drawn at random.*standard error"):
        evaluate(X, labels)


def test_the_silhouette_is_within_its_standard_error(groups):
    X, labels = groups
    X, labels = X[labels < 2], labels[labels < 2]  # a cluster of two members has no representative subsample
    whole, part = cluster_statistics(X, labels), cluster_statistics(X, labels, max_paired=800)
    error = part.silhouettes.std() / 800**0.5
    assert abs(part.silhouettes.mean() - whole.silhouettes.mean()) < 3 * error


def test_single_precision_of_pairs_changes_the_silhouette_by_less_than_1e_6(groups):
    from sklearn.metrics import silhouette_score

    X, labels = groups
    X = X + 1e4  # a large offset, as temperatures in K
    ours = MEASURES["silhouette_euclidean"].function(cluster_statistics(X, labels))
    assert ours == pytest.approx(silhouette_score(X.astype(np.float64), labels), abs=1e-6)


def test_as_many_as_may_be_paired_are_all_paired(groups):
    X, labels = groups
    statistics = cluster_statistics(X, labels, max_paired=2000)
    assert statistics.paired is statistics
