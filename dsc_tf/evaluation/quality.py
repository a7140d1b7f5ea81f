"""Quality of a classification of days for the classified and other variables, compared with chance (COST 733)."""

import numpy as np
import xarray as xr
from sklearn.metrics.pairwise import nan_euclidean_distances

from ..errors import DscTfError
from ..records.grids import area_weights
from ..regimes.spells import check_labels

MAX_STEPS = 4000  # mean distances of longer records are computed from a random subsample
QUALITY_INDICES = {
    "explained_variation": "1 - sum of squares within clusters / total",
    "pseudo_f": "sum of squares between / (k - 1), over that within / (n - k)",
    "within_deviation": "root of the sum of squares within clusters / (values - k for each cell)",
    "distance_ratio": "mean distance of two steps in one cluster / of two in different ones",
}


def quality(labels, classified, independent=None, *, n_random=100, random_state=0):
    """Four measures of the separation of clusters, compared with random-centroid classifications.

    Cells are weighted by area (cosine of latitude). A random classification assigns each step to the nearest, in the
    classified variable, of as many random steps as there are clusters; the same random classifications are evaluated
    on the independent variables.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step; unassigned steps (-1) are not used.
    classified : xr.DataArray
        Variable that was clustered, over (time, latitude, longitude), without NaN.
    independent : dict of str to xr.DataArray, default=None
        Other variables of the same steps on any grid; NaN is allowed.
    n_random : int, default=100
        Number of random classifications.
    random_state : int, default=0
        Seed.

    Returns
    -------
    xr.Dataset
        For each variable (target,): explained_variation, pseudo_f, within_deviation (in the variable's unit) and
        distance_ratio; each also as NAME_random (target, random).

    Raises
    ------
    DscTfError
        If there are fewer than two clusters, numbers of steps differ, or the classified variable holds NaN.

    References
    ----------
    Beck, C., Philipp, A. (2010). Evaluation and comparison of circulation type classifications for the European domain.
    Phys. Chem. Earth 35. Philipp, A. et al. (2014), cost733class user guide (random centroids, "RAC").
    """
    labels = check_labels(labels)
    targets = {str(classified.name or "classified"): classified} | (independent or {})
    assigned = labels >= 0
    matrices = {name: _matrix(name, values, labels)[assigned] for name, values in targets.items()}
    own = next(iter(matrices.values()))
    if not np.isfinite(own).all():
        raise DscTfError("classified: holds missing values. Leave these cells out.")
    _, labels = np.unique(labels[assigned], return_inverse=True)
    k = labels.max() + 1
    if k < 2:
        raise DscTfError("labels: one cluster alone. Quality is of two or more.")
    rng = np.random.default_rng(random_state)
    random = np.stack([random_centroids(own, k, rng) for _ in range(n_random)])
    found = [_measures(matrix, np.vstack([labels, random]), k, rng) for matrix in matrices.values()]
    result = xr.Dataset(coords={"target": list(matrices)}, attrs={"n_clusters": int(k)})
    for name, definition in QUALITY_INDICES.items():
        values = np.stack([measures[name] for measures in found])
        described = {"long_name": name.replace("_", " "), "definition": definition}
        result[name] = ("target", values[:, 0], described)
        result[f"{name}_random"] = (("target", "random"), values[:, 1:], described)
    return result


def random_centroids(points, n_clusters, rng):
    """Labels by the nearest of randomly drawn points.

    Parameters
    ----------
    points : array of shape (time, feature)
        Points.
    n_clusters : int
        Number of points drawn.
    rng : numpy.random.Generator
        Random number generator.

    Returns
    -------
    array of int, shape (time,)
    """
    centres = points[rng.choice(len(points), n_clusters, replace=False)]
    return np.argmin((centres**2).sum(axis=1) - 2 * points @ centres.T, axis=1)


def _matrix(name, values, labels):
    """Return a variable as (time, cell), cells scaled by the root of their area, NaN where missing."""
    if values.sizes["time"] != len(labels):
        raise DscTfError(
            f"{name}: {values.sizes['time']} steps for {len(labels)} labels. Give the same steps."
        )
    if "latitude" in values.dims:
        area = area_weights(values["latitude"])
        values = values * xr.DataArray(np.sqrt(area / area.mean()), dims="latitude")
    others = [dimension for dimension in values.dims if dimension != "time"]
    matrix = values.transpose("time", *others).values.reshape(len(labels), -1).astype(np.float64)
    return matrix[:, np.isfinite(matrix).any(axis=0)]


def _measures(matrix, partitions, k, rng):
    """All measures of several partitions, each of shape (partition,)."""
    known = np.isfinite(matrix)
    matrix = matrix - np.nanmean(matrix, axis=0)
    filled = np.where(known, matrix, 0.0)
    total, n_values = (filled**2).sum(), known.sum()
    within = total - np.array([_between(filled, known, labels, k) for labels in partitions])
    n = known.any(axis=1).sum()
    few = np.arange(len(matrix))
    if len(few) > MAX_STEPS:
        few = np.sort(rng.choice(few, MAX_STEPS, replace=False))
    distance = _distances(matrix[few], known[few])
    return {
        "explained_variation": 1 - within / total,
        "pseudo_f": (total - within) / (k - 1) / (within / (n - k)),
        "within_deviation": np.sqrt(within / (n_values - k * matrix.shape[1])),
        "distance_ratio": np.array([_distance_ratio(distance, labels[few], k) for labels in partitions]),
    }


def _between(filled, known, labels, k):
    """Sum of squares of the clusters' means."""
    member = (labels == np.arange(k)[:, None]).astype(np.float64)
    sums, counts = member @ filled, member @ known
    return (sums**2 / np.maximum(counts, 1)).sum()


def _distances(matrix, known):
    if not known.all():
        return nan_euclidean_distances(matrix)
    squares = (matrix**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares - 2 * matrix @ matrix.T, 0.0))


def _distance_ratio(distance, labels, k):
    """Mean distance within clusters divided by that between clusters, over pairs with a common cell."""
    member = (labels[:, None] == np.arange(k)).astype(np.float64)
    known = np.isfinite(distance)
    np.fill_diagonal(known, False)
    filled = np.where(known, distance, 0.0)
    sums, counts = (member.T @ part @ member for part in (filled, known.astype(np.float64)))
    within_sum, within_count = np.trace(sums), np.trace(counts)
    within = within_sum / max(within_count, 1)
    between = (sums.sum() - within_sum) / max(counts.sum() - within_count, 1)
    return within / between
