"""Conversion of arrays and DataArrays to `Samples`, and of results to DataArrays."""

from typing import Any

import numpy as np

from ..errors import DscTfError
from .samples import AREA_WEIGHTED, DIMS, Samples
from .windows import segment_numbers


def as_samples(X: Any) -> Samples:
    """Convert to `Samples`.

    Parameters
    ----------
    X : array-like, xr.DataArray with a dimension `time`, or Samples
        An array has time first: (time, window, latitude, longitude, variable), (time, latitude, longitude, variable),
        (time, latitude, longitude) or (time, feature). A DataArray may have any of these dimensions in any order; its
        coordinates become the metadata of the samples. `Samples` are returned unchanged.

    Returns
    -------
    Samples
        Missing axes have size 1; features are variables. The samples of an array are one segment; a DataArray's
        segments end at gaps in time and at changes of a coordinate `member` along time.

    Raises
    ------
    DscTfError
        If `X` is a Dataset, is a DataArray without `time`, or has fewer than two dimensions.

    Examples
    --------
    >>> as_samples(np.zeros((4, 3))).shape
    (4, 1, 1, 1, 3)
    """
    if isinstance(X, Samples):
        return X
    import xarray as xr

    if isinstance(X, xr.Dataset):
        raise DscTfError("X: a dataset. Make samples of it first, as `prepare` does.")
    if isinstance(X, xr.DataArray):
        return _of_dataarray(X)
    return _of_array(np.asarray(X))


def wrap_like(result: np.ndarray, X: Any, name: str, *dims: str) -> Any:
    """Give a result the times of the samples that it was computed from.

    Parameters
    ----------
    result : array of shape (time, ...)
        One row for each sample.
    X : array, xr.DataArray or Samples
        The samples.
    name : str
        Name of the result.
    *dims : str
        Dimensions of the result after `time`.

    Returns
    -------
    xr.DataArray or array
        A DataArray with the coordinates of `X` along `time`, if `X` is a DataArray or `Samples` with times; else
        `result`.
    """
    import xarray as xr

    if isinstance(X, xr.DataArray):
        coords: dict = {key: c.variable for key, c in X.coords.items() if c.dims == ("time",)}
    elif isinstance(X, Samples) and X.time is not None:
        coords = X.time_coordinates()
    else:
        return result
    return xr.DataArray(result, coords, ("time", *dims), name)


def _of_array(X, **metadata):
    if X.ndim < 2:
        raise DscTfError(f"X: shape {X.shape}. Give one row of features for each time step.")
    length, *shape = X.shape
    window = 1
    if X.ndim == 5:
        window, *grid = shape
    elif X.ndim in (3, 4):
        grid = [*shape, 1][:3]
    else:
        grid = [1, 1, int(np.prod(shape))]
    # Each sample has its own rows: the windows of an array do not share fields.
    rows = X.reshape(length * window, int(np.prod(grid)))
    ends = np.arange(window - 1, length * window, window)
    return Samples(rows, grid, ends=ends, window=window, **metadata)


def _of_dataarray(X):
    if "time" not in X.dims:
        raise DscTfError(f"X: dimensions {', '.join(map(str, X.dims))}. Give one that has `time`.")
    if not set(X.dims) <= set(DIMS):
        return _of_array(np.asarray(X.transpose("time", ...).data), **_time_metadata(X))
    missing = [name for name in DIMS if name not in X.dims]
    values = np.asarray(X.expand_dims(missing).transpose(*DIMS).data)
    coords = {name: X[name].values for name in DIMS[2:] if name in X.dims and name in X.coords}
    return _of_array(
        values,
        **_time_metadata(X),
        latitude=coords.get("latitude"),
        longitude=coords.get("longitude"),
        variables=coords.get("variable"),
        weighted=bool(X.attrs.get(AREA_WEIGHTED, False)),
    )


def _time_metadata(X):
    time = X["time"].values if "time" in X.coords else None
    member = X["member"].values if "member" in X.coords and X["member"].dims == ("time",) else None
    if time is None or not _are_times(time):
        return {"time": time, "member": member}
    return {"time": time, "member": member, "segment": segment_numbers(time, member)}


def _are_times(values):
    return values.dtype.kind == "M" or (values.dtype.kind == "O" and hasattr(values.flat[0], "calendar"))
