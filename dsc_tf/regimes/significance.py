"""Significance of composites: a test at each cell that allows for serial correlation, then false discovery rate."""

import numpy as np
import xarray as xr
from scipy.stats import false_discovery_control
from scipy.stats import t as student

from ..errors import DscTfError
from ..preprocessing.windows import segment_starts
from .describe import composite, divide
from .spells import check_labels, find_spells

METHODS = ("spells", "effective")
MAX_AUTOCORRELATION = 0.999
PERMUTATION_BATCH = 200
BLOCK_VALUES = 4_000_000  # values of a block of cells, which bounds the memory of "effective"


def composite_test(values, labels, *, method="spells", alpha=0.05, n_permutations=1000, random_state=0):
    """Mean anomaly of one variable in each cluster, and the cells in which it differs significantly from zero.

    - "spells": permutation of whole spells within the record; two-sided, by rank of the absolute anomaly. The days of
      a spell are kept together, so their similarity is not counted as evidence, as long as the variable is not more
      persistent than the spells.
    - "effective": Student's t test with the variance of the composite under an AR(1) process with the lag-one
      autocorrelation r of the cell. With weights w = 1[cluster] / n_c - 1 / n over the days on which the cell is
      known, the variance is sigma^2 w' R(r) w, where R(r) has the elements r^|s - s'| within a segment.

    A variable from which the clusters were made differs between them by construction: test other variables.

    Parameters
    ----------
    values : xr.DataArray
        Anomalies over (time, latitude, longitude); may hold NaN. A seasonal cycle left in them would be tested too.
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    method : {"spells", "effective"}, default="spells"
        Test at each cell.
    alpha : float, default=0.05
        Level of the field test. Cells are significant if their adjusted p-value is at most 2 alpha, which gives about
        this level for fields that are correlated in space.
    n_permutations : int, default=1000
        Number of permutations of "spells".
    random_state : int, default=0
        Seed of the permutations.

    Returns
    -------
    xr.Dataset
        composite, p_value, p_adjusted (Benjamini and Hochberg over the cells of each cluster) and significant (0 or 1),
        all (cluster, latitude, longitude); significant_share (cluster,) of the cells with a value.

    Raises
    ------
    DscTfError
        If there is no such method, no cluster, or `alpha` is not between 0 and 0.5.

    References
    ----------
    Zwiers, F. W., von Storch, H. (1995). Taking serial correlation into account in tests of the mean. J. Climate 8.
    Wilks, D. S. (2016). "The stippling shows statistically significant grid points". BAMS 97. Benjamini, Y., Hochberg,
    Y. (1995). JRSS B 57.
    """
    labels = check_labels(labels)
    if method not in METHODS:
        raise DscTfError(f"method: {method!r}. Choose {' or '.join(METHODS)}.")
    if not 0 < alpha < 0.5:
        raise DscTfError(f"alpha: {alpha}. Give a number between 0 and 0.5, such as 0.05.")
    values = values.transpose("time", "latitude", "longitude")
    member = labels[:, None] == np.arange(labels.max() + 1)
    observed = composite(values, member)
    starts = segment_starts(values["time"].values)
    fields = values.values.reshape(len(labels), -1)
    anomaly = observed.values.reshape(len(observed), -1)
    if method == "spells":
        rng = np.random.default_rng(random_state)
        p_value = _permuted(_centred(fields), anomaly, labels, starts, n_permutations, rng)
    else:
        parts = np.array_split(np.arange(fields.shape[1]), max(1, fields.size // BLOCK_VALUES))
        p_value = np.concatenate(
            [_effective(_centred(fields[:, at]), anomaly[:, at], member, starts) for at in parts], axis=1
        )
    adjusted = np.stack([adjust(row) for row in p_value])
    significant = adjusted <= 2 * alpha
    share = significant.sum(axis=1) / np.maximum(np.isfinite(adjusted).sum(axis=1), 1)
    shape = observed.shape
    unit = {"units": "1"}
    dims = ("cluster", "latitude", "longitude")
    return xr.Dataset(
        {
            "composite": observed,
            "p_value": (dims, p_value.reshape(shape), unit),
            "p_adjusted": (dims, adjusted.reshape(shape), unit),
            "significant": (dims, significant.reshape(shape).astype(np.int8), unit),
            "significant_share": ("cluster", share, unit),
        },
        {"cluster": np.arange(len(observed))},
        {"method": method, "alpha": alpha, "alpha_fdr": 2 * alpha},
    )


def _centred(fields):
    """Fields (time, cell) minus the mean of each cell, float64."""
    fields = fields.astype(np.float64)
    return fields - divide(np.nansum(fields, axis=0), np.isfinite(fields).sum(axis=0))


def adjust(p_value):
    """p-values of one field adjusted by Benjamini and Hochberg (1995); NaN is not counted."""
    known = np.isfinite(p_value)
    adjusted = np.full(p_value.shape, np.nan)
    if known.any():
        adjusted[known] = false_discovery_control(p_value[known])
    return adjusted


def composite_variance_factor(weights, segment_start, r):
    """Variance of a weighted sum of an AR(1) series, in units of the variance of the series: w' R(r) w.

    R(r) is the correlation matrix r^|s - s'| between steps s and s' of one segment, and zero between segments.

    Parameters
    ----------
    weights : array of shape (time, ...)
        Weight of each step; zero where a value is missing. Weights of shape (time,) are those of all series, which
        takes one polynomial in r instead of a recursion over the steps.
    segment_start : array of bool, shape (time,)
        Whether a step is the first of a gap-free segment.
    r : array broadcastable to weights[0]
        Lag-one autocorrelation; negative values count as zero.

    Returns
    -------
    array of shape (...)

    Examples
    --------
    Weights 1, 1 with r = 0.5: 1 + 1 + 2 * 0.5.

    >>> import numpy as np
    >>> float(composite_variance_factor(np.ones(2), np.array([True, False]), 0.5))
    3.0
    """
    r = np.clip(r, 0.0, MAX_AUTOCORRELATION)
    if weights.ndim == 1:
        return _polynomial(_sums_by_lag(weights, segment_start), r)
    total = np.zeros(np.broadcast_shapes(weights.shape[1:], np.shape(r)))
    past = np.zeros_like(total)  # sum over earlier steps s of w_s r^(t - s)
    for w, starts in zip(weights, segment_start, strict=True):
        past = np.zeros_like(total) if starts else r * past
        total += w * (w + 2 * past)
        past = past + w
    return total


def _sums_by_lag(weights, segment_start):
    """Coefficients c of w' R(r) w as a polynomial in r: c_0 = sum w_s^2, c_l = 2 sum w_s w_(s + l) within segments."""
    first = np.flatnonzero(segment_start)
    segments = np.split(weights, first[first > 0])
    result = np.zeros(max(map(len, segments)))
    for one in segments:
        spectrum = np.fft.rfft(one, 2 * len(one))  # as long again in zeros, so that the sums are not circular
        result[: len(one)] += 2 * np.fft.irfft(np.abs(spectrum) ** 2, 2 * len(one))[: len(one)]
    result[0] /= 2
    return result


def _polynomial(coefficients, r):
    """Sum of c_l r^l by Horner's rule, without terms that are less than 1e-12 of c_0 for every r."""
    largest = np.max(r, initial=0.0)
    needed = 1 if largest == 0 else 1 + int(np.log(1e-12 * (1 - largest)) / np.log(largest))
    total = np.zeros(np.shape(r))
    for one in coefficients[:needed][::-1]:
        total = total * r + one
    return total


def _permuted(fields, anomaly, labels, starts, n_permutations, rng):
    known = np.isfinite(fields)
    filled = np.where(known, fields, 0.0)
    partly = known.any(axis=0) & ~known.all(axis=0)
    found = find_spells(labels, starts)
    k = len(anomaly)
    beyond = np.ones(anomaly.shape)
    observed = np.abs(anomaly) * (1 - 1e-6)  # tolerance for rounding: equal values count
    for block in np.array_split(np.arange(n_permutations), -(-n_permutations // PERMUTATION_BATCH)):
        member = np.zeros((len(block), k, len(labels)), dtype=np.float32)
        for mine in member:
            order = rng.permutation(len(found.label))
            placed = np.repeat(found.label[order], found.length[order])
            mine[placed[placed >= 0], np.flatnonzero(placed >= 0)] = 1.0
        flat = member.reshape(-1, len(labels))
        counts = np.repeat(flat.sum(axis=1)[:, None], filled.shape[1], axis=1)
        if partly.any():
            counts[:, partly] = flat @ known[:, partly].astype(np.float32)
        null = divide(flat @ filled.astype(np.float32), counts)
        beyond += (~(np.abs(null).reshape(len(block), k, -1) < observed)).sum(axis=0)
    return np.where(np.isfinite(anomaly), beyond / (n_permutations + 1), np.nan)


def _effective(fields, anomaly, member, starts):
    """Two-sided p-values of Student's t with the exact variance of a difference of means of AR(1) series."""
    known = np.isfinite(fields)
    complete = known.all(axis=0)
    is_start = np.zeros(len(fields), dtype=bool)
    is_start[starts] = True
    p_value = np.full(anomaly.shape, np.nan)
    for cells in (complete, known.any(axis=0) & ~complete):
        if cells.any():
            # Cells that are known on all days have the same weights, of shape (time,) instead of (time, cell).
            weight = np.ones(len(fields)) if cells is complete else known[:, cells].astype(np.float64)
            p_value[:, cells] = _student(fields[:, cells], weight, anomaly[:, cells], member, is_start)
    return p_value


def _student(fields, weight, anomaly, member, is_start):
    """P-values of cells; `weight` is 1 for known values and else 0, and the same for all cells if it is (time,)."""
    filled = fields if weight.ndim == 1 else np.where(weight > 0, fields, 0.0)
    n = weight.sum(axis=0)
    r, mean_factor = _lag_one(filled, weight, is_start, n)
    # The expected sum of squares about the cell's own mean is sigma^2 (n - 1' R 1 / n).
    variance = divide(_squares(filled), n * (1 - mean_factor))
    # Squares of an AR(1) series have the autocorrelation r^2, which sets the degrees of freedom of the variance.
    freedom = divide(n**2, composite_variance_factor(weight, is_start, r**2)) - 1
    p_value = np.full(anomaly.shape, np.nan)
    for j, row in enumerate(anomaly):
        mine = (member[:, j] if weight.ndim == 1 else member[:, j, None]) * weight
        weights = divide(mine, mine.sum(axis=0)) - divide(weight, n)
        factor = composite_variance_factor(np.nan_to_num(weights), is_start, r)
        statistic = divide(np.abs(row), np.sqrt(variance * factor))
        p_value[j] = 2 * student.sf(statistic, np.maximum(freedom, 1.0))
    return p_value


def _lag_one(filled, weight, is_start, n, *, iterations=3):
    """Lag-one autocorrelation of each cell, and the variance of its mean relative to that of the series.

    The estimate from the known pairs of consecutive steps is corrected for the removal of the mean, which lowers both
    the covariance and the variance by the variance of the mean.
    """
    inside = np.flatnonzero(~is_start)
    pairs = (weight[inside] * weight[inside - 1]).sum(axis=0)
    covariance = divide(np.einsum("ti,ti->i", filled[inside], filled[inside - 1]), pairs)
    estimate = np.nan_to_num(divide(covariance, divide(_squares(filled), n)))
    r = np.clip(estimate, 0.0, MAX_AUTOCORRELATION)
    for _ in range(iterations):
        mean_factor = divide(composite_variance_factor(weight, is_start, r), n**2)
        mean_factor = np.minimum(np.nan_to_num(mean_factor, nan=1.0), 0.99)
        r = np.clip(estimate * (1 - mean_factor) + mean_factor, 0.0, MAX_AUTOCORRELATION)
    return r, mean_factor


def _squares(filled):
    """Sum of squares of each cell."""
    return np.einsum("ti,ti->i", filled, filled)
