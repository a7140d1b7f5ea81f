"""Gap filling by local ordinary kriging in space and time, with a calibrated standard deviation."""

import json
import logging
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from sklearn.base import BaseEstimator, TransformerMixin

from ..errors import DscTfError, refuse_damaged
from ..geostatistics.kriging import SpaceTimeKriging, pooled_semivariogram, sphere_points
from ..geostatistics.semivariogram import Semivariogram
from ..logging import log_duration
from ..records.axes import AXES
from ..records.chunks import block_length, field_blocks
from ..records.field_statistics import FieldStatistics
from ..records.validation import check_axes, refuse_values
from ..stored import read_arrays
from .seasonal_cycle import fit_seasonal_cycle, regressors, seasonal_design
from .windows import segment_numbers

log = logging.getLogger(__name__)

SUFFIX = "_fill_sd"
FILLED = "dsc_tf_filled"  # attribute: share of the values that are filled
GAP_FILLING = "gap_filling.npz"  # file of a fitted filler in a run folder
VARIOGRAM_STEPS = 60
CALIBRATION_STEPS = 8
MIN_KNOWN = 10  # known values of a step, below which its variance is that of the record
RARE = 0.1  # share of known steps below which a cell takes the seasonal cycle of the nearest cell above it
MAX_BLOCK_STEPS = 64


def load_gap_filler(folder):
    """Fitted `GapFiller` that a run folder contains, or None.

    Parameters
    ----------
    folder : path
        Finished run of a command with `--fill kriging`.
    """
    path = Path(folder) / GAP_FILLING
    if not path.exists():
        return None
    with refuse_damaged("gap filling", path, "Repeat the run."):
        return GapFiller.from_state(read_arrays(path))


@dataclass
class GapModel:
    """Fitted constants of one variable.

    Parameters
    ----------
    seasonal : array of shape (coefficient, cell)
        Seasonal cycle of each cell, see `fit_seasonal_cycle`.
    known : array of bool, shape (cell,)
        Cells that have a value at any step; others stay missing.
    semivariogram : Semivariogram or None
        Model in space for fields of variance 1; None for a field that does not vary.
    correlation : float
        Correlation of anomalies from one step to the next.
    variance : float
        Mean variance of the anomalies of a step.
    scale : float, default=1.0
        Factor of the standard deviations that makes them agree with the errors of hidden values.
    missing : float, default=0.0
        Share of missing values in cells that have any, in the record learned from.
    """

    seasonal: np.ndarray
    known: np.ndarray
    semivariogram: Semivariogram | None
    correlation: float
    variance: float
    scale: float = 1.0
    missing: float = 0.0


class GapFiller(TransformerMixin, BaseEstimator):
    """Transformer that fills missing values by local ordinary kriging in space and time.

    `fit` learns, for each variable: the seasonal cycle of each cell; the semivariogram in space of standardised
    anomalies, pooled over up to 60 steps; their correlation rho from step to step; and a factor for the standard
    deviations. `transform` estimates each missing value from the nearest known values within `steps` time steps, by
    ordinary kriging with the covariance (sill - gamma(h)) rho^|dt|. Distance in time counts as the lag at which gamma
    reaches (1 - rho) sill, per step.

    The kriging variance of a unit field is multiplied by the variance of the known anomalies of the step, and by a
    factor calibrated on hidden values: at eight steps, the cells that are missing half a record later are hidden as
    well, so that the hidden areas have the shapes of real gaps.

    Parameters
    ----------
    variables : list of str, default=None
        Names of the variables to fill; None fills all.
    neighbours : int, default=64
        Number of known values that an estimate is made from.
    steps : int, default=2
        Largest distance in time steps of a neighbour. Neighbours never come from across a gap in time.
    random_state : int, default=0
        Seed of the pairs of cells that the semivariogram is computed from.

    Attributes
    ----------
    models_ : dict of str to GapModel
        Constants by variable.
    latitude_, longitude_ : array
        Grid.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from dsc_tf.datasets.mock import mock_dataset
    >>> filler = GapFiller(neighbours=16).fit(mock_dataset(nan_policy="isolated"))
    >>> later = mock_dataset(nan_policy="isolated", seed=1)
    >>> int(filler.transform(later).t2m.isnull().sum())
    0
    """

    def __init__(self, variables=None, neighbours=64, steps=2, random_state=0):
        self.variables = variables
        self.neighbours = neighbours
        self.steps = steps
        self.random_state = random_state

    def fit(self, ds, y=None, *, progress=False):
        """Learn the constants from the known values of `ds`, in three passes over it."""
        self._check_parameters()
        ds = _canonical(ds)
        check_axes(ds)
        self.latitude_, self.longitude_ = ds["latitude"].values, ds["longitude"].values
        names = list(map(str, ds.data_vars)) if self.variables is None else list(self.variables)
        unknown = [name for name in names if name not in ds.data_vars]
        if unknown:
            raise DscTfError(
                f"variables: {', '.join(unknown)} not in the record. Choose among {', '.join(map(str, ds.data_vars))}."
            )
        self.models_ = {}
        for name in names:
            with log_duration(log, f"learning how to fill {name}"):
                self.models_[name] = self._fit_variable(ds, name)
        return self

    def transform(self, ds, *, progress=False):
        """Fill the missing values of `ds`, which has the grid learned from.

        Parameters
        ----------
        ds : xr.Dataset
            Record; lazy variables stay lazy and are filled in blocks of time when they are read.
        progress : bool, default=False
            Show a progress bar; variables that stay lazy have none.

        Returns
        -------
        xr.Dataset
            As returned by `fill_gaps`.
        """
        if not hasattr(self, "models_"):
            raise DscTfError("GapFiller: not fitted. Call fit first.")
        ds = _canonical(ds)
        self._check_grid(ds)
        result = ds.copy()
        for name, model in self.models_.items():
            if name not in ds.data_vars:
                raise DscTfError(f"variables: {name} not in the record. Give a record that has it.")
            share = _missing_share(ds[name], model)
            if not share:
                log.info("%s: no missing values, nothing to fill", name)
                continue
            values, deviation = self._filled(ds, name, progress)
            result[name] = (AXES, values, ds[name].attrs | {FILLED: share})
            about = {"long_name": f"standard deviation of filled values of {name}, 0 where known"}
            result[name + SUFFIX] = (AXES, deviation, about | _units(ds[name]))
        return result

    def state(self):
        """Everything learned, as arrays and strings that `numpy.savez` can store."""
        text = {"parameters": self.get_params(), "models": {}}
        arrays = {"latitude": self.latitude_, "longitude": self.longitude_}
        for name, model in self.models_.items():
            arrays |= {f"{name}/seasonal": model.seasonal, f"{name}/known": model.known}
            text["models"][name] = {
                "semivariogram": None if model.semivariogram is None else asdict(model.semivariogram),
                "correlation": model.correlation,
                "variance": model.variance,
                "scale": model.scale,
                "missing": model.missing,
            }
        return arrays | {"text": json.dumps(text)}

    @classmethod
    def from_state(cls, state):
        """Fitted transformer from the result of `state`."""
        text = json.loads(str(state["text"]))
        self = cls(**text["parameters"])
        self.latitude_, self.longitude_ = np.asarray(state["latitude"]), np.asarray(state["longitude"])
        self.models_ = {}
        for name, numbers in text["models"].items():
            gamma = numbers.pop("semivariogram")
            self.models_[name] = GapModel(
                np.asarray(state[f"{name}/seasonal"]),
                np.asarray(state[f"{name}/known"]),
                None if gamma is None else Semivariogram(**gamma),
                **numbers,
            )
        return self

    def _check_parameters(self):
        if not isinstance(self.neighbours, (int, np.integer)) or self.neighbours < 1:
            raise DscTfError(f"neighbours: {self.neighbours!r}. Give an integer of at least 1.")
        if not isinstance(self.steps, (int, np.integer)) or self.steps < 0:
            raise DscTfError(f"steps: {self.steps!r}. Give an integer of at least 0.")

    def _check_grid(self, ds):
        for axis in AXES[1:]:
            mine, other = getattr(self, f"{axis}_"), ds[axis].values
            if len(mine) != len(other) or not np.allclose(mine, other, atol=1e-4):
                raise DscTfError(
                    f"{axis}: differs from the grid learned from. Give a record on the same grid."
                )

    def _fit_variable(self, ds, name):
        design, cells = regressors(ds["time"]), ds.sizes["latitude"] * ds.sizes["longitude"]
        statistics = FieldStatistics(cells, design)
        for _, (block,) in field_blocks(ds, [name], block_length(cells)):
            statistics.add(block)
        refuse_values({name: statistics})
        known = statistics.counts > 0
        seasonal = self._seasonal_cycle(statistics, name)
        if statistics.missing[known].any() and statistics.changes:
            seasonal = self._refined_cycle(ds, name, seasonal, known)
        missing = float(1 - statistics.counts[known].sum() / (statistics.steps * known.sum()))
        model = GapModel(seasonal, known, None, 0.0, 0.0, missing=missing)
        if missing and statistics.changes:
            fields, model.correlation, model.variance = _anomaly_statistics(ds, name, model)
            places = sphere_points(*self._points())
            model.semivariogram = pooled_semivariogram(
                places[known], fields[:, known], random_state=self.random_state
            )
            model.scale = self._calibration(ds, name, model)
        log.debug("%s: %s", name, {n: v for n, v in vars(model).items() if n not in ("seasonal", "known")})
        return model

    def _seasonal_cycle(self, statistics, name):
        """Seasonal coefficients; cells that are rarely known take those of the nearest cell that is not."""
        seasonal = fit_seasonal_cycle(statistics)[0]
        counts = statistics.counts
        rare = (counts > 0) & (counts < RARE * statistics.steps)
        often = counts >= RARE * statistics.steps
        if rare.any() and often.any():
            places = sphere_points(*self._points())
            from scipy.spatial import cKDTree

            nearest = np.flatnonzero(often)[cKDTree(places[often]).query(places[rare])[1]]
            seasonal[:, rare] = seasonal[:, nearest]
            warnings.warn(
                f"{name}: {rare.sum()} cells are known at less than {RARE:.0%} of the steps; "
                "they are filled with the seasonal cycle of their nearest neighbours",
                UserWarning,
                stacklevel=5,
            )
        return seasonal

    def _refined_cycle(self, ds, name, seasonal, known):
        """Seasonal cycle of the record after its gaps are filled by inverse distance.

        Neighbouring cells that are known at different steps get different cycles by chance. That difference would
        enter every estimate; from interpolated series it is small.
        """
        cells, design = seasonal.shape[1], seasonal_design(ds["time"])
        statistics = FieldStatistics(cells, regressors(ds["time"]))
        places = sphere_points(*self._points())
        for at, (block,) in field_blocks(ds, [name], block_length(cells)):
            cycle = design[at] @ seasonal
            anomalies = block - cycle
            for row in anomalies:
                _fill_by_inverse_distance(row, places, known)
            statistics.add((anomalies + cycle).astype(np.float32))
        refined = fit_seasonal_cycle(statistics)[0]
        refined[:, ~known] = seasonal[:, ~known]
        return refined

    def _points(self):
        """Latitude and longitude of each cell."""
        return [grid.ravel() for grid in np.meshgrid(self.latitude_, self.longitude_, indexing="ij")]

    def _calibration(self, ds, name, model):
        """Root mean square of error / standard deviation for values hidden in the shape of other gaps."""
        if model.semivariogram is None:
            return 1.0
        total, segment = ds.sizes["time"], _segments(ds)
        ratios = []
        for t in np.unique(np.linspace(0, total - 1, CALIBRATION_STEPS + 2).astype(int)[1:-1]):
            first, last = max(0, t - self.steps), min(total, t + self.steps + 1)
            window = _read(ds[name], slice(first, last))
            truth = window[t - first].copy()
            hidden = _hidden(ds[name], t, truth, model, self.random_state)
            window[t - first, hidden] = np.nan
            design = seasonal_design(ds["time"][first:last])
            filled, deviation = self._fill_block(
                window, design, segment[first:last], model, t - first, t - first + 1
            )
            usable = hidden & (deviation[0] > 0)
            ratios.append((filled[0] - truth)[usable] / deviation[0][usable])
        ratios = np.concatenate(ratios)
        return float(np.sqrt(np.mean(ratios**2))) if len(ratios) >= MIN_KNOWN else 1.0

    def _filled(self, ds, name, progress):
        """Values and standard deviations: arrays, or lazy arrays for a lazy variable."""
        total, shape = ds.sizes["time"], tuple(ds.sizes[axis] for axis in AXES)
        length = int(np.clip(block_length(shape[1] * shape[2]), 1, MAX_BLOCK_STEPS))
        design, segment = seasonal_design(ds["time"]), _segments(ds)
        model, values = self.models_[name], ds[name]
        lazy = values.chunks is not None
        blocks = []
        starts = range(0, total, length)
        for start in _bar(starts, name, progress and not lazy):
            stop = min(start + length, total)
            first, last = max(0, start - self.steps), min(total, stop + self.steps)
            arguments = (
                design[first:last],
                segment[first:last],
                model,
                start - first,
                stop - first,
                shape[1:],
            )
            part = values.isel(time=slice(first, last)).data
            blocks.append(_lazy_block(self, part, *arguments) if lazy else self._block(part, *arguments))
        if lazy:
            import dask.array

            both = dask.array.concatenate(blocks, axis=1)
        else:
            both = np.concatenate(blocks, axis=1)
        return both[0], both[1]

    def _block(self, part, design, segment, model, start, stop, grid):
        """Values and standard deviations of a block, shape (2, time, latitude, longitude)."""
        window = np.asarray(part).reshape(len(part), -1)
        filled, deviation = self._fill_block(window, design, segment, model, start, stop)
        left = np.count_nonzero(np.isnan(filled[:, model.known]).any(axis=1))
        if left:
            warnings.warn(
                f"{left} steps have no known value within {self.steps} steps and stay missing",
                UserWarning,
                stacklevel=2,
            )
        return np.stack([filled, deviation]).reshape(2, stop - start, *grid).astype(part.dtype)

    def _fill_block(self, window, design, segment, model, start, stop):
        """Fill the steps from `start` to `stop` of a window (time, cell) that reaches beyond them."""
        filled = window[start:stop].astype(np.float64)
        deviation = np.zeros_like(filled)
        cycle = design @ model.seasonal
        if model.semivariogram is None:
            for array, value in ((filled, cycle[start:stop]), (deviation, 0.0)):
                np.copyto(array, value, where=np.isnan(window[start:stop]) & model.known)
            deviation[:, ~model.known] = np.nan
            return filled, deviation
        kriging = SpaceTimeKriging(model.semivariogram, model.correlation, self.neighbours)
        places = sphere_points(*self._points())
        anomalies = window - cycle
        anomalies[:, ~model.known] = np.nan
        for t in range(start, stop):
            missing = np.flatnonzero(np.isnan(window[t]) & model.known)
            if len(missing):
                mean, sd = self._fill_step(kriging, places, anomalies, segment, t, missing, model)
                filled[t - start, missing] = mean + cycle[t, missing]
                deviation[t - start, missing] = sd
        deviation[:, ~model.known & np.isnan(window[start:stop]).all(axis=0)] = np.nan
        return filled, deviation

    def _fill_step(self, kriging, places, anomalies, segment, t, missing, model):
        reach = 0 if not np.isfinite(kriging.step_length) else self.steps
        near = np.arange(max(0, t - reach), min(len(anomalies), t + reach + 1))
        near = near[segment[near] == segment[t]]
        at, cell = np.nonzero(np.isfinite(anomalies[near]))
        if not len(cell):
            return np.full(len(missing), np.nan), np.full(len(missing), np.nan)
        values = anomalies[near][at, cell]
        mean, variance = kriging.estimate(places[cell], near[at] - t, values, places[missing])
        own = anomalies[t][np.isfinite(anomalies[t])]
        field_variance = own.var() if len(own) >= MIN_KNOWN else model.variance
        return mean, model.scale * np.sqrt(variance * field_variance)


def _fill_by_inverse_distance(field, places, fillable, neighbours=8):
    """Fill missing values of one field in place; weights are inverse squares of distance."""
    from scipy.spatial import cKDTree

    known, missing = np.flatnonzero(np.isfinite(field)), np.flatnonzero(np.isnan(field) & fillable)
    if len(known) < neighbours or not len(missing):
        return
    distance, nearest = cKDTree(places[known]).query(places[missing], neighbours)
    weights = 1 / np.maximum(distance, 1.0) ** 2
    field[missing] = (weights * field[known][nearest]).sum(axis=1) / weights.sum(axis=1)


def _anomaly_statistics(ds, name, model):
    """Up to 60 fields of anomalies, their correlation from step to step, and their mean variance in space."""
    total = ds.sizes["time"]
    design, segment = seasonal_design(ds["time"]), _segments(ds)
    chosen = np.unique(np.linspace(0, total - 1, VARIOGRAM_STEPS).astype(int))
    fields, variances, last = [], [], None
    products = np.zeros(3)  # of anomalies one step apart, and their squares
    for at, (block,) in field_blocks(ds, [name], block_length(model.seasonal.shape[1])):
        anomalies = block - design[at] @ model.seasonal
        fields.append(anomalies[np.isin(np.arange(at.start, at.start + len(block)), chosen)])
        joined = anomalies if last is None else np.concatenate([last, anomalies])
        follows = np.diff(
            segment[at.stop - len(joined) : at.stop] if at.stop <= total else segment[-len(joined) :]
        )
        one, other = joined[:-1][follows == 0], joined[1:][follows == 0]
        both = np.isfinite(one) & np.isfinite(other)
        one, other = one[both], other[both]
        products += [one @ other, one @ one, other @ other]
        enough = np.isfinite(anomalies).sum(axis=1) >= MIN_KNOWN
        variances += np.nanvar(anomalies[enough], axis=1).tolist()
        last = anomalies[-1:]
    scale = np.sqrt(products[1] * products[2])
    correlation = float(np.clip(products[0] / scale, 0.0, 0.9999)) if scale > 0 else 0.0
    return np.concatenate(fields), correlation, float(np.mean(variances)) if variances else 0.0


def _hidden(values, t, truth, model, random_state):
    """Known cells of step `t` to hide: those missing half a record later, or else a random tenth."""
    total = values.sizes["time"]
    other = (t + total // 2) % total
    hidden = np.isnan(_read(values, slice(other, other + 1))[0]) & np.isfinite(truth) & model.known
    known = np.isfinite(truth) & model.known
    if hidden.sum() < 2 or hidden.sum() > 0.9 * known.sum():
        hidden = known & (np.random.default_rng([random_state or 0, int(t)]).random(len(known)) < 0.1)
    return hidden


def _missing_share(values, model):
    """Share of values missing in cells that can be filled."""
    missing = (
        values.isnull().values if values.chunks is None else values.isnull().sum("time").compute().values
    )
    count = missing.reshape(-1, model.known.size)[:, model.known].sum()
    return float(count / (values.sizes["time"] * max(1, model.known.sum())))


def _lazy_block(filler, part, design, segment, model, start, stop, grid):
    import dask
    import dask.array

    block = dask.delayed(filler._block)(part, design, segment, dask.delayed(model), start, stop, grid)
    return dask.array.from_delayed(block, (2, stop - start, *grid), part.dtype)


def _read(values, steps):
    """Values (time, cell) of some steps, float64."""
    part = values.isel(time=steps).transpose(*AXES).values
    return part.reshape(len(part), -1).astype(np.float64)


def _segments(ds):
    """Return the number of the gap-free segment, of one member, that each step belongs to."""
    member = ds["member"].values if "member" in ds.coords and ds["member"].dims == ("time",) else None
    return segment_numbers(ds["time"].values, member)


def _canonical(ds):
    if isinstance(ds, xr.DataArray):
        ds = ds.to_dataset(name=ds.name or "field")
    if any(axis not in ds.dims for axis in AXES):
        from ..records.open import open_dataset

        ds = open_dataset(ds)
    return ds.transpose(*AXES, ...)


def _units(values):
    return {"units": values.attrs["units"]} if "units" in values.attrs else {}


def _bar(steps, name, progress):
    if not progress:
        return steps
    from tqdm.auto import tqdm

    return tqdm(steps, desc=f"filling {name}", unit="block")
