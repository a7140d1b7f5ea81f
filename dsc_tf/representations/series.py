"""Records as arrays of series: shapes, cuts, and stretches that hold nothing."""

import numpy as np

from ..errors import DscTfError


def as_series(X):
    """Series as an array.

    Parameters
    ----------
    X : array of shape (series, time, variable) or (series, time), or xr.DataArray with a dimension `time`
        The dimensions of a DataArray other than `time` and `variable` are series.

    Returns
    -------
    array of shape (series, time, variable)
        float32.

    Raises
    ------
    DscTfError
        If it has none of these shapes.
    """
    if hasattr(X, "dims"):
        if "time" not in X.dims:
            raise DscTfError(f"X: dimensions {', '.join(map(str, X.dims))}. Give one that has `time`.")
        last = ("time", "variable") if "variable" in X.dims else ("time",)
        ordered = X.transpose(..., *last).values
        X = ordered.reshape(-1, *ordered.shape[-len(last) :])
    X = np.asarray(X, np.float32)
    if X.ndim == 2:
        X = X[..., None]
    if X.ndim != 3 or 0 in X.shape:
        raise DscTfError(f"X: shape {X.shape}. Give (series, time, variable) or (series, time).")
    return X


def cut(X, longest):
    """Parts of about `longest` steps as series of their own; the shorter parts end in missing steps.

    Parameters
    ----------
    X : array of shape (series, time, variable)
        Series.
    longest : int or None
        None cuts nothing.

    Returns
    -------
    array of shape (series and part, time, variable)

    References
    ----------
    Yue et al. (2022), their program.
    """
    count = X.shape[1] // longest if longest else 1
    if count < 2:
        return X
    parts = np.array_split(X, count, axis=1)
    length = parts[0].shape[1]
    padded = [np.pad(p, ((0, 0), (0, length - p.shape[1]), (0, 0)), constant_values=np.nan) for p in parts]
    return np.concatenate(padded)


def without_empty(X):
    """Series that hold anything, each rolled so that missing ends are of one length on both sides.

    Parameters
    ----------
    X : array of shape (series, time, variable)
        NaN where missing.

    Raises
    ------
    DscTfError
        If nothing is left.
    """
    missing = np.isnan(X).all(axis=2)
    X, missing = X[~missing.all(axis=1)], missing[~missing.all(axis=1)]
    if not len(X):
        raise DscTfError("X: every value is missing. Give a record that holds something.")
    if not (missing[:, 0].any() or missing[:, -1].any()):
        return X
    head, tail = missing.argmin(axis=1), missing[:, ::-1].argmin(axis=1)
    shift = head - (head + tail) // 2
    at = (np.arange(X.shape[1]) + shift[:, None]) % X.shape[1]
    return np.take_along_axis(X, at[..., None], axis=1)
