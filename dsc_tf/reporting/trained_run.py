"""A finished run as an estimator: it labels other records with the settings and the model of the run."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..clusterers.registry import load_clusterer
from ..errors import DscTfError, refuse_damaged
from ..preprocessing.as_samples import wrap_like
from ..preprocessing.preprocessor import PREPROCESSING, Preprocessor, load_preprocessor
from ..records.grib import parse_grib_filter
from ..records.open import open_dataset
from ..records.selection import choose_season
from ..records.units import check_units_and_grid
from ..stored import read_json
from .clusters import CLUSTERS, distances, features_of
from .finished import check_finished

ENCODER = "encoder"  # folder, in a run folder, of the encoder whose representation was clustered
OPENING = ("region", "season", "aggregate", "accumulated", "member")  # settings of a run that open a record


def load_run(folder):
    """Load a finished run, to label other records in the same way.

    Parameters
    ----------
    folder : path
        Folder that `python -m dsc_tf.train` wrote.

    Returns
    -------
    TrainedRun
        With `predict(ds)`, `predict_proba(ds)` and `transform(ds)`, as far as the method has them.

    Raises
    ------
    DscTfError
        If the folder is missing, unfinished, damaged, or holds no model.
    """
    folder = Path(folder)
    check_finished(folder)
    for name in (PREPROCESSING, "model.json"):
        if not (folder / name).is_file():
            raise DscTfError(f"run: {folder} holds no {name}. Repeat the run with this version.")
    with refuse_damaged("run", folder, "Repeat the run with this version."):
        record = read_json(folder / "config.json")
        int(record["config"]["n_clusters"])  # refused here rather than at its first use
        preprocessor = load_preprocessor(folder)
        with xr.open_dataset(folder / "labels.nc") as stored:
            labels = stored.drop_vars("latent", errors="ignore").load()
        return TrainedRun(folder, record["config"], record["data"], preprocessor, labels)


@dataclass(frozen=True)
class TrainedRun:
    """A finished run as an estimator on records; `load_run` makes one.

    Every method takes a record in any form that `open_dataset` reads: a path, several, or a Dataset. Region, season,
    variables, aggregation, units and preparation of the run are applied to it. The constants of the preparation are
    those of the run: nothing is learned from the new record.

    Parameters
    ----------
    path : pathlib.Path
        The run folder.
    config : dict
        Settings of the run by name.
    data : dict
        Description of the record that the run was made from.
    preprocessor : Preprocessor
        Fitted on that record.
    fitted_labels : xr.Dataset
        Content of labels.nc.
    """

    path: Path
    config: dict
    data: dict
    preprocessor: Preprocessor
    fitted_labels: xr.Dataset

    @cached_property
    def clusterer(self) -> Any:
        """The fitted clusterer."""
        return load_clusterer(self.path)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.config["n_clusters"])

    def predict(self, ds, *, unassigned=None, by="distance"):
        """Cluster of each sample of a record.

        Parameters
        ----------
        ds : path, list of path or xr.Dataset
            The record.
        unassigned : float, default=None
            Share of the samples of the run that would keep their label, such as 0.9. A sample gets -1 if its distance
            from the centre of its cluster is above this quantile of the distances in the run, or, by membership, if
            its largest soft assignment is below the quantile of the same share. None labels every sample.
        by : {"distance", "membership"}, default="distance"
            What decides that a sample is unassigned.

        Returns
        -------
        xr.DataArray of int, shape (time,)
            Cluster of each sample, with its time.

        Raises
        ------
        DscTfError
            If the method cannot label new samples, or the record does not fit the run.

        Warns
        -----
        UserWarning
            If samples lie in months or have values outside those of the run.
        """
        return self.classify(self.samples(self.open(ds)), unassigned=unassigned, by=by)["labels"]

    def predict_proba(self, ds):
        """Soft assignment (time, cluster) of each sample of a record, an xr.DataArray."""
        method = self._method("predict_proba", "has no soft assignments")
        X = self.samples(self.open(ds))
        return wrap_like(np.asarray(method(X)), X, "soft_assignment", "cluster")

    def transform(self, ds):
        """Latent vector (time, feature) of each sample of a record, an xr.DataArray."""
        method = self._method("transform", "has no latent space")
        X = self.samples(self.open(ds))
        latent = np.asarray(method(X))
        return wrap_like(latent.reshape(len(latent), -1), X, "latent", "feature")

    def open(self, source, *, period=None):
        """Return a record as the run read its own: variables, region, season, aggregation, grid, units and filled gaps.

        Parameters
        ----------
        source : path, list of path or xr.Dataset
            The record; a Dataset that is in the form of the run already is only checked.
        period : tuple of str, default=None
            First and last date, both included.

        Returns
        -------
        xr.Dataset
            Over (time, latitude, longitude).

        Raises
        ------
        DscTfError
            If it cannot be read, or lacks a variable, or has another grid or units that do not convert.
        """
        names = self.preprocessor.variables_
        if isinstance(source, xr.Dataset) and self._is_opened(source):
            ds = choose_season(source[list(names)], self.config.get("season"))
        else:
            options = {name: self.config.get(name) for name in OPENING}
            options["accumulated"] = options["accumulated"] or ()
            there = isinstance(source, xr.Dataset) and all(name in source for name in names)
            ds = open_dataset(
                source,
                variables=list(names) if there else self.config.get("variables"),
                level=None if there else self.config.get("level"),
                period=period,
                grib_filter=parse_grib_filter(self.config.get("grib_filter") or ()),
                **options,
            )
        return self._filled(check_units_and_grid(self._with_fitted_names(ds), self._expected()))

    def samples(self, ds):
        """Return prepared samples of a record that `open` returned, with a warning of those unlike its own."""
        X = self.preprocessor.transform(ds)
        if self.config.get("encoder") is None:
            return X
        from ..representations import SpaceTimeTS2Vec

        own = self.path / ENCODER
        folder = own if own.is_dir() else Path(self.config["encoder"])
        return X.with_features(SpaceTimeTS2Vec.load(folder).transform(X))

    def classify(self, X, *, unassigned=None, by="distance"):
        """Labels and distances of samples, with soft assignments and latent vectors if the method has them.

        Parameters
        ----------
        X : Samples
            As `samples` returns them.
        unassigned, by
            As of `predict`.

        Returns
        -------
        xr.Dataset
            labels and distance (time,); soft_assignment (time, cluster) if there are soft assignments.
        """
        if unassigned is not None and not 0 < unassigned <= 1:
            raise DscTfError(f"unassigned: {unassigned}. Give a share above 0 and up to 1, such as 0.9.")
        if by not in ("distance", "membership"):
            raise DscTfError(f"by: {by!r}. Choose distance or membership.")
        if by == "membership" and (
            "soft_assignment" not in self.fitted_labels or not hasattr(self.clusterer, "predict_proba")
        ):
            raise DscTfError(
                f"by: {self._method_name} has no soft assignments. Choose distance, or train "
                f"{_methods_with('predict_proba')}."
            )
        predict = self._method("predict", "cannot label new samples")
        labels = np.asarray(predict(X)).astype(np.int64)
        centres, limit = self._centres_and_limit(unassigned)
        with self._refuse_damaged_centres():
            features = features_of(self.clusterer, X)
            if centres.ndim != 2 or centres.shape[1] != features.shape[1]:
                raise ValueError(f"centres of shape {centres.shape} for {features.shape[1]} features")
            distance = distances(features, centres, labels)
        if limit is not None and by == "distance":
            labels = np.where(distance > limit, -1, labels)
        result = {"labels": wrap_like(labels, X, "labels"), "distance": wrap_like(distance, X, "distance")}
        if hasattr(self.clusterer, "predict_proba"):
            soft = np.asarray(self.clusterer.predict_proba(X))
            result["soft_assignment"] = wrap_like(soft, X, "soft_assignment", "cluster")
            if unassigned is not None and by == "membership":
                fitted = self.fitted_labels["soft_assignment"].max("cluster", skipna=False)
                least = float(fitted.quantile(1 - unassigned, skipna=True))
                # Stored assignments are in single precision, so that equal values are compared in it.
                weak = soft.max(axis=1).astype(np.float32) < np.float32(least)
                result["labels"] = wrap_like(np.where(weak, -1, labels), X, "labels")
        return xr.Dataset(result)

    @property
    def _method_name(self):
        """Name of the method for messages, with the objective of dsc where it is not the published one."""
        method, objective = self.config["method"], self.config.get("objective")
        return f"{method} with objective {objective}" if objective in ("fields", "dynamics") else method

    def _method(self, name, lacks):
        found = getattr(self.clusterer, name, None)
        if found is None:
            raise DscTfError(
                f"run: {self._method_name} {lacks}. Train {_methods_with(name)} on the same record."
            )
        return found

    def _centres_and_limit(self, unassigned):
        if not (self.path / CLUSTERS).is_file() or "distance" not in self.fitted_labels:
            raise DscTfError(f"run: {self.path} holds no {CLUSTERS}. Repeat the run with this version.")
        with self._refuse_damaged_centres(), xr.open_dataset(self.path / CLUSTERS) as stored:
            centres = np.asarray(stored["centre"].values, dtype=np.float64)
        if unassigned is None:
            return centres, None
        return centres, float(self.fitted_labels["distance"].quantile(unassigned, skipna=True))

    def _refuse_damaged_centres(self):
        return refuse_damaged("run", self.path / CLUSTERS, "Repeat the run with this version.")

    def _expected(self):
        prep = self.preprocessor
        units = {
            name: about.get("units") for name, about in zip(prep.variables_, prep.attributes_, strict=True)
        }
        return {"variables": units, "latitude": prep.latitude_, "longitude": prep.longitude_}

    def _with_fitted_names(self, ds):
        """Variables of other names are renamed where their standard name is that of one missing variable."""
        fitted = zip(self.preprocessor.variables_, self.preprocessor.attributes_, strict=True)
        wanted = {
            about["standard_name"]: name
            for name, about in fitted
            if name not in ds and about.get("standard_name")
        }
        found = {
            name: wanted[standard]
            for name in ds.data_vars
            if (standard := ds[name].attrs.get("standard_name")) in wanted
        }
        return ds.rename(found) if len(set(found.values())) == len(found) else ds

    def _is_opened(self, ds):
        """Whether a dataset has the variables, dimensions, grid and time step of the record of the run."""
        prep = self.preprocessor
        if not all(
            name in ds and ds[name].dims == ("time", "latitude", "longitude") for name in prep.variables_
        ):
            return False
        grids = [(ds[name].values, getattr(prep, f"{name}_")) for name in ("latitude", "longitude")]
        if not all(len(a) == len(b) and np.allclose(a, b, atol=1e-4) for a, b in grids):
            return False
        return self.config.get("aggregate") is None or _median_step(ds) >= 0.9 * _median_step(
            self.fitted_labels
        )

    def _filled(self, ds):
        from ..preprocessing.gap_filling import load_gap_filler

        filler = load_gap_filler(self.path)
        return ds if filler is None else filler.transform(ds)[list(ds.data_vars)]


def _median_step(ds):
    steps = np.diff(ds["time"].values[:1000])
    return np.median(steps) if len(steps) else np.timedelta64(0, "ns")


def _methods_with(name):
    known = {
        "predict": "kmeans, eof_kmeans or dsc",
        "predict_proba": "gaussian_mixture or dsc --objective published",
    }
    return known.get(name, "eof_kmeans or dsc")
