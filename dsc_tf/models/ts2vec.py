"""TS2Vec's encoder of series, and its twin for causal sliding inference.

The encoder sees series of any length. `inside` marks the steps of a series that are there: the rest is
padding, which convolutions must see as the zeros beyond the ends, so that a few padded lengths serve for
crops of every length.
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
    """Encoder of series: a representation of every step.

    Parameters
    ----------
    variables : int
        Variables of a step.
    width : int, default=64
        Features between the blocks.
    depth : int, default=10
        Residual blocks of `width` features; one of `size` follows. Block i has dilation 2 ** i.
    size : int, default=320
        Features of the representation.
    mask : str, default="binomial"
        Steps hidden in training, see `TimestampMask`.
    inference_mask : str, default="all_true"
        Mask in inference, see `TimestampMask`.
    dropout : float, default=0.1
        Of the representation, in training.
    seed : int, default=None
        Seed of masks and dropout.

    Returns
    -------
    keras.Model
        From {"series": (series, time, variable), NaN where missing, "inside": (series, time), 1 where a step is
        there} to (series, time, feature).

    References
    ----------
    Yue et al. (2022), TS2Vec, section 3.1; initial weights as PyTorch's, in which the authors' program is written.
    """
    series = keras.Input((None, variables), name="series")
    inside = keras.Input((None,), name="inside")
    values, observed = MaskMissing(name="observed")(series)
    h = layers.Dense(width, name="input", **_initial(variables))(values)
    h = TimestampMask(mask, inference_mask, seed=seed, name="mask")(h, observed * inside)
    there = inside[..., None]
    for i in range(depth + 1):
        last = i == depth
        features = size if last else width
        u = _convolution(h, features, i, 1, there)
        v = _convolution(u, features, i, 2, there)
        if last or h.shape[-1] != features:
            h = layers.Dense(features, name=f"block{i}_skip", **_initial(h.shape[-1]))(h)
        h = h + v
    h = layers.Dropout(dropout, seed=seed, name="dropout")(h)
    return keras.Model({"series": series, "inside": inside}, h, name="series_encoder")


def last_step_encoder(encoder, steps):
    """What `encoder` says of the last step of windows of `steps`, without computing the other steps' representations.

    A convolution of dilation 2 ** i ties together only steps that lie a multiple of 2 ** i apart. So block i need
    only see every 2 ** i-th step, counted back from the last, where its convolution is a plain one; once a
    single step is left, it is the kernel's middle tap. The result is that of `encoder`, up to rounding.

    Parameters
    ----------
    encoder : keras.Model
        As `series_encoder` returns it.
    steps : int
        Steps of a window, all of them inside.

    Returns
    -------
    keras.Model
        From (series, time, variable) with NaN where missing to (series, feature). It shares no weights with `encoder`:
        it takes them as they are.
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


def _convolution(h, features, block, which, there):
    seen = keras.activations.gelu(h, approximate=False) * there
    options = {"dilation_rate": 2**block} | _initial(KERNEL * h.shape[-1])
    return DilatedConv1D(features, KERNEL, name=f"block{block}_conv{which}", **options)(seen)


def _plain(source, h):
    """The convolution `source` on steps that are neighbours to it."""
    seen = keras.activations.gelu(h, approximate=False)
    kernel, bias = source.get_weights()
    if h.shape[1] == 1:
        layer, kernel = layers.Dense(kernel.shape[-1]), kernel[KERNEL // 2]
    else:
        layer = layers.Conv1D(kernel.shape[-1], KERNEL, padding="same")
    output = layer(seen)
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
