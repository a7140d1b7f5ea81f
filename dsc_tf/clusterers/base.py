"""Base classes of all clusterers: validation, conversion of samples, and helpers that several methods share."""

import inspect
import logging
import math
import numbers
import warnings
from os import PathLike
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt
import sklearn.cluster
import xarray as xr
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ..errors import DscTfError, refuse_damaged
from ..logging import log_duration
from ..preprocessing.as_samples import as_samples, wrap_like
from ..preprocessing.samples import Samples
from ..threads import limit_threads
from .model_files import plain, read_arrays, read_model_json, write_arrays, write_model_json

log = logging.getLogger(__name__)

BLOCK_SAMPLES = 1000  # samples that are checked for missing values at a time


def _implements(name):
    """Condition under which a public method is available: the class implements the method `name`."""
    return available_if(lambda estimator: hasattr(type(estimator), name))


class Clusterer(ClusterMixin, BaseEstimator):
    """Base class of the methods. Public methods validate the samples; subclasses implement the others.

    A subclass implements `_fit(X)`, which returns the label of each sample, and those of `_predict(X)`,
    `_predict_proba(X)` and `_score(X)` that its method defines. `X` is always an instance of `Samples` that has been
    checked: finite values, as many as `fit` saw. Clusters are numbered by size: cluster 0 is the largest.

    Samples may be an array whose first axis is time, a DataArray with a dimension `time`, or `Samples` as `prepare`
    returns them. For a DataArray the methods return a DataArray with its coordinates along time. Fitted attributes
    are always NumPy arrays.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample that the clusterer was fitted on.
    n_features_in_ : int
        Number of values that the method reads of a sample.
    sample_shape_ : tuple of int
        Their shape, (window, latitude, longitude, variable); the window is 1 where the method reads the labelled step
        alone.

    Examples
    --------
    >>> import numpy as np
    >>> class Sign(Clusterer):
    ...     '''Two clusters: fields with a positive and with a negative sum.'''
    ...
    ...     def __init__(self, n_clusters=2):
    ...         self.n_clusters = n_clusters
    ...
    ...     def _fit(self, X):
    ...         return self._predict(X)
    ...
    ...     def _predict(self, X):
    ...         return (X.last_step().sum(axis=1) < 0).astype(int)
    >>> Sign().fit(np.array([[1.0, 2.0], [2.0, 1.0], [-3.0, 1.0]])).predict(np.array([[-1.0, 0.0]])).tolist()
    [1]
    """

    n_clusters: int
    labels_: np.ndarray
    supports_out_of_core = False  # whether samples in a scratch file are read batch by batch
    uses_window = False  # whether all steps of a window are read, or the labelled step alone
    supports_multi_gpu = False  # whether several GPUs may share a batch: losses are means over samples
    saved_attributes: tuple[str, ...] = ()  # fitted arrays and numbers that `save` writes

    @final
    def fit(self, X: npt.ArrayLike | xr.DataArray | Samples, y: object = None) -> Self:
        """Learn clusters from samples.

        Parameters
        ----------
        X : array, DataArray or Samples of shape (time, window, latitude, longitude, variable)
            Samples as `prepare` returns them, or an array whose first axis is time.
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
        samples = self._validate(X, reset=True)
        check_cluster_count(self.n_clusters, len(samples))
        self._check_parameters(samples)
        stage = f"{type(self).__name__} on {' x '.join(map(str, samples.shape))} numbers"
        with log_duration(log, stage), limit_threads(samples.nbytes):
            self.labels_ = np.asarray(self._fit(samples)).astype(np.int64)
        return self

    @final
    def fit_predict(
        self, X: npt.ArrayLike | xr.DataArray | Samples, y: object = None
    ) -> np.ndarray | xr.DataArray:
        """Learn clusters from samples and return the cluster of each.

        Parameters
        ----------
        X : array, DataArray or Samples of shape (time, window, latitude, longitude, variable)
            Samples.
        y : None
            Ignored.

        Returns
        -------
        array of int or DataArray, shape (time,)
        """
        return _like(X, self.fit(X).labels_, "labels")

    @final
    @_implements("_predict")
    def predict(self, X: npt.ArrayLike | xr.DataArray | Samples) -> np.ndarray | xr.DataArray:
        """Cluster of each sample.

        Parameters
        ----------
        X : array, DataArray or Samples of shape (time, window, latitude, longitude, variable)
            Samples of the shape that `fit` saw.

        Returns
        -------
        array of int or DataArray, shape (time,)

        Raises
        ------
        NotFittedError
            If the clusterer is not fitted.
        DscTfError
            If samples have another shape than in `fit`, or values that are missing or infinite.
        """
        return _like(X, self._predict(self._validate(X)), "labels")

    @final
    @_implements("_predict_proba")
    def predict_proba(self, X: npt.ArrayLike | xr.DataArray | Samples) -> np.ndarray | xr.DataArray:
        """Soft assignment of each sample to each cluster.

        Parameters
        ----------
        X : array, DataArray or Samples of shape (time, window, latitude, longitude, variable)
            Samples of the shape that `fit` saw.

        Returns
        -------
        array or DataArray of shape (time, cluster)
            Rows sum to 1.

        Raises
        ------
        NotFittedError, DscTfError
            As `predict`.
        """
        return _like(X, self._predict_proba(self._validate(X)), "soft_assignment", "cluster")

    @final
    @_implements("_score")
    def score(self, X: npt.ArrayLike | xr.DataArray | Samples, y: object = None) -> float:
        """Objective of the method on samples; larger is better.

        Parameters
        ----------
        X : array, DataArray or Samples of shape (time, window, latitude, longitude, variable)
            Samples of the shape that `fit` saw.
        y : None
            Ignored.

        Raises
        ------
        NotFittedError, DscTfError
            As `predict`.
        """
        return float(self._score(self._validate(X)))

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Names of the constructor parameters, including those that a class passes on to its base class."""
        names: list[str] = []
        for owner in cls.__mro__:
            if "__init__" not in vars(owner):
                continue
            own = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]
            names += [p.name for p in own if p.kind is not p.VAR_KEYWORD and p.name not in names]
            if not any(p.kind is p.VAR_KEYWORD for p in own):
                break
        return tuple(names)

    @classmethod
    def _get_param_names(cls):
        return sorted(cls.parameter_names())  # read by `get_params`, `set_params` and `clone` of scikit-learn

    def save(self, folder: str | PathLike) -> None:
        """Write the fitted clusterer: `model.json` and `model.npz`.

        Parameters
        ----------
        folder : path
            Existing folder.
        """
        check_is_fitted(self)
        write_model_json(folder, self._model_json())
        write_arrays(folder, self._arrays())

    @classmethod
    def load(cls, folder: str | PathLike) -> Self:
        """Load a fitted clusterer.

        Parameters
        ----------
        folder : path
            Folder that `save` wrote to.

        Raises
        ------
        DscTfError
            If the files are missing, damaged, or of another method.
        """
        with refuse_damaged("model", folder, "Give the folder of a finished run."):
            self = cls._from_model_json(read_model_json(folder, cls.__name__))
            self._restore_arrays(read_arrays(folder))
        return self

    def _arrays(self):
        """Fitted arrays and numbers by name."""
        return {name: np.asarray(getattr(self, name)) for name in ("labels_", *self.saved_attributes)}

    def _restore_arrays(self, arrays):
        centres = arrays.get("cluster_centers_")
        if centres is not None and (centres.ndim < 2 or len(centres) != self.n_clusters):
            raise ValueError(f"cluster_centers_ of shape {centres.shape} for {self.n_clusters} clusters")
        for name in ("labels_", *self.saved_attributes):
            value = arrays[name]
            setattr(self, name, value if value.ndim else value.item())

    def _model_json(self):
        """Everything that JSON holds of a fitted clusterer."""
        own = [name for name in self.parameter_names() if name not in NOT_SAVED]
        parameters = {name: plain(getattr(self, name)) for name in own}
        return {
            "method": type(self).__name__,
            "n_clusters": int(self.n_clusters),
            "parameters": {name: value for name, value in parameters.items() if _is_plain(value)},
            "sample_shape": list(getattr(self, "sample_shape_", ())),
        }

    @classmethod
    def _from_model_json(cls, content):
        """A clusterer with the parameters of a saved one."""
        parameters = content.get("parameters", {})
        unknown = sorted(set(parameters) - set(cls.parameter_names()))
        if unknown:
            raise ValueError(f"{cls.__name__} has no parameter {unknown[0][:40]!r}")
        self = cls(content["n_clusters"], **parameters)
        if content.get("sample_shape"):  # earlier versions did not save it
            self.sample_shape_ = tuple(content["sample_shape"])
            self.n_features_in_ = math.prod(self.sample_shape_)
        return self

    def __sklearn_is_fitted__(self):
        return hasattr(self, "labels_") or hasattr(self, "cluster_centers_")  # loaded ones may lack labels

    def _check_parameters(self, X):
        """Refuse parameters that the method does not accept; subclasses extend it."""

    def _validate(self, X, *, reset=False):
        """Checked `Samples` of an array, a DataArray or `Samples`; `reset` stores their shape."""
        if not reset:
            check_is_fitted(self)
        if not isinstance(X, (Samples, xr.DataArray, xr.Dataset)):
            self._check_feature_names(X, reset)
            X = _checked_array(X, type(self).__name__)
        samples = as_samples(X)
        self._check_dimensions(X)
        if samples.is_stored and not self.supports_out_of_core:
            size = samples.nbytes / (1 if self.uses_window else samples.window)
            raise DscTfError(
                f"memory: {type(self).__name__} needs all {size / 1e9:.1f} GB of samples at once. Give twice as "
                "much memory, or take dsc, dec, an ablation, kmeans, eof_kmeans or gaussian_mixture: they read disks."
            )
        self._check_shape(samples, reset)
        if not samples.is_stored:  # those in a scratch file were checked when they were prepared
            check_finite(samples.rows)
        return samples

    def _check_feature_names(self, X, reset):
        if hasattr(X, "columns") or hasattr(self, "feature_names_in_"):
            validate_data(self, X, reset=reset, skip_check_array=True, ensure_2d=False)
        elif reset and hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _check_dimensions(self, X):
        """Refuse samples that have too few axes for the method; subclasses extend it."""

    def _check_shape(self, X, reset):
        shape = X.shape[1:] if self.uses_window else (1, *X.shape[2:])
        if reset:
            self.sample_shape_ = tuple(map(int, shape))
            self.n_features_in_ = math.prod(self.sample_shape_)
        elif hasattr(self, "sample_shape_") and tuple(shape) != tuple(self.sample_shape_):
            name, count = type(self).__name__, math.prod(shape)
            if count != self.n_features_in_:
                raise DscTfError(
                    f"X has {count} features, but {name} is expecting {self.n_features_in_} features as input. "
                    f"Give samples of shape {self.sample_shape_}."
                )
            raise DscTfError(
                f"X: samples of shape {tuple(shape)}. Give samples of shape {self.sample_shape_}, as in `fit`."
            )


class LatentClusterer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Clusterer):
    """Base class of clusterers that are transformers into a latent space: subclasses implement `_transform(X)`."""

    @final
    def transform(self, X: npt.ArrayLike | xr.DataArray | Samples) -> np.ndarray | xr.DataArray:
        """Latent vector of each sample.

        Parameters
        ----------
        X : array, DataArray or Samples of shape (time, window, latitude, longitude, variable)
            Samples of the shape that `fit` saw.

        Returns
        -------
        array or DataArray of shape (time, feature)
            Latent sequences are flattened.

        Raises
        ------
        NotFittedError, DscTfError
            As `predict`.
        """
        return _like(X, self._transform(self._validate(X)), "latent", "feature")

    def _transform(self, X):
        raise NotImplementedError(f"{type(self).__name__} implements no _transform")

    @property
    def _n_features_out(self):
        return math.prod(self.encoder_.output_shape[1:])


NOT_SAVED = (
    "n_clusters",
    "checkpoint",
    "callbacks",
    "network",
)  # of no use to a loaded clusterer, or stored apart


def check_cluster_count(n_clusters, n_samples):
    """Refuse a number of clusters that is not an integer, below 2, or above the number of samples.

    Parameters
    ----------
    n_clusters : int
        Number of clusters.
    n_samples : int
        Number of samples.

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


def check_finite(values):
    """Refuse missing and infinite values.

    Parameters
    ----------
    values : array of shape (time, ...)
        Values.

    Raises
    ------
    DscTfError
        If a value is NaN or infinite.
    """
    for start in range(0, len(values), BLOCK_SAMPLES):
        if not np.isfinite(values[start : start + BLOCK_SAMPLES]).all():
            raise DscTfError("X: holds missing or infinite values. Fill them first, as `prepare` does.")


def fit_kmeans(points, n_clusters, n_init, random_state, *, init="k-means++", copy=True):
    """Fit scikit-learn's k-means without its warning of fewer distinct points than clusters.

    Parameters
    ----------
    points : array of shape (time, feature)
        Points.
    n_clusters : int
        Number of clusters; none is empty if there are at least as many distinct points.
    n_init : int
        Number of restarts.
    random_state : int or None
        Seed.
    init : str, default="k-means++"
        Initialisation of each restart.
    copy : bool, default=True
        Whether `points` are copied; otherwise their mean is subtracted in place and added again at the end.

    Returns
    -------
    sklearn.cluster.KMeans
        Fitted.
    """
    options = {"n_init": n_init, "random_state": random_state, "copy_x": copy}
    model = sklearn.cluster.KMeans(n_clusters, init=init, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(points)


def order_by_size(labels, n_clusters):
    """Order of clusters from the largest to the smallest; equal sizes keep the order of their numbers.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each sample.
    n_clusters : int
        Number of clusters, including empty ones.

    Returns
    -------
    array of int, shape (cluster,)
        Old numbers in their new order.

    Examples
    --------
    >>> order_by_size([2, 2, 0, 1, 1], 4).tolist()
    [1, 2, 0, 3]
    """
    return np.argsort(-np.bincount(labels, minlength=n_clusters), kind="stable")


def relabel_by_size(labels, n_clusters):
    """Number clusters by size.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each sample.
    n_clusters : int
        Number of clusters, including empty ones.

    Returns
    -------
    labels : array of int, shape (time,)
        The same clusters, the largest first.
    order : array of int, shape (cluster,)
        Old numbers in their new order, as `order_by_size` returns them.
    """
    order = order_by_size(labels, n_clusters)
    return np.argsort(order)[labels], order


def nearest_centre(points, centres):
    """Position of the nearest centre of each point.

    Parameters
    ----------
    points : array of shape (time, feature)
        Points.
    centres : array of shape (cluster, feature)
        Centres.

    Returns
    -------
    array of int, shape (time,)
    """
    return np.argmin([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=0)


def _like(X, result, name, *dims):
    return wrap_like(result, X, name, *dims) if isinstance(X, xr.DataArray) else result


def _checked_array(X, name):
    """Array of real numbers with at least two axes."""
    try:
        values = check_array(
            X, dtype="numeric", ensure_all_finite=False, ensure_2d=False, allow_nd=True, estimator=name
        )
    except ValueError as error:
        raise DscTfError(f"X: {str(error).splitlines()[0]}") from error
    if values.ndim < 2:
        raise DscTfError(
            f"X: shape {values.shape}. Give one row of features for each time step. Reshape your data."
        )
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _is_plain(value: Any) -> bool:
    """Whether JSON can hold a value."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))
