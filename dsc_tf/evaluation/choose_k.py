"""Choice of the number of clusters: four criteria for each number."""

import numpy as np
import xarray as xr
from sklearn.cluster import KMeans
from sklearn.metrics import davies_bouldin_score, silhouette_score

from .classifiability import classifiability_test, family_wise_p_values
from .stability import stability


def choose_k(
    X,
    n_clusters=range(2, 11),
    starts=(0,),
    *,
    n_partitions=50,
    n_surrogates=100,
    n_bootstrap=20,
    block=10,
    level=0.9,
    init="random",
    statistic="min",
    random_state=0,
    n_jobs=1,
):
    """Silhouette, Davies-Bouldin index, classifiability against red noise and stability, for each number of clusters.

    Parameters
    ----------
    X : array of shape (time, feature)
        Principal components, unscaled.
    n_clusters : sequence of int, default=range(2, 11)
        Numbers of clusters. Two clusters are always classifiable, on red noise as well.
    starts : sequence of int, default=(0,)
        Positions of the first steps of the gap-free segments.
    n_partitions, n_surrogates, init, statistic
        Same as in `classifiability_test`.
    n_bootstrap, block
        Same as in `stability`, applied to k-means with ten restarts.
    level : float, default=0.9
        Confidence level of the test over all numbers of clusters together: on red noise, the probability that any of
        them passes is at most 1 - level.
    random_state : int, default=0
        Seed.
    n_jobs : int, default=1
        Processes.

    Returns
    -------
    xr.Dataset
        Over k: silhouette, davies_bouldin, classifiability, p_value (one-sided, of each k by itself), p_family
        (adjusted for all k tried), passes (1 if p_family is at most 1 - level), seed_ari and bootstrap_ari (means);
        classifiability_null (k, surrogate); null_quantile (k, quantile) at 0.05, 0.5, 0.9 and 0.95.

    References
    ----------
    See `classifiability`, `family_wise_p_values` and `stability`.
    """
    ks = list(n_clusters)
    X = np.asarray(X, dtype=np.float64)
    observed, null = classifiability_test(
        X,
        ks,
        starts,
        n_partitions=n_partitions,
        n_surrogates=n_surrogates,
        init=init,
        statistic=statistic,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    rows = [_partition_measures(X, k, starts, n_bootstrap, block, random_state) for k in ks]
    quantiles = [0.05, 0.5, 0.9, 0.95]
    p_value, p_family = family_wise_p_values(observed, null)
    unit = {"units": "1"}
    result = {name: ("k", [row[name] for row in rows], unit) for name in rows[0]} | {
        "classifiability": ("k", observed, unit),
        "classifiability_null": (("k", "surrogate"), null, unit),
        "null_quantile": (("k", "quantile"), np.quantile(null, quantiles, axis=1).T, unit),
        "p_value": ("k", p_value, unit),
        "p_family": ("k", p_family, unit),
        "passes": ("k", (p_family <= 1 - level + 1e-12).astype(np.int8), unit),
    }
    attrs = {"level": level, "n_partitions": n_partitions, "init": init, "statistic": statistic}
    return xr.Dataset(result, {"k": ks, "quantile": quantiles}, attrs)


def _partition_measures(X, k, starts, n_bootstrap, block, seed):
    def factory(seed):
        return KMeans(k, n_init=10, random_state=seed)

    labels = factory(seed).fit_predict(X)
    again = stability(factory, X, starts, n_seeds=5, n_bootstrap=n_bootstrap, block=block, random_state=seed)
    return {
        "silhouette": silhouette_score(X, labels),
        "davies_bouldin": davies_bouldin_score(X, labels),
        "seed_ari": float(again["seed_ari"].mean()),
        "bootstrap_ari": float(again["bootstrap_ari"].mean()),
    }
