"""The variants that printed the published tables, as the notebooks compute them.

All see a matrix of nearest-pair distances with each cluster's own diameter on its diagonal.
"""

import numpy as np


def nearest_pair_row_minimum(statistics):
    """Mean over clusters of the nearest pair with another cluster, or the own diameter if that is smaller.

    "avg inter-cluster distance" in every row of the tables but DSC's.

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
    """Variance of all numbers in a cluster's block around one scalar mean, weighted by size.

    "avg variance" of the tables. Differences between grid cells and between variables count in it as well as those
    between days.

    References
    ----------
    Notebooks of Faruque et al. (2023).
    """
    # Variance around one mean = variance around each feature's mean + variance of these means.
    around_means = [statistics.squared_to_mean[m].mean() / statistics.X.shape[1] for m in statistics.members]
    variances = around_means + statistics.means.var(axis=1)
    return float(np.average(variances, weights=statistics.sizes))
