"""From a dataset in physical units to the array that methods see, and back.

The steps, in this order, each a choice of the protocol: 1 pad, 2 seasonal cycle, 3 fill, 4 scale, 5 weight,
6 windows. All but the last have an inverse.
"""

import json
from dataclasses import asdict

import numpy as np
import xarray as xr

from ..errors import DscTfError
from .protocols import PROTOCOLS, Protocol
from .seasons import fit_seasonal_cycle, seasonal_design
from .windows import gather_windows, window_ends

DIMENSIONS = ("time", "latitude", "longitude")


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
        If the data are at fault (see `check_dataset`), there is no such protocol, or no stretch without a gap
        holds a window.

    References
    ----------
    Faruque et al. (2023), section 4.1 and equation 8 ("paper"); their notebook ("notebook").
    """
    from .checks import check_dataset

    prep = Preprocessor(protocol, window)
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
        Positions in time of the samples last transformed.
    time : xr.DataArray
        Times of those samples.
    """

    def __init__(self, protocol="paper", window=1):
        if isinstance(protocol, str) and protocol not in PROTOCOLS:
            raise DscTfError(f"protocol: {protocol!r}. Choose one of {', '.join(PROTOCOLS)}.")
        if window < 1:
            raise DscTfError(f"window: {window}. Give an integer of at least 1.")
        self.protocol = protocol if isinstance(protocol, Protocol) else PROTOCOLS[protocol]
        self.window = int(window)

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
            If variables or grid differ, or no window fits.
        """
        self._check_same_grid(ds)
        fields = self._padded(ds)
        for v in range(len(self.variables)):
            self._apply(fields[..., v], v, ds["time"])
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
        """
        rows, columns = len(self.latitude_), len(self.longitude_)
        fields = np.asarray(fields, dtype=np.float64)[:, :rows, :columns]
        weight = self.weight_[:rows, None]
        coords = {"time": time} if time is not None else {}
        coords |= {"latitude": self.latitude_, "longitude": self.longitude_}
        result = {}
        for v, name in enumerate(self.variables):
            values = fields[..., v] / weight * self._crop(self.span_[v]) + self._crop(self.offset_[v])
            if self.protocol.deseasonalise and time is not None:
                values += np.tensordot(seasonal_design(time), self.seasonal_[v][:, :rows, :columns], axes=1)
            result[name] = (DIMENSIONS, values.astype(np.float32), self.attributes_[v])
        return xr.Dataset(result, coords)

    def state(self):
        """Everything learned, as arrays and strings that `numpy.savez` can hold."""
        names = ("latitude_", "longitude_", "weight_", "fill_", "offset_", "span_", "seasonal_")
        text = {
            "protocol": asdict(self.protocol),
            "variables": self.variables,
            "attributes": self.attributes_,
        }
        return {name: getattr(self, name) for name in names} | {
            "window": self.window,
            "text": json.dumps(text, default=str),
        }

    @classmethod
    def from_state(cls, state):
        """A fitted preprocessor from what `state` returned."""
        text = json.loads(str(state["text"]))
        self = cls(Protocol(**text["protocol"]), int(state["window"]))
        self.variables, self.attributes_ = tuple(text["variables"]), text["attributes"]
        for name in state:
            if name.endswith("_"):
                setattr(self, name, np.asarray(state[name]))
        return self

    def _fit_transform(self, ds):
        self.variables = tuple(map(str, ds.data_vars))
        self.attributes_ = [dict(ds[name].attrs) for name in self.variables]
        self.latitude_, self.longitude_ = ds["latitude"].values, ds["longitude"].values
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
        means = [np.nanmean(fields[..., v], dtype=np.float64) for v in range(fields.shape[-1])]
        if self.protocol.fill == "grand_mean":
            counts = [np.isfinite(fields[..., v]).sum() for v in range(fields.shape[-1])]
            means = [np.average(means, weights=counts)] * len(means)
        # Once the seasonal cycle is gone, a variable's mean is zero.
        self.fill_ = np.zeros(len(means)) if self.protocol.deseasonalise else np.array(means)

    def _fit_variable(self, values, time):
        """Steps 2 and 4: seasonal coefficients, offset and span of one variable."""
        seasonal = np.zeros((1, 1, 1))
        if self.protocol.deseasonalise:
            seasonal = fit_seasonal_cycle(values, time)
            values = values - np.tensordot(seasonal_design(time), seasonal, axes=1)
        self.seasonal_.append(seasonal)
        values = np.where(np.isnan(values), self.fill_[len(self.offset_)], values)
        axis = 0 if self.protocol.scale == "cell" else None
        if self.protocol.scale == "standard":
            offset, span = np.mean(values, dtype=np.float64), np.std(values, dtype=np.float64)
        else:
            offset = np.min(values, axis=axis).astype(np.float64)
            span = np.max(values, axis=axis) - offset
        # Constant values become 0, not 0 / 0.
        span = np.where(span > 0, span, 1.0)
        self.offset_.append(np.atleast_2d(offset))
        self.span_.append(np.atleast_2d(span))

    def _apply(self, values, v, time):
        """Steps 2 to 5 on one variable, in place, a block of time after the other."""
        design = seasonal_design(time) if self.protocol.deseasonalise else None
        for start in range(0, len(values), 512):
            block = values[start : start + 512]
            exact = block.astype(np.float64)
            if design is not None:
                exact -= np.tensordot(design[start : start + 512], self.seasonal_[v], axes=1)
            exact[np.isnan(exact)] = self.fill_[v]
            block[...] = (exact - self.offset_[v]) / self.span_[v] * self.weight_[:, None]

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
