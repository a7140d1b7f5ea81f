"""Diagnostics of a partition beyond the measures: persistence, distance to a local optimum, agreement of seeds."""

import numpy as np
import sklearn.cluster
from sklearn.metrics import euclidean_distances

from .external import adjusted_rand_index
from .statistics import cluster_statistics

MAX_ITERATIONS = 300  # of Lloyd, as in scikit-learn
ROWS = 1000  # rows of features in a scratch file that are read together


def mean_run_length(labels, starts=(0,)):
    """Mean number of consecutive steps with one label.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step.
    starts : sequence of int, default=(0,)
        Positions of the first steps of the gap-free segments.

    Returns
    -------
    float

    Examples
    --------
    >>> mean_run_length([0, 0, 1, 1, 1, 0])
    2.0
    """
    labels = np.asarray(labels)
    begins = np.diff(labels, prepend=labels[0] - 1) != 0
    begins[list(starts)] = True
    return float(len(labels) / begins.sum())


def lloyd_refinement(features, labels):
    """Lloyd's iterations of k-means from the means of a partition.

    RMSE_mean is the objective of k-means, so the iterations can only lower it; the difference is the distance of the
    labels from a local optimum of this measure.

    Parameters
    ----------
    features : array of shape (time, feature)
        Space in which distances are measured; rows of a scratch file are read block by block.
    labels : array of int, shape (time,)
        Cluster of each step, none empty.

    Returns
    -------
    dict
        rmse_mean after the last iteration; moved, the share of steps whose cluster changed; iterations.
    """
    if hasattr(features, "select"):
        return _refinement_by_blocks(features, labels)
    features = np.asarray(features, dtype=np.float64)
    means = cluster_statistics(features, labels).means
    lloyd = sklearn.cluster.KMeans(len(means), init=means, n_init=1, tol=0.0).fit(features)
    return {
        "rmse_mean": float(np.sqrt(lloyd.inertia_ / len(features))),
        "moved": float(np.mean(lloyd.labels_ != labels)),
        "iterations": int(lloyd.n_iter_),
    }


def _refinement_by_blocks(features, labels):
    """The same for features in a scratch file."""
    current = np.asarray(labels)
    for iteration in range(1, MAX_ITERATIONS + 1):
        means = cluster_statistics(features, current).means
        nearest, inertia = _nearest_means(features, means)
        if iteration > 1 and (nearest == current).all():
            break
        current = nearest
    return {
        "rmse_mean": float(np.sqrt(inertia / len(features))),
        "moved": float(np.mean(nearest != labels)),
        "iterations": iteration,
    }


def _nearest_means(features, means):
    """Nearest mean of each step and the sum of squared distances to it."""
    nearest, inertia = [], 0.0
    for start in range(0, len(features), ROWS):
        squared = euclidean_distances(features[start : start + ROWS].astype(np.float64), means, squared=True)
        nearest.append(squared.argmin(axis=1))
        inertia += squared.min(axis=1).sum()
    return np.concatenate(nearest), inertia


def seed_agreement(labelings):
    """Mean adjusted Rand index between the partitions of all pairs of seeds.

    Parameters
    ----------
    labelings : list of array of int
        Labels of each seed.

    Returns
    -------
    float
        Mean over all pairs; NaN for fewer than two seeds.
    """
    pairs = [
        adjusted_rand_index(one, other) for i, one in enumerate(labelings) for other in labelings[i + 1 :]
    ]
    return float(np.mean(pairs)) if pairs else float("nan")
