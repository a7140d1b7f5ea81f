"""Arrays of time series: validation of shapes, splitting of long series, removal of empty ones."""

import numpy as np

from ..errors import DscTfError


def as_series(X):
    """Convert series to an array of three axes.

    Parameters
    ----------
    X : array of shape (series, time, variable) or (series, time), or xr.DataArray with a dimension `time`
        Dimensions of a DataArray other than `time` and `variable` are flattened into the series axis.

    Returns
    -------
    array of shape (series, time, variable)
        float32.

    Raises
    ------
    DscTfError
        If `X` has none of these shapes.
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


def split_long_series(X, longest):
    """Split long series into parts of about `longest` steps; shorter parts are padded with missing steps.

    Parameters
    ----------
    X : array of shape (series, time, variable)
        Series.
    longest : int or None
        Length of the parts; None does not split.

    Returns
    -------
    array of shape (series and part, time, variable)

    References
    ----------
    Yue et al. (2022), the authors' program.
    """
    count = X.shape[1] // longest if longest else 1
    if count < 2:
        return X
    parts = np.array_split(X, count, axis=1)
    length = parts[0].shape[1]
    padded = [np.pad(p, ((0, 0), (0, length - p.shape[1]), (0, 0)), constant_values=np.nan) for p in parts]
    return np.concatenate(padded)


def drop_empty_series(X):
    """Remove series without values; centre the others, so that missing steps at both ends are equally many.

    Parameters
    ----------
    X : array of shape (series, time, variable)
        Series; NaN where missing.

    Raises
    ------
    DscTfError
        If every value is missing.
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
