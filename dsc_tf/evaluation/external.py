"""External measures: agreement with known classes; all are 1 for equal partitions with any numbering."""

import numpy as np


def adjusted_rand_index(true_labels, labels):
    """Agreement over pairs of points, 0 on average for independent labels.

    References
    ----------
    Hubert and Arabie (1985), by scikit-learn.
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(true_labels, labels))


def normalised_mutual_information(true_labels, labels):
    """Mutual information over the arithmetic mean of the two entropies.

    References
    ----------
    Strehl and Ghosh (2002), by scikit-learn.
    """
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(true_labels, labels))


def accuracy(true_labels, labels):
    """Share of points that agree under the best one-to-one matching of clusters (Hungarian method).

    References
    ----------
    Xie et al. (2016), equation 10; matching by SciPy.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics.cluster import contingency_matrix

    counts = contingency_matrix(true_labels, labels)
    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / np.sum(counts))
