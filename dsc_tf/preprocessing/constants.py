"""The constants of a preparation, from statistics of the record."""

import numpy as np

from ..records.validation import refuse_values
from .seasonal_cycle import fit_seasonal_cycle


def learn_constants(prep, statistics, raw_blocks, time):
    """Set `fill_`, `seasonal_`, `offset_` and `span_` of a preprocessor.

    Parameters
    ----------
    prep : Preprocessor
        Knows its protocol, grid and variables.
    statistics : dict of str to FieldStatistics
        By variable, without padding.
    raw_blocks : callable
        Gives slices of time and fields (time, value) in physical units; called for the range of anomalies alone.
    time : xr.DataArray
        Times of the record.

    Raises
    ------
    DscTfError
        If a variable is missing altogether or holds infinite values.
    """
    refuse_values(statistics)
    known = list(statistics.values())
    height, width, _ = prep._grid
    padding = height * width - len(known[0].low)  # cells of zeros
    prep.fill_ = _fill(prep.protocol, known, padding)
    shape = (len(prep.latitude_), len(prep.longitude_))

    def on_grid(cells, value):
        """Cells on the padded grid, `value` beyond the edge."""
        edge = [(0, 0)] * (cells.ndim - 1) + [(0, height - shape[0]), (0, width - shape[1])]
        return np.pad(cells.reshape(*cells.shape[:-1], *shape), edge, constant_values=value)

    prep.seasonal_ = np.zeros((len(known), 1, 1, 1))
    if prep.protocol.deseasonalise:
        cycles = [fit_seasonal_cycle(one) for one in known]
        prep.seasonal_ = np.stack([on_grid(cycle[0], 0.0) for cycle in cycles])
        about_zero = [cycle[1:] for cycle in cycles]
    if prep.protocol.scale == "standard":
        if not prep.protocol.deseasonalise:
            pairs = [
                _mean_and_deviation(one, fill, padding) for one, fill in zip(known, prep.fill_, strict=True)
            ]
        else:
            number = known[0].steps * height * width
            pairs = [_about_zero(sums.sum(), squares.sum(), number) for sums, squares in about_zero]
    elif prep.protocol.deseasonalise:
        pairs = _range_of_anomalies(prep, raw_blocks, time)
    elif prep.protocol.scale == "cell":
        filled = [_filled_range(one, fill) for one, fill in zip(known, prep.fill_, strict=True)]
        pairs = [(on_grid(low, 0.0), on_grid(high, 0.0)) for low, high in filled]
    else:
        filled = [_filled_range(one, fill) for one, fill in zip(known, prep.fill_, strict=True)]
        beyond = [0.0] if padding else []
        pairs = [(np.min([low.min(), *beyond]), np.max([high.max(), *beyond])) for low, high in filled]
    is_range = prep.protocol.scale != "standard"
    offset, second = (np.stack([np.atleast_2d(pair[i]) for pair in pairs]) for i in range(2))
    span = second - offset if is_range else second
    # Constant values become 0, not 0 / 0.
    prep.offset_, prep.span_ = offset, np.where(span > 0, span, 1.0)


def _fill(protocol, known, padding):
    counts = np.array([one.counts.sum() + padding * one.steps for one in known])
    sums = np.array([one.sums.sum() for one in known])
    means = sums / counts
    if protocol.fill == "grand_mean":
        means = np.full(len(means), sums.sum() / counts.sum())
    # Once the seasonal cycle is gone, a variable's mean is zero.
    return np.zeros(len(means)) if protocol.deseasonalise else means


def _filled_range(known, fill):
    """Range of each cell once its missing values are filled, float64."""
    low, high = known.low.astype(np.float64), known.high.astype(np.float64)
    lacks = known.missing > 0
    return np.where(lacks, np.minimum(low, fill), low), np.where(lacks, np.maximum(high, fill), high)


def _mean_and_deviation(known, fill, padding):
    """Mean and standard deviation of filled, padded values, from sums about the first one: exact for a constant."""
    origins = known.origin.astype(np.float64)
    origin = origins[known.counts > 0][0]
    away = np.where(known.counts > 0, origins - origin, 0.0)
    parts = [(known.moments[0] + known.counts * away).sum()]
    squares = (known.squares + away * (2 * known.moments[0] + known.counts * away)).sum()
    others = [(known.missing.sum(), fill - origin), (padding * known.steps, -origin)]
    total = parts[0] + sum(count * value for count, value in others)
    squares += sum(count * value**2 for count, value in others)
    mean, deviation = _about_zero(total, squares, known.steps * (len(away) + padding))
    return origin + mean, deviation


def _about_zero(total, squares, number):
    mean = total / number
    return mean, np.sqrt(max(squares / number - mean**2, 0.0))


def _range_of_anomalies(prep, raw_blocks, time):
    """Lowest and highest anomaly, of each cell or of all, by one pass over the fields that were read."""
    ones = np.ones((len(prep.variables), 1, 1))
    prep.offset_, prep.span_ = 0.0 * ones, ones
    scaling = prep._scaling(time, has_holes=True)
    weight = np.broadcast_to(prep.weight_[:, None, None], prep._grid)
    low = high = None
    for at, block in raw_blocks():
        block = block.copy()
        scaling.apply(block, at)
        fields = block.min(axis=0), block.max(axis=0)
        low = fields[0] if low is None else np.minimum(low, fields[0])
        high = fields[1] if high is None else np.maximum(high, fields[1])
    low, high = (np.moveaxis(a.reshape(prep._grid) / weight, -1, 0).astype(np.float64) for a in (low, high))
    if prep.protocol.scale == "cell":
        return list(zip(low, high, strict=True))
    return [(one.min(), other.max()) for one, other in zip(low, high, strict=True)]
