"""Whether representations know time: how far two steps lie apart, and what comes next."""

import numpy as np
from sklearn.cluster import KMeans

from ...errors import DscTfError
from .classify import linear_classes
from .splits import Split

DISTANCES = (1, 2, 4, 8, 16)  # steps


def temporal_distance(features, split, *, random_state=0, most=4000):
    """Accuracy of a linear classifier of the distance in time between two steps, among five distances.

    Parameters
    ----------
    features : array of shape (time, feature)
        Representations.
    split : Split
        Both steps of a pair lie in one block.
    random_state : int, default=0
        Seed of the pairs.
    most : int, default=4000
        Pairs of a block.

    Returns
    -------
    float
        0.2 for chance.

    Raises
    ------
    DscTfError
        If a block is shorter than the largest distance.

    References
    ----------
    Hoffmann and Lessig (2023), AtmoDist; here as a probe of frozen representations.
    """
    if (least := min(map(len, split))) <= DISTANCES[-1]:
        raise DscTfError(
            f"period: a block of {least} steps holds no two that lie {DISTANCES[-1]} apart. Give a longer record."
        )
    random = np.random.default_rng(random_state)
    rows, classes, blocks, begun = [], [], [], 0
    for block in split:
        size = min(most, len(block) * len(DISTANCES))
        which = random.integers(0, len(DISTANCES), size)
        apart = np.asarray(DISTANCES)[which]
        at = block[0] + random.integers(0, len(block) - apart)
        rows.append(np.abs(features[at + apart] - features[at]))
        classes.append(which)
        blocks.append(np.arange(begun, begun + size))
        begun += size
    return linear_classes(np.concatenate(rows), np.concatenate(classes), Split(*blocks))["accuracy"]


def next_class(features, labels, split):
    """Accuracy of a linear classifier of the next label from the features of the present step.

    Parameters
    ----------
    features : array of shape (time, feature)
        Representations.
    labels : array of int, shape (time,)
        Cluster of each step.
    split : Split
        Steps.

    Returns
    -------
    float
    """
    inside = Split(*(block[:-1] for block in split))
    return linear_classes(features[:-1], labels[1:], inside)["accuracy"]


def regimes_of(features, split, n_clusters=7, *, random_state=0):
    """K-means labels of all steps, centres from the training block; shape (time,)."""
    model = KMeans(n_clusters, n_init=10, random_state=random_state).fit(features[split.train])
    return model.predict(features.astype(model.cluster_centers_.dtype))
