"""Classifiability: whether k-means runs from different starts agree more than they do on red noise."""

import warnings

import numpy as np
from joblib import Parallel, delayed
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from ..errors import DscTfError


def classifiability(partitions, *, statistic="min"):
    """Classifiability index of partitions of the same points: 1 if all are the same.

    Two partitions are as similar as the worst matched centre of the first: the least, over its centres, of the
    largest correlation with a centre of the second. The index is the mean over all ordered pairs.

    Parameters
    ----------
    partitions : array of shape (partition, cluster, feature)
        Centres, as anomalies from the mean of all points. The correlation is the cosine between them; of principal
        components this is the pattern correlation of their maps.
    statistic : {"min", "mean"}, default="min"
        The least over the centres, as published, or their mean.

    Returns
    -------
    float
        From -1 to 1.

    Raises
    ------
    DscTfError
        For fewer than two partitions or another statistic.

    References
    ----------
    Michelangeli, P.-A., Vautard, R., Legras, B. (1995). Weather Regimes: Recurrence and Quasi Stationarity. J. Atmos.
    Sci. 52, section 2c. Moron, V. et al. (2010) take the mean over the centres.
    """
    if len(partitions) < 2:
        raise DscTfError(f"partitions: {len(partitions)}. Give at least two to compare.")
    if statistic not in ("min", "mean"):
        raise DscTfError(f"statistic: {statistic!r}. Choose min or mean.")
    n, k, _ = partitions.shape
    length = np.linalg.norm(partitions, axis=-1, keepdims=True)
    unit = (partitions / np.where(length > 0, length, 1.0)).reshape(n * k, -1)
    best = (unit @ unit.T).reshape(n, k, n, k).max(axis=3)
    similarity = best.min(axis=1) if statistic == "min" else best.mean(axis=1)
    return float(similarity[~np.eye(n, dtype=bool)].mean())


def random_partitions(X, n_clusters, n_partitions=50, *, init="random", random_state=0):
    """Centres of k-means from many starts, one run each: restarts would hide that they disagree.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points.
    n_clusters : int
        Number of clusters.
    n_partitions : int, default=50
        Number of runs.
    init : {"random", "k-means++"}, default="random"
        How each run begins: from points drawn at random, as published, or well apart.
    random_state : int, default=0
        Seed.

    Returns
    -------
    array of shape (partition, cluster, feature)
    """
    seeds = np.random.default_rng(random_state).integers(2**31, size=n_partitions)
    X = np.ascontiguousarray(X, dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.stack(
            [KMeans(n_clusters, init=init, n_init=1, random_state=s).fit(X).cluster_centers_ for s in seeds]
        )


def red_noise(X, starts=(0,), *, n_surrogates=1, random_state=0):
    """Gaussian AR(1) series with the mean, variance and lag-1 autocorrelation of each feature.

    Parameters
    ----------
    X : array of shape (time, feature)
        Principal components, uncorrelated with each other.
    starts : sequence of int, default=(0,)
        Positions at which a new stretch of time begins: seasons are separate series.
    n_surrogates : int, default=1
        Number of surrogates.
    random_state : int, default=0
        Seed.

    Returns
    -------
    array of shape (surrogate, time, feature)
        Mean and variance are the sample's exactly, so that only the shape of the distribution and the links between
        components differ.
    """
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    phi = lag_one(X, starts)
    noise = np.random.default_rng(random_state).standard_normal((len(X), n_surrogates, X.shape[1]))
    first = np.zeros(len(X), dtype=bool)
    first[list(starts)] = True
    noise[~first] *= np.sqrt(1 - phi**2)
    for t in np.flatnonzero(~first):
        noise[t] += phi * noise[t - 1]
    series = noise.swapaxes(0, 1)
    series -= series.mean(axis=1, keepdims=True)
    series /= series.std(axis=1, keepdims=True)
    return mean + deviation * series


def lag_one(X, starts=(0,)):
    """Lag-1 autocorrelation of each feature within stretches of time, shape (feature,).

    Parameters
    ----------
    X : array of shape (time, feature)
        Series.
    starts : sequence of int, default=(0,)
        Positions at which a new stretch begins.
    """
    rest = X - X.mean(axis=0)
    inside = np.ones(len(X), dtype=bool)
    inside[list(starts)] = False
    now, before = rest[inside], rest[np.flatnonzero(inside) - 1]
    scale = np.sqrt((now**2).sum(axis=0) * (before**2).sum(axis=0))
    return (now * before).sum(axis=0) / np.where(scale > 0, scale, 1.0)


def classifiability_test(
    X,
    n_clusters,
    starts=(0,),
    *,
    n_partitions=50,
    n_surrogates=100,
    init="random",
    statistic="min",
    random_state=0,
    n_jobs=1,
):
    """Classifiability of the points and of red noise, for several numbers of clusters.

    Parameters
    ----------
    X : array of shape (time, feature)
        Principal components, unscaled.
    n_clusters : sequence of int
        Numbers of clusters.
    starts : sequence of int, default=(0,)
        As of `red_noise`.
    n_partitions : int, default=50
        k-means runs on the points and on every surrogate.
    n_surrogates : int, default=100
        Number of surrogates; the same for all numbers of clusters.
    init, statistic
        As of `random_partitions` and `classifiability`.
    random_state : int, default=0
        Seed.
    n_jobs : int, default=1
        Processes.

    Returns
    -------
    observed : array of shape (k,)
        Index of the points.
    null : array of shape (k, surrogate)
        Index of each surrogate.
    """
    X = np.asarray(X, dtype=np.float64)
    X = X - X.mean(axis=0)
    series = [X, *red_noise(X, starts, n_surrogates=n_surrogates, random_state=random_state)]

    def index(points, k, seed):
        runs = random_partitions(points, k, n_partitions, init=init, random_state=seed)
        return classifiability(runs, statistic=statistic)

    jobs = [(points, k, seed) for k in n_clusters for seed, points in enumerate(series, random_state)]
    found = np.reshape(Parallel(n_jobs)(delayed(index)(*job) for job in jobs), (len(n_clusters), -1))
    return found[:, 0], found[:, 1:]
