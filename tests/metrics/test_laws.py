"""Laws that every measure in the registry keeps, and values of other libraries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn import metrics as sk

from dsc_tf.errors import DscTfError
from dsc_tf.metrics import EXTERNAL, MEASURES, evaluate, summarise


def example(seed=0, n=60, features=5, k=4):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), rng.integers(k, size=n - k)])
    return rng.normal(size=(n, features)) + 2 * rng.normal(size=(k, features))[labels], labels


@pytest.fixture(params=MEASURES)
def measure(request):
    return MEASURES[request.param].function, MEASURES[request.param]


def test_returns_a_float(measure):
    assert type(measure[0](summarise(*example()))) is float


def test_names_of_clusters_do_not_matter(measure):
    X, labels = example()
    renamed = np.array([7, 3, 9, 1])[labels]
    assert measure[0](summarise(X, renamed)) == pytest.approx(measure[0](summarise(X, labels)), rel=1e-9)


def test_order_of_points_does_not_matter(measure):
    X, labels = example()
    order = np.random.default_rng(1).permutation(len(X))
    assert measure[0](summarise(X[order], labels[order])) == pytest.approx(measure[0](summarise(X, labels)))


def test_shift(measure):
    X, labels = example()
    function, known = measure
    same = function(summarise(X + 10, labels)) == pytest.approx(function(summarise(X, labels)), rel=1e-7)
    assert same == known.shift_invariant


def test_scale(measure):
    X, labels = example()
    function, known = measure
    assert function(summarise(3 * X, labels)) == pytest.approx(
        3**known.degree * function(summarise(X, labels))
    )


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("silhouette_euclidean", sk.silhouette_score),
        ("silhouette_cosine", lambda X, y: sk.silhouette_score(X, y, metric="cosine")),
        ("davies_bouldin", sk.davies_bouldin_score),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_equals_scikit_learn(name, reference, seed):
    X, labels = example(seed)
    labels[labels == 3] = 0
    labels[5] = 3  # one cluster of a single member
    assert evaluate(X, labels)[name] == pytest.approx(reference(X, labels), rel=1e-6)


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
            assert summarise(X, labels).nearest_pairs[i, j] == pytest.approx(expected, rel=1e-9)


def test_nearest_pairs_survive_a_large_offset():
    X, labels = example()
    near = summarise(X, labels).nearest_pairs
    np.testing.assert_allclose(summarise(X + 1e6, labels).nearest_pairs, near, rtol=1e-6)


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
    from dsc_tf.metrics.internal import cluster_variances, rmse_mean

    statistics = summarise(*example(seed, n=20, k=k))
    weighted = np.average(cluster_variances(statistics), weights=statistics.sizes)
    assert rmse_mean(statistics) ** 2 == pytest.approx(weighted)


def test_small_memory_gives_the_same(measure):
    X, labels = example()
    assert measure[0](summarise(X, labels, memory=2000)) == pytest.approx(
        measure[0](summarise(X, labels)), rel=1e-12
    )


def test_unassigned_steps_are_left_out():
    X, labels = example()
    kept = np.arange(len(X)) % 7 > 0
    assert evaluate(X, np.where(kept, labels, -1)) == evaluate(X[kept], labels[kept])


def test_windows_are_measured_on_their_last_step():
    X, labels = example()
    windows = np.stack([X * 0, X], axis=1).reshape(60, 2, 5, 1, 1)
    assert evaluate(windows, labels) == evaluate(X, labels)


@pytest.mark.parametrize("name", EXTERNAL)
def test_agreement_with_truth(name):
    rng = np.random.default_rng(0)
    truth = rng.integers(4, size=400)
    agreement = EXTERNAL[name]
    assert agreement(truth, (truth + 1) % 4) == pytest.approx(1)
    assert agreement(truth, rng.integers(4, size=400)) < 0.4


def test_accuracy_by_hand():
    # Best matching: 0 -> 1 (2 of 3), 1 -> 0 (2 of 3): 4 of 6.
    assert EXTERNAL["accuracy"]([0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 1]) == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("X", "labels", "words"),
    [
        ([[0.0], [1.0]], [0, 0], "1 clusters"),
        ([[0.0], [1.0]], [-1, -1], "0 clusters"),
        ([[0.0], [np.nan]], [0, 1], "missing or infinite"),
        ([[0.0], [1.0]], [0, 1, 1], "do not belong together"),
    ],
)
def test_bad_input_is_refused_in_one_line(X, labels, words):
    with pytest.raises(DscTfError, match=words):
        evaluate(np.array(X), labels)
