"""Step 1 of a preparation: one pass over the source, which fills an array or a scratch file and learns on the way."""

import numpy as np

from ..errors import DscTfError
from ..records.chunks import block_length, field_blocks
from ..records.field_statistics import FieldStatistics
from .seasonal_cycle import regressors


def read_source(ds, variables, rows, grid, protocol):
    """Fill `rows` with the fields of all steps, zeros where the grid is padded.

    Parameters
    ----------
    ds : xr.Dataset
        The record.
    variables : sequence of str
        Its variables in their order.
    rows : array of shape (time, value) or ScratchArray
        To fill.
    grid : tuple of int
        (latitude, longitude, variable), padded.
    protocol : Protocol or None
        What is to be learned; None learns nothing and refuses infinite values.

    Returns
    -------
    dict of str to FieldStatistics
        By variable; empty without a protocol.

    Raises
    ------
    DscTfError
        If a value is infinite and there is no protocol.
    """
    height, width = ds.sizes["latitude"], ds.sizes["longitude"]
    in_memory = isinstance(rows, np.ndarray)
    length = block_length(height * width * len(variables))
    buffer = None if in_memory else np.zeros((length, *grid), np.float32)
    if in_memory and grid[:2] != (height, width):
        rows[:] = 0.0
    statistics = {}
    if protocol is not None:
        design = _design(ds["time"], protocol)
        statistics = {name: FieldStatistics(height * width, design) for name in variables}
    for steps, fields in field_blocks(ds, variables, length):
        count = len(fields[0])
        target = rows[steps].reshape(count, *grid) if in_memory else buffer[:count]
        for v, (name, field) in enumerate(zip(variables, fields, strict=True)):
            target[:, :height, :width, v] = field.reshape(count, height, width)
            if statistics:
                statistics[name].add(field)
            elif np.isinf(field).any():
                raise DscTfError(f"{name}: infinite values. Mend the file or leave them out.")
        if not in_memory:
            rows.append(target)
    return statistics


def _design(time, protocol):
    """Regressors whose moments the protocol needs; None where sums will do."""
    if protocol.deseasonalise:
        return regressors(time)
    return np.ones((time.size, 1)) if protocol.scale == "standard" else None
