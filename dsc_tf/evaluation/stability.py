"""Stability of labels over seeds and over bootstrap samples of the record."""

from itertools import combinations

import numpy as np
import xarray as xr

from .external import accuracy, adjusted_rand_index


def stability(factory, X, starts=(0,), *, n_seeds=10, n_bootstrap=20, block=10, random_state=0):
    """Agreement of labels between seeds and between moving-block bootstrap samples.

    Parameters
    ----------
    factory : callable
        Function from a seed to an estimator with `fit` and `labels_`.
    X : array of shape (time, ...)
        Samples or features to fit.
    starts : sequence of int, default=(0,)
        Positions of the first steps of the gap-free segments, which blocks do not cross.
    n_seeds : int, default=10
        Number of fits of the whole record, at least two.
    n_bootstrap : int, default=20
        Number of fits of resampled records, each compared, on the days drawn, with the fit of the whole record with
        the same seed.
    block : int, default=10
        Number of consecutive steps in a block; it should exceed the length of a spell.
    random_state : int, default=0
        Seed of the bootstrap samples, and the first of the seeds.

    Returns
    -------
    xr.Dataset
        seed_ari and seed_agreement (pair,) of all pairs of seeds, bootstrap_ari and bootstrap_agreement (draw,):
        adjusted Rand index, and share of steps with the same label after the best matching (Hungarian method).

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
    """Positions of a moving-block bootstrap sample: blocks of consecutive steps within segments.

    Parameters
    ----------
    n_steps : int
        Length of the record and of the sample.
    starts : sequence of int
        Positions of the first steps of the gap-free segments.
    block : int
        Number of steps of a block; shorter segments are drawn completely.
    rng : numpy.random.Generator
        Random number generator.

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
