"""The numbered steps of a preparation: pad, seasonal cycle, fill, scale, area weight, window.

Every step has `fit_from(statistics)`, `apply(block, time)` and `invert(block, time)`. A block has the shape
(time, latitude, longitude, variable). Steps that only add and multiply are applied together by `fold`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..records.field_statistics import FieldStatistics
from ..records.grids import area_weights
from .seasonal_cycle import fit_seasonal_cycle, regressors, seasonal_design
from .seasonal_deviation import fit_seasonal_deviation, seasonal_deviation
from .windows import window_ends

MIN_SCALE = float(np.finfo(np.float32).tiny)  # division by less overflows in single precision
MIN_WEIGHT = 1e-6  # least cosine of latitude of an area weight: a field at a pole can still be inverted


@dataclass
class RecordStatistics:
    """Statistics of a record before its preparation, from which steps are fitted in their order.

    A step that changes the distribution of the values describes the change here, for the steps that follow.

    Parameters
    ----------
    fields : sequence of FieldStatistics
        Statistics of each variable, without padding.
    shape : tuple of int
        Grid without padding: (latitude, longitude).
    grid : tuple of int
        Grid with padding: (latitude, longitude, variable).
    latitude : array of shape (latitude,)
        Degrees north, without padding.
    time : xr.DataArray
        Times of the record.
    raw_blocks : callable
        Returns an iterator of slices of time and blocks (time, value) as they were read, for statistics that cannot
        be accumulated on the way.
    """

    fields: Sequence[FieldStatistics]
    shape: tuple[int, int]
    grid: tuple[int, int, int]
    latitude: np.ndarray
    time: xr.DataArray
    raw_blocks: Callable[[], Iterator[tuple[slice, np.ndarray]]]
    fitted: list = field(default_factory=list)
    remainders: list | None = None  # sums and squares of each cell once the seasonal cycle is removed

    @property
    def padding(self) -> int:
        """Number of cells that padding adds to a field."""
        return self.grid[0] * self.grid[1] - self.shape[0] * self.shape[1]

    def on_grid(self, cells: np.ndarray, value: float) -> np.ndarray:
        """Values of cells, shape (..., cell), on the padded grid (..., latitude, longitude), `value` in the padding."""
        edge = [(0, 0)] * (cells.ndim - 1) + [
            (0, padded - size) for padded, size in zip(self.grid, self.shape, strict=False)
        ]
        return np.pad(cells.reshape(*cells.shape[:-1], *self.shape), edge, constant_values=value)

    def prepared_blocks(self) -> Iterator[np.ndarray]:
        """Blocks (time, latitude, longitude, variable) after the steps that are fitted already: a second pass."""
        apply = fold(self.fitted, self.grid, self.time, has_missing=True)
        for at, block in self.raw_blocks():
            block = block.copy()
            apply(block, at)
            yield block.reshape(-1, *self.grid)


@dataclass(frozen=True)
class Affine:
    """The map x -> (x - offset - design @ seasonal) * multiply / divide of a step, missing values becoming `fill`.

    Parameters
    ----------
    offset, multiply, divide : float or array, default=0.0, 1.0, 1.0
        Broadcast against fields (latitude, longitude, variable).
    seasonal : array of shape (harmonic, latitude, longitude, variable), default=None
        Coefficients of the regressors of `seasonal_design`, without the mean.
    fill : array, default=None
        Value of missing values after the step.
    """

    offset: Any = 0.0
    multiply: Any = 1.0
    divide: Any = 1.0
    seasonal: np.ndarray | None = None
    fill: Any = None


class Step:
    """A step of a preparation. Subclasses define what they learn, their map and its inverse.

    Attributes
    ----------
    name : str
        Key of the step in `Preprocessor.steps_`.
    applied_when_read : bool
        Whether the step is applied to blocks as they are read, before statistics are accumulated.
    changes_shape : bool
        Whether the step changes the shape of a block.
    stored : dict of str to str
        Learned attributes by their keys in `preprocessing.npz`.
    across_time : bool
        Whether a value depends on other time steps, so that the step is applied to whole records.
    """

    name = ""
    applied_when_read = False
    changes_shape = False
    stored: ClassVar[dict[str, str]] = {}
    across_time = False

    def bind(self, variables: Sequence[str]) -> Self:
        """Take the names of the variables in their order."""
        return self

    def design(self, time: xr.DataArray) -> np.ndarray | None:
        """Regressors whose products with the values the step needs, shape (time, coefficient); None if sums suffice."""
        return None

    def fit_from(self, statistics: RecordStatistics) -> Self:
        """Learn the constants of the step."""
        return self

    def apply(self, block: np.ndarray, time: xr.DataArray) -> np.ndarray:
        """Prepare a block (time, latitude, longitude, variable)."""
        terms = self.affine()
        values = block - terms.offset
        if terms.seasonal is not None:
            values = values - np.tensordot(seasonal_design(time)[:, 1:], terms.seasonal, axes=1)
        if terms.fill is not None:
            values = np.where(np.isnan(values), terms.fill, values)
        return values * terms.multiply / terms.divide

    def invert(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Undo `apply`; without times a seasonal cycle is not added."""
        terms = self.affine()
        return block * terms.divide / terms.multiply + terms.offset

    def affine(self) -> Affine:
        """The map of the step, if it is affine; a step with another map overrides `apply` and `invert`."""
        raise NotImplementedError

    def state(self) -> dict[str, np.ndarray]:
        """Learned arrays by their keys in `preprocessing.npz`."""
        return {key: getattr(self, name) for key, name in self.stored.items()}

    def restore(self, state: Any) -> Self:
        """Take learned arrays from what `state` returned."""
        for key, name in self.stored.items():
            setattr(self, name, np.asarray(state[key]))
        return self


class Pad(Step):
    """Step 1: zeros at the ends of latitude and longitude, up to a multiple of a size.

    Parameters
    ----------
    multiple : int, default=1
        Padded sizes are multiples of this.

    Examples
    --------
    >>> Pad(4).apply(np.ones((1, 3, 5, 1)), None).shape
    (1, 4, 8, 1)
    """

    name = "pad"
    applied_when_read = changes_shape = True

    def __init__(self, multiple: int = 1):
        self.multiple = multiple

    def fit_from(self, statistics: RecordStatistics) -> Self:
        """Learn the shape of fields without padding."""
        self.shape_ = tuple(statistics.shape)
        return self

    def padded(self, size: int) -> int:
        """Size of an axis with padding."""
        return -(-size // self.multiple) * self.multiple

    def apply(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Pad a block; it is returned unchanged if its sizes fit already."""
        missing = [self.padded(size) - size for size in block.shape[1:3]]
        if not any(missing):
            return block
        return np.pad(block, [(0, 0), (0, missing[0]), (0, missing[1]), (0, 0)])

    def invert(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Crop a block to the shape without padding."""
        return block[:, : self.shape_[0], : self.shape_[1]]


class SeasonalCycle(Step):
    """Step 2: remove the seasonal cycle of each cell, its mean and two harmonics of the year.

    Attributes
    ----------
    coefficients_ : array of shape (variable, coefficient, latitude, longitude)
        Mean, cosine and sine of the year, cosine and sine of the half year, in the unit of the variable.
    """

    name = "seasonal_cycle"
    stored = {"seasonal_": "coefficients_"}

    def design(self, time: xr.DataArray) -> np.ndarray:
        """Mean and harmonics, see `regressors`."""
        return regressors(time)

    def fit_from(self, statistics: RecordStatistics) -> Self:
        """Learn the cycle; the statistics describe what remains afterwards."""
        cycles = [fit_seasonal_cycle(one) for one in statistics.fields]
        self.coefficients_ = np.stack([statistics.on_grid(cycle[0], 0.0) for cycle in cycles])
        statistics.remainders = [cycle[1:] for cycle in cycles]
        return self

    def affine(self) -> Affine:
        """The mean is an offset; the harmonics depend on time."""
        last = np.moveaxis(self.coefficients_, 0, -1)
        return Affine(offset=last[0], seasonal=last[1:])

    def cycle(self, time: xr.DataArray) -> np.ndarray:
        """Seasonal cycle at some times, shape (time, latitude, longitude, variable), float64."""
        return np.tensordot(seasonal_design(time), np.moveaxis(self.coefficients_, 0, -1), axes=1)

    def invert(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Add the cycle, if times are given."""
        return block if time is None else block + self.cycle(time)


class Fill(Step):
    """Step 3: replace missing values by a mean.

    Parameters
    ----------
    mean : {"variable_mean", "grand_mean"}, default="variable_mean"
        Mean of each variable, or one mean over all variables. Padding counts. After the seasonal cycle both are 0.

    Attributes
    ----------
    fill_value_ : array of shape (variable,)
        Values in place of missing ones.
    """

    name = "fill"
    stored = {"fill_": "fill_value_"}

    def __init__(self, mean: str = "variable_mean"):
        self.mean = mean

    def fit_from(self, statistics: RecordStatistics) -> Self:
        """Learn the means."""
        known = statistics.fields
        counts = np.array([one.counts.sum() + statistics.padding * one.steps for one in known])
        sums = np.array([one.sums.sum() for one in known])
        means = sums / counts
        if self.mean == "grand_mean":
            means = np.full(len(means), sums.sum() / counts.sum())
        self.fill_value_ = means if statistics.remainders is None else np.zeros(len(means))
        return self

    def affine(self) -> Affine:
        """Missing values alone change."""
        return Affine(fill=self.fill_value_)


class Scale(Step):
    """Step 4: subtract a centre and divide by a scale.

    Parameters
    ----------
    to : {"variable", "cell", "standard"}, default="variable"
        "variable": each variable to 0..1 by its range. "cell": each cell of each variable to 0..1. "standard": each
        variable to mean 0 and standard deviation 1.

    Attributes
    ----------
    center_, scale_ : array of shape (variable, latitude or 1, longitude or 1)
        In the unit of the variable; the scale of constant values is 1, so that they become 0.
    """

    name = "scale"
    stored = {"offset_": "center_", "span_": "scale_"}  # keys of version 0.1

    def __init__(self, to: str = "variable"):
        self.to = to

    def design(self, time: xr.DataArray) -> np.ndarray | None:
        """A constant, with which sums of squares are accumulated, if the standard deviation is needed."""
        return np.ones((time.size, 1)) if self.to == "standard" else None

    def fit_from(self, statistics: RecordStatistics) -> Self:
        """Learn centre and scale of filled, padded values."""
        if self.to == "standard":
            pairs = self._moments(statistics)
        elif statistics.remainders is not None:
            pairs = self._range_of_anomalies(statistics)
        else:
            pairs = self._range(statistics)
        offset, second = (np.stack([np.atleast_2d(pair[i]) for pair in pairs]) for i in range(2))
        scale = second if self.to == "standard" else second - offset
        self.center_, self.scale_ = offset, np.where(scale > MIN_SCALE, scale, 1.0)
        return self

    def affine(self) -> Affine:
        """Centre and scale as fields."""
        return Affine(offset=np.moveaxis(self.center_, 0, -1), divide=np.moveaxis(self.scale_, 0, -1))

    def _fill_values(self, statistics):
        return next(step for step in statistics.fitted if isinstance(step, Fill)).fill_value_

    def _moments(self, statistics):
        """Mean and standard deviation of each variable."""
        if statistics.remainders is not None:
            number = statistics.fields[0].steps * statistics.grid[0] * statistics.grid[1]
            return [
                _mean_and_deviation(sums.sum(), squares.sum(), number)
                for sums, squares in statistics.remainders
            ]
        fills = self._fill_values(statistics)
        return [
            _filled_moments(one, fill, statistics.padding)
            for one, fill in zip(statistics.fields, fills, strict=True)
        ]

    def _range(self, statistics):
        """Lowest and highest value of each cell or variable."""
        fills = self._fill_values(statistics)
        filled = [_filled_range(one, fill) for one, fill in zip(statistics.fields, fills, strict=True)]
        if self.to == "cell":
            return [(statistics.on_grid(low, 0.0), statistics.on_grid(high, 0.0)) for low, high in filled]
        beyond = [0.0] if statistics.padding else []
        return [(np.min([low.min(), *beyond]), np.max([high.max(), *beyond])) for low, high in filled]

    def _range_of_anomalies(self, statistics):
        """Lowest and highest anomaly of each cell or variable, by a pass over the fields that were read."""
        low: Any = None
        high: Any = None
        for block in statistics.prepared_blocks():
            fields = block.min(axis=0), block.max(axis=0)
            low = fields[0] if low is None else np.minimum(low, fields[0])
            high = fields[1] if high is None else np.maximum(high, fields[1])
        low, high = (np.moveaxis(a, -1, 0).astype(np.float64) for a in (low, high))
        if self.to == "cell":
            return list(zip(low, high, strict=True))
        return [(one.min(), other.max()) for one, other in zip(low, high, strict=True)]


class SeasonalDeviation(Step):
    """Divide each variable by the smooth seasonal cycle of the standard deviation of its anomalies.

    The variance is the mean over the area of the squared scaled anomalies; its mean and two harmonics of the year are
    fitted by least squares, see `fit_seasonal_deviation`.

    Attributes
    ----------
    variance_ : array of shape (coefficient, variable)
        Mean, cosine and sine of the year, cosine and sine of the half year.
    """

    name = "seasonal_deviation"
    stored = {"seasonal_variance_": "variance_"}

    def fit_from(self, statistics: RecordStatistics) -> Self:
        """Learn the cycle by a pass over the fields that were read."""
        area = np.zeros(statistics.grid[0])
        area[: len(statistics.latitude)] = np.maximum(np.cos(np.deg2rad(statistics.latitude)), MIN_WEIGHT)
        squares = [
            np.einsum("tijv,i->tv", block.astype(np.float64) ** 2, area / (area.sum() * statistics.shape[1]))
            for block in statistics.prepared_blocks()
        ]
        self.variance_ = fit_seasonal_deviation(np.concatenate(squares), statistics.time)
        return self

    def apply(self, block: np.ndarray, time: xr.DataArray) -> np.ndarray:
        """Divide by the standard deviation of the time of the year."""
        return block / seasonal_deviation(self.variance_, time)[:, None, None]

    def invert(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Multiply by the standard deviation; without times by the root of the mean variance."""
        if time is None:
            return block * np.where(self.variance_[0] > 0, np.sqrt(np.abs(self.variance_[0])), 1.0)
        return block * seasonal_deviation(self.variance_, time)[:, None, None]


class AreaWeight(Step):
    """Step 5: multiply by the square root of the cosine of latitude, so that squared distances count area.

    Attributes
    ----------
    weight_ : array of shape (latitude,)
        Weight of each row of the padded grid; 1 in the padding.
    """

    name = "area_weight"
    stored = {"weight_": "weight_"}

    def fit_from(self, statistics: RecordStatistics) -> Self:
        """Take the weights from the latitudes."""
        self.weight_ = np.ones(statistics.grid[0])
        cosine = area_weights(statistics.latitude)
        self.weight_[: len(cosine)] = np.sqrt(np.maximum(cosine, MIN_WEIGHT))
        return self

    def affine(self) -> Affine:
        """A factor for each latitude."""
        return Affine(multiply=self.weight_[:, None, None])


class Window(Step):
    """Step 6: samples of consecutive steps, each labelled by its last one.

    Parameters
    ----------
    window : int, default=1
        Number of steps of a sample.
    """

    name = "window"
    changes_shape = True

    def __init__(self, window: int = 1):
        self.window = window

    def ends(self, segment: npt.ArrayLike) -> np.ndarray:
        """Last step of each window that stays within one segment, see `window_ends`."""
        return window_ends(segment, self.window)

    def apply(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Windows of a gap-free block, a view of shape (time, window, latitude, longitude, variable)."""
        return np.moveaxis(np.lib.stride_tricks.sliding_window_view(block, self.window, axis=0), -1, 1)

    def invert(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """The last step of each window."""
        return block[:, -1]


class FoldedSteps:
    """Consecutive affine steps as few operations on each block, in place and in float32.

    The values are centred first, so that large offsets cost no precision.

    Parameters
    ----------
    steps : sequence of Step
        Affine steps in their order.
    grid : tuple of int
        (latitude, longitude, variable).
    time : xr.DataArray
        Times of the record.
    has_missing : bool
        Whether values may be missing.
    """

    def __init__(self, steps: Sequence[Step], grid: tuple, time: xr.DataArray, *, has_missing: bool):
        full = np.zeros(grid)
        offset, multiply, divide = 0.0 + full, 1.0 + full, 1.0 + full
        seasonal, fill, after_fill = None, None, full
        for terms in (step.affine() for step in steps):
            step_offset = terms.offset * divide / multiply
            offset = offset + step_offset
            after_fill = after_fill + step_offset
            if terms.seasonal is not None:
                seasonal = terms.seasonal * divide / multiply + full
            if terms.fill is not None:
                fill, after_fill = terms.fill * divide / multiply + full, full
            multiply, divide = multiply * terms.multiply, divide * terms.divide
        center = offset.astype(np.float32)
        rest = (offset - center)[None] if seasonal is None else np.concatenate([[offset - center], seasonal])
        self.center = center.ravel()
        self.factor = (multiply / divide).astype(np.float32).ravel()
        self.fill = None if fill is None else (fill - after_fill).astype(np.float32).ravel()
        self.rest = rest.astype(np.float32).reshape(len(rest), -1) if rest.any() else None
        self.design = None if seasonal is None else seasonal_design(time).astype(np.float32)
        self.has_missing = has_missing

    def __call__(self, block: np.ndarray, at: npt.ArrayLike | slice) -> None:
        """Prepare `block`, shape (time, value), in place; `at` are its steps in the record."""
        block -= self.center
        if self.rest is not None:
            block -= self.rest if self.design is None else self.design[at] @ self.rest
        if self.has_missing and self.fill is not None:
            np.copyto(block, self.fill, where=np.isnan(block))
        block *= self.factor


def fold(
    steps: Sequence[Step], grid: tuple, time: xr.DataArray, *, has_missing: bool
) -> Callable[[np.ndarray, Any], None]:
    """One function that applies steps to blocks (time, value) in place.

    Parameters
    ----------
    steps : sequence of Step
        Steps in their order; consecutive affine ones are folded into one, see `FoldedSteps`. Steps that are applied
        when blocks are read, that change the shape or that combine time steps are left out.
    grid : tuple of int
        (latitude, longitude, variable).
    time : xr.DataArray
        Times of the record.
    has_missing : bool
        Whether values may be missing.

    Returns
    -------
    callable
        Takes a block and its steps in the record.
    """
    functions: list = []
    group: list = []
    for step in steps:
        if step.changes_shape or step.applied_when_read or step.across_time:
            continue
        if type(step).apply is Step.apply:
            group.append(step)
            continue
        functions += [FoldedSteps(group, grid, time, has_missing=has_missing)] if group else []
        functions.append(_in_place(step, grid, time))
        group = []
    functions += [FoldedSteps(group, grid, time, has_missing=has_missing)] if group else []

    def apply(block, at):
        for function in functions:
            function(block, at)

    return apply


def _in_place(step, grid, time):
    def apply(block, at):
        block[:] = step.apply(block.reshape(-1, *grid), time[at]).reshape(block.shape)

    return apply


def _mean_and_deviation(total, squares, number):
    mean = total / number
    return mean, np.sqrt(max(squares / number - mean**2, 0.0))


def _filled_range(known, fill):
    """Range of each cell once its missing values are filled, float64."""
    low, high = known.low.astype(np.float64), known.high.astype(np.float64)
    lacks = known.missing > 0
    return np.where(lacks, np.minimum(low, fill), low), np.where(lacks, np.maximum(high, fill), high)


def _filled_moments(known, fill, padding):
    """Mean and standard deviation of filled, padded values, from sums about the first one: exact for a constant."""
    origins = known.origin.astype(np.float64)
    origin = origins[known.counts > 0][0]
    away = np.where(known.counts > 0, origins - origin, 0.0)
    total = (known.moments[0] + known.counts * away).sum()
    squares = (known.squares + away * (2 * known.moments[0] + known.counts * away)).sum()
    others = [(known.missing.sum(), fill - origin), (padding * known.steps, -origin)]
    total = total + sum(count * value for count, value in others)
    squares += sum(count * value**2 for count, value in others)
    mean, deviation = _mean_and_deviation(total, squares, known.steps * (len(away) + padding))
    return origin + mean, deviation
