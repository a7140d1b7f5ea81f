"""What tells a good partition from one that merely wins a measure."""

import numpy as np
import sklearn.cluster

from .external import adjusted_rand_index
from .statistics import summarise


def mean_run_length(labels, starts=(0,)):
    """Mean number of consecutive steps with one label.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step.
    starts : sequence of int, default=(0,)
        Positions at which a new stretch of time begins.

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


def descent(features, labels):
    """Lloyd's iterations from a partition's own means.

    RMSE_mean is the objective of k-means, so they can only lower it; how much says how far a method's labels are
    from a local optimum of the measure that it is judged by.

    Parameters
    ----------
    features : array of shape (time, feature)
        Where distance is measured.
    labels : array of int, shape (time,)
        Cluster of each step, none empty.

    Returns
    -------
    dict
        rmse_mean after the last iteration; moved, the share of steps that changed cluster; iterations.
    """
    features = np.asarray(features, dtype=np.float64)
    means = summarise(features, labels).means
    lloyd = sklearn.cluster.KMeans(len(means), init=means, n_init=1, tol=0.0).fit(features)
    return {
        "rmse_mean": float(np.sqrt(lloyd.inertia_ / len(features))),
        "moved": float(np.mean(lloyd.labels_ != labels)),
        "iterations": int(lloyd.n_iter_),
    }


def stability(labelings):
    """Mean adjusted Rand index between the partitions of all pairs of seeds.

    Parameters
    ----------
    labelings : list of array of int
        Labels of each seed.

    Returns
    -------
    float
        NaN for fewer than two.
    """
    pairs = [
        adjusted_rand_index(one, other) for i, one in enumerate(labelings) for other in labelings[i + 1 :]
    ]
    return float(np.mean(pairs)) if pairs else float("nan")
