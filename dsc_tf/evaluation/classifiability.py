"""Classifiability: agreement of k-means runs from different initial centres, compared with red noise."""

import numpy as np
from joblib import Parallel, delayed

from ..errors import DscTfError

BLOCK_VALUES = 200_000  # distances that are held at a time, which fit into the cache of a processor core


def classifiability(partitions, *, statistic="min"):
    """Classifiability index of partitions of the same points: 1 if all partitions are equal.

    The similarity of two partitions is the minimum, over the centres of the first, of the largest correlation with a
    centre of the second. The index is the mean over all ordered pairs of partitions.

    Parameters
    ----------
    partitions : array of shape (partition, cluster, feature)
        Centres, as anomalies from the mean of all points. The correlation is the cosine between them; of principal
        components this is the pattern correlation of their maps.
    statistic : {"min", "mean"}, default="min"
        Minimum over the centres, as published, or their mean.

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
    """Centres of independent k-means runs without restarts, which would hide their disagreement.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points.
    n_clusters : int
        Number of clusters.
    n_partitions : int, default=50
        Number of runs.
    init : {"random", "k-means++"}, default="random"
        Initial centres of each run: points drawn at random, as published, or k-means++.
    random_state : int, default=0
        Seed.

    Returns
    -------
    array of shape (partition, cluster, feature)
    """
    seeds = np.random.default_rng(random_state).integers(2**31, size=n_partitions)
    X = np.asarray(X, dtype=np.float64)
    mean = X.mean(axis=0)
    X = X - mean
    if init == "random":
        share = np.full(len(X), 1 / len(X))  # with it, the points drawn are those that scikit-learn draws
        rows = [
            np.random.RandomState(s).choice(len(X), n_clusters, replace=False, p=share)
            for s in seeds.tolist()
        ]
        initial = X[np.stack(rows)]
    elif init == "k-means++":
        from sklearn.cluster import kmeans_plusplus

        initial = np.stack([kmeans_plusplus(X, n_clusters, random_state=s)[0] for s in seeds.tolist()])
    else:
        raise DscTfError(f"init: {init!r}. Choose random or k-means++.")
    return lloyd(X.astype(np.float32), initial.astype(np.float32)) + mean


def lloyd(X: np.ndarray, initial: np.ndarray, *, tol: float = 1e-4, max_iter: int = 300) -> np.ndarray:
    """Centres of k-means from many sets of initial centres, by Lloyd's algorithm.

    The result is that of scikit-learn's `KMeans` started from each set by itself. Its calls take several times longer
    for a few thousand points, because most of the time of each is spent outside the iterations. A centre that loses
    all points keeps its place, and a point at equal distance from two centres counts for both.

    Parameters
    ----------
    X : array of shape (time, feature)
        Points, preferably centred and in single precision, which is sufficient for centred points.
    initial : array of shape (partition, cluster, feature)
        Initial centres, of the same number format.
    tol : float, default=0.0001
        An iteration is the last if the sum of squared shifts of the centres is at most this share of the mean variance
        of the features.
    max_iter : int, default=300
        Maximum number of iterations.

    Returns
    -------
    array of shape (partition, cluster, feature)

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> lloyd(points, np.array([[[0.0], [1.0]]])).ravel().tolist()
    [0.5, 9.5]
    """
    n_partitions, k, n_features = initial.shape
    with_ones = np.column_stack([X, np.ones(len(X), X.dtype)])
    by_feature = np.ascontiguousarray(with_ones.T)
    limit = tol * X.var(axis=0).mean()
    centres, iteration = initial.copy(), np.zeros(n_partitions, int)
    at_a_time = max(1, BLOCK_VALUES // (k * len(X)))
    unfinished = np.arange(n_partitions)
    while len(unfinished):
        now = unfinished[:at_a_time]
        before = centres[now].swapaxes(0, 1)  # (cluster, partition, feature)
        # Squared distances without the square of each point, as one matrix product: |c|^2 - 2 c x.
        rows = np.concatenate([-2 * before, (before**2).sum(axis=-1, keepdims=True)], axis=-1)
        distance = (rows.reshape(-1, n_features + 1) @ by_feature).reshape(k, -1)
        member = (distance == distance.min(axis=0)).astype(X.dtype)
        sums = (member.reshape(-1, len(X)) @ with_ones).reshape(k, len(now), n_features + 1)
        size = sums[..., -1:]
        after = np.where(size > 0, sums[..., :-1] / np.maximum(size, 1), before)
        centres[now] = after.swapaxes(0, 1)
        iteration[now] += 1
        moving = (((after - before) ** 2).sum(axis=(0, 2)) > limit) & (iteration[now] < max_iter)
        unfinished = np.concatenate([now[moving], unfinished[at_a_time:]])
    return centres


def red_noise(X, starts=(0,), *, n_surrogates=1, random_state=0):
    """Gaussian AR(1) series with the mean, variance and lag-1 autocorrelation of each feature.

    Parameters
    ----------
    X : array of shape (time, feature)
        Principal components, uncorrelated with each other.
    starts : sequence of int, default=(0,)
        Positions of the first steps of the gap-free segments: seasons are separate series.
    n_surrogates : int, default=1
        Number of surrogates.
    random_state : int, default=0
        Seed.

    Returns
    -------
    array of shape (surrogate, time, feature)
        Mean and variance equal those of the sample, so that only the shape of the distribution and the dependence
        between components differ.
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
    """Lag-one autocorrelation of each feature within segments, shape (feature,).

    Parameters
    ----------
    X : array of shape (time, feature)
        Series.
    starts : sequence of int, default=(0,)
        Positions of the first steps of the gap-free segments.
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
        Same as in `red_noise`.
    n_partitions : int, default=50
        k-means runs on the points and on every surrogate.
    n_surrogates : int, default=100
        Number of surrogates; the same for all numbers of clusters.
    init, statistic
        Same as in `random_partitions` and `classifiability`.
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


def family_wise_p_values(observed, null):
    """P-values adjusted for having tried several numbers of clusters (step "min p").

    The smallest p-value over all k of the record is compared with the smallest p-value over all k of each surrogate,
    so that under red noise the probability that any k has an adjusted p-value of at most alpha is at most alpha.

    Parameters
    ----------
    observed : array of shape (k,)
        Index of the record for each number of clusters.
    null : array of shape (k, surrogate)
        Index of each surrogate; a column holds one surrogate at all k.

    Returns
    -------
    p_value : array of shape (k,)
        One-sided p-value of each k by itself.
    p_family : array of shape (k,)
        Share of the surrogates, the record included, whose smallest p-value over k is at most that of the record at
        this k.

    References
    ----------
    Westfall, P. H., Young, S. S. (1993). Resampling-Based Multiple Testing, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> p_value, p_family = family_wise_p_values(np.array([0.9, 0.2]), np.array([[0.1, 0.2, 0.3], [0.5, 0.1, 0.3]]))
    >>> p_value.tolist(), p_family.tolist()
    ([0.25, 0.75], [0.5, 1.0])
    """
    index = np.column_stack([observed, null])
    count = index.shape[1]
    p_each = np.stack([count - np.searchsorted(np.sort(row), row, side="left") for row in index]) / count
    smallest = p_each.min(axis=0)
    p_family = (smallest[None, :] <= p_each[:, :1] + 1e-12).mean(axis=1)
    return p_each[:, 0], p_family
