"""Composites with field significance: a test at each cell that bears serial correlation, then false discovery rate."""

import numpy as np
import xarray as xr
from scipy.stats import false_discovery_control
from scipy.stats import t as student

from ..errors import DscTfError
from ..preprocessing.windows import segment_starts
from .describe import composite, divide
from .spells import checked_labels, stays

METHODS = ("stays", "effective")
MOST_LAGS = 60
BLOCK = 200  # permutations at a time


def composite_test(values, labels, *, method="stays", alpha=0.05, n_permutations=1000, random_state=0):
    """Mean anomaly of one variable in each cluster, and where it differs from chance.

    - "stays": whole stays change places, within the record; two-sided by rank of the absolute anomaly. Days of one
      stay stay together, so their likeness is no evidence, as long as the variable is no more persistent than stays.
    - "effective": Student's t with the effective number of independent steps. With the lag-1 autocorrelation r of the
      cell, n days at positions s count as n^2 / sum over s, s' of r^|s - s'|.

    A variable that the clusters were made from differs between them by construction: test others.

    Parameters
    ----------
    values : xr.DataArray
        Anomalies over (time, latitude, longitude); may hold NaN. A seasonal cycle left in them would be tested too.
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    method : {"stays", "effective"}, default="stays"
        The test at each cell.
    alpha : float, default=0.05
        Level of the field; cells are significant where their adjusted p-value is at most 2 alpha, which for fields
        that are correlated in space gives about this level.
    n_permutations : int, default=1000
        For "stays".
    random_state : int, default=0
        Seed.

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
    Wilks, D. S. (2016). "The stippling shows statistically significant grid points". BAMS 97. Benjamini, Y., Hochberg,
    Y. (1995). JRSS B 57.
    """
    labels = checked_labels(labels)
    if method not in METHODS:
        raise DscTfError(f"method: {method!r}. Choose {' or '.join(METHODS)}.")
    if not 0 < alpha < 0.5:
        raise DscTfError(f"alpha: {alpha}. Give a number between 0 and 0.5, such as 0.05.")
    values = values.transpose("time", "latitude", "longitude")
    member = labels[:, None] == np.arange(labels.max() + 1)
    observed = composite(values, member)
    starts = segment_starts(values["time"].values)
    fields = values.values.reshape(len(labels), -1).astype(np.float64)
    fields -= divide(np.nansum(fields, axis=0), np.isfinite(fields).sum(axis=0))
    anomaly = observed.values.reshape(len(observed), -1)
    if method == "stays":
        p_value = _permuted(
            fields, anomaly, labels, starts, n_permutations, np.random.default_rng(random_state)
        )
    else:
        p_value = _effective(fields, anomaly, member, starts)
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


def adjust(p_value):
    """p-values of one field after Benjamini and Hochberg; NaN stays out of the count."""
    known = np.isfinite(p_value)
    adjusted = np.full(p_value.shape, np.nan)
    if known.any():
        adjusted[known] = false_discovery_control(p_value[known])
    return adjusted


def effective_size(member, starts, r):
    """Effective number of independent steps of a cluster's mean, for each cell.

    Parameters
    ----------
    member : array of bool, shape (time,)
        Which steps belong to the cluster.
    starts : sequence of int
        Positions at which a new stretch of time begins; steps of different stretches are independent.
    r : array of shape (cell,)
        Lag-1 autocorrelation; negative counts as none.

    Returns
    -------
    array of shape (cell,)
    """
    stretch = np.searchsorted(np.sort(starts), np.arange(len(member)), side="right")
    r = np.clip(r, 0.0, 0.999)
    n = member.sum()
    total = np.full(r.shape, float(n))
    for lag in range(1, min(MOST_LAGS, len(member) - 1) + 1):
        pairs = (member[lag:] & member[:-lag] & (stretch[lag:] == stretch[:-lag])).sum()
        total += 2 * pairs * r**lag
    return n**2 / np.maximum(total, 1.0)


def _permuted(fields, anomaly, labels, starts, n_permutations, rng):
    known = np.isfinite(fields)
    filled = np.where(known, fields, 0.0)
    partly = known.any(axis=0) & ~known.all(axis=0)
    found = stays(labels, starts)
    k = len(anomaly)
    beyond = np.ones(anomaly.shape)
    observed = np.abs(anomaly) * (1 - 1e-6)  # equal ones count, whatever the order of their sums
    for block in np.array_split(np.arange(n_permutations), -(-n_permutations // BLOCK)):
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
    known = np.isfinite(fields)
    filled = np.where(known, fields, 0.0)
    n = known.sum(axis=0)
    variance = divide((filled**2).sum(axis=0), n - 1)
    inside = np.setdiff1d(np.arange(1, len(fields)), starts)
    both = known[inside] & known[inside - 1]
    covariance = divide((filled[inside] * filled[inside - 1] * both).sum(axis=0), both.sum(axis=0))
    r = np.nan_to_num(divide(covariance, variance))
    p_value = np.full(anomaly.shape, np.nan)
    for j, row in enumerate(anomaly):
        size = effective_size(member[:, j], starts, r)
        # The record's mean holds the cluster's own days, so that their anomaly varies less.
        rest = 1 - member[:, j].sum() / len(member)
        error = np.sqrt(variance / size * rest)
        p_value[j] = 2 * student.sf(np.abs(divide(row, error)), np.maximum(size - 1, 1))
    return p_value
