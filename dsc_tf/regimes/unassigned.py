"""Unassigned steps: far from the centre of their cluster, or with a weak regime index."""

import numpy as np

from ..errors import DscTfError


def unassign_distant(labels, X, centres, *, quantile=0.9):
    """Unassign the steps farthest from the centre of their cluster.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    X : array of shape (time, feature)
        Features of each step.
    centres : array of shape (cluster, feature)
        Centres of the clusters.
    quantile : float, default=0.9
        Share of the assigned steps that keep their label.

    Returns
    -------
    array of int, shape (time,)
        Labels; -1 if the Euclidean distance to the own centre is above this quantile of all distances.

    Raises
    ------
    DscTfError
        If `quantile` is not in (0, 1].
    """
    if not 0 < quantile <= 1:
        raise DscTfError(f"quantile: {quantile}. Give a share above 0 and up to 1.")
    labels = np.array(labels)
    steps = np.flatnonzero(labels >= 0)
    distance = np.linalg.norm(X[steps] - centres[labels[steps]], axis=1)
    labels[steps[distance > np.quantile(distance, quantile)]] = -1
    return labels


def unassign_weak(labels, index, *, threshold=1.0):
    """Unassign the steps at which the weather-regime index of their own cluster is below a threshold.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    index : array of shape (time, cluster)
        Regime index as returned by `regime_index`.
    threshold : float, default=1.0
        Threshold in standard deviations.

    Returns
    -------
    array of int, shape (time,)
    """
    labels = np.array(labels)
    own = np.take_along_axis(np.asarray(index), labels[:, None].clip(min=0), axis=1)[:, 0]
    labels[~(own >= threshold)] = -1
    return labels
