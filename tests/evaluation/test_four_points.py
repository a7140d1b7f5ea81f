"""Two columns of two points, six apart: every definition and every notebook variant by hand."""

import numpy as np
import pytest

from dsc_tf.evaluation import evaluate

X = np.array([[1.0, 0], [1, 2], [7, 0], [7, 2]])
LABELS = [0, 0, 1, 1]

EXPECTED = {
    # Each point is 1 from its mean: mean squared distance 1, root 1.
    "rmse_mean": 1.0,
    "cluster_variance": 1.0,
    # Nearest members of the two clusters are (1, 0) and (7, 0).
    "nearest_pair_distance": 6.0,
    # Spreads 1 and 1, means 6 apart: (1 + 1) / 6.
    "davies_bouldin": 1 / 3,
    # Every point: a = 2, b = (6 + sqrt 40) / 2, so 1 - a / b.
    "silhouette_euclidean": 1 - 4 / (6 + np.sqrt(40)),
    # Block 0 holds 1 0 1 2: mean 1, variance 1/2. Block 1 holds 7 0 7 2: mean 4, variance 9.5. Their mean is 5.
    "block_variance": 5.0,
    # The matrix is [[2, 6], [6, 2]]: diameters 2 on the diagonal. Row minima 2, row means 4.
    "nearest_pair_row_minimum": 2.0,
    "nearest_pair_row_mean": 4.0,
    "smallest_cluster": 0.5,
    "size_entropy": 1.0,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_by_hand(name):
    # Distances between pairs of points are computed in single precision.
    precision = 1e-6 if name == "silhouette_euclidean" else 1e-12
    assert evaluate(X, LABELS)[name] == pytest.approx(EXPECTED[name], rel=precision)


def test_cosine_silhouette_by_hand():
    # Directions: (1,0) 0 degrees, (1,2) u, (7,0) 0, (7,2) v, with cos u = 1/sqrt 5, cos v = 7/sqrt 53 and
    # cos(u - v) = 11/sqrt 265. Distances are 1 - cos.
    u, v, w = 1 - 1 / np.sqrt(5), 1 - 7 / np.sqrt(53), 1 - 11 / np.sqrt(265)
    a = np.array([u, u, v, v])
    b = np.array([v / 2, (u + w) / 2, u / 2, (v + w) / 2])
    score = ((b - a) / np.maximum(a, b)).mean()
    assert score == pytest.approx(0.1192, abs=5e-5)
    assert evaluate(X, LABELS)["silhouette_cosine"] == pytest.approx(score, rel=1e-9)


def test_one_column_of_the_table_holds_three_quantities():
    """The definition, and what the notebooks averaged instead: 6, 2 and 4."""
    measures = evaluate(X, LABELS)
    names = ("nearest_pair_distance", "nearest_pair_row_minimum", "nearest_pair_row_mean")
    assert [measures[name] for name in names] == [6, 2, 4]
