"""The face that all methods share."""

import functools
import json
import logging
import math
import numbers
import warnings
from pathlib import Path
from typing import Self, final

import numpy as np
import numpy.typing as npt
import sklearn.cluster
import xarray as xr
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning

from ..errors import DscTfError
from ..logging import log_duration
from ..preprocessing.as_samples import as_samples, wrap_like

log = logging.getLogger(__name__)

ROWS = {  # what methods return a row of for each sample: its name, and its axes after time
    "predict": ("labels",),
    "predict_proba": ("soft_assignment", "cluster"),
    "transform": ("latent", "feature"),
}


class Clusterer(ClusterMixin, BaseEstimator):
    """Sorts samples into clusters. Subclasses write `_fit`, which returns a label for each sample.

    Labels are numbered by size: cluster 0 is the largest. Samples may be an xr.DataArray: what `fit_predict`,
    `predict`, `predict_proba` and `transform` return then is one too, with its times. Attributes are arrays always.
    """

    supports_out_of_core = False  # whether samples on disk are read batch by batch
    uses_window = False  # or the labelled step alone
    supports_multi_gpu = False  # whether several GPUs may share a batch: its losses are means over samples

    def __init_subclass__(cls, **kwargs):
        for name, result in ROWS.items():
            if name in vars(cls):
                setattr(cls, name, _wrapped(vars(cls)[name], *result))
        super().__init_subclass__(**kwargs)

    @final
    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn clusters from `X`.

        Parameters
        ----------
        X : array of shape (time, window, latitude, longitude, variable)
            Samples as `prepare` returns them; any array whose first axis is time will do for methods
            without a network. Or an xr.DataArray with a dimension `time`.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        DscTfError
            If `n_clusters` is below 2 or above the number of samples, or `X` is not finite.
        """
        X = self._taken(X)
        self._check(X)
        with log_duration(log, f"{type(self).__name__} on {' x '.join(map(str, X.shape))} numbers"):
            self.labels_ = self._fit(X).astype(np.int64)
        return self

    @final
    def fit_predict(self, X: npt.ArrayLike, y: object = None) -> npt.ArrayLike:
        """`fit`, and the cluster of each sample, shape (time,); an xr.DataArray where `X` is one."""
        labels = self.fit(X).labels_
        return wrap_like(labels, X, *ROWS["predict"]) if isinstance(X, xr.DataArray) else labels

    def _taken(self, X):
        """Samples that this method can read."""
        X = as_samples(X)
        if X.is_stored and not self.supports_out_of_core:
            size = X.nbytes / (1 if self.uses_window else X.window)
            raise DscTfError(
                f"memory: {type(self).__name__} needs all {size / 1e9:.1f} GB of samples at once. Give twice as "
                "much memory, or take dsc, dec, an ablation, kmeans, eof_kmeans or gaussian_mixture: they read disks."
            )
        return X

    def _check(self, X):
        check_cluster_count(self.n_clusters, len(X))
        if X.is_stored:
            return  # finite, since `prepare` checked them
        if not all(np.isfinite(block).all() for block in np.array_split(X.rows, max(1, len(X) // 1000))):
            raise DscTfError("X: holds missing or infinite values. Fill them first, as `prepare` does.")


def _wrapped(method, name, *dims):
    """The method with DataArrays for DataArrays."""

    @functools.wraps(method)
    def wrapped(self, X):
        result = method(self, X)
        return wrap_like(result, X, name, *dims) if isinstance(X, xr.DataArray) else result

    return wrapped


class LatentClusterer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Clusterer):
    """A clusterer that is a transformer as well: subclasses write `transform`, into their latent space."""

    @property
    def _n_features_out(self):
        return math.prod(self.encoder_.output_shape[1:])


def check_five_axes(X):
    """Refuse arrays without the axes of fields, which networks of fields need.

    Raises
    ------
    DscTfError
        If `X` does not have five axes.
    """
    if np.ndim(X) != 5:
        raise DscTfError(f"X: shape {np.shape(X)}. Give (time, window, latitude, longitude, variable).")


def check_cluster_count(n_clusters, n_samples):
    """Refuse a number of clusters that is no number, below 2, or above the number of samples.

    Raises
    ------
    DscTfError
        In these cases.
    """
    if not isinstance(n_clusters, numbers.Integral) or n_clusters < 2:
        raise DscTfError(f"n_clusters: {n_clusters!r}. Give an integer of at least 2.")
    if n_clusters > n_samples:
        raise DscTfError(
            f"n_clusters: {n_clusters} for {n_samples} samples. Give fewer clusters or a longer period."
        )


def fit_kmeans(points, n_clusters, n_init, random_state, *, init="k-means++"):
    """scikit-learn's k-means, which here survives fewer distinct points than clusters without a word.

    Parameters
    ----------
    points : array of shape (time, feature)
        Points.
    n_clusters : int
        Number of clusters; all have members while there are as many points.
    n_init : int
        Restarts.
    random_state : int or None
        Seed.
    init : str, default="k-means++"
        How each restart begins.

    Returns
    -------
    sklearn.cluster.KMeans
        Fitted.
    """
    model = sklearn.cluster.KMeans(n_clusters, init=init, n_init=n_init, random_state=random_state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(points)


def order_by_size(labels, n_clusters):
    """Clusters from the largest to the smallest.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each sample.
    n_clusters : int
        Number of clusters, empty ones included.

    Returns
    -------
    array of int, shape (cluster,)
        Old numbers in their new order.
    """
    return np.argsort(-np.bincount(labels, minlength=n_clusters), kind="stable")


def relabel_by_size(labels, n_clusters):
    """Labels numbered by size.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each sample.
    n_clusters : int
        Number of clusters, empty ones included.

    Returns
    -------
    labels : array of int, shape (time,)
        The same clusters, the largest first.
    order : array of int, shape (cluster,)
        Old numbers in their new order, as `order_by_size` gives them.
    """
    order = order_by_size(labels, n_clusters)
    return np.argsort(order)[labels], order


def nearest_centre(points, centres):
    """Position of the nearest centre of each point, shape (time,).

    Parameters
    ----------
    points : array of shape (time, feature)
        Points.
    centres : array of shape (cluster, feature)
        Centres.
    """
    return np.argmin([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=0)


def read_model_json(folder, method):
    """What a method's `save` wrote into `model.json`.

    Parameters
    ----------
    folder : path
        Where it wrote.
    method : str
        Name of its class.

    Raises
    ------
    DscTfError
        If the file is not there or another method's.
    """
    path = Path(folder) / "model.json"
    if not path.exists():
        raise DscTfError(f"model: no model.json in {folder}. Give the folder of a finished run.")
    text = json.loads(path.read_text())
    if text["method"] != method:
        raise DscTfError(f"model: {folder} holds {text['method']}. Load it with that class.")
    return text


def last_step_features(X):
    """The features of the step that a sample's label is for, shape (time, feature).

    Parameters
    ----------
    X : Samples of shape (time, window, latitude, longitude, variable)
        Samples; of a window the last step counts. Features of samples on disk are read when they are indexed.
    """
    return X.last_step()
