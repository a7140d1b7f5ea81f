"""Every measure by name. A line here puts a measure into `evaluate` and under the laws of the tests."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import DscTfError
from . import external, internal, published
from .clusters import summarise


@dataclass(frozen=True)
class Measure:
    """A measure and what is known of it.

    Parameters
    ----------
    function : callable
        From `ClusterStatistics` to float.
    better : {"higher", "lower"} or None
        Which way is better.
    shift_invariant : bool
        Whether adding a constant to all points changes nothing.
    degree : int
        The measure of c times the data is c ** degree times the measure.
    """

    function: Callable
    better: str | None
    shift_invariant: bool
    degree: int


MEASURES = {
    "silhouette_cosine": Measure(internal.silhouette_cosine, "higher", False, 0),
    "silhouette_euclidean": Measure(internal.silhouette_euclidean, "higher", True, 0),
    "davies_bouldin": Measure(internal.davies_bouldin, "lower", True, 0),
    "rmse_mean": Measure(internal.rmse_mean, "lower", True, 1),
    "nearest_pair_distance": Measure(internal.nearest_pair_distance, "higher", True, 1),
    "cluster_variance": Measure(internal.cluster_variance, "lower", True, 2),
    "nearest_pair_row_minimum": Measure(published.nearest_pair_row_minimum, None, True, 1),
    "nearest_pair_row_mean": Measure(published.nearest_pair_row_mean, None, True, 1),
    "block_variance": Measure(published.block_variance, None, True, 2),
    "smallest_cluster": Measure(internal.smallest_cluster, None, True, 0),
    "size_entropy": Measure(internal.size_entropy, None, True, 0),
}

EXTERNAL = {
    "adjusted_rand_index": external.adjusted_rand_index,
    "normalised_mutual_information": external.normalised_mutual_information,
    "accuracy": external.accuracy,
}


def evaluate(X, labels, true_labels=None):
    """Every measure of a partition, one definition for all methods.

    Parameters
    ----------
    X : array of shape (time, feature) or (time, window, latitude, longitude, variable)
        Where distance is measured. Of windows, the fields of the labelled (last) step count.
    labels : array of int, shape (time,)
        Cluster of each step; -1 is unassigned and left out.
    true_labels : array of int, shape (time,), default=None
        Known classes; adds measures of agreement with them.

    Returns
    -------
    dict of str to float
        By the names of `MEASURES` and `EXTERNAL`.

    Raises
    ------
    DscTfError
        If lengths differ, values are missing, or there are fewer than two clusters.

    Examples
    --------
    Two columns of two points, six apart:

    >>> X = np.array([[1.0, 0], [1, 2], [7, 0], [7, 2]])
    >>> measures = evaluate(X, [0, 0, 1, 1])
    >>> measures["nearest_pair_distance"], measures["rmse_mean"], round(measures["davies_bouldin"], 4)
    (6.0, 1.0, 0.3333)
    """
    X, labels = np.asarray(X), np.asarray(labels)
    features = (X[:, -1] if X.ndim == 5 else X).reshape(len(X), -1)
    try:
        statistics = summarise(features, labels)
    except ValueError as error:
        raise DscTfError(f"evaluate: {error}") from error
    measures = {name: measure.function(statistics) for name, measure in MEASURES.items()}
    if true_labels is not None:
        assigned = labels >= 0
        known = np.asarray(true_labels)[assigned]
        measures |= {name: function(known, labels[assigned]) for name, function in EXTERNAL.items()}
    return measures
