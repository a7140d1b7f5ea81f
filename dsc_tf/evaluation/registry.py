"""Every measure by name. A line here puts a measure into `evaluate` and under the laws of the tests."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import DscTfError
from . import external, internal
from . import published_variants as published
from .statistics import summarise


@dataclass(frozen=True)
class Measure:
    """A measure and what is known of it.

    Parameters
    ----------
    function : callable
        From `ClusterStatistics` to float. Its name is the measure's, the first line of its docstring the definition.
    better : {"higher", "lower"} or None
        Which way is better.
    shift_invariant : bool
        Whether adding a constant to all points changes nothing.
    degree : int
        The measure of c times the data is c ** degree times the measure.
    column : str, default=None
        Title of the column of the published tables that it stands for, by equation or by notebook; None if none.
    """

    function: Callable
    better: str | None
    shift_invariant: bool
    degree: int
    column: str | None = None

    @property
    def name(self):
        """Name in `MEASURES` and in the result of `evaluate`."""
        return self.function.__name__

    @property
    def definition(self):
        """The definition in one line."""
        return self.function.__doc__.splitlines()[0]


DISTANCE, VARIANCE = "avg inter-cluster distance", "avg variance"
MEASURES = {
    measure.name: measure
    for measure in (
        Measure(internal.silhouette_cosine, "higher", False, 0, "silhouette"),
        Measure(internal.silhouette_euclidean, "higher", True, 0),
        Measure(internal.davies_bouldin, "lower", True, 0, "Davies-Bouldin"),
        Measure(internal.rmse_mean, "lower", True, 1, "RMSE_mean"),
        Measure(internal.nearest_pair_distance, "higher", True, 1, DISTANCE),
        Measure(internal.cluster_variance, "lower", True, 2, VARIANCE),
        Measure(published.nearest_pair_row_minimum, None, True, 1, DISTANCE),
        Measure(published.nearest_pair_row_mean, None, True, 1, DISTANCE),
        Measure(published.block_variance, None, True, 2, VARIANCE),
        Measure(internal.smallest_cluster, None, True, 0),
        Measure(internal.size_entropy, None, True, 0),
    )
}

EXTERNAL = {
    "adjusted_rand_index": external.adjusted_rand_index,
    "normalised_mutual_information": external.normalised_mutual_information,
    "accuracy": external.accuracy,
}


def evaluate(
    X: npt.ArrayLike, labels: npt.ArrayLike, true_labels: npt.ArrayLike | None = None
) -> dict[str, float]:
    """Every measure of a partition, one definition for all methods.

    Parameters
    ----------
    X : array or Samples of shape (time, feature) or (time, window, latitude, longitude, variable)
        Where distance is measured. Of windows, the fields of the labelled (last) step count.
    labels : array of int, shape (time,)
        Cluster of each step; -1 is unassigned and left out.
    true_labels : array of int, shape (time,), default=None
        Known classes; adds measures of agreement with them.

    Returns
    -------
    dict of str to float
        By the names of `MEASURES` and `EXTERNAL`.

    Warns
    -----
    UserWarning
        If there are more than 16384 assigned steps. The Euclidean silhouette and what is made of nearest pairs
        compare every pair, which costs the square of their number: they then take so many steps, drawn at random
        with a fixed seed and with the shares of the clusters. A nearest pair of a part is no nearer than that of
        the whole. Every other measure takes all steps, at a cost linear in them.

    Raises
    ------
    DscTfError
        If lengths differ, values are missing, labels are not integers, or there are fewer than two clusters.

    Examples
    --------
    Two columns of two points, six apart:

    >>> X = np.array([[1.0, 0], [1, 2], [7, 0], [7, 2]])
    >>> measures = evaluate(X, [0, 0, 1, 1])
    >>> measures["nearest_pair_distance"], measures["rmse_mean"], round(measures["davies_bouldin"], 4)
    (6.0, 1.0, 0.3333)
    """
    labels = np.asarray(labels)
    try:
        statistics = summarise(_features(X), labels)
        known = None if true_labels is None else _known(true_labels, labels)
    except ValueError as error:
        raise DscTfError(f"evaluate: {error}") from error
    paired = len(statistics.paired.labels)
    if paired < len(statistics.labels):
        warnings.warn(
            f"silhouette_euclidean and nearest pairs: of {paired} of {len(statistics.labels)} steps, drawn at random "
            "with the shares of the clusters",
            UserWarning,
            stacklevel=2,
        )
    measures = {name: measure.function(statistics) for name, measure in MEASURES.items()}
    if known is not None:
        measures |= {name: function(known, labels[labels >= 0]) for name, function in EXTERNAL.items()}
    return measures


def _features(X):
    """Rows of the labelled step; those of samples on disk are read when they are needed."""
    if hasattr(X, "last_step"):
        return X.last_step()
    X = np.asanyarray(X)
    features = X[:, -1] if X.ndim == 5 else X
    return features.reshape(len(X), -1) if X.ndim != 2 and X.size else features


def _known(true_labels, labels):
    """True labels of the assigned steps, checked."""
    true_labels = np.asarray(true_labels)
    if true_labels.shape != labels.shape:
        raise ValueError(
            f"true_labels of shape {true_labels.shape} and labels of shape {labels.shape} do not belong together."
        )
    known = true_labels[labels >= 0]
    if (known != known).any():
        raise ValueError(
            "true_labels are missing for assigned steps. Set their labels to -1 to leave them out."
        )
    return known
