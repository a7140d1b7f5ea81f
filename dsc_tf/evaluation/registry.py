"""Registry of the measures; an entry here adds a measure to `evaluate` and to the property tests."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import DscTfError
from . import external, internal
from . import published_variants as published
from .statistics import cluster_statistics


@dataclass(frozen=True)
class Measure:
    """A measure and its properties.

    Parameters
    ----------
    function : callable
        Function from `ClusterStatistics` to float. Its name is the name of the measure, and the first line of its
        docstring is the definition.
    better : {"higher", "lower"} or None
        Direction of better values; None if neither.
    shift_invariant : bool
        Whether the measure is invariant to adding a constant to all points.
    degree : int
        Degree of homogeneity: multiplying the data by c multiplies the measure by c ** degree.
    column : str, default=None
        Title of the column of the published tables to which the measure corresponds, by equation or by notebook.
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
    """All measures of a partition, with the same definitions for all methods.

    Parameters
    ----------
    X : array or Samples of shape (time, feature) or (time, window, latitude, longitude, variable)
        Space in which distances are measured. Only the fields of the labelled (last) step of a window are used.
    labels : array of int, shape (time,)
        Cluster of each step; steps with -1 are unassigned and not used.
    true_labels : array of int, shape (time,), default=None
        Known classes; adds measures of agreement with them.

    Returns
    -------
    dict of str to float
        Values by the names of `MEASURES` and `EXTERNAL`.

    Warns
    -----
    UserWarning
        If the comparison of all pairs of steps, which the Euclidean silhouette and the nearest-pair measures need,
        exceeds the budget of operations. These measures are then computed from a random subsample with a fixed seed
        and the proportions of the clusters; the warning gives the standard error of the silhouette. The nearest-pair
        distance of a subsample is an upper bound. All other measures use all steps, at a cost linear in their number.

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
        statistics = cluster_statistics(_features(X), labels)
        known = None if true_labels is None else _known(true_labels, labels)
    except ValueError as error:
        raise DscTfError(f"evaluate: {error}") from error
    paired = len(statistics.paired.labels)
    if paired < len(statistics.labels):
        error = statistics.silhouettes.std() / paired**0.5
        warnings.warn(
            f"silhouette_euclidean and nearest pairs: of {paired} of {len(statistics.labels)} steps, drawn at random "
            f"with the shares of the clusters; standard error of the silhouette {error:.2g}",
            UserWarning,
            stacklevel=2,
        )
    measures = {name: measure.function(statistics) for name, measure in MEASURES.items()}
    if known is not None:
        measures |= {name: function(known, labels[labels >= 0]) for name, function in EXTERNAL.items()}
    return measures


def _features(X):
    """Features of the labelled step; samples on disk are read when they are needed."""
    if hasattr(X, "last_step"):
        return X.last_step()
    if hasattr(X, "select"):
        return X
    X = np.asanyarray(X)
    features = X[:, -1] if X.ndim == 5 else X
    return features.reshape(len(X), -1) if X.ndim != 2 and X.size else features


def _known(true_labels, labels):
    """Return validated true labels of the assigned steps."""
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
