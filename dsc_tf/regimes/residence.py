"""Residence times of regimes compared with those of a first-order Markov chain."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from .spells import check_labels, find_spells, transition_counts
from .transitions import markov_chains, transition_probabilities, two_sided

BATCH = 2_000_000  # steps of surrogates that are held at once
RANGE = (0.05, 0.95)  # quantiles of the surrogates


def residence_test(
    labels: npt.ArrayLike,
    starts: Sequence[int] | np.ndarray = (0,),
    *,
    n_surrogates: int = 500,
    random_state: int | None = 0,
) -> xr.Dataset:
    """Lengths of spells, and those of a first-order Markov chain with the observed transition probabilities.

    In a Markov chain the length of a spell is geometric: a spell of a cluster with the probability p of staying lasts
    at least L steps with the probability p^(L - 1). A regime that is left faster at first and more slowly later has
    more short and more long spells. The mean length follows from p, so the standard deviation of the lengths is
    tested. The surrogates have the segments of the record, so that spells that are cut off at the end of a segment are
    treated alike.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    starts : sequence of int, default=(0,)
        Positions of the first steps of the gap-free segments.
    n_surrogates : int, default=500
        Number of surrogate records.
    random_state : int, default=0
        Seed.

    Returns
    -------
    xr.Dataset
        Over cluster: spells, their number; stay, the probability of staying; mean_length, deviation (standard deviation
        of the lengths, in steps), and deviation_null, its mean over the surrogates; p_value, two-sided, NaN with fewer
        than two spells. Over (cluster, length): survival, the share of the spells with at least this length,
        survival_null (mean), survival_low and survival_high (5 and 95 %) of the surrogates.

    Raises
    ------
    DscTfError
        If no step is assigned.

    Examples
    --------
    >>> found = residence_test(np.array([0, 0, 1, 0, 0, 0, 1, 1]))
    >>> found["mean_length"].values.tolist(), found["stay"].values.tolist()
    ([2.5, 1.5], [0.6, 0.5])
    """
    labels = check_labels(labels)
    k = int(labels.max()) + 1
    probability = transition_probabilities(transition_counts(labels, k, starts))
    longest = int(_lengths(labels[None], starts, k)[0].shape[-1])
    observed = _summary(labels[None], starts, k, longest)
    rng = np.random.default_rng(random_state)
    size = max(1, BATCH // len(labels))
    parts = [
        _summary(
            markov_chains(labels, starts, probability, min(size, n_surrogates - done), rng),
            starts,
            k,
            longest,
        )
        for done in range(0, n_surrogates, size)
    ]
    null = {name: np.concatenate([part[name] for part in parts]) for name in observed}
    low, high = _over_known(np.nanquantile, null["survival"], q=RANGE)
    cluster, steps, unit = ("cluster",), {"units": "steps"}, {"units": "1"}
    both = ("cluster", "length")
    return xr.Dataset(
        {
            "spells": (cluster, observed["spells"][0], unit),
            "stay": (cluster, np.diag(probability).copy(), unit),
            "mean_length": (cluster, observed["mean"][0], steps),
            "deviation": (cluster, observed["deviation"][0], steps),
            "deviation_null": (cluster, _over_known(np.nanmean, null["deviation"]), steps),
            "p_value": (cluster, two_sided(observed["deviation"][0], null["deviation"]), unit),
            "survival": (both, observed["survival"][0], unit),
            "survival_null": (both, _over_known(np.nanmean, null["survival"]), unit),
            "survival_low": (both, low, unit),
            "survival_high": (both, high, unit),
        },
        {"cluster": np.arange(k), "length": ("length", np.arange(1, longest + 1), steps)},
        {"n_surrogates": n_surrogates},
    )


def _over_known(statistic, values, q=None):
    """Compute a statistic over the surrogates that have a value; NaN where none has."""
    none = np.isnan(values).all(axis=0)
    filled = np.where(none, 0.0, values)
    found = statistic(filled, axis=0) if q is None else statistic(filled, q, axis=0)
    return np.where(none, np.nan, found)


def _lengths(labels, starts, k):
    """Count spells of each length, shape (record, cluster, longest)."""
    n_records, n = labels.shape
    begins = (np.arange(n_records)[:, None] * n + np.union1d(0, np.asarray(starts, int))).ravel()
    found = find_spells(labels.ravel(), begins)
    known = found.label >= 0
    label, length, record = found.label[known], found.length[known], found.first[known] // n
    counts = np.zeros((n_records, k, length.max()))
    np.add.at(counts, (record, label, length - 1), 1)
    return counts


def _summary(labels, starts, k, longest):
    """Compute number, mean and standard deviation of the lengths, and survival up to `longest`, of each record."""
    counts = _lengths(labels, starts, k)
    length = np.arange(1, counts.shape[-1] + 1)
    number = counts.sum(axis=-1)
    safe = np.maximum(number, 1)
    mean = np.where(number > 0, (counts * length).sum(axis=-1) / safe, np.nan)
    squares = (counts * (length - np.nan_to_num(mean)[..., None]) ** 2).sum(axis=-1)
    deviation = np.where(number > 1, np.sqrt(squares / np.maximum(number - 1, 1)), np.nan)
    survival = counts[..., ::-1].cumsum(axis=-1)[..., ::-1] / safe[..., None]
    survival = np.where(number[..., None] > 0, survival, np.nan)
    beyond = max(0, longest - survival.shape[-1])
    survival = np.pad(survival, ((0, 0), (0, 0), (0, beyond)))[..., :longest]
    survival = np.where(number[..., None] > 0, survival, np.nan)
    return {"spells": number, "mean": mean, "deviation": deviation, "survival": survival}
