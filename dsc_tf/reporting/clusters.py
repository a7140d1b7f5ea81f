"""Centres of clusters, distances from them, and the components that a method clustered, as a dataset."""

from typing import Any

import numpy as np
import xarray as xr

from ..clusterers.out_of_core import row_blocks
from ..preprocessing.samples import Samples

CLUSTERS = "clusters.nc"  # file of a run folder that holds what `clusters_dataset` returns


def features_of(method: Any, X: Samples) -> Any:
    """Features in which a method measures distances: latent vectors if it has them, else the labelled step.

    Parameters
    ----------
    method : Clusterer
        Fitted.
    X : Samples of shape (time, window, latitude, longitude, variable)
        Samples.

    Returns
    -------
    array of shape (time, feature)
        For samples in a scratch file, rows that are read when they are indexed.
    """
    if not hasattr(method, "transform"):
        return X.last_step()
    latent = np.asarray(method.transform(X))
    return latent.reshape(len(latent), -1)


def distances(features: Any, centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Euclidean distance of each sample from the centre of its cluster.

    Parameters
    ----------
    features : array of shape (time, feature)
        Features of each sample.
    centres : array of shape (cluster, feature)
        Centres.
    labels : array of int, shape (time,)
        Cluster of each sample.

    Returns
    -------
    array of shape (time,)

    Examples
    --------
    >>> distances(np.array([[3.0, 4.0], [1.0, 1.0]]), np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0, 1])).tolist()
    [5.0, 1.0]
    """
    found = [
        np.linalg.norm(np.asarray(features[at], np.float64) - centres[labels[at]], axis=1)
        for at in row_blocks(features)
    ]
    return np.concatenate(found)


def sample_index(X: Samples, labels: np.ndarray, n_clusters: int) -> np.ndarray:
    """Regime index of each sample: standardised projection of its labelled step on the mean of each cluster.

    With anomalies in units of a standard deviation, weighted by the root of the area, this is the index of Michel and
    Riviere (2011) for all variables together, see `dsc_tf.regimes.regime_index`.

    Parameters
    ----------
    X : Samples of shape (time, window, latitude, longitude, variable)
        Samples.
    labels : array of int, shape (time,)
        Cluster of each sample.
    n_clusters : int
        Number of clusters.

    Returns
    -------
    array of shape (time, cluster)
        NaN for an empty cluster, and for a projection that does not vary.
    """
    rows, labels = X.last_step(), np.asarray(labels)
    known = np.flatnonzero(labels >= 0)
    sums, sizes = np.zeros((n_clusters, rows.shape[1])), np.bincount(labels[known], minlength=n_clusters)
    total = np.zeros(rows.shape[1])
    for at in row_blocks(rows):
        part = np.asarray(rows[at], np.float64)
        assigned = labels[at] >= 0
        np.add.at(sums, labels[at][assigned], part[assigned])
        total += part.sum(axis=0)
    mean = total / len(labels)
    patterns = sums / np.where(sizes > 0, sizes, np.nan)[:, None] - mean
    projection = np.concatenate(
        [(np.asarray(rows[at], np.float64) - mean) @ patterns.T for at in row_blocks(rows)]
    )
    spread = projection.std(axis=0)
    return (projection - projection.mean(axis=0)) / np.where(spread > 0, spread, np.nan)


def clusters_dataset(method: Any, X: Samples, features: Any) -> xr.Dataset:
    """Centres of the clusters, and the components of a method that projects fields.

    Parameters
    ----------
    method : Clusterer
        Fitted on `X`.
    X : Samples of shape (time, window, latitude, longitude, variable)
        Samples.
    features : array of shape (time, feature)
        Their `features_of`.

    Returns
    -------
    xr.Dataset
        centre (cluster, feature), in the space of `features_of`: the centres of the method, or the mean of each
        cluster for a method without centres, NaN for an empty cluster. With principal components: explained_variance
        and explained_variance_ratio (component,), and eof (component, latitude, longitude, variable), of unit norm,
        of the prepared and weighted fields.
    """
    centres = _centres(method, features)
    about = {"long_name": "centre of each cluster in the space in which distances are measured"}
    result = xr.Dataset(
        {"centre": (("cluster", "feature"), centres, about)},
        {"cluster": np.arange(len(centres))},
        {"Conventions": "CF-1.8", "title": "Centres of clusters"},
    )
    return result.merge(_components(method.pca_, X)) if hasattr(method, "pca_") else result


def _centres(method, features):
    """Centres (cluster, feature) of the method, or means of its clusters."""
    own = getattr(method, "cluster_centers_", None)
    if own is not None and np.asarray(own).reshape(len(own), -1).shape[1] == features.shape[1]:
        return np.asarray(own, np.float64).reshape(len(own), -1)
    labels, sums = method.labels_, np.zeros((method.n_clusters, features.shape[1]))
    for at in row_blocks(features):
        np.add.at(sums, labels[at], np.asarray(features[at], np.float64))
    sizes = np.bincount(labels, minlength=method.n_clusters)[:, None]
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)


def _components(pca, X):
    """EOFs and the variance that they explain."""
    share = {"long_name": "share of the variance that the component explains", "units": "1"}
    result = xr.Dataset(
        {
            "explained_variance": ("component", pca.explained_variance_),
            "explained_variance_ratio": ("component", pca.explained_variance_ratio_, share),
        },
        {"component": np.arange(1, len(pca.components_) + 1)},
    )
    if X.latitude is None or pca.components_.shape[1] != int(np.prod(X.grid)):
        return result
    row, column = (np.r_[True, np.diff(axis) != 0] for axis in (X.latitude, X.longitude))  # without padding
    fields = pca.components_.reshape(-1, *X.grid)[:, row][:, :, column]
    about = {"long_name": "empirical orthogonal function of the prepared fields, of unit norm", "units": "1"}
    result["eof"] = (("component", "latitude", "longitude", "variable"), fields, about)
    return result.assign_coords(
        latitude=("latitude", X.latitude[row], {"units": "degrees_north"}),
        longitude=("longitude", X.longitude[column], {"units": "degrees_east"}),
        variable=list(X.variables),
    )
