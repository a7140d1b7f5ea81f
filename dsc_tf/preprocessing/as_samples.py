"""Named axes at the door: an xr.DataArray in gives an xr.DataArray out, arrays give arrays."""

import functools
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from ..errors import DscTfError

Rows: TypeAlias = Any  # an np.ndarray, or an xr.DataArray where the samples are one

SAMPLES = ("time", "window", "latitude", "longitude", "variable")


def bare(X):
    """What a method computes with.

    Parameters
    ----------
    X : array-like or xr.DataArray with a dimension `time`
        Samples.

    Returns
    -------
    array
        Time first; the axes that `prepare` knows follow in its order, others in their own. What is no DataArray
        comes back as it is.

    Raises
    ------
    DscTfError
        If `X` is a Dataset, or has no `time`.
    """
    if isinstance(X, xr.Dataset):
        raise DscTfError("X: a dataset. Make samples of it first, as `prepare` does.")
    if not isinstance(X, xr.DataArray):
        return X
    if "time" not in X.dims:
        raise DscTfError(f"X: dimensions {', '.join(map(str, X.dims))}. Give one that has `time`.")
    known = [name for name in SAMPLES if name in X.dims]
    order = known if len(known) == X.ndim else ["time", ...]
    return X.transpose(*order).data


def like(X, result, name, *axes):
    """A result with the times of the samples, where these had any.

    Parameters
    ----------
    X : array-like or xr.DataArray
        Samples.
    result : array of shape (time, ...)
        What was computed of them.
    name : str
        Its name.
    *axes : str
        Its dimensions after `time`.

    Returns
    -------
    array, or xr.DataArray with every coordinate that `X` has along `time`
    """
    if not isinstance(X, xr.DataArray):
        return result
    coords = {key: c.variable for key, c in X.coords.items() if c.dims == ("time",)}
    return xr.DataArray(result, coords, ("time", *axes), name)


def keeps_times(name, *axes):
    """Decorator of a method from samples to rows: `bare` in, `like` out."""

    def decorate(method):
        @functools.wraps(method)
        def decorated(self, X, *args, **kwargs):
            return like(X, method(self, bare(X), *args, **kwargs), name, *axes)

        return decorated

    return decorate


def named_samples(X, prep):
    """Samples with their names, for `Preprocessor.to_xarray`."""
    X = np.asarray(X)
    if prep.time is None or X.ndim != len(SAMPLES) or len(X) != len(prep.time):
        raise DscTfError(f"X: shape {X.shape}. Give the samples last transformed.")
    coords = {
        "window": np.arange(1 - prep.window, 1),
        "latitude": prep.latitude_,
        "longitude": prep.longitude_,
        "variable": list(prep.variables),
    }
    fitting = {
        name: (name, values)
        for (name, values), size in zip(coords.items(), X.shape[1:], strict=True)
        if len(values) == size
    }
    times = {name: c.variable for name, c in prep.time.coords.items()}
    return xr.DataArray(X, fitting | times, SAMPLES, "samples")
