"""From a dataset in physical units to the array that methods see, and back.

The steps, in this order, each a choice of the protocol: 1 pad, 2 seasonal cycle, 3 fill, 4 scale, 5 weight,
6 windows. All but the last have an inverse.
"""

import json
from dataclasses import asdict
from numbers import Integral

import numpy as np
import xarray as xr

from ..errors import DscTfError
from .protocols import PROTOCOLS, Protocol
from .seasons import cell_totals, fit_seasonal_cycle, seasonal_design, time_blocks
from .windows import gather_windows, segment_starts, window_ends

DIMENSIONS = ("time", "latitude", "longitude")
PREPROCESSING = "preprocessing.npz"  # where a run folder keeps what `Preprocessor.state` says


def prepare(ds, protocol="paper", window=1):
    """Samples of a record, ready for a clusterer.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it: variables over (time, latitude, longitude).
    protocol : str or Protocol, default="paper"
        "paper", "notebook" or "anomaly", see `PROTOCOLS`.
    window : int, default=1
        Consecutive steps of a sample; its time is that of the last one.

    Returns
    -------
    X : array of shape (time, window, latitude, longitude, variable)
        float32, without missing values.
    prep : Preprocessor
        Fitted; applies to other data with `transform` and goes back with `inverse_transform`.

    Raises
    ------
    DscTfError
        If the data are at fault (see `check_dataset`) or lack an axis, there is no such protocol, or no stretch
        without a gap holds a window.

    References
    ----------
    Faruque et al. (2023), section 4.1 and equation 8 ("paper"); their notebook ("notebook").
    """
    from .checks import check_dataset

    prep = Preprocessor(protocol, window)
    _check_axes(ds)
    check_dataset(ds)
    return prep.fit_transform(ds), prep


class Preprocessor:
    """Numbered, invertible steps, fitted on one dataset and applicable to others of its grid.

    Parameters
    ----------
    protocol : str or Protocol, default="paper"
        Choices of each step.
    window : int, default=1
        Consecutive steps of a sample.

    Attributes
    ----------
    variables : tuple of str
        Names, in the order of the last axis.
    sample_index : array of int, shape (sample,)
        Positions in time of the samples last transformed; None before the first.
    time : xr.DataArray
        Times of those samples; None before the first.
    """

    def __init__(self, protocol="paper", window=1):
        if not isinstance(protocol, Protocol) and protocol not in tuple(PROTOCOLS):
            raise DscTfError(f"protocol: {protocol!r}. Choose one of {', '.join(PROTOCOLS)}.")
        if not isinstance(window, Integral) or window < 1:
            raise DscTfError(f"window: {window!r}. Give an integer of at least 1.")
        self.protocol = protocol if isinstance(protocol, Protocol) else PROTOCOLS[protocol]
        self.window = int(window)
        self.sample_index = self.time = None

    def fit(self, ds):
        """Learn the constants of every step from `ds`."""
        self._fit_transform(ds)
        return self

    def fit_transform(self, ds):
        """`fit` and `transform` in one pass over the data."""
        return self._windows(self._fit_transform(ds), ds["time"])

    def transform(self, ds):
        """Samples of another dataset with the same variables and grid, scaled with this one's constants.

        Raises
        ------
        DscTfError
            If variables or grid differ, times are not sorted, a value is infinite, or no window fits.
        """
        _check_axes(ds)
        self._check_same_grid(ds)
        fields = self._padded(ds)
        for v in range(len(self.variables)):
            self._apply(fields[..., v], v, ds["time"])
            if not np.isfinite(fields[..., v]).all():
                raise DscTfError(f"{self.variables[v]}: infinite values. Mend the file or leave them out.")
        return self._windows(fields, ds["time"])

    def inverse_transform(self, fields, time=None):
        """Physical units of prepared fields; padding is cropped.

        Parameters
        ----------
        fields : array of shape (time, latitude, longitude, variable)
            Prepared values, such as a reconstruction's last step or a cluster mean.
        time : xr.DataArray, default=None
            Their times. The seasonal cycle, where one was removed, is added again only if they are given;
            without them values come back as anomalies from it.

        Returns
        -------
        xr.Dataset
            With the names, units and attributes of the data fitted on.

        Raises
        ------
        DscTfError
            If `fields` or `time` have another shape.
        """
        rows, columns = len(self.latitude_), len(self.longitude_)
        self._check_fields(np.shape(fields), time)
        fields = np.asarray(fields)[:, :rows, :columns]
        weight = self.weight_[:rows, None]
        coords = {"time": time} if time is not None else {}
        for name, attributes in self.coordinate_attributes_.items():
            coords[name] = (name, getattr(self, f"{name}_"), attributes)
        result = {}
        for v, name in enumerate(self.variables):
            values = fields[..., v].astype(np.float64) / weight
            values = values * self._crop(self.span_[v]) + self._crop(self.offset_[v])
            if self.protocol.deseasonalise and time is not None:
                values += np.tensordot(seasonal_design(time), self.seasonal_[v][:, :rows, :columns], axes=1)
            result[name] = (DIMENSIONS, values.astype(np.float32), self.attributes_[v])
        return xr.Dataset(result, coords)

    def hints(self):
        """What methods may want to know of the samples last transformed.

        Returns
        -------
        dict
            latitude: degrees north of each row of `X`, None where fields are weighted already; starts: positions of
            the samples at which a new stretch of time begins.
        """
        padding = len(self.weight_) - len(self.latitude_)
        latitude = None if self.protocol.weight else np.pad(self.latitude_, (0, padding), mode="edge")
        return {"latitude": latitude, "starts": tuple(segment_starts(self.time.values).tolist())}

    def truth(self, ds):
        """Known regimes of the samples last transformed, shape (sample,), or None where `ds` has none."""
        return ds["regime"].values[self.sample_index] if "regime" in ds.coords else None

    def state(self):
        """Everything learned, as arrays and strings that `numpy.savez` can hold."""
        names = ("latitude_", "longitude_", "weight_", "fill_", "offset_", "span_", "seasonal_")
        text = {
            "protocol": asdict(self.protocol),
            "variables": self.variables,
            "attributes": self.attributes_,
            "coordinate_attributes": self.coordinate_attributes_,
        }
        return {name: getattr(self, name) for name in names} | {
            "window": self.window,
            "text": json.dumps(text, default=_plain),
        }

    @classmethod
    def from_state(cls, state):
        """A fitted preprocessor from what `state` returned."""
        text = json.loads(str(state["text"]))
        self = cls(Protocol(**text["protocol"]), int(state["window"]))
        self.variables, self.attributes_ = tuple(text["variables"]), text["attributes"]
        self.coordinate_attributes_ = text["coordinate_attributes"]
        for name in state:
            if name.endswith("_"):
                setattr(self, name, np.asarray(state[name]))
        return self

    def _fit_transform(self, ds):
        self.variables = tuple(map(str, ds.data_vars))
        self.attributes_ = [dict(ds[name].attrs) for name in self.variables]
        self.latitude_, self.longitude_ = ds["latitude"].values, ds["longitude"].values
        self.coordinate_attributes_ = {name: dict(ds[name].attrs) for name in DIMENSIONS[1:]}
        fields = self._padded(ds)
        self.weight_ = self._area_weight(fields.shape[1])
        self._fit_fill(fields)
        self.seasonal_, self.offset_, self.span_ = [], [], []
        for v in range(len(self.variables)):
            self._fit_variable(fields[..., v], ds["time"])
            self._apply(fields[..., v], v, ds["time"])
        for name in ("seasonal_", "offset_", "span_"):
            setattr(self, name, np.stack(getattr(self, name)))
        return fields

    def _padded(self, ds):
        """Step 1: one float32 array (time, latitude, longitude, variable), zeros at the ends."""
        shape = [ds.sizes[name] for name in DIMENSIONS]
        multiple = self.protocol.pad_multiple
        padded = [shape[0], *(-(-n // multiple) * multiple for n in shape[1:]), len(self.variables)]
        fields = np.zeros(padded, dtype=np.float32)
        for v, name in enumerate(self.variables):
            fields[:, : shape[1], : shape[2], v] = ds[name].transpose(*DIMENSIONS).values
        return fields

    def _fit_fill(self, fields):
        totals = [cell_totals(fields[..., v]) for v in range(fields.shape[-1])]
        counts, sums = (np.array([part.sum() for part in parts]) for parts in zip(*totals, strict=True))
        if not counts.all():
            name = self.variables[int(np.argmin(counts))]
            raise DscTfError(f"{name}: every value is missing. Leave it out with --variables.")
        means = sums / counts
        if self.protocol.fill == "grand_mean":
            means = np.full(len(means), sums.sum() / counts.sum())
        # Once the seasonal cycle is gone, a variable's mean is zero.
        self.fill_ = np.zeros(len(means)) if self.protocol.deseasonalise else means

    def _fit_variable(self, values, time):
        """Steps 2 and 4: seasonal coefficients, offset and span of one variable."""
        seasonal = np.zeros((1, 1, 1))
        if self.protocol.deseasonalise:
            seasonal = fit_seasonal_cycle(values, time)
        self.seasonal_.append(seasonal)
        blocks = self._filled_blocks(values, len(self.offset_), time)
        if self.protocol.scale == "standard":
            offset, span = _mean_and_deviation(block for _, block in blocks)
        else:
            axis = 0 if self.protocol.scale == "cell" else None
            offset, span = _low_and_range((block for _, block in blocks), axis)
        # Constant values become 0, not 0 / 0.
        span = np.where(span > 0, span, 1.0)
        self.offset_.append(np.atleast_2d(offset))
        self.span_.append(np.atleast_2d(span))

    def _filled_blocks(self, values, v, time):
        """Steps 2 and 3 on one variable: slices of time and their values in float64, none missing."""
        design = seasonal_design(time) if self.protocol.deseasonalise else None
        for steps in time_blocks(values):
            block = values[steps].astype(np.float64)
            if design is not None:
                block -= np.tensordot(design[steps], self.seasonal_[v], axes=1)
            np.copyto(block, self.fill_[v], where=np.isnan(block))
            yield steps, block

    def _apply(self, values, v, time):
        """Steps 2 to 5 on one variable, in place."""
        factor = self.weight_[:, None] / self.span_[v]
        for steps, block in self._filled_blocks(values, v, time):
            block -= self.offset_[v]
            block *= factor
            values[steps] = block

    def _windows(self, fields, time):
        """Step 6."""
        ends = window_ends(time.values, self.window)
        if not len(ends):
            raise DscTfError(
                f"window: {self.window} steps, but no stretch without a gap among the {len(fields)} steps "
                "of the record is that long. Give a shorter window."
            )
        self.sample_index, self.time = ends, time[ends]
        return gather_windows(fields, ends, self.window)

    def _area_weight(self, rows):
        weight = np.ones(rows)
        if self.protocol.weight:
            weight[: len(self.latitude_)] = np.sqrt(np.maximum(np.cos(np.deg2rad(self.latitude_)), 1e-6))
        return weight

    def _crop(self, constant):
        one_number = constant.shape == (1, 1)
        return constant if one_number else constant[: len(self.latitude_), : len(self.longitude_)]

    def _check_fields(self, shape, time):
        rows, columns, variables = len(self.latitude_), len(self.longitude_), len(self.variables)
        fits = len(shape) == 4 and shape[1] >= rows and shape[2] >= columns and shape[3] == variables
        if not fits or (time is not None and len(time) != shape[0]):
            raise DscTfError(
                f"fields: of shape {tuple(shape)}. Give (time, {rows}, {columns}, {variables}), padded or not, and as "
                "many times."
            )

    def _check_same_grid(self, ds):
        missing = [name for name in self.variables if name not in ds]
        if missing:
            raise DscTfError(
                f"variables: {', '.join(missing)} not in the data. Give the variables fitted on."
            )
        for name in ("latitude", "longitude"):
            mine, other = getattr(self, f"{name}_"), ds[name].values
            if mine.shape != other.shape or not np.allclose(mine, other, atol=1e-4):
                raise DscTfError(f"{name}: not that of the data fitted on. Give data on the same grid.")


def _check_axes(ds):
    missing = [name for name in DIMENSIONS if name not in ds.dims or name not in ds.coords]
    if missing:
        raise DscTfError(f"{missing[0]}: no such axis. Give a dataset as `open_dataset` returns it.")
    if not ds.indexes["time"].is_monotonic_increasing:
        raise DscTfError("time: not sorted. Sort it, for example with ds.sortby('time').")


def _low_and_range(blocks, axis):
    """Smallest value and the distance to the largest, of everything or of each cell."""
    low, high = np.inf, -np.inf
    for block in blocks:
        low = np.minimum(low, np.min(block, axis=axis))
        high = np.maximum(high, np.max(block, axis=axis))
    return low, high - low


def _mean_and_deviation(blocks):
    """Mean and standard deviation of everything, from sums about the first value: exact for a constant."""
    count, total, squares, origin = 0, 0.0, 0.0, None
    for block in blocks:
        origin = block.flat[0] if origin is None else origin
        block -= origin
        count += block.size
        total += block.sum()
        squares += np.vdot(block, block)
    mean = total / count
    return origin + mean, np.sqrt(max(squares / count - mean**2, 0.0))


def _plain(value):
    """NumPy values in attributes as JSON knows them."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
