"""The network of B-TGAT: a U-Net of ConvLSTM layers with graph attention over time at its lowest resolution."""

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from ..layers import ConvLSTM, Standardise, TemporalGraphAttention
from .joint_clustering import build_autoencoder


def b_tgat_autoencoder(
    shape: Sequence[int],
    *,
    filters: Sequence[int] = (8, 16, 32),
    units: int = 64,
    heads: int = 4,
    blocks: int = 2,
    reach: int | None = None,
    latent_size: int = 64,
    output_activation: str = "linear",
) -> keras.Model:
    """Autoencoder of windows: ConvLSTM layers with skip connections, and graph attention in both directions of time.

    Each level of the encoder has a ConvLSTM layer over the window; between levels fields are halved by pooling. At the
    lowest resolution a step is a node of a graph: its fields, flattened, pass `blocks` of attention to the past and to
    the future. All nodes together give the latent vector. The decoder starts from the latent vector, doubles the
    resolution, and joins the outputs of the encoder of equal resolution at each level.

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample. Fields are zero-padded until the poolings divide them.
    filters : tuple of int, default=(8, 16, 32)
        Channels of each level.
    units : int, default=64
        Number of features of a node, divisible by `heads`.
    heads : int, default=4
        Number of heads of each attention.
    blocks : int, default=2
        Number of blocks of attention.
    reach : int, default=None
        Largest distance of neighbours in steps; None is the whole window.
    latent_size : int, default=64
        Length of the latent vector (linear).
    output_activation : str, default="linear"
        Activation of the reconstruction.

    Returns
    -------
    keras.Model
        From (time, window, latitude, longitude, variable) to the same shape, with layers `encoder` and `decoder`. The
        output of `encoder` is a dict: `latent` (time, latent_size) and `skip_0`, `skip_1`, ..., the fields of each
        level but the lowest, from the highest resolution; it is the input of `decoder`.

    References
    ----------
    Nji, F. N., Janeja, V., Wang, J. (2025). B-TGAT. arXiv 2509.13202. The paper has no published program; sizes, and
    the blocks (attention in each direction, joined, added to the nodes, normalised; then two dense layers in the same
    way, as in a transformer), are choices of this package.

    Examples
    --------
    >>> b_tgat_autoencoder((3, 8, 12, 2), filters=(2, 4), units=4, heads=2, latent_size=3).output_shape
    (None, 3, 8, 12, 2)
    """
    encoder = _encoder(shape, filters, units, heads, blocks, reach, latent_size)
    return build_autoencoder(encoder, _decoder(shape, filters, latent_size, output_activation))


def _encoder(shape, filters, units, heads, blocks, reach, latent_size):
    window, height, width, _ = shape
    bottom, right = _padding(shape, filters)
    inputs = keras.Input(shape, name="window")
    x = Standardise(name="standardise")(inputs)
    x = layers.ZeroPadding3D(((0, 0), (0, bottom), (0, right)))(x)
    outputs = {}
    for level, channels in enumerate(filters):
        x = ConvLSTM(channels, name=f"down_{level}")(x)
        if level < len(filters) - 1:
            outputs[f"skip_{level}"] = x
            x = layers.MaxPooling3D((1, 2, 2))(x)
    x = ops.reshape(x, (-1, window, math.prod(x.shape[2:])))
    x = layers.Dense(units, name="nodes")(x)
    for block in range(blocks):
        x = _attention_block(x, units, heads, reach, f"block_{block}")
    latent = layers.Dense(latent_size, name="latent")(layers.Flatten()(x))
    return keras.Model(inputs, {"latent": latent} | outputs, name="encoder")


def _attention_block(x, units, heads, reach, name):
    """Attention to both directions and two dense layers, each added to the nodes and normalised."""
    both = [
        TemporalGraphAttention(
            units // heads, heads=heads, direction=direction, reach=reach, name=f"{name}_{direction}"
        )(x)
        for direction in ("past", "future")
    ]
    joined = layers.Dense(units, name=f"{name}_joined")(layers.Concatenate()(both))
    x = layers.LayerNormalization(name=f"{name}_norm_0")(layers.Add()([x, joined]))
    hidden = layers.Dense(2 * units, activation="relu", name=f"{name}_dense_0")(x)
    hidden = layers.Dense(units, name=f"{name}_dense_1")(hidden)
    return layers.LayerNormalization(name=f"{name}_norm_1")(layers.Add()([x, hidden]))


def _decoder(shape, filters, latent_size, output_activation):
    window, height, width, variables = shape
    bottom, right = _padding(shape, filters)
    grids = [((height + bottom) // 2**level, (width + right) // 2**level) for level in range(len(filters))]
    latent = keras.Input((latent_size,), name="latent")
    skips = {
        f"skip_{level}": keras.Input((window, *grids[level], channels), name=f"skip_{level}")
        for level, channels in enumerate(filters[:-1])
    }
    x = layers.Dense(window * math.prod(grids[-1]) * filters[-1], name="from_latent")(latent)
    x = ops.reshape(x, (-1, window, *grids[-1], filters[-1]))
    for level in reversed(range(len(filters) - 1)):
        x = layers.Concatenate()([layers.UpSampling3D((1, 2, 2))(x), skips[f"skip_{level}"]])
        x = ConvLSTM(filters[level], name=f"up_{level}")(x)
    x = layers.Dense(variables, activation=output_activation, name="fields")(x)
    x = layers.Cropping3D(((0, 0), (0, bottom), (0, right)))(x)
    return keras.Model({"latent": latent} | skips, x, name="decoder")


def _padding(shape, filters):
    """Rows and columns of zeros that make the grid divisible by the poolings."""
    pooling = 2 ** (len(filters) - 1)
    return -shape[1] % pooling, -shape[2] % pooling
