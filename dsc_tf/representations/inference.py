"""Ways of encoding series: whole, by sliding windows, causally; and of pooling over time."""

import warnings

import numpy as np

from ..errors import DscTfError
from ..models.ts2vec import last_step_encoder

LEAST_RANK = 1.5  # effective rank below which representations count as collapsed


def whole(encoder, X, batch_size=64):
    """Representation of every step, each series seen whole.

    Parameters
    ----------
    encoder : keras.Model
        From {"series", "inside"} to (series, time, feature).
    X : array of shape (series, time, ...)
        NaN where missing.
    batch_size : int, default=64
        Series at a time.

    Returns
    -------
    array of shape (series, time, feature)
    """
    parts = []
    for at in range(0, len(X), batch_size):
        part = np.asarray(X[at : at + batch_size], np.float32)
        seen = {"series": part, "inside": np.ones(part.shape[:2], np.float32)}
        parts.append(np.asarray(encoder.predict_on_batch(seen)))
    return np.concatenate(parts)


def sliding(encoder, X, length, before, after, batch_size=64):
    """Representation of every step, from windows of `length` steps with context around them.

    Parameters
    ----------
    encoder : keras.Model
        As for `whole`.
    X : array of shape (series, time, variable)
        NaN where missing.
    length : int
        Steps that a window encodes; the last window may hold fewer.
    before, after : int
        Steps of context; beyond the ends of a series they are missing.
    batch_size : int, default=64
        Windows at a time.

    Returns
    -------
    array of shape (series, time, feature)

    References
    ----------
    Yue et al. (2022), their program, which returns surplus steps where `length` does not divide the time.
    """
    count, steps, variables = X.shape
    windows = -(-steps // length)
    padded = _with_context(X, before, windows * length - steps + after)
    views = np.lib.stride_tricks.sliding_window_view(padded, before + length + after, axis=1)[:, ::length]
    views = np.moveaxis(views, -1, 2).reshape(count * windows, -1, variables)
    latent = whole(encoder, views, batch_size)[:, before : before + length]
    return latent.reshape(count, windows * length, -1)[:, :steps]


def causal_steps(encoder, X, before, batch_size=1024):
    """Representation of every step from itself and the `before` steps ahead of it.

    The same numbers, up to rounding, as `sliding` gives with length 1 and nothing after, at a fraction of the cost:
    see `last_step_encoder`.

    Parameters
    ----------
    encoder : keras.Model
        As `series_encoder` returns it.
    X : array of shape (series, time, variable)
        NaN where missing.
    before : int
        Steps of context; ahead of the first they are missing.
    batch_size : int, default=1024
        Windows at a time.

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
        # One shape for all batches: the last one repeats its last window.
        index = np.minimum(np.arange(at, at + size), count * steps - 1)
        parts.append(np.asarray(network.predict_on_batch(views[index // steps, index % steps])))
    return np.concatenate(parts)[: count * steps].reshape(count, steps, -1)


def pooled(latent, pooling):
    """Largest value of each feature over time.

    Parameters
    ----------
    latent : array of shape (series, time, feature)
        Representations.
    pooling : int or {"series", "multiscale"} or None
        Steps around each; the whole series; windows of 3, 5, 9, ... steps side by side; or none at all.

    Returns
    -------
    array of shape (series, time, feature), for "multiscale" of more features, for "series" (series, feature)

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
    """Number of directions that representations fill: the exponential of the entropy of their variances.

    1 where all lie on a line, the number of features where they fill all alike.

    Parameters
    ----------
    latent : array of shape (..., feature)
        Representations.

    Returns
    -------
    float
        0 where all are the same.

    References
    ----------
    Roy and Vetterli (2007), The effective rank; here of the covariance.
    """
    z = np.asarray(latent, np.float64).reshape(-1, np.shape(latent)[-1])
    variances = np.linalg.eigvalsh(np.atleast_2d(np.cov(z - z.mean(axis=0), rowvar=False, bias=True)))
    variances = np.maximum(variances, 0.0)
    if variances.sum() <= 1e-12 * max(1.0, (z**2).mean()):
        return 0.0
    share = variances[variances > 0] / variances.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def warn_of_collapse(latent):
    """Say so if representations lie nearly on one line or are all the same; return their effective rank."""
    rank = effective_rank(latent)
    if rank < LEAST_RANK:
        warnings.warn(
            f"representations fill {rank:.1f} directions only: the encoder has collapsed. Train it longer, with a "
            "smaller learning rate, or with another temperature.",
            UserWarning,
            stacklevel=3,
        )
    return rank
