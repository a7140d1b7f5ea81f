"""Spells: runs of consecutive steps in one cluster."""

from typing import NamedTuple

import numpy as np

from ..errors import DscTfError


class Spells(NamedTuple):
    """Spells of a record in order of time.

    Parameters
    ----------
    label : array of int, shape (spell,)
        Cluster of each spell; -1 where unassigned.
    first : array of int, shape (spell,)
        Position of the first step of each spell.
    length : array of int, shape (spell,)
        Number of steps of each spell.
    """

    label: np.ndarray
    first: np.ndarray
    length: np.ndarray


def find_spells(labels, starts=(0,)):
    """Split labels into spells; a spell never crosses the end of a segment.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    starts : sequence of int, default=(0,)
        Positions of the first steps of the gap-free segments.

    Returns
    -------
    Spells

    Examples
    --------
    >>> find_spells([0, 0, 1, 1, 1]).length.tolist()
    [2, 3]
    """
    labels = check_labels(labels)
    changes = np.flatnonzero(np.diff(labels)) + 1
    first = np.union1d(np.r_[0, np.asarray(starts, dtype=int)], changes)
    return Spells(labels[first], first, np.diff(np.r_[first, len(labels)]))


def transition_counts(labels, n_clusters, starts=(0,)):
    """Count steps in one cluster that are followed by a step in another, shape (..., cluster, next_cluster).

    Parameters
    ----------
    labels : array of int, shape (..., time)
        Cluster of each step of one or several records, -1 where unassigned.
    n_clusters : int
        Number of clusters.
    starts : sequence of int, default=(0,)
        Positions of the first steps of segments: a transition never leads from one segment to the next.
    """
    labels = np.asarray(labels)
    into = np.setdiff1d(np.arange(1, labels.shape[-1]), starts)
    before, after = labels[..., into - 1], labels[..., into]
    record = np.arange(labels[..., 0].size).reshape(*labels.shape[:-1], 1)
    cell = (record * n_clusters + before) * n_clusters + after
    known = (before >= 0) & (after >= 0)
    counts = np.bincount(cell[known], minlength=labels[..., 0].size * n_clusters**2)
    return counts.reshape(*labels.shape[:-1], n_clusters, n_clusters)


def check_labels(labels):
    """Labels as a one-dimensional array of int.

    Raises
    ------
    DscTfError
        If they are not one integer for each step, or if no step is assigned to a cluster.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not (labels >= 0).any():
        raise DscTfError("labels: no cluster in them. Give one integer for each step, -1 where unassigned.")
    return labels.astype(int)
