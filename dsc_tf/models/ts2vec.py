"""Encoder of TS2Vec for time series, and an equivalent network for causal sliding inference.

The encoder accepts series of any length. `valid_mask` marks the valid steps of a series; the other steps are padding,
which is set to zero before every convolution like the steps beyond the ends, so that a small number of padded lengths
is sufficient for crops of every length.
"""

import math

import keras
from keras import layers

from ..layers.dilated_conv import DilatedConv1D
from ..layers.mask_missing import MaskMissing
from ..layers.timestamp_mask import TimestampMask

KERNEL = 3


def series_encoder(
    variables,
    *,
    width=64,
    depth=10,
    size=320,
    mask="binomial",
    inference_mask="all_true",
    dropout=0.1,
    seed=None,
):
    """Build an encoder of time series with a representation of every step.

    Parameters
    ----------
    variables : int
        Number of variables of a step.
    width : int, default=64
        Number of hidden features.
    depth : int, default=10
        Number of residual blocks of `width` features; one block of `size` features follows. Block i has the dilation
        2 ** i.
    size : int, default=320
        Number of features of the representation.
    mask : str, default="binomial"
        Mask of time steps in training, see `TimestampMask`.
    inference_mask : str, default="all_true"
        Mask in inference, see `TimestampMask`.
    dropout : float, default=0.1
        Dropout rate of the representation.
    seed : int, default=None
        Seed of masks and dropout.

    Returns
    -------
    keras.Model
        Model from {"series": (series, time, variable), NaN where missing, "valid_mask": (series, time), 1 for valid
        steps} to (series, time, feature).

    References
    ----------
    Yue et al. (2022), TS2Vec, section 3.1; initial weights as in PyTorch, which the authors' program uses.
    """
    series = keras.Input((None, variables), name="series")
    valid_mask = keras.Input((None,), name="valid_mask")
    values, observed = MaskMissing(name="observed")(series)
    h = layers.Dense(width, name="input", **_initial(variables))(values)
    h = TimestampMask(mask, inference_mask, seed=seed, name="mask")(h, observed * valid_mask)
    valid = valid_mask[..., None]
    for i in range(depth + 1):
        last = i == depth
        features = size if last else width
        u = _convolution(h, features, i, 1, valid)
        v = _convolution(u, features, i, 2, valid)
        if last or h.shape[-1] != features:
            h = layers.Dense(features, name=f"block{i}_skip", **_initial(h.shape[-1]))(h)
        h = h + v
    h = layers.Dropout(dropout, seed=seed, name="dropout")(h)
    return keras.Model({"series": series, "valid_mask": valid_mask}, h, name="series_encoder")


def last_step_encoder(encoder, steps):
    """Network that computes the representation of the last step of windows of `steps` only.

    A convolution of dilation 2 ** i combines only steps whose distance is a multiple of 2 ** i. Block i therefore
    needs only every 2 ** i-th step, counted back from the last one, on which its convolution has dilation 1; for a
    single remaining step only the central tap of the kernel matters. The result equals that of `encoder` up to
    rounding.

    Parameters
    ----------
    encoder : keras.Model
        Encoder returned by `series_encoder`.
    steps : int
        Number of steps of a window, all of them valid.

    Returns
    -------
    keras.Model
        Model from (series, time, variable), NaN where missing, to (series, feature), with a copy of the weights of
        `encoder`.
    """
    source = {layer.name: layer for layer in encoder.layers}
    depth = sum(name.endswith("_conv1") for name in source) - 1
    series = keras.Input((steps, encoder.input["series"].shape[-1]), name="series")
    values, observed = MaskMissing()(series)
    h = _copy(source["input"], layers.Dense, values)
    h = h * observed[..., None]
    for i in range(depth + 1):
        u = _plain(source[f"block{i}_conv1"], h)
        v = _plain(source[f"block{i}_conv2"], u)
        skip = source.get(f"block{i}_skip")
        h = (_copy(skip, layers.Dense, h) if skip else h) + v
        h = h[:, (h.shape[1] - 1) % 2 :: 2]
    return keras.Model(series, h[:, -1], name="last_step_encoder")


def _convolution(h, features, block, which, valid):
    activated = keras.activations.gelu(h, approximate=False) * valid
    options = {"dilation_rate": 2**block} | _initial(KERNEL * h.shape[-1])
    return DilatedConv1D(features, KERNEL, name=f"block{block}_conv{which}", **options)(activated)


def _plain(source, h):
    """Build the convolution `source` with dilation 1."""
    activated = keras.activations.gelu(h, approximate=False)
    kernel, bias = source.get_weights()
    if h.shape[1] == 1:
        layer, kernel = layers.Dense(kernel.shape[-1]), kernel[KERNEL // 2]
    else:
        layer = layers.Conv1D(kernel.shape[-1], KERNEL, padding="same")
    output = layer(activated)
    layer.set_weights([kernel, bias])
    return output


def _copy(source, kind, h):
    layer = kind(source.units)
    output = layer(h)
    layer.set_weights(source.get_weights())
    return output


def _initial(fan_in):
    limit = 1 / math.sqrt(fan_in)
    return {
        "kernel_initializer": keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform"),
        "bias_initializer": keras.initializers.RandomUniform(-limit, limit),
    }
