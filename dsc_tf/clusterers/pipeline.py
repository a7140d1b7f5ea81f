"""Preprocessing and clustering as one estimator on datasets, saved and loaded as one."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from sklearn.pipeline import Pipeline

from ..errors import DscTfError
from ..preprocessing.as_samples import wrap_like
from ..preprocessing.gap_filling import load_gap_filler
from ..preprocessing.preprocessor import PREPROCESSING, Preprocessor, load_preprocessor
from ..preprocessing.samples import Samples
from .base import Clusterer
from .registry import load_clusterer


class RegimePipeline(Pipeline):
    """A `Preprocessor` and a clusterer as one estimator, from a Dataset to labels over time.

    Seasonal cycle, scale and clusters are learned from the dataset that is given to `fit` alone, so a record can be
    classified with the regimes of a reference period without leakage. Made by `make_pipeline`.

    Examples
    --------
    >>> import dsc_tf
    >>> ds = dsc_tf.mock_dataset(days=60)
    >>> pipe = make_pipeline(Preprocessor("anomaly"), dsc_tf.KMeans(3, random_state=0))
    >>> labels = pipe.fit_predict(ds.isel(time=slice(40)))
    >>> labels.dims, labels.sizes["time"]
    (('time',), 40)
    >>> pipe.predict(ds.isel(time=slice(40, 58))).sizes["time"]
    18
    """

    def fit_predict(self, X: xr.Dataset, y: object = None, **params: Any) -> xr.DataArray:
        """`fit`, and the cluster of each sample, a DataArray over time."""
        samples = self.preprocessor.fit_transform(X)
        return wrap_like(np.asarray(self.clusterer.fit_predict(samples, **params)), samples, "labels")

    def predict(self, X: xr.Dataset, **params: Any) -> xr.DataArray:
        """Cluster of each sample, a DataArray over time."""
        samples = self.preprocessor.transform(X)
        return wrap_like(np.asarray(self.clusterer.predict(samples, **params)), samples, "labels")

    @property
    def predict_proba(self) -> Any:
        """Soft assignments (time, cluster) of a dataset, if the clusterer has them."""
        return self._method("predict_proba", "soft_assignment", "cluster")

    @property
    def transform(self) -> Any:
        """Latent vectors (time, feature) of a dataset, if the clusterer has them."""
        return self._method("transform", "latent", "feature")

    @property
    def preprocessor(self) -> Preprocessor:
        """The first step."""
        return self.steps[0][1]

    @property
    def clusterer(self) -> Clusterer:
        """The last step."""
        return self.steps[-1][1]

    def _method(self, method, name, dim):
        found = getattr(self.clusterer, method)  # AttributeError if the clusterer has no such method

        def of_dataset(X: xr.Dataset) -> xr.DataArray:
            samples: Samples = self.preprocessor.transform(X)
            return wrap_like(np.asarray(found(samples)), samples, name, dim)

        return of_dataset


def make_pipeline(preprocessor: Preprocessor, clusterer: Clusterer) -> RegimePipeline:
    """A `Preprocessor` and a clusterer as one estimator on datasets.

    Parameters
    ----------
    preprocessor : Preprocessor
        From a dataset to samples.
    clusterer : Clusterer
        From samples to labels.

    Returns
    -------
    RegimePipeline
        Its parameters are `preprocessor__protocol`, `clusterer__n_clusters` and so on.
    """
    return RegimePipeline([("preprocessor", preprocessor), ("clusterer", clusterer)])


def save_pipeline(pipeline: RegimePipeline, folder: str | PathLike) -> None:
    """Write a fitted pipeline as plain arrays and JSON; a run folder holds the same files.

    Parameters
    ----------
    pipeline : RegimePipeline
        Fitted.
    folder : path
        Made if it does not exist. Gets `preprocessing.npz` and the files of the clusterer: `model.json` with weights or
        arrays next to it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / PREPROCESSING, **pipeline.preprocessor.state())
    pipeline.clusterer.save(folder)


def load_pipeline(folder: str | PathLike) -> RegimePipeline:
    """A fitted pipeline from what `save_pipeline` wrote, or from a run folder with a model.

    Parameters
    ----------
    folder : path
        Folder of the files.

    Returns
    -------
    RegimePipeline
        Able to `predict`, and to `transform` if the clusterer is.

    Raises
    ------
    DscTfError
        If a file is missing.
    """
    folder = Path(folder)
    for name in (PREPROCESSING, "model.json"):
        if not (folder / name).exists():
            raise DscTfError(f"model: no {name} in {folder}. Give a folder that save_pipeline wrote.")
    preprocessor = load_preprocessor(folder)
    if preprocessor.filler_ is None:  # a run folder has it in a file of its own
        preprocessor.filler_ = load_gap_filler(folder)
        preprocessor.fill = "constant" if preprocessor.filler_ is None else "kriging"
    return make_pipeline(preprocessor, load_clusterer(folder))
