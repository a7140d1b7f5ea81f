"""Laws that every measure in the registry keeps, and values of other libraries."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn import metrics as sk

from dsc_tf.errors import DscTfError
from dsc_tf.evaluation import EXTERNAL, MEASURES, cluster_statistics, evaluate


def example(seed=0, n=60, features=5, k=4):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), rng.integers(k, size=n - k)])
    return rng.normal(size=(n, features)) + 2 * rng.normal(size=(k, features))[labels], labels


@pytest.fixture(params=MEASURES)
def measure(request):
    return MEASURES[request.param].function, MEASURES[request.param]


def rounding(measure, exact):
    """Relative tolerance: pairwise distances are in single precision, all other statistics in double precision."""
    return 1e-6 if measure[1].name == "silhouette_euclidean" else exact


def test_returns_a_float(measure):
    assert type(measure[0](cluster_statistics(*example()))) is float


def test_names_of_clusters_do_not_matter(measure):
    X, labels = example()
    renamed = np.array([7, 3, 9, 1])[labels]
    assert measure[0](cluster_statistics(X, renamed)) == pytest.approx(
        measure[0](cluster_statistics(X, labels)), rel=rounding(measure, 1e-9)
    )


def test_order_of_points_does_not_matter(measure):
    X, labels = example()
    order = np.random.default_rng(1).permutation(len(X))
    assert measure[0](cluster_statistics(X[order], labels[order])) == pytest.approx(
        measure[0](cluster_statistics(X, labels))
    )


def test_shift(measure):
    X, labels = example()
    function, known = measure
    same = function(cluster_statistics(X + 10, labels)) == pytest.approx(
        function(cluster_statistics(X, labels)), rel=1e-6
    )
    assert same == known.shift_invariant


def test_scale(measure):
    X, labels = example()
    function, known = measure
    assert function(cluster_statistics(3 * X, labels)) == pytest.approx(
        3**known.degree * function(cluster_statistics(X, labels))
    )


def test_float_type_does_not_matter(measure):
    X, labels = example()
    X = X.astype("float32")
    assert measure[0](cluster_statistics(X, labels)) == pytest.approx(
        measure[0](cluster_statistics(X.astype("float64"), labels)), rel=rounding(measure, 1e-12)
    )


def test_missing_values_are_refused(measure):
    X, labels = example()
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="missing or infinite"):
        measure[0](cluster_statistics(X, labels))


def test_each_measure_is_named_and_defined(measure):
    known = measure[1]
    assert MEASURES[known.name] is known
    assert known.definition.endswith(".") and known.better in ("higher", "lower", None)


def test_each_column_of_the_table_has_one_definition_and_its_variants_have_no_better():
    for column in {m.column for m in MEASURES.values()} - {None}:
        assert sum(m.better is not None for m in MEASURES.values() if m.column == column) == 1


REFERENCES = {
    "silhouette_euclidean": sk.silhouette_score,
    "silhouette_cosine": lambda X, y: sk.silhouette_score(X, y, metric="cosine"),
    "davies_bouldin": sk.davies_bouldin_score,
}


@pytest.mark.parametrize(("name", "reference"), REFERENCES.items())
@pytest.mark.parametrize("seed", range(3))
def test_equals_scikit_learn(name, reference, seed):
    X, labels = example(seed)
    labels[labels == 3] = 0
    labels[5] = 3  # one cluster of a single member
    assert evaluate(X, labels)[name] == pytest.approx(reference(X, labels), rel=1e-6)


@pytest.mark.parametrize(("name", "reference"), REFERENCES.items())
@pytest.mark.parametrize("offset", [300, 1e5])
def test_equals_scikit_learn_on_single_precision_kelvin_and_pascal(name, reference, offset):
    X, labels = example(features=50)
    X = (X + offset).astype("float32")
    assert evaluate(X, labels)[name] == pytest.approx(reference(X.astype("float64"), labels), abs=1e-6)


def test_cosine_silhouette_with_zero_vectors_equals_scikit_learn():
    X, labels = example()
    X[[0, 7, 20]] = 0
    assert evaluate(X, labels)["silhouette_cosine"] == pytest.approx(
        sk.silhouette_score(X, labels, metric="cosine")
    )


def test_nearest_pairs_and_diameters_equal_scipy():
    X, labels = example()
    for i in range(4):
        for j in range(4):
            distance = cdist(X[labels == i], X[labels == j])
            expected = distance.max() if i == j else distance.min()
            assert cluster_statistics(X, labels).nearest_pairs[i, j] == pytest.approx(expected, rel=1e-9)


def test_nearest_pairs_survive_a_large_offset():
    X, labels = example()
    near = cluster_statistics(X, labels).nearest_pairs
    np.testing.assert_allclose(cluster_statistics(X + 1e6, labels).nearest_pairs, near, rtol=1e-6)


def test_twins_in_two_clusters_are_exactly_as_far_apart_as_they_are():
    # |x|^2 - 2 x.y + |y|^2 alone gives 1e-6 for equal points of this length, and noise for near ones.
    X, labels = example(features=300)
    X, labels[:3] = 100 * X, [0, 1, 2]
    X[1] = X[0] + 1e-7
    X[2] = X[0]
    pairs = cluster_statistics(X, labels).nearest_pairs
    assert pairs[0, 2] == 0
    assert pairs[0, 1] == pytest.approx(np.linalg.norm(X[0] - X[1]), rel=1e-9)


def test_tight_clusters_far_apart_keep_their_diameters():
    X, labels = example()
    X = 1e-6 * X + 1e3 * labels[:, None]
    diameters = [cdist(X[labels == j], X[labels == j]).max() for j in range(4)]
    np.testing.assert_allclose(np.diag(cluster_statistics(X, labels).nearest_pairs), diameters, rtol=1e-6)


def test_equations_in_loops():
    X, labels = example()
    groups = [X[labels == j] for j in range(4)]
    by_cluster = [sum(np.sum((x - g.mean(0)) ** 2) for x in g) / len(g) for g in groups]
    total = sum(sum(np.sum((x - g.mean(0)) ** 2) for x in g) for g in groups)
    pairs = [
        min(np.linalg.norm(x - y) for x in groups[i] for y in groups[j]) for i in range(4) for j in range(i)
    ]
    blocks = [g.var() * len(g) / len(X) for g in groups]
    measures = evaluate(X, labels)
    assert measures["cluster_variance"] == pytest.approx(np.mean(by_cluster))  # equation 10
    assert measures["rmse_mean"] == pytest.approx(np.sqrt(total / len(X)))  # equation 11
    assert measures["nearest_pair_distance"] == pytest.approx(np.mean(pairs))  # equation 9
    assert measures["block_variance"] == pytest.approx(sum(blocks))  # the notebooks


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_square_of_rmse_is_the_size_weighted_variance(seed, k):
    from dsc_tf.evaluation.internal import cluster_variances, rmse_mean

    statistics = cluster_statistics(*example(seed, n=20, k=k))
    weighted = np.average(cluster_variances(statistics), weights=statistics.sizes)
    assert rmse_mean(statistics) ** 2 == pytest.approx(weighted)


def test_small_memory_gives_the_same(measure):
    X, labels = example()
    assert measure[0](cluster_statistics(X, labels, memory=2000)) == pytest.approx(
        measure[0](cluster_statistics(X, labels)), rel=rounding(measure, 1e-12)
    )


def test_unassigned_steps_are_left_out():
    X, labels = example()
    kept = np.arange(len(X)) % 7 > 0
    assert evaluate(X, np.where(kept, labels, -1)) == evaluate(X[kept], labels[kept])


def test_windows_are_measured_on_their_last_step():
    X, labels = example()
    windows = np.stack([X * 0, X], axis=1).reshape(60, 2, 5, 1, 1)
    assert evaluate(windows, labels) == evaluate(X, labels)


@pytest.mark.parametrize(
    ("name", "chance"),
    [("adjusted_rand_index", 0), ("normalised_mutual_information", 0), ("accuracy", 1 / 4)],
)
def test_agreement_with_truth(name, chance):
    rng = np.random.default_rng(0)
    truth = rng.integers(4, size=4000)
    agreement = EXTERNAL[name]
    assert agreement(truth, truth) == pytest.approx(1)
    assert agreement(truth, (truth + 1) % 4) == pytest.approx(1)
    assert agreement(truth, rng.integers(4, size=4000)) == pytest.approx(chance, abs=0.03)


def test_mutual_information_by_hand():
    # Four even classes cut to two even clusters: information log 2, mean entropy (log 4 + log 2) / 2, so 2 / 3.
    assert EXTERNAL["normalised_mutual_information"]([0, 1, 2, 3], [0, 0, 1, 1]) == pytest.approx(2 / 3)


def test_accuracy_by_hand():
    # Best matching: 0 -> 1 (2 of 3), 1 -> 0 (2 of 3): 4 of 6.
    assert EXTERNAL["accuracy"]([0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 1]) == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("X", "labels", "words"),
    [
        ([[0.0], [1.0]], [0, 0], "1 clusters in 2 of 2 steps"),
        ([[0.0], [1.0]], [-1, -1], "0 clusters in 0 of 2 steps"),
        ([], [], "do not belong together"),
        ([[], []], [0, 1], "do not belong together"),
        ([["0"], ["1"]], [0, 1], "real numbers"),
        ([[0.0], [1.0]], [0.0, np.nan], "type float64"),
        ([[0.0], [1.0]], [0, -128], "labels: -128"),
        ([[0.0], [np.inf]], [0, 1], "missing or infinite"),
        ([[0.0], [np.nan]], [0, 1], "missing or infinite"),
        ([[0.0], [1.0]], [0, 1, 1], "do not belong together"),
    ],
)
def test_bad_input_is_refused_in_one_line(X, labels, words):
    with pytest.raises(DscTfError, match=words):
        evaluate(np.array(X), labels)


def test_masked_values_are_refused():
    with pytest.raises(DscTfError, match="missing or infinite"):
        evaluate(np.ma.masked_equal([[0.0], [1.0], [9.0]], 9), [0, 1, 1])


@pytest.mark.parametrize(
    ("truth", "words"), [([0, 1, 0], r"shape \(3,\)"), ([0, np.nan], "missing for assigned")]
)
def test_bad_truth_is_refused_in_one_line(truth, words):
    with pytest.raises(DscTfError, match=words):
        evaluate(np.array([[0.0], [1.0]]), [0, 1], truth)


def test_memory_stays_within_what_is_allowed():
    X, labels = example(n=3000)
    memory = 4 * 2**20  # the matrix of all distances takes 72 MB
    tracemalloc.start()
    try:
        for known in MEASURES.values():
            known.function(cluster_statistics(X, labels, memory=memory))
        assert tracemalloc.get_traced_memory()[1] < memory
    finally:
        tracemalloc.stop()
