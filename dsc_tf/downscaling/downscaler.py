"""The downscaler: from a pair of records to ensembles of fine fields for other days of the coarse one."""

import json
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import xarray as xr
from sklearn.base import BaseEstimator

from ..atomic_write import atomic_write
from ..errors import DscTfError
from ..logging import log_duration
from ..preprocessing.seasonal_cycle import year_phase
from ..stored import read_arrays, read_json
from .anomalies import CoarsePredictors, SeasonalCycle, flat, gather, is_amount, root
from .conserve import conserve_blocks
from .encoders import NEXT_DAY, NextDayEncoder, ReducedFeatures, raw_features
from .pairs import (
    GRID,
    TEST,
    TRAINING,
    VALIDATION,
    as_datasets,
    block_of_cells,
    check_grids,
    interpolate_to,
    match_days,
    previous_days,
    segments_of_days,
    split_days,
)
from .published import RECIPES, STANDARD, FieldDays, TiledDiffusion, check_recipe
from .regression import FieldRegression, choose_penalty, folds_of_days, out_of_fold
from .remainder import AmountSpread, DrawnRemainder, QuantileMapping
from .state import from_arrays, to_arrays

METHODS = ("regression", "unet", "diffusion")
UNRELATED = (
    0.9  # validation error, relative to that of the seasonal cycle, above which the records are no pair
)
MIN_KNOWN = 0.5  # share of training days on which a fine cell must have a value
MAPPING_MEMBERS = 10  # drawn on the days out of fold for the quantile mapping
ARRAYS, SETTINGS = "downscaler.npz", "downscaler.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FieldModel:
    """What is learned of one fine variable.

    Parameters
    ----------
    known : array of bool, shape (cell,)
        Cells with values; the others stay missing.
    amount : bool
        Whether the variable is an amount, whose root is modelled.
    cycle : SeasonalCycle
        Of the known cells.
    yesterday : bool
        Whether the predictors of the day before are used as well.
    regression : FieldRegression
        From predictors to anomalies.
    remainder : DrawnRemainder
        Of the days out of fold.
    skill : float
        Root mean square error on the validation days, relative to that of the seasonal cycle.
    spread : AmountSpread, default=None
        Of amounts.
    mapping : QuantileMapping, default=None
        Of amounts.
    """

    known: np.ndarray
    amount: bool
    cycle: SeasonalCycle
    yesterday: bool
    regression: FieldRegression
    remainder: DrawnRemainder
    skill: float
    spread: AmountSpread | None = None
    mapping: QuantileMapping | None = None

    def draw(self, mean, segment, rng, *, innovations=None):
        """One member from the predicted values, shape (time, cell), in the unit of the variable.

        Parameters
        ----------
        mean : array of shape (time, cell)
            Predicted values (roots of amounts).
        segment : array of int, shape (time,)
            Segment of each day.
        rng : numpy.random.Generator
            Source of randomness.
        innovations : array of shape (time, leading component), default=None
            Innovations of the leading components of the remainder; the others, by default all, are Gaussian.
        """
        innovations = None if innovations is None else innovations[None]
        noise = self.remainder.draw(1, segment, rng, innovations=innovations)[0]
        if not self.amount:
            return mean + noise
        values = mean + noise * (1.0 if self.spread is None else self.spread(mean))
        return np.maximum(values if self.mapping is None else self.mapping(values), 0.0) ** 2


@dataclass(frozen=True)
class Days:
    """Coarse fields of some days as a model sees them.

    Parameters
    ----------
    x : array of shape (time, component)
        Principal components.
    fields : array of shape (time, value)
        Scaled anomalies of all variables and cells, 0 where missing.
    time : xr.DataArray of shape (time,)
        Times.
    segment : array of int, shape (time,)
        Segment of each day.
    features : array of shape (time, feature) or (time, row, column, feature), default=None
        Features of an encoder.
    """

    x: np.ndarray
    fields: np.ndarray
    time: xr.DataArray
    segment: np.ndarray
    features: np.ndarray | None = None


class Downscaler(BaseEstimator):
    """Ensembles of fine fields from coarse ones, learned from days on which both are known.

    A ridge regression maps the principal components of the coarse record to the anomalies of each fine variable.
    What it misses, on days out of fold, is described by patterns with a variance and a persistence each, and drawn
    for each member: members therefore have the texture, the spread and the memory of observed fields, and their mean is
    the regression. Amounts such as precipitation are modelled by their root, with a spread that follows the amount, and
    the quantiles of each cell are mapped to the observed ones.

    Parameters
    ----------
    method : {"regression", "unet", "diffusion"}, default="regression"
        "unet" adds a convolutional network to the regression; "diffusion" draws the remainder by a network.
    encoder : "next_day" or object, default=None
        Frozen encoder of the coarse record whose features are further inputs of "unet" and "diffusion". "next_day" is
        a U-Net that learns to predict the next day of the coarse record, from all its days but the validation and test
        days. An object has `transform`, from the list of coarse datasets to an array (time, feature).
    recipe : {"standard", "published", "published_small"}, default="standard"
        Of "diffusion". "published" is a published program with its settings (see `TiledDiffusion`), which learns for
        days without a GPU; "published_small" has fewer channels, passes and noise levels. The
        regression is learned as well, and is what `predict_mean` returns.
    split : tuple or array, default=None
        Training, validation and test days, as of `split_days`. Test days are never used.
    conserve : bool, default=False
        Whether the mean of each member over a coarse cell is made equal to the coarse value of the same variable.
    random_state : int, default=0
        Seed of everything random.

    Attributes
    ----------
    models_ : dict of str to FieldModel
        What is learned of each fine variable.
    predictors_ : CoarsePredictors
        Components of the coarse record.
    parts_ : array of int, shape (day,)
        Part of each common day: 0 for training, 1 for validation, 2 for test days.
    days_ : tuple of array of int
        Positions of the common days in the coarse and in the fine record.

    Raises
    ------
    DscTfError
        If the records have fewer than 60 common days, their grids do not overlap or the coarse one is finer, or values
        of the coarse record are missing.

    References
    ----------
    Maraun, D., Widmann, M. (2018). Statistical Downscaling and Bias Correction for Climate Research. Cambridge
    University Press. Chapters 11 (regression) and 12 (quantile mapping).

    Examples
    --------
    >>> import dsc_tf
    >>> fine = dsc_tf.sample_dataset(days=200)[["sp"]]
    >>> coarse, fine = dsc_tf.downscaling.coarsen(fine, 4)
    >>> members = Downscaler().fit(coarse, fine).predict(coarse.isel(time=slice(5)), members=3)
    >>> dict(members.sizes)
    {'member': 3, 'time': 5, 'latitude': 40, 'longitude': 40}
    """

    def __init__(
        self,
        method: str = "regression",
        *,
        encoder: Any = None,
        recipe: str = "standard",
        split: Sequence | npt.ArrayLike | None = None,
        conserve: bool = False,
        random_state: int = 0,
    ):
        self.method = method
        self.encoder = encoder
        self.recipe = recipe
        self.split = split
        self.conserve = conserve
        self.random_state = random_state

    def fit(self, coarse: xr.Dataset | Sequence[xr.Dataset], fine: xr.Dataset) -> Self:
        """Learn from the days that both records have.

        Parameters
        ----------
        coarse : xr.Dataset, or a list of them
            Coarse record as `open_dataset` returns it. Several datasets have equal times and may have different grids.
        fine : xr.Dataset
            Fine record. Cells without values, such as the sea, stay missing.

        Returns
        -------
        self
        """
        if self.method not in METHODS:
            raise DscTfError(f"method: {self.method!r}. Choose one of {', '.join(METHODS)}.")
        check_encoder(self.encoder, self.method)
        datasets = as_datasets(coarse)
        for ds in datasets:
            check_grids(ds, fine)
        check_recipe(self.recipe, self.method, self.encoder, fine)
        self.days_ = match_days(datasets[0], fine)
        time = fine["time"][self.days_[1]]
        self.parts_ = split_days(time, self.split)
        if self.conserve:
            _same_variables("conserve", datasets, fine)
        if self.recipe != STANDARD:
            _same_variables("recipe", datasets, fine)
        learned = np.flatnonzero(self.parts_ != TEST)
        part, time = self.parts_[learned], time[learned]
        segment = segments_of_days(time, part)
        values, variable = gather(datasets, self.days_[0][learned])
        training = part == TRAINING
        self.predictors_ = CoarsePredictors.fit(values[training], variable, time[training])
        days = self._days(values, time, segment)
        self.fine_ = _template(fine)
        self.interpolations_ = _interpolations(datasets, fine)
        self.encoder_ = self.reduced_ = None
        if self.encoder is not None:
            days = self._fit_encoder(datasets, days, learned)
        self.models_: dict = {}
        self.networks_: dict = {}
        for name in map(str, fine.data_vars):
            observed = flat(fine[name].isel(time=self.days_[1][learned]))
            with log_duration(log, f"downscaling of {name}"):
                self._fit_variable(name, observed, days, part)
                if self.recipe != STANDARD:
                    self._fit_tiles(name, observed, datasets, learned)
        return self

    def predict(
        self,
        coarse: xr.Dataset | Sequence[xr.Dataset],
        members: int = 20,
        *,
        random_state: int | None = None,
        lazy: bool = False,
    ) -> xr.Dataset:
        """Members for every day of a coarse record.

        Parameters
        ----------
        coarse : xr.Dataset, or a list of them
            Coarse record with the variables and grid of the one learned from.
        members : int, default=20
            Number of members.
        random_state : int, default=None
            Seed; None is that of the constructor.
        lazy : bool, default=False
            Return lazy variables of one block for each member, drawn when they are read, so that they can be written
            one by one.

        Returns
        -------
        xr.Dataset
            Variables over (member, time, latitude, longitude) with the names and attributes of the fine record.
        """
        if members < 1:
            raise DscTfError(f"members: {members}. Give an integer of at least 1.")
        datasets, days = self._read(coarse)
        seed = self.random_state if random_state is None else random_state
        result = {}
        for number, (name, model) in enumerate(self.models_.items()):
            mean, predicted = self._mean(name, days)
            arguments = name, mean, predicted, days, datasets
            seeds = [[seed, number, member] for member in range(members)]
            if lazy:
                result[name] = _lazy_stack(self._draw, arguments, seeds, (len(mean), len(model.known)))
            else:
                result[name] = np.stack([self._draw(*arguments, one) for one in seeds])
        return self._dataset(result, days.time, members=members)

    def _draw(self, name, mean, predicted, days, datasets, seed):
        """One member, shape (time, cell), float32."""
        model, rng = self.models_[name], np.random.default_rng(seed)
        field = np.full((len(mean), len(model.known)), np.nan, np.float32)
        if self.recipe == STANDARD:
            innovations = self._innovations(name, predicted, rng, days)
            field[:, model.known] = model.draw(mean, days.segment, rng, innovations=innovations)
        else:
            drawn = self.networks_[name].draw(self._on_fine_grid(name, datasets, days.segment), rng)
            field[:, model.known] = drawn.reshape(len(mean), -1)[:, model.known]
        return self._conserved(name, field[None], datasets)[0] if self.conserve else field

    def predict_mean(self, coarse: xr.Dataset | Sequence[xr.Dataset]) -> xr.Dataset:
        """Fields without a drawn remainder, over (time, latitude, longitude): smoother than observed ones."""
        _, days = self._read(coarse)
        result = {}
        for name, model in self.models_.items():
            mean, _ = self._mean(name, days)
            fields = np.full((len(mean), len(model.known)), np.nan, np.float32)
            fields[:, model.known] = np.maximum(mean, 0.0) ** 2 if model.amount else mean
            result[name] = fields
        return self._dataset(result, days.time)

    def save(self, folder: str | PathLike) -> None:
        """Write arrays, settings and networks to a folder.

        Parameters
        ----------
        folder : path
            Made where it is missing.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = to_arrays(self.predictors_, "predictors/")
        for name, model in self.models_.items():
            arrays |= to_arrays(model, f"models/{name}/")
        arrays |= {f"fine/{axis}": self.fine_[axis].values for axis in GRID}
        arrays |= {"parts": self.parts_, "days/coarse": self.days_[0], "days/fine": self.days_[1]}
        for number, matrices in enumerate(self.interpolations_):
            arrays |= {f"interpolations/{number}/{a}": m for a, m in zip(GRID, matrices, strict=True)}
        if self.encoder_ is not None:
            arrays |= to_arrays(self.reduced_, "encoder/")
        attributes = {name: dict(self.fine_[name].attrs) for name in (*self.models_, *GRID)}
        settings = self.get_params() | {
            "split": None,
            "encoder": None if self.encoder is None else str(getattr(self.encoder, "folder", self.encoder)),
            "variables": list(self.models_),
            "attributes": attributes,
        }
        with atomic_write(folder / ARRAYS, advice="try again") as path, open(path, "wb") as file:
            np.savez(file, **arrays)
        for name, network in self.networks_.items():
            network.save(folder, name)
        if isinstance(self.encoder_, NextDayEncoder):
            self.encoder_.save(folder)
        with atomic_write(folder / SETTINGS, advice="try again") as path:
            path.write_text(json.dumps(settings, indent=2, default=str) + "\n")

    @classmethod
    def load(cls, folder: str | PathLike, *, encoder: Any = None) -> "Downscaler":
        """Return a fitted downscaler from the folder that `save` wrote.

        Parameters
        ----------
        folder : path
            Folder.
        encoder : object, default=None
            The encoder it was fitted with, unless that was "next_day" or None.

        Raises
        ------
        DscTfError
            If there is none, or the encoder is missing.
        """
        folder = Path(folder)
        if not (folder / SETTINGS).exists():
            raise DscTfError(f"downscaler: no {SETTINGS} in {folder}. Give a folder that `save` wrote.")
        settings = read_json(folder / SETTINGS)
        arrays = read_arrays(folder / ARRAYS)
        settings.setdefault("recipe", STANDARD)
        if settings.setdefault("encoder", None) not in (None, NEXT_DAY):
            if encoder is None:
                raise DscTfError(
                    f"encoder: none given, {settings['encoder']} when fitted. Give that encoder."
                )
            settings["encoder"] = encoder
        self = cls(**{name: settings[name] for name in cls().get_params()})
        self.predictors_ = from_arrays(CoarsePredictors, arrays, "predictors/")
        names = settings["variables"]
        self.models_ = {name: from_arrays(FieldModel, arrays, f"models/{name}/") for name in names}
        self.parts_, self.days_ = arrays["parts"], (arrays["days/coarse"], arrays["days/fine"])
        attributes = settings["attributes"]
        coords = {axis: (axis, arrays[f"fine/{axis}"], attributes[axis]) for axis in GRID}
        self.fine_ = xr.Dataset({name: ((), 0.0, attributes[name]) for name in names}, coords)
        numbers = range(sum(key.startswith("interpolations/") for key in arrays) // len(GRID))
        self.interpolations_ = [tuple(arrays[f"interpolations/{n}/{a}"] for a in GRID) for n in numbers]
        self.encoder_ = self.reduced_ = None
        if self.encoder is not None:
            self.reduced_ = from_arrays(ReducedFeatures, arrays, "encoder/")
            next_day = self.encoder == NEXT_DAY
            self.encoder_ = NextDayEncoder(self.interpolations_).load(folder) if next_day else self.encoder
        networks = names if self.method != METHODS[0] else []
        self.networks_ = {name: self._load_network(folder, name) for name in networks}
        return self

    def _fit_encoder(self, datasets, days, learned):
        """Learn the encoder if it is to be learned, and reduce its features; the days to learn from with features."""
        everything, part = self._all_days(datasets)
        self.encoder_ = self.encoder
        if self.encoder == NEXT_DAY:
            with log_duration(log, "encoder of the next day"):
                encoder = NextDayEncoder(self.interpolations_)
                self.encoder_ = encoder.fit(everything, part, self.random_state)
        at = self.days_[0][learned]
        raw = raw_features(everything, self.encoder_, datasets)[at]
        self.reduced_ = ReducedFeatures.fit(raw[self.parts_[learned] == TRAINING])
        return replace(days, features=self.reduced_(raw))

    def _all_days(self, datasets):
        """Every day of the coarse record, and its part; days without fine fields are training days."""
        values, _ = gather(datasets)
        time = datasets[0]["time"]
        part = np.full(len(time), TRAINING)
        part[self.days_[0]] = self.parts_
        return self._days(values, time, segments_of_days(time, part)), part

    def _encoded(self, days, datasets):
        return replace(days, features=self.reduced_(raw_features(days, self.encoder_, datasets)))

    def _fit_variable(self, name, observed, days, part):
        training = part == TRAINING
        known = np.isfinite(observed[training]).mean(axis=0) >= MIN_KNOWN
        if not known.any():
            raise DscTfError(
                f"{name}: no fine cell has values on half of the training days. Give another record."
            )
        observed = observed[:, known]
        amount = is_amount(observed[training])
        values = root(observed, amount)
        present = np.isfinite(values)
        filled = np.where(present, values, np.nanmean(values[training], axis=0))
        cycle = SeasonalCycle.fit(filled[training], days.time[training])
        normal = cycle(days.time)
        y = np.where(present, values - normal, 0.0)
        yesterday, penalty, skill = _choose_regression(name, y, days, part)
        both = _with_yesterday(days.x, days.segment, yesterday)
        predicted = out_of_fold(both, y, penalty, folds_of_days(days.segment))
        regression = FieldRegression.fit(both, y, penalty)
        empty = DrawnRemainder(np.zeros((1, known.sum())), np.zeros(1), np.zeros(1))
        self.models_[name] = FieldModel(known, amount, cycle, yesterday, regression, empty, skill)
        remainder = np.where(present, y - predicted, 0.0)
        if self.method == "unet":
            predicted, remainder = self._fit_unet(name, predicted, remainder, days, part)
        self._fit_remainder(name, predicted, remainder, filled, days, part)

    def _fit_remainder(self, name, predicted, remainder, observed, days, part):
        """Learn spread, patterns and persistence of the remainder, and the quantiles of amounts."""
        model = self.models_[name]
        mean = predicted + model.cycle(days.time)
        spread = AmountSpread.fit(mean, remainder) if model.amount else None
        scaled = remainder / spread(mean) if model.amount else remainder
        model = replace(model, spread=spread, remainder=DrawnRemainder.fit(scaled, days.segment))
        if self.method == "diffusion" and self.recipe == STANDARD:
            from .diffusion import DiffusionInnovations

            network = DiffusionInnovations(model)
            self.networks_[name] = network.fit(predicted, scaled, model, days, part, self.random_state)
        if model.amount:
            # From roots on the days out of fold, before negative ones are cut off.
            rng = np.random.default_rng([self.random_state, 2**16])
            drawn = [self._innovations(name, predicted, rng, days) for _ in range(MAPPING_MEMBERS)]
            noise = model.remainder.draw(
                MAPPING_MEMBERS, days.segment, rng, innovations=None if drawn[0] is None else np.stack(drawn)
            )
            model = replace(model, mapping=QuantileMapping.fit(mean + noise * spread(mean), observed))
        self.models_[name] = model

    def _fit_unet(self, name, predicted, remainder, days, part):
        """Correct the regression; remainders of training days are enlarged to the size of those of validation days."""
        network = self._new_unet(name)
        self.networks_[name] = network.fit(predicted, remainder, days, part, self.random_state)
        correction = network(predicted, days)
        rest = np.where(remainder == 0, 0.0, remainder - correction)
        training = part == TRAINING
        growth = np.sqrt((rest[~training] ** 2).mean() / max((rest[training] ** 2).mean(), 1e-300))
        return predicted + correction, np.where(training[:, None], rest * max(growth, 1.0), rest)

    def _fit_tiles(self, name, observed, datasets, learned):
        """Learn the model of tiles from values, not from anomalies; missing ones are replaced by means."""
        known = self.models_[name].known
        training = self.parts_[learned] == TRAINING
        mean = np.where(known, np.nanmean(np.where(known, observed[training], 0.0), axis=0), 0.0)
        mean[~known] = mean[known].mean()
        filled = np.where(known & np.isfinite(observed), observed, mean)
        whole, part = self._all_days(datasets)
        segment = segments_of_days(whole.time, part == TEST)
        coarse = replace(self._on_fine_grid(name, datasets, segment), part=part)
        at = self.days_[0][learned]
        own = segments_of_days(datasets[0]["time"][at])
        days = FieldDays(coarse.fields[at], coarse.season[at], own, self.parts_[learned])
        shape = tuple(self.fine_.sizes[axis] for axis in GRID)
        network = TiledDiffusion(shape, RECIPES[self.recipe])
        self.networks_[name] = network.fit(filled.reshape(-1, *shape), days, coarse, self.random_state)

    def _on_fine_grid(self, name, datasets, segment):
        """A coarse variable interpolated to the fine grid; missing cells have the mean of the field."""
        source = next(ds for ds in datasets if name in ds)[name]
        fields = interpolate_to(source, self.fine_).values.astype(np.float64)
        mean = np.nanmean(fields, axis=(1, 2), keepdims=True)
        season = year_phase(source["time"]) / (2 * np.pi)
        return FieldDays(np.where(np.isfinite(fields), fields, mean), season, segment)

    def _new_unet(self, name):
        from .unet import UNetCorrection

        shape = tuple(self.fine_.sizes[axis] for axis in GRID)
        return UNetCorrection(self.models_[name], shape, self.interpolations_)

    def _load_network(self, folder, name):
        if self.method == "unet":
            return self._new_unet(name).load(folder, name)
        if self.recipe != STANDARD:
            shape = tuple(self.fine_.sizes[axis] for axis in GRID)
            return TiledDiffusion(shape, RECIPES[self.recipe]).load(folder, name)
        from .diffusion import DiffusionInnovations

        return DiffusionInnovations(self.models_[name]).load(folder, name)

    def _days(self, values, time, segment):
        anomalies = self.predictors_.anomalies(values, time)
        fields = np.zeros((len(anomalies), len(self.predictors_.known)))
        fields[:, self.predictors_.known] = anomalies
        return Days(anomalies @ self.predictors_.patterns.T, fields, time, segment)

    def _read(self, coarse):
        datasets = as_datasets(coarse)
        values, _ = gather(datasets)
        if values.shape[1] != len(self.predictors_.known):
            raise DscTfError(
                f"coarse: {values.shape[1]} values a day, {len(self.predictors_.known)} in the record learned from. "
                "Give the same variables and grid."
            )
        time = datasets[0]["time"]
        self.predictors_.warn_if_outside(values, time)
        days = self._days(values, time, segments_of_days(time))
        return datasets, days if self.encoder_ is None else self._encoded(days, datasets)

    def _mean(self, name, days):
        """Predicted values (roots of amounts) and anomalies without a remainder, shape (time, known cell)."""
        model = self.models_[name]
        predicted = model.regression(_with_yesterday(days.x, days.segment, model.yesterday))
        if self.method == "unet":
            predicted = predicted + self.networks_[name](predicted, days)
        return predicted + model.cycle(days.time), predicted

    def _innovations(self, name, predicted, rng, days):
        """Innovations of one member from the diffusion model, or None where they are Gaussian."""
        if self.method != "diffusion" or self.recipe != STANDARD:
            return None
        return self.networks_[name].draw(predicted, rng, days.features)

    def _conserved(self, name, fields, datasets):
        source = next((ds for ds in datasets if name in ds), None)
        if source is None:
            return fields
        block = block_of_cells(source, self.fine_)
        return conserve_blocks(
            fields.astype(np.float64), flat(source[name]), block, amount=self.models_[name].amount
        ).astype(np.float32)

    def _dataset(self, fields, time, *, members=None):
        shape = tuple(self.fine_.sizes[axis] for axis in GRID)
        dims = ("time", *GRID) if members is None else ("member", "time", *GRID)
        coords = {"time": time, **{axis: self.fine_[axis] for axis in GRID}}
        if members is not None:
            coords["member"] = np.arange(members)
        data = {
            name: (dims, values.reshape(*values.shape[:-1], *shape), self.fine_[name].attrs)
            for name, values in fields.items()
        }
        return xr.Dataset(data, coords)


def check_encoder(encoder, method):
    """Refuse an encoder that is none, or one with a method without a network.

    Raises
    ------
    DscTfError
        In these cases.
    """
    if encoder is None:
        return
    if method == METHODS[0]:
        raise DscTfError(f"encoder: {method} takes none. Choose {' or '.join(METHODS[1:])}.")
    if encoder != NEXT_DAY and not hasattr(encoder, "transform"):
        raise DscTfError(f"encoder: {encoder!r}. Give {NEXT_DAY!r} or an object with transform.")


def downscale(
    coarse: xr.Dataset | Sequence[xr.Dataset],
    fine: xr.Dataset,
    *,
    method: str = "regression",
    recipe: str = "standard",
    members: int = 20,
    split: Sequence | npt.ArrayLike | None = None,
    conserve: bool = False,
    random_state: int = 0,
) -> xr.Dataset:
    """Ensemble of fine fields for the days that the coarse record has and the fine record lacks.

    Parameters
    ----------
    coarse : xr.Dataset, or a list of them
        Coarse record as `open_dataset` returns it.
    fine : xr.Dataset
        Fine record of the same region, with at least 60 days in common.
    method, recipe, split, conserve, random_state
        As of `Downscaler`.
    members : int, default=20
        Number of members.

    Returns
    -------
    xr.Dataset
        Variables over (member, time, latitude, longitude) with the names and attributes of the fine record. Where the
        fine record lacks no day, the days are the test days.

    Raises
    ------
    DscTfError
        As of `Downscaler`.

    Examples
    --------
    >>> import dsc_tf
    >>> coarse, fine = dsc_tf.downscaling.coarsen(dsc_tf.sample_dataset(days=200)[["sp"]], 4)
    >>> members = dsc_tf.downscale(coarse, fine.isel(time=slice(180)), members=2)
    >>> dict(members.sizes)
    {'member': 2, 'time': 20, 'latitude': 40, 'longitude': 40}
    """
    options: dict[str, Any] = {
        "recipe": recipe,
        "split": split,
        "conserve": conserve,
        "random_state": random_state,
    }
    fitted = Downscaler(method, **options).fit(coarse, fine)
    datasets = as_datasets(coarse)
    days = new_days(fitted, datasets[0])
    return fitted.predict([ds.isel(time=days) for ds in datasets], members)


def new_days(fitted, coarse):
    """Positions of the coarse days that the fine record lacks; the test days where there are none.

    Parameters
    ----------
    fitted : Downscaler
        Fitted on `coarse`.
    coarse : xr.Dataset
        Coarse record.
    """
    days = np.setdiff1d(np.arange(coarse.sizes["time"]), fitted.days_[0])
    return days if len(days) else fitted.days_[0][fitted.parts_ == TEST]


def _lazy_stack(draw, arguments, seeds, shape):
    """Lazy array (member, time, cell) of one block for each seed."""
    import dask
    import dask.array

    shared = [dask.delayed(one, traverse=False) for one in arguments]
    blocks = [dask.array.from_delayed(dask.delayed(draw)(*shared, one), shape, np.float32) for one in seeds]
    return dask.array.stack(blocks)


def _with_yesterday(x, segment, yesterday):
    """Predictors of each day, with those of the day before where they are used."""
    return np.concatenate([x, x[previous_days(segment)]], axis=1) if yesterday else x


def _choose_regression(name, y, days, part):
    """Whether to use the day before, the penalty, and the error relative to that of the seasonal cycle."""
    training, validation = part == TRAINING, part == VALIDATION
    candidates = []
    for yesterday in (False, True):
        both = _with_yesterday(days.x, days.segment, yesterday)
        penalty, error = choose_penalty(both[training], y[training], both[validation], y[validation])
        candidates.append((error, yesterday, penalty))
    error, yesterday, penalty = min(candidates)
    skill = float(error / max(np.sqrt((y[validation] ** 2).mean()), 1e-300))
    if skill > UNRELATED:
        warnings.warn(
            f"{name}: the days of the two records do not follow each other (the error of the regression is "
            f"{skill:.0%} of that of the seasonal cycle)",
            UserWarning,
            stacklevel=4,
        )
    return yesterday, penalty, skill


def _interpolations(datasets, fine):
    """Matrices of the bilinear interpolation of each coarse variable, in the order of `gather`."""
    from .unet import linear_weights

    pairs = []
    for ds in datasets:
        matrices = tuple(linear_weights(ds[axis].values, fine[axis].values) for axis in GRID)
        pairs += [matrices] * len(ds.data_vars)
    return pairs


def _same_variables(option, datasets, fine):
    missing = [str(name) for name in fine.data_vars if not any(name in ds for ds in datasets)]
    if missing:
        raise DscTfError(
            f"{option}: {', '.join(missing)} not in the coarse record. Give the variable, or leave the option out."
        )


def _template(fine):
    """Grid and attributes of the fine record, without its values."""
    coords = {axis: fine[axis] for axis in GRID}
    return xr.Dataset({str(name): ((), 0.0, fine[name].attrs) for name in fine.data_vars}, coords)
