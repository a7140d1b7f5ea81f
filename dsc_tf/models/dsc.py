"""The DSC network: an encoder and a decoder over windows of gridded fields.

Convolutions see single fields, so the window is folded into the batch for them and unfold_window for
the recurrent layers. The head (recurrent layers and latent vector) stays in float32: latent
vectors of a young network differ by 1e-4, which bfloat16 cannot tell apart.
"""

import math

import keras
from keras import layers, ops

from ..layers import ConvLSTM, Standardise, UpsampleConv2D
from .deduplicating_encoder import unfold_window
from .joint_clustering import build_autoencoder

FILTERS = (64, 128, 256, 512)


def dsc_autoencoder(
    shape,
    *,
    cell="lstm",
    filters=FILTERS,
    units=512,
    latent_size=256,
    dropout=0.0,
    output_activation="linear",
    policy="float32",
):
    """Autoencoder of Faruque et al. (2023).

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample. Any grid: fields are zero-padded at the
        end of both axes until the poolings divide them, and the decoder's output is cropped back.
    cell : {"lstm", "convlstm"}, default="lstm"
        "lstm" is the published encoder: convolutions, flatten, two LSTM layers. "convlstm" keeps the
        recurrent state on the grid: two ConvLSTM layers replace the last convolution and the LSTM layers.
    filters : tuple of int, default=(64, 128, 256, 512)
        Channels of the convolutions, each of which is followed by a pooling.
    units : int, default=512
        Number of units of the LSTM layers. ConvLSTM layers have a quarter of this number as channels.
    latent_size : int, default=256
        Length of the latent vector (sigmoid).
    dropout : float, default=0.0
        Input dropout of the recurrent layers (0.1 as published). Their published recurrent dropout
        is left out: from a zero state it changes nothing at window 1.
    output_activation : str, default="linear"
        "tanh" as published; "linear" where the data are not scaled to [0, 1].
    policy : str, default="float32"
        Keras dtype policy of the convolutions, such as "mixed_bfloat16".

    Returns
    -------
    keras.Model
        From (time, window, latitude, longitude, variable) to the same shape, with the two models
        `encoder` (to (time, latent_size)) and `decoder` as its layers of those names.

    References
    ----------
    Faruque et al. (2023), section 3 and the authors' notebook for the sizes.
    """
    encoder = _encoder(shape, cell, filters, units, latent_size, dropout, policy)
    return build_autoencoder(encoder, _decoder(shape, filters, latent_size, output_activation, policy))


def _encoder(shape, cell, filters, units, latent_size, dropout, policy):
    window, height, width, variables = shape
    pooling = 2 ** len(filters)
    inputs = keras.Input(shape, name="window")
    x = Standardise(name="standardise")(inputs)
    x = ops.reshape(x, (-1, height, width, variables))
    x = layers.ZeroPadding2D(((0, -height % pooling), (0, -width % pooling)), dtype=policy)(x)
    x = _conv(filters[0], policy)(x)
    for channels in filters[:-1]:
        x = layers.MaxPooling2D(dtype=policy)(_conv(channels, policy)(x))
    if cell == "lstm":
        x = layers.MaxPooling2D(dtype=policy)(_conv(filters[-1], policy)(x))
        x = unfold_window(layers.Flatten(dtype=policy)(x), window)
        options = {"dropout": dropout, "unroll": window == 1, "dtype": "float32"}
        x = layers.LSTM(units, return_sequences=True, **options)(x)
        x = layers.LSTM(units, **options)(x)
    else:
        x = layers.MaxPooling2D(dtype=policy)(x)
        x = unfold_window(x, window)
        channels = max(1, units // 4)
        for last in (False, True):
            x = layers.Dropout(dropout, noise_shape=(None, 1, None, None, None), dtype="float32")(x)
            x = ConvLSTM(channels, return_sequences=not last, dtype="float32")(x)
        x = layers.Flatten(dtype="float32")(x)
    latent = layers.Dense(latent_size, activation="sigmoid", dtype="float32", name="latent")(x)
    return keras.Model(inputs, latent, name="encoder")


def _decoder(shape, filters, latent_size, output_activation, policy):
    window, height, width, variables = shape
    pooling = 2 ** len(filters)
    small = (-(-height // pooling), -(-width // pooling), filters[-1])
    inputs = keras.Input((latent_size,), name="latent")
    x = layers.Dense(window * math.prod(small), dtype=policy)(inputs)
    x = ops.reshape(x, (-1, *small))
    for channels in reversed(filters):
        x = UpsampleConv2D(channels, activation="tanh", dtype=policy)(x)
    x = layers.Conv2D(variables, 3, padding="same", activation=output_activation, dtype=policy)(x)
    x = layers.Cropping2D(((0, -height % pooling), (0, -width % pooling)), dtype="float32")(x)
    return keras.Model(inputs, ops.reshape(x, (-1, *shape)), name="decoder")


def _conv(filters, policy):
    return layers.Conv2D(filters, 3, padding="same", activation="tanh", dtype=policy)
