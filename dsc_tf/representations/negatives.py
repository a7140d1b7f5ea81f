"""Weights of negative pairs by the semivariogram: hard negatives and false negatives."""

from keras import ops

FORMS = ("abstract", "hard", "paper")
MIN_SHARE = 1e-3  # smallest weight of a false negative
MIN_SILL = 1e-12


def pair_log_weights(distance, separation, semivariance, *, beta=2.0, form="abstract"):
    """Logarithms of the weights of negative pairs, to be added to their logits.

    Parameters
    ----------
    distance : tensor of shape (..., step, step)
        Half the squared distance of the vectors of each pair; of vectors of length 1, one minus their dot product.
    separation : tensor of shape (step, step)
        Separation of the pairs in time or space, in the unit of the range of the semivariogram. Pairs of separation 0
        are positives and have the log-weight 0.
    semivariance : callable
        Semivariogram of the vectors: function from separations to semivariances with attributes `range` and `sill`,
        such as `geostatistics.Semivariogram`.
    beta : float, default=2.0
        Maximum log-weight of hard negatives.
    form : {"abstract", "hard", "paper"}, default="abstract"
        "abstract": pairs beyond the range that are closer than expected (hard negatives) have the log-weight
        beta min((gamma - distance) / sill, 1), and pairs within the range (false negatives) log(gamma / sill), at least
        log(1e-3); with beta = 0 only false negatives are weighted. "hard": hard negatives only. "paper": pairs within
        the range that are farther apart than expected have the log-weight distance - gamma, as in the authors'
        program; all others 0.

    Returns
    -------
    tensor of the shape of `distance`

    Notes
    -----
    The authors' program multiplies logits by exp(distance - gamma); this reduces the weight of a pair whose logit is
    negative. Here logarithms are added, so that a larger weight always increases the share of a pair in the loss.
    On one record the weights of the form "paper" had no measurable effect on forecasts from the representation, and
    those of false negatives improved analogues but not linear forecasts (see `results/contrastive.md`).

    References
    ----------
    Chen et al. (2025).

    Examples
    --------
    >>> import numpy as np
    >>> from dsc_tf.geostatistics import Semivariogram
    >>> gamma = Semivariogram(nugget=0.0, partial_sill=1.0, length=1.0, exponent=1.0)
    >>> np.asarray(pair_log_weights(np.float32([0.5, 1.5]), np.float32([9, 9]), gamma)).round(3)
    array([1., 0.], dtype=float32)
    """
    separation = ops.cast(separation, "float32")
    expected = ops.cast(semivariance(separation), "float32")
    sill = ops.maximum(ops.cast(semivariance.sill, "float32"), MIN_SILL)
    within_range = separation <= ops.cast(semivariance.range, "float32")
    excess = distance - expected
    if form == "paper":
        log_weight = ops.where(within_range, ops.relu(excess), 0.0)
    else:
        share = ops.clip(expected / sill, MIN_SHARE, 1.0) if form == "abstract" else 1.0
        false_negative = ops.log(share) + ops.zeros_like(excess)
        hard_negative = beta * ops.clip(-excess / sill, 0.0, 1.0)
        log_weight = ops.where(within_range, false_negative, hard_negative)
    return ops.where(separation > 0, log_weight, 0.0)
