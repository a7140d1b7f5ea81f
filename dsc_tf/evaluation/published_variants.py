"""Variants of the measures in the published tables, as computed by the notebooks of the authors.

The matrix of nearest-pair distances has the diameters of the clusters on its diagonal.
"""

import numpy as np


def nearest_pair_row_minimum(statistics):
    """Mean over clusters of the nearest pair with another cluster, or the own diameter if that is smaller.

    "avg inter-cluster distance" in every row of the tables except that of DSC.

    References
    ----------
    Notebooks of Faruque et al. (2023) for k-means, Ward, DEC, DTC and the ablations.
    """
    return float(statistics.nearest_pairs.min(axis=1).mean())


def nearest_pair_row_mean(statistics):
    """Mean nearest-pair distance over all ordered pairs of clusters, with the diameters as pairs with themselves.

    "avg inter-cluster distance" of DSC.

    References
    ----------
    DSC notebook of Faruque et al. (2023).
    """
    return float(statistics.nearest_pairs.mean())


def block_variance(statistics):
    """Variance of all values of a cluster around one scalar mean, weighted by size.

    "avg variance" of the tables. It contains the differences between grid cells and between variables as well as those
    between days.

    References
    ----------
    Notebooks of Faruque et al. (2023).
    """
    # Variance around one mean = variance around each feature's mean + variance of these means.
    around_means = [statistics.squared_to_mean[m].mean() / statistics.X.shape[1] for m in statistics.members]
    variances = around_means + statistics.means.var(axis=1)
    return float(np.average(variances, weights=statistics.sizes))
