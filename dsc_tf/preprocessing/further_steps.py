"""Steps that a protocol takes only on request: transform, trend, smoothing and weights of variables."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import xarray as xr
from scipy.ndimage import convolve1d

from ..errors import DscTfError
from .steps import Affine, RecordStatistics, Step
from .windows import segment_numbers

TRANSFORMS = {
    "sqrt": (lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda x: np.sign(x) * x**2),
    "log1p": (lambda x: np.sign(x) * np.log1p(np.abs(x)), lambda x: np.sign(x) * np.expm1(np.abs(x))),
}
BLOCK_VALUES = 4_000_000  # values that are smoothed at once


class VariableStep(Step):
    """Base class of steps with a choice for some variables, which are given by name.

    Parameters
    ----------
    choices : sequence of (str, object)
        Names of variables and what is done with them; other variables are not changed.
    """

    def __init__(self, choices: Sequence[tuple[str, Any]]):
        self.choices = dict(choices)

    def bind(self, variables: Sequence[str]) -> Self:
        """Take the names of the variables in their order.

        Raises
        ------
        DscTfError
            If a variable with a choice is not among them.
        """
        unknown = [name for name in self.choices if name not in variables]
        if unknown:
            raise DscTfError(
                f"{self.name}: no variable {unknown[0]}. The record holds {', '.join(variables)}."
            )
        self.chosen_ = [self.choices.get(name) for name in variables]
        return self


class Transform(VariableStep):
    """Transform variables with skewed distributions, such as precipitation, before anything else.

    Both transforms keep the sign, so that they have an inverse for every value: sign(x) sqrt(|x|) and
    sign(x) log(1 + |x|). They are applied to values in the unit of the variable.

    Parameters
    ----------
    choices : sequence of (str, {"sqrt", "log1p"})
        Transform of each variable that is to be transformed.

    Examples
    --------
    >>> step = Transform([("tp", "sqrt")]).bind(["tp", "t2m"])
    >>> step.apply(np.array([[[[4.0, 4.0]]]]), None).ravel().tolist()
    [2.0, 4.0]
    """

    name = "transform"
    applied_when_read = True

    def apply(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Transform the last axis of a block."""
        return self._mapped(block, 0)

    def invert(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Undo `apply`. The values must include the seasonal cycle: anomalies of transforms have no unit."""
        return self._mapped(block, 1)

    def _mapped(self, block, direction):
        result = block.copy()
        for v, chosen in enumerate(self.chosen_):
            if chosen is not None:
                result[..., v] = TRANSFORMS[chosen][direction](block[..., v])
        return result


class Trend(Step):
    """Remove the linear trend of each cell, fitted by least squares to the scaled values; the mean is kept.

    A record that is prepared later is detrended with the trend of the fitted one, which is extrapolated.

    Attributes
    ----------
    slope_ : array of shape (latitude, longitude, variable)
        Trend in scaled units per year.
    origin_ : array of shape ()
        Mean time of the fitted record in years.
    """

    name = "trend"
    stored = {"trend_": "slope_", "trend_origin_": "origin_"}

    def fit_from(self, statistics: RecordStatistics) -> Self:
        """Learn the slopes by a pass over the fields that were read; missing values count as their fill value."""
        years = decimal_years(statistics.time)
        self.origin_ = years.mean()
        away = years - self.origin_
        total, done = np.zeros(statistics.grid), 0
        for block in statistics.prepared_blocks():
            total += np.tensordot(away[done : done + len(block)], block.astype(np.float64), axes=1)
            done += len(block)
        spread = (away**2).sum()
        self.slope_ = total / spread if spread > 0 else total
        return self

    def apply(self, block: np.ndarray, time: xr.DataArray) -> np.ndarray:
        """Subtract the trend about the mean time of the fitted record."""
        return block - self._trend(time)

    def invert(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Add the trend, if times are given."""
        return block if time is None else block + self._trend(time)

    def _trend(self, time):
        return np.multiply.outer(decimal_years(time) - self.origin_, self.slope_)


class Smooth(Step):
    """Smooth each cell in time, within gap-free segments.

    At the ends of a segment the weights of the steps that exist are rescaled to the sum one. Smoothing has no inverse:
    `invert` returns smoothed values.

    Parameters
    ----------
    steps : int
        Number of steps of the running mean, or the period of which the low-pass filter keeps half of the amplitude.
    smoothing : {"centred", "causal", "low_pass"}, default="centred"
        "centred": running mean of the steps around each one; "causal": of the step and those before it, so that no
        later value is used, as predictions need; "low_pass": Lanczos filter with 2 `steps` - 1 weights.

    References
    ----------
    Duchon, C. E. (1979). Lanczos filtering in one and two dimensions. J. Appl. Meteorol. 18.

    Examples
    --------
    >>> Smooth(3).smooth(np.array([[0.0], [3.0], [6.0], [9.0]]), np.zeros(4, int)).ravel().tolist()
    [1.5, 3.0, 6.0, 7.5]
    """

    name = "smooth"
    across_time = True

    def __init__(self, steps: int, smoothing: str = "centred"):
        self.steps = steps
        self.smoothing = smoothing

    def weights(self) -> np.ndarray:
        """Weights of the steps before, at and after a step; of odd number, sum one."""
        if self.smoothing == "causal":
            weights = np.concatenate([np.ones(self.steps), np.zeros(self.steps - 1)])
        elif self.smoothing == "low_pass":
            k = np.arange(1 - self.steps, self.steps)
            weights = 2 / self.steps * np.sinc(2 * k / self.steps) * np.sinc(k / self.steps)
        elif self.steps % 2:
            weights = np.ones(self.steps)
        else:  # half a weight at both ends keeps the mean of an even number centred
            weights = np.concatenate([[0.5], np.ones(self.steps - 1), [0.5]])
        return weights / weights.sum()

    def smooth(self, rows: np.ndarray, segment: np.ndarray) -> np.ndarray:
        """Smooth values (time, value) in place and return them; `segment` is the segment of each step."""
        weights = self.weights()[::-1]  # of a convolution
        for at in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(segment)) + 1):
            part = rows[at[0] : at[-1] + 1]
            total = convolve1d(np.ones(len(at)), weights, mode="constant")[:, None]
            length = max(1, BLOCK_VALUES // len(at))
            for start in range(0, part.shape[1], length):
                columns = part[:, start : start + length]
                columns[:] = convolve1d(columns.astype(np.float64), weights, axis=0, mode="constant") / total
        return rows

    def apply(self, block: np.ndarray, time: xr.DataArray) -> np.ndarray:
        """Smooth a whole record; its segments are found from the times."""
        flat = np.array(block, copy=True).reshape(len(block), -1)
        return self.smooth(flat, segment_numbers(time.values)).reshape(block.shape)

    def invert(self, block: np.ndarray, time: xr.DataArray | None) -> np.ndarray:
        """Return the smoothed values."""
        return block


class VariableWeight(VariableStep):
    """Multiply prepared variables by weights, so that some count more than others in distances.

    Parameters
    ----------
    choices : sequence of (str, float)
        Weight of each variable, above 0; others have the weight 1.

    Examples
    --------
    >>> VariableWeight([("tp", 0.5)]).bind(["t2m", "tp"]).apply(np.ones((1, 1, 1, 2)), None).ravel().tolist()
    [1.0, 0.5]
    """

    name = "weights"

    def affine(self) -> Affine:
        """A factor for each variable."""
        return Affine(multiply=np.array([1.0 if w is None else w for w in self.chosen_]))


def decimal_years(time: xr.DataArray) -> np.ndarray:
    """Times in years: the year and the elapsed share of it, in every calendar; float64, shape (time,)."""
    year = time.dt.year.values.astype(np.float64)
    day = time.dt.dayofyear.values - 1 + time.dt.hour.values / 24
    return year + day / time.dt.days_in_year.values
