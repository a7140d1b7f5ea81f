"""Whether labels come again, from other seeds and from other samples of the same days."""

from itertools import combinations

import numpy as np
import xarray as xr

from .external import accuracy, adjusted_rand_index


def stability(factory, X, starts=(0,), *, n_seeds=10, n_bootstrap=20, block=10, random_state=0):
    """Agreement of labels over seeds and over moving-block bootstraps.

    Parameters
    ----------
    factory : callable
        From a seed to a clusterer with `fit` and `labels_`.
    X : array of shape (time, ...)
        What it fits.
    starts : sequence of int, default=(0,)
        Positions at which a new stretch of time begins: no block reaches over one.
    n_seeds : int, default=10
        Fits of the whole record, at least two.
    n_bootstrap : int, default=20
        Fits of resampled records, each compared with the fit of the whole record of the same seed on the days drawn.
    block : int, default=10
        Consecutive steps drawn together; longer than a stay, so that stays are kept.
    random_state : int, default=0
        Seed of the draws, and the first of the seeds.

    Returns
    -------
    xr.Dataset
        seed_ari and seed_agreement (pair,) of every two seeds, bootstrap_ari and bootstrap_agreement (draw,): adjusted
        Rand index, and the share of steps with the same label after the best matching (Hungarian method).

    References
    ----------
    Hubert, L., Arabie, P. (1985). Comparing partitions. Kunsch, H. R. (1989). The jackknife and the bootstrap for
    general stationary observations (moving blocks).
    """
    rng = np.random.default_rng(random_state)
    seeds = range(random_state, random_state + n_seeds)
    whole = [np.asarray(factory(seed).fit(X).labels_) for seed in seeds]
    pairs = list(combinations(whole, 2))
    drawn = []
    for i in range(n_bootstrap):
        steps = moving_blocks(len(X), starts, block, rng)
        again = np.asarray(factory(seeds[i % n_seeds]).fit(X[steps]).labels_)
        drawn.append((whole[i % n_seeds][steps], again))
    result = {}
    for name, dimension, both in (("seed", "pair", pairs), ("bootstrap", "draw", drawn)):
        result[f"{name}_ari"] = (dimension, [adjusted_rand_index(*pair) for pair in both], {"units": "1"})
        result[f"{name}_agreement"] = (dimension, [accuracy(*pair) for pair in both], {"units": "1"})
    return xr.Dataset(result, attrs={"block": block})


def moving_blocks(n_steps, starts, block, rng):
    """Positions of a moving-block bootstrap: blocks of consecutive steps from anywhere within a stretch.

    Parameters
    ----------
    n_steps : int
        Length of the record, and of the sample.
    starts : sequence of int
        Positions at which a new stretch of time begins.
    block : int
        Steps of a block; stretches that are shorter are drawn whole.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    array of int, shape (n_steps,)
    """
    ends = np.r_[np.sort(starts)[1:], n_steps].astype(int)
    stop = np.repeat(ends, np.diff(np.r_[0, ends]))
    last_first = np.maximum(stop - block, np.r_[0, ends[:-1]].repeat(np.diff(np.r_[0, ends])))
    begins = np.flatnonzero(np.arange(n_steps) <= last_first)
    parts, total = [], 0
    while total < n_steps:
        first = rng.choice(begins)
        parts.append(np.arange(first, min(first + block, stop[first])))
        total += len(parts[-1])
    return np.concatenate(parts)[:n_steps]
