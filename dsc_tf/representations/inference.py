"""Encoding of series: full, by sliding windows or causal; pooling over time; effective rank."""

import warnings

import numpy as np

from ..errors import DscTfError
from ..models.ts2vec import last_step_encoder

MIN_RANK = 1.5  # effective rank below which representations count as collapsed


def encode_full(encoder, X, batch_size=64):
    """Representation of every step, with the full series as context.

    Parameters
    ----------
    encoder : keras.Model
        Model from {"series", "valid_mask"} to (series, time, feature).
    X : array of shape (series, time, ...)
        Series; NaN where missing.
    batch_size : int, default=64
        Number of series encoded together.

    Returns
    -------
    array of shape (series, time, feature)
    """
    parts = []
    for at in range(0, len(X), batch_size):
        part = np.asarray(X[at : at + batch_size], np.float32)
        seen = {"series": part, "valid_mask": np.ones(part.shape[:2], np.float32)}
        parts.append(np.asarray(encoder.predict_on_batch(seen)))
    return np.concatenate(parts)


def encode_sliding(encoder, X, length, before, after, batch_size=64):
    """Representation of every step from windows of `length` steps and their context.

    Parameters
    ----------
    encoder : keras.Model
        Same as in `encode_full`.
    X : array of shape (series, time, variable)
        NaN where missing.
    length : int
        Number of steps that a window encodes; the last window may have fewer.
    before, after : int
        Number of context steps; they are missing beyond the ends of a series.
    batch_size : int, default=64
        Number of windows encoded together.

    Returns
    -------
    array of shape (series, time, feature)

    References
    ----------
    Yue et al. (2022), the authors' program, which returns surplus steps if `length` does not divide the time.
    """
    count, steps, variables = X.shape
    windows = -(-steps // length)
    padded = _with_context(X, before, windows * length - steps + after)
    views = np.lib.stride_tricks.sliding_window_view(padded, before + length + after, axis=1)[:, ::length]
    views = np.moveaxis(views, -1, 2).reshape(count * windows, -1, variables)
    latent = encode_full(encoder, views, batch_size)[:, before : before + length]
    return latent.reshape(count, windows * length, -1)[:, :steps]


def encode_causal(encoder, X, before, batch_size=1024):
    """Representation of every step from itself and the `before` preceding steps.

    Equal to `encode_sliding` with length 1 and no steps after, up to rounding, at a fraction of the cost: see
    `last_step_encoder`.

    Parameters
    ----------
    encoder : keras.Model
        Encoder returned by `series_encoder`.
    X : array of shape (series, time, variable)
        Series; NaN where missing.
    before : int
        Number of preceding steps; they are missing before the first step.
    batch_size : int, default=1024
        Number of windows encoded together.

    Returns
    -------
    array of shape (series, time, feature)
    """
    count, steps, variables = X.shape
    network = last_step_encoder(encoder, before + 1)
    views = np.lib.stride_tricks.sliding_window_view(_with_context(X, before, 0), before + 1, axis=1)
    views = np.moveaxis(views, -1, 2)
    size = min(batch_size, count * steps)
    parts = []
    for at in range(0, count * steps, size):
        # All batches have the same shape: the last batch repeats its last window.
        index = np.minimum(np.arange(at, at + size), count * steps - 1)
        parts.append(np.asarray(network.predict_on_batch(views[index // steps, index % steps])))
    return np.concatenate(parts)[: count * steps].reshape(count, steps, -1)


def pool_time(latent, pooling):
    """Maximum of each feature over time.

    Parameters
    ----------
    latent : array of shape (series, time, feature)
        Representations.
    pooling : int or {"series", "multiscale"} or None
        Number of steps around each step; the whole series; windows of 3, 5, 9, ... steps, concatenated; or no pooling.

    Returns
    -------
    array of shape (series, time, feature), with more features for "multiscale"; (series, feature) for "series"

    Raises
    ------
    DscTfError
        If `pooling` is none of these.
    """
    if pooling is None:
        return latent
    if pooling == "series":
        return latent.max(axis=1)
    if pooling == "multiscale":
        widths = [2 ** (p + 1) + 1 for p in range(32) if 2**p + 1 < latent.shape[1]]
        return np.concatenate([_running_maximum(latent, width) for width in widths] or [latent], axis=-1)
    if isinstance(pooling, int) and pooling > 0:
        return _running_maximum(latent, pooling)
    raise DscTfError(f"pooling: {pooling!r}. Give a number of steps, 'series' or 'multiscale'.")


def _running_maximum(latent, width):
    before = np.full((len(latent), width // 2, latent.shape[-1]), -np.inf, latent.dtype)
    after = np.full((len(latent), (width - 1) // 2, latent.shape[-1]), -np.inf, latent.dtype)
    views = np.concatenate([before, latent, after], axis=1)
    return np.lib.stride_tricks.sliding_window_view(views, width, axis=1).max(axis=-1)


def _with_context(X, before, after):
    return np.pad(X, ((0, 0), (before, after), (0, 0)), constant_values=np.nan)


def effective_rank(latent):
    """Effective number of dimensions of representations: exponential of the entropy of their principal variances.

    1 if all representations are on a line, the number of features if the variance is equal in all directions.

    Parameters
    ----------
    latent : array of shape (..., feature)
        Representations.

    Returns
    -------
    float
        0 if all representations are equal.

    References
    ----------
    Roy and Vetterli (2007), The effective rank, here of the covariance matrix.
    """
    z = np.asarray(latent, np.float64).reshape(-1, np.shape(latent)[-1])
    variances = np.linalg.eigvalsh(np.atleast_2d(np.cov(z - z.mean(axis=0), rowvar=False, bias=True)))
    variances = np.maximum(variances, 0.0)
    if variances.sum() <= 1e-12 * max(1.0, (z**2).mean()):
        return 0.0
    share = variances[variances > 0] / variances.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def warn_if_collapsed(latent):
    """Warn if representations are nearly on one line or all equal; return their effective rank."""
    rank = effective_rank(latent)
    if rank < MIN_RANK:
        warnings.warn(
            f"representations fill {rank:.1f} directions only: the encoder has collapsed. Train it longer, with a "
            "smaller learning rate, or with another temperature.",
            UserWarning,
            stacklevel=3,
        )
    return rank
