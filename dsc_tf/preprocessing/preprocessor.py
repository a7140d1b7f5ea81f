"""Conversion of a dataset in physical units to samples and back, by the processing steps of a protocol.

In this module a step is a processing step (a `Step` object); a time step is always called so.
"""

import json
import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import xarray as xr
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError

from ..errors import DscTfError, refuse_damaged
from ..logging import log_duration
from ..records.accumulation import time_step
from ..records.axes import holds_dates
from ..records.cell_methods import time_method
from ..records.chunks import DIMENSIONS, block_length, field_blocks
from ..records.field_statistics import FieldStatistics
from ..records.memory import memory_limit
from ..records.units import check_units_and_grid
from ..records.validation import check_axes, check_values, refuse_values
from ..stored import read_arrays
from .further_steps import Smooth, Transform, Trend, VariableWeight
from .protocols import PROTOCOLS, Protocol
from .samples import Samples, ScratchArray, scratch_folder
from .steps import (
    AreaWeight,
    Fill,
    Pad,
    RecordStatistics,
    Scale,
    SeasonalCycle,
    SeasonalDeviation,
    Step,
    Window,
    fold,
)
from .windows import segment_numbers

log = logging.getLogger(__name__)

GAPS = "gap_filling/"  # prefix of the arrays of a filler in that file
PREPROCESSING = "preprocessing.npz"  # file of a run folder that holds `Preprocessor.state`
MORE_MISSING = 1.05  # share of missing values, in those of the fitted record, above which there is a warning
OTHER_STEP = 1.5  # ratio of time steps above which there is a warning
FAR = 1.0  # values farther outside the fitted range than this share of its width cause a warning


def prepare(
    ds: xr.Dataset,
    protocol: str | Protocol = "paper",
    window: int = 1,
    *,
    fill: Any = "constant",
    memory: int | str | None = None,
    scratch: str | PathLike | None = None,
) -> tuple[Samples, "Preprocessor"]:
    """Prepare the samples of a record for clustering.

    Parameters
    ----------
    ds : xr.Dataset
        Variables over (time, latitude, longitude), as `open_dataset` returns it.
    protocol : str or Protocol, default="paper"
        "paper", "notebook", "anomaly" or "standardised_anomaly", see `PROTOCOLS`.
    window : int, default=1
        Number of consecutive time steps of a sample; the time of a sample is that of its last time step.
    fill : {"constant", "kriging"} or GapFiller, default="constant"
        How missing values are filled, see `Preprocessor`.
    memory : int or str, default=None
        Memory for the record, in bytes or as a text such as "2GB"; None is half of the available memory. Prepared
        fields that need more than half of this limit are stored in a scratch file, from which samples are read.
    scratch : path, default=None
        Folder of the scratch file; None is the folder in the environment variable TMPDIR, or the working directory.

    Returns
    -------
    X : Samples of shape (time, window, latitude, longitude, variable)
        float32, without missing values.
    prep : Preprocessor
        Fitted; its `transform` prepares other data in the same way, its `inverse_transform` returns physical units.

    Raises
    ------
    DscTfError
        If the data are invalid (see `dsc_tf.records.validation`) or lack an axis, the protocol is unknown, or no
        gap-free segment is as long as a window.

    References
    ----------
    Faruque et al. (2023), section 4.1 and equation 8 ("paper"); their notebook ("notebook").

    Examples
    --------
    >>> import dsc_tf
    >>> X, prep = dsc_tf.prepare(dsc_tf.mock_dataset(days=60), protocol="anomaly", window=3)
    >>> X.shape
    (58, 3, 8, 9, 2)
    """
    prep = Preprocessor(protocol, window, fill=fill, memory=memory, scratch=scratch)
    check_dimensions(ds)
    check_axes(ds)
    return prep._fit(ds, check=True), prep


class Preprocessor(TransformerMixin, BaseEstimator):
    """The steps of a protocol as a scikit-learn transformer: fitted on one dataset, applicable to others of its grid.

    The steps are, in this order: pad, transform, seasonal cycle, fill, scale, trend, seasonal deviation, smooth, area
    weight, weights, window; a protocol may leave some out. They are fitted in one pass over the data, the trend and the
    seasonal deviation in a further one. `transform` stores nothing about its argument.

    Parameters
    ----------
    protocol : str or Protocol, default="paper"
        Choices of each step: "paper", "notebook", "anomaly", "standardised_anomaly" or a `Protocol`.
    window : int, default=1
        Number of consecutive steps of a sample.
    fill : {"constant", "kriging"} or GapFiller, default="constant"
        How missing values are filled: "constant", as the protocol does; "kriging", by a `GapFiller` before the first
        step; or by a `GapFiller` with parameters of one's own, which is cloned. What the filler cannot fill, such as
        land, is filled as the protocol does.
    memory : int or str, default=None
        Memory for a record, see `prepare`.
    scratch : path, default=None
        Folder of scratch files, see `prepare`.

    Attributes
    ----------
    steps_ : dict of str to Step
        The fitted steps by their names, in their order.
    protocol_ : Protocol
        The choices.
    variables_ : tuple of str
        Names, in the order of the last axis of samples.
    latitude_, longitude_ : array
        Coordinates of the grid, in degrees, without padding.
    attributes_ : list of dict
        Attributes of each variable.
    months_ : list of int
        Months of the year, 1 to 12, in which there are steps.
    ranges_ : dict of str to tuple of float
        Lowest and highest value of each variable, in its unit, after the transform if there is one.
    missing_ : dict of str to float
        Share of the values of each variable that are missing.
    step_hours_ : float or None
        Median time step; None for a record of one step.
    filler_ : GapFiller or None
        Fitted filler of missing values.

    Examples
    --------
    >>> import dsc_tf
    >>> ds = dsc_tf.mock_dataset(days=10)
    >>> prep = Preprocessor("paper")
    >>> X = prep.fit_transform(ds)
    >>> list(prep.steps_)
    ['pad', 'fill', 'scale', 'window']
    >>> back = prep.inverse_transform(X[:, -1], time=X.time)
    >>> bool(abs(back.t2m - ds.t2m).max() < 1e-3)
    True
    """

    def __init__(
        self,
        protocol: str | Protocol = "paper",
        window: int = 1,
        *,
        fill: Any = "constant",
        memory: int | str | None = None,
        scratch: str | PathLike | None = None,
    ):
        self.protocol = protocol
        self.window = window
        self.fill = fill
        self.memory = memory
        self.scratch = scratch

    def fit(self, ds: xr.Dataset, y: object = None) -> Self:
        """Fit the constants of every step to `ds`; `y` is ignored. Raises the errors of `prepare`."""
        self._fit(ds).close()
        return self

    def fit_transform(self, ds: xr.Dataset, y: object = None) -> Samples:
        """Call `fit` and `transform` in one pass over the data; `y` is ignored. Raises the errors of `prepare`."""
        return self._fit(ds)

    def transform(self, ds: xr.Dataset) -> Samples:
        """Prepare the samples of another dataset of the same variables and grid with the fitted constants.

        Units are converted, and latitudes and longitudes reordered, to match the fitted record.

        Parameters
        ----------
        ds : xr.Dataset
            The other record.

        Returns
        -------
        Samples of shape (time, window, latitude, longitude, variable)
            float32, without missing values.

        Raises
        ------
        DscTfError
            If variables or grid differ, units do not convert, times are not sorted, a value is infinite, all values of
            a variable are missing, or no window fits.
        NotFittedError
            If `fit` was not called.

        Warns
        -----
        UserWarning
            If units were converted, if time steps are in months that the fitted record does not contain, if values are
            outside the fitted range by more than its width, if more values are missing than in the fitted record, or if
            the time step or the method over time of a variable (CF cell_methods) is another one.
        """
        self._check_fitted()
        check_dimensions(ds)
        ds = self._without_gaps(self._as_fitted(ds))
        rows = self._new_rows(ds)
        try:
            self._warn_of_extrapolation(ds, *self._read(ds, rows, None))
            return self._samples(ds, rows, has_missing=True)
        except BaseException:
            _close(rows)
            raise

    def inverse_transform(
        self, fields: npt.ArrayLike, time: npt.ArrayLike | xr.DataArray | None = None
    ) -> xr.Dataset:
        """Convert prepared fields back to physical units; padding is cropped.

        Parameters
        ----------
        fields : array of shape (time, latitude, longitude, variable)
            Prepared values, such as a reconstruction's last step or a cluster mean.
        time : array or xr.DataArray, shape (time,), default=None
            Times of the fields. The seasonal cycle, if one was removed, is added only if they are given; without them
            the result contains anomalies; with a transform they have no unit, so give times. Smoothing is not undone.

        Returns
        -------
        xr.Dataset
            With the names, units and attributes of the data fitted on.

        Raises
        ------
        DscTfError
            If `fields` or `time` do not have the documented shapes.
        NotFittedError
            If `fit` was not called.
        """
        self._check_fitted()
        self._check_fields(np.shape(fields), time)
        if time is not None and not isinstance(time, xr.DataArray):
            time = xr.DataArray(np.asarray(time), dims="time")
        pad = self.steps_["pad"]
        # Fields may be padded or not: they are cropped and padded again.
        block = pad.apply(pad.invert(np.asarray(fields), None), None).astype(np.float64)
        for step in reversed(self.steps_.values()):
            if not isinstance(step, Window):
                block = step.invert(block, time)
        coords: dict = {"time": time} if time is not None else {}
        for name, attributes in self.coordinate_attributes_.items():
            coords[name] = (name, getattr(self, f"{name}_"), attributes)
        result = {
            name: (DIMENSIONS, block[..., v].astype(np.float32), self.attributes_[v])
            for v, name in enumerate(self.variables_)
        }
        return xr.Dataset(result, coords)

    def anomalies(self, ds: xr.Dataset) -> xr.Dataset:
        """Subtract the fitted seasonal cycle, and the trend if one was removed, from a record in physical units.

        With a transform, the cycle is fitted to transformed values; it is subtracted after the inverse transform.

        Parameters
        ----------
        ds : xr.Dataset
            A record with the variables and the grid of the data fitted on; lazy or not.

        Returns
        -------
        xr.Dataset
            float32; missing values stay missing. With the coordinates and attributes of `ds`.

        Raises
        ------
        DscTfError
            If the protocol removes no seasonal cycle, or variables or grid differ.
        NotFittedError
            If `fit` was not called.
        """
        self._check_fitted()
        check_dimensions(ds)
        ds = self._as_fitted(ds)
        if "seasonal_cycle" not in self.steps_:
            raise DscTfError(
                f"protocol: {self.protocol_.name} removes no seasonal cycle. Fit with protocol anomaly."
            )

        def subtract(block):
            if not block.sizes["time"]:
                return block
            removed = self._expected(block["time"])
            return block.map(
                lambda values: (
                    values.transpose(*DIMENSIONS) - removed[..., self.variables_.index(values.name)]
                ).astype(np.float32)
            )

        part = ds[list(self.variables_)]
        part = part.chunk(latitude=-1, longitude=-1) if part.chunks else part
        found = part.map_blocks(subtract, template=part.transpose(*DIMENSIONS).astype(np.float32))
        for name in self.variables_:
            found[name].attrs = dict(ds[name].attrs)
        return found

    def _expected(self, time):
        """Seasonal cycle and trend at some times, shape (time, latitude, longitude, variable), in physical units."""
        if not {"transform", "trend"} & set(self.steps_):
            return self.steps_["pad"].invert(self.steps_["seasonal_cycle"].cycle(time), None)
        block = np.zeros((time.size, *self._grid))
        for step in reversed(self.steps_.values()):
            if not isinstance(step, Window):
                block = step.invert(block, time)
        return block

    def state(self) -> dict[str, Any]:
        """Everything learned, as arrays and strings that `numpy.savez` can hold."""
        self._check_fitted()
        height, _, variables = self._grid
        arrays = {
            "latitude_": self.latitude_,
            "longitude_": self.longitude_,
            "weight_": np.ones(height),
            "seasonal_": np.zeros((variables, 1, 1, 1)),
        }
        for step in self.steps_.values():
            arrays |= step.state()
        if self.filler_ is not None:
            arrays |= {f"{GAPS}{name}": array for name, array in self.filler_.state().items()}
        text = {
            "protocol": asdict(self.protocol_),
            "variables": self.variables_,
            "attributes": self.attributes_,
            "coordinate_attributes": self.coordinate_attributes_,
            "months": self.months_,
            "ranges": self.ranges_,
            "missing": self.missing_,
            "step_hours": self.step_hours_,
        }
        return arrays | {"window": self.window, "text": json.dumps(text, default=_to_builtin)}

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """A fitted preprocessor from what `state` returned."""
        text = json.loads(str(state["text"]))
        self = cls(Protocol(**text["protocol"]), int(state["window"]))
        self._start()
        gaps = {name.removeprefix(GAPS): state[name] for name in state.keys() if name.startswith(GAPS)}
        if gaps:
            from .gap_filling import GapFiller

            self.fill, self.filler_ = "kriging", GapFiller.from_state(gaps)
        self.variables_, self.attributes_ = tuple(text["variables"]), text["attributes"]
        self.coordinate_attributes_ = text["coordinate_attributes"]
        self.months_ = text.get("months", [])  # absent in files of version 0.1, as are those below
        self.missing_, self.step_hours_ = text.get("missing", {}), text.get("step_hours")
        self.ranges_ = {name: tuple(pair) for name, pair in text.get("ranges", {}).items()}
        self.latitude_, self.longitude_ = np.asarray(state["latitude_"]), np.asarray(state["longitude_"])
        for step in self.steps_.values():
            step.bind(self.variables_).restore(state)
        self.steps_["pad"].shape_ = (len(self.latitude_), len(self.longitude_))
        return self

    def apply_to_zeros(self) -> None:
        """Apply the steps to one field of zeros, which fails where restored arrays have other types or shapes."""
        time = xr.DataArray(np.array(["2001-01-15"], dtype="datetime64[ns]"), dims="time")
        for attributes in (*self.attributes_, *self.coordinate_attributes_.values()):
            attributes.get("units")
        block = np.zeros((1, int(np.prod(self._grid))), np.float32)
        with np.errstate(all="ignore"):
            fold(list(self.steps_.values()), self._grid, time, has_missing=True)(block, slice(0, 1))

    def _start(self):
        """Check the parameters and make the steps."""
        self.protocol_ = check_protocol(self.protocol)
        if not isinstance(self.window, Integral) or self.window < 1:
            raise DscTfError(f"window: {self.window!r}. Give an integer of at least 1.")
        self.steps_: dict[str, Any] = {step.name: step for step in steps_of(self.protocol_, int(self.window))}
        self.filler_: Any = None

    def _fit(self, ds, *, check=False):
        """Learn every constant, and return the samples."""
        self._start()
        check_dimensions(ds)
        with log_duration(log, f"preparing by protocol {self.protocol_.name}, window {self.window}"):
            self.variables_ = tuple(map(str, ds.data_vars))
            self.attributes_ = [dict(ds[name].attrs) for name in self.variables_]
            self.latitude_, self.longitude_ = ds["latitude"].values, ds["longitude"].values
            self.coordinate_attributes_ = {name: dict(ds[name].attrs) for name in DIMENSIONS[1:]}
            for step in self.steps_.values():
                step.bind(self.variables_)
            self.filler_ = new_filler(self.fill)
            if self.filler_ is not None:
                ds = self._without_gaps(ds, fit=True)
            rows = self._new_rows(ds)
            try:
                known = self._new_statistics(ds)
                self._read(ds, rows, known)
                if check:
                    times = ds.indexes["time"]
                    check_values(
                        known, lambda name: self._unpadded_fields(rows, self.variables_.index(name)), times
                    )
                else:
                    refuse_values(known)
                self.months_ = np.unique(ds["time"].dt.month.values).tolist()
                self.ranges_ = {
                    name: (float(one.low.min()), float(one.high.max())) for name, one in known.items()
                }
                self.missing_ = {name: float(one.missing.mean() / one.steps) for name, one in known.items()}
                self.step_hours_ = _step_hours(ds)
                self._fit_steps(ds, rows, known)
                has_missing = any(one.missing.any() for one in known.values())
                return self._samples(ds, rows, has_missing=has_missing)
            except BaseException:
                _close(rows)
                raise

    def _without_gaps(self, ds, *, fit=False):
        """Fill the missing values of a record, if the preprocessor has a filler."""
        if self.filler_ is None:
            return ds
        if fit:
            self.filler_.fit(ds)
        return self.filler_.transform(ds)[list(self.variables_)]

    def _new_statistics(self, ds):
        """Statistics to accumulate, by variable, with the regressors that the steps need."""
        designs = [step.design(ds["time"]) for step in self.steps_.values()]
        design = max((d for d in designs if d is not None), key=lambda d: d.shape[1], default=None)
        cells = len(self.latitude_) * len(self.longitude_)
        return {name: FieldStatistics(cells, design) for name in self.variables_}

    def _read(self, ds, rows, statistics):
        """Copy the fields of all steps into `rows`; accumulate statistics or refuse infinite values.

        Returns the number of steps with values far outside the fitted range, and that of missing values, by variable.
        """
        limits = {} if statistics is not None else self._limits()
        outside: Counter = Counter()
        missing: Counter = Counter()
        shape = (len(self.latitude_), len(self.longitude_), len(self.variables_))
        transforms = [s for s in self.steps_.values() if s.applied_when_read and not s.changes_shape]
        for at, fields in field_blocks(ds, self.variables_, block_length(int(np.prod(shape)))):
            block = np.stack(fields, axis=-1).reshape(-1, *shape)
            for step in transforms:
                block = step.apply(block, ds["time"][at])
                fields = [
                    np.ascontiguousarray(block[..., v]).reshape(len(block), -1) for v in range(shape[2])
                ]
            for name, field in zip(self.variables_, fields, strict=True):
                if statistics is not None:
                    statistics[name].add(field)
                    continue
                if np.isinf(field).any():
                    raise DscTfError(f"{name}: infinite values. Fix the file or leave them out.")
                missing[name] += int(np.count_nonzero(np.isnan(field)))
                if name in limits:
                    low, high = limits[name]
                    outside[name] += int(((field < low) | (field > high)).any(axis=1).sum())
            block = self.steps_["pad"].apply(block, None).reshape(len(block), -1)
            if isinstance(rows, ScratchArray):
                rows.append(block)
            else:
                rows[at] = block
        return {name: count for name, count in outside.items() if count}, missing

    def _fit_steps(self, ds, rows, known):
        """Fit the steps in their order."""
        statistics = RecordStatistics(
            list(known.values()),
            (len(self.latitude_), len(self.longitude_)),
            self._grid,
            self.latitude_,
            ds["time"],
            lambda: self._raw_blocks(rows),
        )
        for step in self.steps_.values():
            step.fit_from(statistics)
            statistics.fitted.append(step)

    @property
    def _grid(self):
        """(latitude, longitude, variable) with padding."""
        sizes = (len(self.latitude_), len(self.longitude_))
        return *map(self.steps_["pad"].padded, sizes), len(self.variables_)

    def _new_rows(self, ds):
        """Create storage for all fields: an array, or a scratch file above half of the memory limit."""
        shape = (ds.sizes["time"], int(np.prod(self._grid)))
        n_bytes = np.dtype(np.float32).itemsize * shape[0] * shape[1]
        if n_bytes > memory_limit(self.memory) / 2:
            if "smooth" in self.steps_:
                raise DscTfError(
                    f"smooth: the prepared record of {n_bytes / 1e9:.2g} GB exceeds half of the memory limit, and only "
                    "records in memory are smoothed. Raise --memory, or take a smaller region or period."
                )
            return ScratchArray(shape, self.scratch or scratch_folder())
        return np.empty(shape, np.float32)

    def _raw_blocks(self, rows) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield slices of time and blocks (time, value) as they were read, before the fitted steps."""
        length = block_length(rows.shape[1])
        read = rows.read_unscaled if isinstance(rows, ScratchArray) else lambda start, stop: rows[start:stop]
        for start in range(0, len(rows), length):
            yield slice(start, start + length), read(start, start + length)

    def _unpadded_fields(self, rows, v):
        """Yield blocks (time, latitude, longitude) of one variable as they were read, before the fitted steps."""
        height, width = len(self.latitude_), len(self.longitude_)
        for _, block in self._raw_blocks(rows):
            yield block.reshape(-1, *self._grid)[:, :height, :width, v]

    def _samples(self, ds, rows, *, has_missing):
        """Build samples of the stored fields, prepared in place, or block by block when a scratch file is read."""
        time = ds["time"].values
        member = record_members(ds)
        segment = segment_numbers(time, member)
        ends = self.steps_["window"].ends(segment)
        if not len(ends):
            raise DscTfError(
                f"window: {self.window} steps, but no stretch without a gap among the {len(rows)} steps "
                "of the record is that long. Give a shorter window."
            )
        apply = fold(list(self.steps_.values()), self._grid, ds["time"], has_missing=has_missing)
        if isinstance(rows, ScratchArray):
            rows.prepare_block = apply
        else:
            for at, block in self._raw_blocks(rows):
                apply(block, at)
            if "smooth" in self.steps_:
                self.steps_["smooth"].smooth(rows, segment)
        height, width, _ = self._grid
        return Samples(
            rows,
            self._grid,
            ends=ends,
            window=self.window,
            time=time[ends],
            latitude=np.pad(self.latitude_, (0, height - len(self.latitude_)), mode="edge"),
            longitude=np.pad(self.longitude_, (0, width - len(self.longitude_)), mode="edge"),
            variables=self.variables_,
            segment=segment[ends],
            member=None if member is None else member[ends],
            weighted="area_weight" in self.steps_,
            sample_index=ends,
        )

    def _check_fitted(self):
        if not hasattr(self, "variables_"):
            raise NotFittedError("Preprocessor: not fitted. Call fit with a record first.")

    def _check_fields(self, shape, time):
        rows, columns, variables = len(self.latitude_), len(self.longitude_), len(self.variables_)
        fits = len(shape) == 4 and shape[1] >= rows and shape[2] >= columns and shape[3] == variables
        if not fits or (time is not None and len(time) != shape[0]):
            raise DscTfError(
                f"fields: of shape {tuple(shape)}. Give (time, {rows}, {columns}, {variables}), padded or not, and as "
                "many times."
            )

    def _as_fitted(self, ds):
        """A record with the fitted variables, in their units and on their grid."""
        units = {
            name: attributes.get("units")
            for name, attributes in zip(self.variables_, self.attributes_, strict=True)
        }
        expected = {"variables": units, "latitude": self.latitude_, "longitude": self.longitude_}
        return check_units_and_grid(ds, expected)

    def _limits(self):
        """Lowest and highest value of each variable that is not far outside its fitted range."""
        limits = {}
        for name, (low, high) in self.ranges_.items():
            if low < high:
                limits[name] = (low - FAR * (high - low), high + FAR * (high - low))
        return limits

    def _untransformed(self, v, values):
        """Values of a variable before the transform, if there is one."""
        if "transform" not in self.steps_:
            return values
        block = np.zeros((len(values), 1, 1, len(self.variables_)))
        block[:, 0, 0, v] = values
        return self.steps_["transform"].invert(block, None)[:, 0, 0, v]

    def _warn_of_extrapolation(self, ds, outside, missing):
        """Warn about months, values, gaps and time steps that the fitted record does not have.

        `outside` counts time steps by variable, `missing` values.
        """
        self._refuse_or_warn_of_missing(ds, missing)
        self._warn_of_other_steps(ds)
        months = ds["time"].dt.month.values
        others = ~np.isin(months, self.months_) if self.months_ else np.zeros(len(months), bool)
        found = []
        if others.any():
            found.append(
                f"{others.sum()} are in months {_list(np.unique(months[others]))}, the preprocessing was "
                f"fitted to months {_list(self.months_)}"
            )
        for name, count in outside.items():
            v = self.variables_.index(name)
            units = self.attributes_[v].get("units", "")
            low, high = self._untransformed(v, self.ranges_[name])
            found.append(
                f"{name} of {count} steps is far outside the fitted range {low:.6g} to {high:.6g} {units}".rstrip()
            )
        if found:
            warnings.warn(
                f"data: of {len(months)} steps, {'; '.join(found)}. Their labels are extrapolated.",
                UserWarning,
                stacklevel=3,
            )

    def _refuse_or_warn_of_missing(self, ds, missing):
        for name, count in missing.items():
            share, fitted = count / max(1, ds[name].size), self.missing_.get(name, 1.0)
            if ds[name].size and share == 1:
                raise DscTfError(f"{name}: every value is missing. Give a record with values.")
            if share > MORE_MISSING * fitted:
                warnings.warn(
                    f"{name}: {100 * share:.3g} % of the values are missing, {100 * fitted:.3g} % in the fitted "
                    "record. They are filled with a constant; fill them first where labels matter.",
                    UserWarning,
                    stacklevel=4,
                )

    def _warn_of_other_steps(self, ds):
        found = []
        hours = _step_hours(ds)
        if hours and self.step_hours_ and not 1 / OTHER_STEP < hours / self.step_hours_ < OTHER_STEP:
            found.append(f"time: steps of {hours:g} hours, in the fitted record of {self.step_hours_:g}")
        for name, attributes in zip(self.variables_, self.attributes_, strict=True):
            fitted, other = time_method(attributes), time_method(ds[name].attrs)
            if fitted and other and fitted != other:
                found.append(f"{name}: its cell_methods state {other}, in the fitted record {fitted}")
        for text in found:
            warnings.warn(f"{text}. Aggregate to the same values.", UserWarning, stacklevel=4)


def _step_hours(ds):
    step = time_step(ds)
    return None if step is None else step.total_seconds() / 3600


def steps_of(protocol: Protocol, window: int = 1) -> list[Step]:
    """The steps of a protocol in their order, not fitted.

    Parameters
    ----------
    protocol : Protocol
        Choices of each step.
    window : int, default=1
        Number of steps of a sample.
    """
    steps: list[Step | None] = [
        Pad(protocol.pad_multiple),
        Transform(protocol.transform) if protocol.transform else None,
        SeasonalCycle() if protocol.deseasonalise else None,
        Fill(protocol.fill),
        Scale(protocol.scale),
        Trend() if protocol.detrend else None,
        SeasonalDeviation() if protocol.seasonal_deviation else None,
        Smooth(protocol.smooth, protocol.smoothing) if protocol.smooth > 1 else None,
        AreaWeight() if protocol.weight else None,
        VariableWeight(protocol.weights) if protocol.weights else None,
        Window(window),
    ]
    return [step for step in steps if step is not None]


def new_filler(fill: Any) -> Any:
    """The filler of missing values that a name or an object asks for, not fitted; None for "constant".

    Parameters
    ----------
    fill : str or GapFiller
        See `Preprocessor`.

    Raises
    ------
    DscTfError
        If it is neither.
    """
    if isinstance(fill, str) and fill == "constant":
        return None
    from .gap_filling import GapFiller

    if isinstance(fill, str) and fill == "kriging":
        return GapFiller()
    if not isinstance(fill, GapFiller):
        raise DscTfError(f"fill: {fill!r}. Choose constant, kriging or a GapFiller.")
    return clone(fill)


def check_protocol(protocol: Any) -> Protocol:
    """A protocol by its name; a `Protocol` is returned unchanged.

    Raises
    ------
    DscTfError
        If there is no such protocol.
    """
    if isinstance(protocol, Protocol):
        return protocol
    if not isinstance(protocol, str) or protocol not in PROTOCOLS:
        raise DscTfError(f"protocol: {protocol!r}. Choose one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[protocol]


def check_dimensions(ds: xr.Dataset) -> None:
    """Check the dimensions and types of a dataset and the order of its times.

    Raises
    ------
    DscTfError
        If it is no Dataset, a dimension is missing, a variable has another one or holds no real numbers, times are
        no dates, or they are not sorted within each ensemble member, whose time steps are contiguous.
    """
    if not isinstance(ds, xr.Dataset):
        raise DscTfError(f"data: {type(ds).__name__}. Give an xarray Dataset, as `open_dataset` returns it.")
    missing = [name for name in DIMENSIONS if name not in ds.dims or name not in ds.coords]
    if missing:
        raise DscTfError(f"{missing[0]}: no such axis. Give a dataset as `open_dataset` returns it.")
    for name, values in ds.data_vars.items():
        if set(values.dims) != set(DIMENSIONS):
            raise DscTfError(
                f"{name}: dimensions {', '.join(map(str, values.dims)) or 'none'}. Give it over time, latitude and "
                "longitude, as `open_dataset` does."
            )
        if values.dtype.kind not in "biuf":
            raise DscTfError(f"{name}: holds {values.dtype}. Give real numbers.")
    if ds.sizes["time"] and not holds_dates(ds["time"]):
        raise DscTfError(f"time: holds {ds['time'].dtype}, not dates. Open the record with `open_dataset`.")
    member = record_members(ds)
    begins = [0] if member is None else [0, *np.flatnonzero(member[1:] != member[:-1]) + 1]
    pieces = [slice(a, b) for a, b in zip(begins, [*begins[1:], None], strict=True)]
    if not all(ds.indexes["time"][piece].is_monotonic_increasing for piece in pieces):
        raise DscTfError("time: not sorted. Sort it, for example with ds.sortby('time').")


def record_members(ds: xr.Dataset) -> np.ndarray | None:
    """Ensemble member of each step of a record, None if it has no coordinate `member` along time."""
    has_members = "member" in ds.coords and ds["member"].dims == ("time",)
    return ds["member"].values if has_members else None


def _close(rows):
    if isinstance(rows, ScratchArray):
        rows.close()


def _list(months):
    return ", ".join(map(str, months))


def _to_builtin(value):
    """Convert NumPy values in attributes to types that JSON can store."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


ADVICE = {"run": "Repeat the run with this version.", "encoder": "Run dsc_tf.pretrain again."}


def load_preprocessor(folder, kind="run"):
    """Fitted preprocessor of a run folder.

    Parameters
    ----------
    folder : path
        Folder that contains `preprocessing.npz`.
    kind : {"run", "encoder"}, default="run"
        What the folder is, for messages.

    Returns
    -------
    Preprocessor

    Raises
    ------
    DscTfError
        If the file is missing or damaged.
    """
    path = Path(folder) / PREPROCESSING
    with refuse_damaged(kind, path, ADVICE[kind]):
        restored = Preprocessor.from_state(read_arrays(path))
        restored.apply_to_zeros()
        return restored
