"""From a dataset in physical units to the array that methods see, and back.

The steps, in this order, each a choice of the protocol: 1 pad, 2 seasonal cycle, 3 fill, 4 scale, 5 weight,
6 windows. All but the last have an inverse.
"""

import json
import logging
from dataclasses import asdict
from numbers import Integral
from os import PathLike
from typing import Self

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..errors import DscTfError
from ..logging import log_duration
from ..records.chunks import DIMENSIONS, block_length
from ..records.memory import memory_limit
from .constants import learn_constants
from .protocols import PROTOCOLS, Protocol
from .samples import Samples, ScratchArray, scratch_folder
from .scaling import Scaling
from .seasonal_cycle import seasonal_design
from .source import read_source
from .windows import segment_numbers, window_ends

log = logging.getLogger(__name__)

PREPROCESSING = "preprocessing.npz"  # where a run folder keeps what `Preprocessor.state` says


def prepare(
    ds: xr.Dataset,
    protocol: str | Protocol = "paper",
    window: int = 1,
    *,
    memory: int | str | None = None,
    scratch: str | PathLike | None = None,
) -> tuple[Samples, "Preprocessor"]:
    """Samples of a record, ready for a clusterer.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it: variables over (time, latitude, longitude).
    protocol : str or Protocol, default="paper"
        "paper", "notebook" or "anomaly", see `PROTOCOLS`.
    window : int, default=1
        Consecutive steps of a sample; its time is that of the last one.
    memory : int or str, default=None
        Bytes, or such as "2GB", that the record may take; None is half of what is available. Prepared fields that
        take more than half of it go into a scratch file, and samples are read from there when they are asked for.
    scratch : path, default=None
        Folder of the scratch file; None is that of the variable TMPDIR, or the working directory.

    Returns
    -------
    X : Samples of shape (time, window, latitude, longitude, variable)
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
    from ..records.validation import check_axes, check_values

    prep = Preprocessor(protocol, window)
    _check_axes(ds)
    check_axes(ds)
    with log_duration(log, f"preparing by protocol {prep.protocol.name}, window {prep.window}"):
        return prep._samples(ds, prep._fit(ds, memory, scratch, check_values)), prep


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
    """

    protocol: Protocol
    window: int
    offset_: np.ndarray  # learned, see `learn_constants`
    span_: np.ndarray
    seasonal_: np.ndarray

    def __init__(self, protocol: str | Protocol = "paper", window: int = 1):
        if not isinstance(protocol, Protocol) and protocol not in tuple(PROTOCOLS):
            raise DscTfError(f"protocol: {protocol!r}. Choose one of {', '.join(PROTOCOLS)}.")
        if not isinstance(window, Integral) or window < 1:
            raise DscTfError(f"window: {window!r}. Give an integer of at least 1.")
        self.protocol = protocol if isinstance(protocol, Protocol) else PROTOCOLS[protocol]
        self.window = int(window)

    def fit(self, ds: xr.Dataset) -> Self:
        """Learn the constants of every step from `ds`."""
        self._fit(ds)
        return self

    def fit_transform(self, ds, *, memory=None, scratch=None):
        """`fit` and `transform` in one pass over the data; `memory` and `scratch` as of `prepare`."""
        return self._samples(ds, self._fit(ds, memory, scratch))

    def transform(
        self, ds: xr.Dataset, *, memory: int | str | None = None, scratch: str | PathLike | None = None
    ) -> Samples:
        """Samples of another dataset with the same variables and grid, scaled with this one's constants.

        Parameters
        ----------
        ds : xr.Dataset
            The other record.
        memory, scratch
            As of `prepare`.

        Raises
        ------
        DscTfError
            If variables or grid differ, times are not sorted, a value is infinite, or no window fits.
        """
        _check_axes(ds)
        self._check_same_grid(ds)
        rows = self._new_rows(ds, memory, scratch)
        read_source(ds, self.variables, rows, self._grid, None)
        return self._samples(ds, self._scaled(rows, ds, has_holes=True))

    def inverse_transform(
        self, fields: npt.ArrayLike, time: npt.ArrayLike | xr.DataArray | None = None
    ) -> xr.Dataset:
        """Physical units of prepared fields; padding is cropped.

        Parameters
        ----------
        fields : array of shape (time, latitude, longitude, variable)
            Prepared values, such as a reconstruction's last step or a cluster mean.
        time : array or xr.DataArray, shape (time,), default=None
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
        time = xr.DataArray(time, dims="time") if isinstance(time, np.ndarray) else time
        weight = self.weight_[:rows, None]
        coords: dict = {"time": time} if time is not None else {}
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

    def _fit(self, ds, memory=None, scratch=None, check=None):
        """Learn every constant, and return the scaled fields of all steps."""
        self.variables = tuple(map(str, ds.data_vars))
        self.attributes_ = [dict(ds[name].attrs) for name in self.variables]
        self.latitude_, self.longitude_ = ds["latitude"].values, ds["longitude"].values
        self.coordinate_attributes_ = {name: dict(ds[name].attrs) for name in DIMENSIONS[1:]}
        self.weight_ = self._area_weight()
        rows = self._new_rows(ds, memory, scratch)
        try:
            statistics = read_source(ds, self.variables, rows, self._grid, self.protocol)
            if check is not None:
                check(statistics, lambda name: self._raw_fields(rows, self.variables.index(name)))
            learn_constants(self, statistics, lambda: self._raw_blocks(rows), ds["time"])
            has_holes = any(known.missing.any() for known in statistics.values())
            return self._scaled(rows, ds, has_holes=has_holes)
        except BaseException:
            _close(rows)
            raise

    @property
    def _grid(self):
        """(latitude, longitude, variable) with padding."""
        multiple = self.protocol.pad_multiple
        return *(-(-len(a) // multiple) * multiple for a in (self.latitude_, self.longitude_)), len(
            self.variables
        )

    def _new_rows(self, ds, memory, scratch):
        """Where the fields of all steps go: an array, or a scratch file if they take over half of the memory."""
        shape = (ds.sizes["time"], int(np.prod(self._grid)))
        if 2 * 4 * shape[0] * shape[1] > memory_limit(memory):
            return ScratchArray(shape, scratch or scratch_folder())
        return np.empty(shape, np.float32)

    def _raw_blocks(self, rows):
        """Steps and fields (time, value) in blocks, before they are scaled."""
        length = block_length(rows.shape[1])
        read = rows.read_unscaled if isinstance(rows, ScratchArray) else lambda start, stop: rows[start:stop]
        for start in range(0, len(rows), length):
            yield slice(start, start + length), read(start, start + length)

    def _raw_fields(self, rows, v):
        height, width = len(self.latitude_), len(self.longitude_)
        for _, block in self._raw_blocks(rows):
            yield block.reshape(len(block), *self._grid)[:, :height, :width, v]

    def _scaled(self, rows, ds, *, has_holes):
        """Steps 2 to 5: in place on an array; on a scratch file whenever it is read."""
        scaling = self._scaling(ds["time"], has_holes=has_holes)
        if isinstance(rows, ScratchArray):
            rows.prepare_block = scaling.apply
        else:
            for at, block in self._raw_blocks(rows):
                scaling.apply(block, at)
        return rows

    def _scaling(self, time, *, has_holes):
        full = np.zeros(self._grid)

        def last(constants):  # (variable, latitude, longitude), or one number each
            return np.moveaxis(np.asarray(constants), 0, -1) + full

        removed = self.protocol.deseasonalise
        return Scaling.of(
            seasonal=np.moveaxis(self.seasonal_, 0, -1) + full if removed else None,
            offset=last(self.offset_),
            span=last(self.span_),
            weight=self.weight_[:, None, None] + full,
            fill=np.asarray(self.fill_) + full,
            design=seasonal_design(time) if removed else None,
            has_holes=has_holes,
        )

    def _samples(self, ds, rows):
        """Step 6."""
        time = ds["time"].values
        member = ds["member"].values if "member" in ds.coords and ds["member"].dims == ("time",) else None
        segment = segment_numbers(time, member)
        ends = window_ends(segment, self.window)
        if not len(ends):
            _close(rows)
            raise DscTfError(
                f"window: {self.window} steps, but no stretch without a gap among the {len(rows)} steps "
                "of the record is that long. Give a shorter window."
            )
        height, width, _ = self._grid
        return Samples(
            rows,
            self._grid,
            ends=ends,
            window=self.window,
            time=time[ends],
            latitude=np.pad(self.latitude_, (0, height - len(self.latitude_)), mode="edge"),
            longitude=np.pad(self.longitude_, (0, width - len(self.longitude_)), mode="edge"),
            variables=self.variables,
            segment=segment[ends],
            member=None if member is None else member[ends],
            weighted=self.protocol.weight,
            sample_index=ends,
        )

    def _area_weight(self):
        weight = np.ones(self._grid[0])
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
    if not _is_sorted(ds):
        raise DscTfError("time: not sorted. Sort it, for example with ds.sortby('time').")


def _is_sorted(ds):
    """Whether times increase, within each ensemble member if there are several."""
    if "member" in ds.coords and ds["member"].dims == ("time",):
        member = ds["member"].values
        ends = [0, *np.flatnonzero(member[1:] != member[:-1]) + 1, len(member)]
        pieces = [ds.indexes["time"][a:b] for a, b in zip(ends, ends[1:], strict=False)]
        return all(piece.is_monotonic_increasing for piece in pieces)
    return ds.indexes["time"].is_monotonic_increasing


def _close(rows):
    if isinstance(rows, ScratchArray):
        rows.close()


def _plain(value):
    """NumPy values in attributes as JSON knows them."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
