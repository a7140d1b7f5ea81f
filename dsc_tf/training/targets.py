"""The target distribution of self-training."""

import numpy as np


def target_distribution(q):
    """Sharpened soft assignments that the network is trained towards.

    p_ij = (q_ij^2 / f_j) / sum_j (q_ij^2 / f_j), where f_j = sum_i q_ij is the soft size of cluster j,
    taken over all samples of `q`: over a batch it is another distribution.

    Parameters
    ----------
    q : array of shape (time, cluster)
        Soft assignments of the whole record; rows sum to 1.

    Returns
    -------
    array of shape (time, cluster)
        Rows sum to 1; float32.

    References
    ----------
    Xie et al. (2016), equation 3; Faruque et al. (2023), equation 4.

    Examples
    --------
    Two points on two centres five apart, so that q = 26/27 and 1/27:

    >>> q = np.array([[26, 1], [1, 26]]) / 27
    >>> bool(np.isclose(target_distribution(q)[0, 0], 676 / 677))
    True
    """
    q = np.asarray(q, dtype=np.float64)
    weight = q**2 / q.sum(axis=0)
    return (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)
