"""Significance of transitions between regimes against null hypotheses without memory."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.stats import false_discovery_control

from ..errors import DscTfError
from .spells import check_labels, find_spells, transition_counts

NULLS = ("memoryless", "spells")
SWAPS = 4  # number of proposed swaps for each spell


def transition_test(
    labels: npt.ArrayLike,
    starts: Sequence[int] | np.ndarray = (0,),
    *,
    null: str = "memoryless",
    groups: np.ndarray | None = None,
    n_surrogates: int = 1000,
    random_state: int | None = 0,
) -> xr.Dataset:
    """Monte Carlo test of each off-diagonal element of the transition matrix.

    The statistic is the share of the departures from one cluster that lead to another, minus the share expected from
    the numbers of departures and arrivals: the table a_i b_j (i != j) with the same margins (quasi-independence),
    fitted to the record and to each surrogate, so that random differences of the margins are not counted as evidence.
    Both null hypotheses keep the distribution of spell lengths and the frequency of entering each cluster:

    - "memoryless": a Markov chain with the length of the record that starts in each segment with the observed first
      label. It keeps the observed probability of staying in a cluster; the next cluster j has a probability
      proportional to the fitted b_j.
    - "spells": the observed spells in random order within each group; all orders are equally probable in which not
      more neighbouring spells have the same cluster than in the record.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned; transitions from and to unassigned steps are not counted.
    starts : sequence of int, default=(0,)
        Positions of the first steps of the gap-free segments.
    null : {"memoryless", "spells"}, default="memoryless"
        Null hypothesis.
    groups : array of int, shape (time,), default=None
        For "spells": spells are permuted within runs of steps of the same group, such as a calendar season, so that the
        seasonal cycle of the frequencies is not counted as evidence. None uses the segments.
    n_surrogates : int, default=1000
        Number of surrogates.
    random_state : int, default=0
        Seed.

    Returns
    -------
    xr.Dataset
        Over (cluster, next_cluster), NaN on the diagonal: count; share of the departures; expected share under the
        null hypothesis with the same margins; p_value, two-sided; p_adjusted, by Benjamini and Hochberg over all
        elements, which bounds the expected share of false discoveries.

    Raises
    ------
    DscTfError
        If there are fewer than three clusters, which leaves no choice of the next cluster, or `null` is unknown.

    References
    ----------
    Vautard, R., Mo, K. C., Ghil, M. (1990). Statistical significance test for transition matrices of atmospheric Markov
    chains. J. Atmos. Sci. 47 (shuffled spells). Goodman, L. A. (1968). The analysis of cross-classified data. JASA 63
    (quasi-independence).
    """
    labels = check_labels(labels)
    k = int(labels.max()) + 1
    if k < 3:
        raise DscTfError(f"labels: {k} clusters. Transitions can be tested among three or more.")
    if null not in NULLS:
        raise DscTfError(f"null: {null!r}. Choose {' or '.join(NULLS)}.")
    rng = np.random.default_rng(random_state)
    observed = transition_counts(labels, k, starts)
    if null == "memoryless":
        null_counts = transition_counts(
            markov_chains(labels, starts, _memoryless(observed), n_surrogates, rng), k, starts
        )
    else:
        null_counts = _shuffled_counts(labels, starts, groups, k, n_surrogates, rng)
    excess, null_excess = _excess(observed), _excess(null_counts)
    share = departure_shares(observed)
    p_value = two_sided(excess, null_excess)
    off = ~np.eye(k, dtype=bool) & np.isfinite(p_value)
    p_adjusted = np.full((k, k), np.nan)
    p_adjusted[off] = false_discovery_control(p_value[off])
    usual = np.nan_to_num(null_excess).sum(axis=0) / np.maximum(np.isfinite(null_excess).sum(axis=0), 1)
    cells = {
        "count": np.where(np.eye(k, dtype=bool), np.nan, observed),
        "share": share,
        "expected": share - excess + usual,
        "p_value": p_value,
        "p_adjusted": p_adjusted,
    }
    pair = ("cluster", "next_cluster")
    return xr.Dataset(
        {name: (pair, values, {"units": "1"}) for name, values in cells.items()},
        {"cluster": np.arange(k), "next_cluster": np.arange(k)},
        {"null": null, "n_surrogates": n_surrogates},
    )


def departure_shares(counts: np.ndarray) -> np.ndarray:
    """Shares of the next clusters among the departures from each cluster; NaN on the diagonal and without departures.

    Parameters
    ----------
    counts : array of shape (..., cluster, next_cluster)
        Number of transitions.

    Returns
    -------
    array of shape (..., cluster, next_cluster)
    """
    off = ~np.eye(counts.shape[-1], dtype=bool)
    total = (counts * off).sum(axis=-1, keepdims=True)
    return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=off & (total > 0))


def two_sided(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Two-sided p-values by rank: twice the smaller tail, with the observation counted as one of the surrogates.

    Parameters
    ----------
    observed : array of shape (...)
        Observed statistics; NaN gives NaN.
    null : array of shape (surrogate, ...)
        Statistics of the surrogates; NaN is counted in both tails.
    """
    above = 1 + (~(null < observed)).sum(axis=0)
    below = 1 + (~(null > observed)).sum(axis=0)
    p_value = np.minimum(1.0, 2 * np.minimum(above, below) / (len(null) + 1))
    return np.where(np.isfinite(observed), p_value, np.nan)


def quasi_independent(counts: np.ndarray, *, n_steps: int = 100) -> np.ndarray:
    """Table a_i b_j with zero diagonal and the off-diagonal margins of `counts`, by iterative proportional fitting.

    Parameters
    ----------
    counts : array of shape (..., cluster, next_cluster)
        Number of transitions; the diagonal is ignored.
    n_steps : int, default=100
        Number of iterations.

    Returns
    -------
    array of shape (..., cluster, next_cluster)
    """
    target = counts * (1.0 - np.eye(counts.shape[-1]))
    table = np.broadcast_to(1.0 - np.eye(counts.shape[-1]), counts.shape)
    for _ in range(n_steps):
        for axis in (-1, -2):
            total = table.sum(axis=axis, keepdims=True)
            table = table * (target.sum(axis=axis, keepdims=True) / np.where(total > 0, total, 1.0))
    return table


def _excess(counts):
    return departure_shares(counts) - departure_shares(quasi_independent(counts))


def _memoryless(counts):
    """Transition probabilities with the observed probability of staying and next clusters without memory."""
    return transition_probabilities(quasi_independent(counts) + np.diag(np.diag(counts)))


def transition_probabilities(counts: np.ndarray) -> np.ndarray:
    """Rows of counts divided by their sums; a cluster that is never left within a segment is never left.

    Parameters
    ----------
    counts : array of shape (cluster, next_cluster)
        Number of transitions.

    Returns
    -------
    array of shape (cluster, next_cluster)
    """
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1.0), np.eye(len(counts)))


def markov_chains(
    labels: np.ndarray,
    starts: Sequence[int] | np.ndarray,
    probability: np.ndarray,
    n_surrogates: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Surrogate labels of a first-order Markov chain that starts in each segment with the observed first label.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Observed clusters, -1 where unassigned; unassigned steps remain unassigned and end a segment.
    starts : sequence of int
        Positions of the first steps of the gap-free segments.
    probability : array of shape (cluster, next_cluster)
        Transition probabilities.
    n_surrogates : int
        Number of surrogates.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    array of int, shape (surrogate, time)
    """
    below = probability.cumsum(axis=1)
    below[:, -1] = 1.0
    begins = np.zeros(len(labels), dtype=bool)
    begins[list(starts)] = True
    begins[0] = True
    begins[1:] |= labels[:-1] < 0
    chains = np.tile(labels, (n_surrogates, 1))
    for t in np.flatnonzero(~begins & (labels >= 0)):
        u = rng.random(n_surrogates)
        chains[:, t] = (u[:, None] >= below[chains[:, t - 1]]).sum(axis=1)
    return chains


def _shuffled_counts(labels, starts, groups, k, n_surrogates, rng):
    """Transitions between spells in random order within each group, shape (surrogate, cluster, next_cluster)."""
    segment = np.searchsorted(np.sort(starts), np.arange(len(labels)), side="right")
    breaks = np.r_[False, np.diff(segment) != 0]
    if groups is not None:
        breaks |= np.r_[False, np.diff(groups) != 0]
    found = find_spells(labels, np.r_[0, np.flatnonzero(breaks)])
    group = breaks.cumsum()[found.first]
    begins = np.flatnonzero(np.r_[True, np.diff(segment[found.first]) != 0])
    return transition_counts(_shuffled(found.label, group, begins, n_surrogates, rng), k, begins)


def _shuffled(label, group, begins, n_surrogates, rng):
    """Random orders by swaps within groups that never create more equal neighbours than in the record."""
    n = len(label)
    first, size = (np.searchsorted(group, group, side=side) for side in ("left", "right"))
    size = size - first
    joined = np.ones(n + 1, dtype=bool)
    joined[[*begins, n]] = False
    order = np.tile(label, (n_surrogates, 1))
    row = np.arange(n_surrogates)
    spare = np.zeros(n_surrogates, dtype=int)

    def meetings(i, j):
        edges = np.stack([i, i + 1, j, j + 1])
        equal = joined[edges] & (order[row, edges - 1] == order[row, np.minimum(edges, n - 1)])
        equal[2] &= j != i + 1
        equal[3] &= i != j + 1
        return equal.sum(axis=0)

    for _ in range(SWAPS * n):
        i = rng.integers(n, size=n_surrogates)
        j = first[i] + (rng.random(n_surrogates) * size[i]).astype(int)
        before = meetings(i, j)
        order[row, i], order[row, j] = order[row, j], order[row, i]
        more = meetings(i, j) - before
        refused = more > spare
        spare -= np.where(refused, 0, more)
        back, i, j = row[refused], i[refused], j[refused]
        order[back, i], order[back, j] = order[back, j], order[back, i]
    return order
