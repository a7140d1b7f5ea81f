"""The networks of the ablation study (Table 3): DSC without its recurrent layers, or without its decoder.

Convolutions process single fields, so the window axis is folded into the batch axis for them, as in the DSC network.
All convolutions use tanh, as those of the DSC network.
"""

import math

import keras
from keras import layers, ops

from ..layers import Standardise, UpsampleConv2D
from .deduplicating_encoder import unfold_window
from .joint_clustering import build_autoencoder

FILTERS = (64, 128, 256)
DENSE = (2048, 512)


def cnn_encoder(shape, *, filters=FILTERS, dense=DENSE, dropout=0.1, policy="float32"):
    """Three groups of convolutions and two dense layers, without a decoder.

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample; any grid.
    filters : tuple of int, default=(64, 128, 256)
        Number of channels of the groups of convolutions, each of which ends with a pooling.
    dense : tuple of int, default=(2048, 512)
        Number of units of the dense layers (sigmoid); the last is the length of the latent vector.
    dropout : float, default=0.1
        Dropout rate after the first two poolings.
    policy : str, default="float32"
        Keras dtype policy of the convolutions.

    Returns
    -------
    keras.Model
        From (time, window, latitude, longitude, variable) to (time, feature), with the layer `encoder`.

    References
    ----------
    Faruque et al. (2023), section 4.4 and the authors' notebook for the sizes.
    """
    return build_autoencoder(_cnn(shape, filters, dense, dropout, policy)[0])


def cnn_autoencoder(
    shape, *, filters=FILTERS, dense=DENSE, dropout=0.1, output_activation="linear", policy="float32"
):
    """Build the encoder of `cnn_encoder` and a decoder that ends in a dense layer over all values.

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample; any grid.
    filters : tuple of int, default=(64, 128, 256)
        Number of channels of the groups of convolutions, each of which ends with a pooling.
    dense : tuple of int, default=(2048, 512)
        Number of units of the dense layers of the encoder (sigmoid).
    dropout : float, default=0.1
        Dropout rate after the first two poolings.
    output_activation : str, default="linear"
        "sigmoid" as published; "linear" where the data are not scaled to [0, 1].
    policy : str, default="float32"
        Keras dtype policy of the convolutions and of the last dense layer.

    Returns
    -------
    keras.Model
        From (time, window, latitude, longitude, variable) to the same shape, with layers `encoder` and
        `decoder`.

    References
    ----------
    Faruque et al. (2023), section 4.4 and the authors' notebook for the sizes.
    """
    encoder, small = _cnn(shape, filters, dense, dropout, policy)
    window, *_, variables = shape
    inputs = keras.Input((dense[-1],), name="latent")
    x = layers.Dense(window * math.prod(small), dtype=policy)(inputs)
    x = ops.reshape(x, (-1, *small))
    for channels in reversed(filters):
        x = UpsampleConv2D(channels, activation="tanh", dtype=policy)(x)
    x = _conv(variables, policy)(x)
    x = ops.reshape(x, (-1, window * math.prod(x.shape[1:])))
    x = layers.Dense(math.prod(shape), activation=output_activation, dtype=policy)(x)
    x = layers.Activation("linear", dtype="float32")(ops.reshape(x, (-1, *shape)))
    return build_autoencoder(encoder, keras.Model(inputs, x, name="decoder"))


def cnn_lstm_encoder(
    shape,
    *,
    filters=(64, 64, 256),
    units=512,
    latent_size=256,
    dropout=0.0,
    padding="same",
    policy="float32",
):
    """Three convolutions and two LSTM layers, without a decoder.

    On the published grid of 41 x 41 cells with 7 variables it has 66,908,736 weights; the 66,910,528 of the authors'
    notebook include 7 cluster centres of 256 values.

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample; any grid.
    filters : tuple of int, default=(64, 64, 256)
        Channels of the convolutions; the last two are followed by poolings.
    units : int, default=512
        Number of units of the LSTM layers.
    latent_size : int, default=256
        Length of the latent vector (sigmoid).
    dropout : float, default=0.0
        Input dropout of the LSTM layers.
    padding : {"same", "valid"}, default="same"
        Padding of the poolings. "same", as published, rounds odd numbers of cells up (41 -> 21 -> 11); "valid" rounds
        them down and is needed for networks that were saved by earlier versions.
    policy : str, default="float32"
        Keras dtype policy of the convolutions.

    Returns
    -------
    keras.Model
        From (time, window, latitude, longitude, variable) to (time, feature), with the layer `encoder`.

    References
    ----------
    Faruque et al. (2023), section 4.4 and the authors' notebook for the sizes.
    """
    inputs, x = _fields(shape)
    for channels in filters[:-1]:
        x = _conv(channels, policy)(x)
    pool = _pool(policy, padding)
    x = pool(_conv(filters[-1], policy)(pool(x)))
    x = unfold_window(layers.Flatten(dtype=policy)(x), shape[0])
    x = layers.LSTM(units, dropout=dropout, return_sequences=True, dtype="float32")(x)
    x = layers.LSTM(units, dropout=dropout, dtype="float32")(x)
    latent = layers.Dense(latent_size, activation="sigmoid", dtype="float32")(x)
    return build_autoencoder(keras.Model(inputs, latent, name="encoder"))


def _cnn(shape, filters, dense, dropout, policy):
    """Build the encoder; return it with the shape of its last feature maps."""
    inputs, x = _fields(shape)
    for group, channels in enumerate(filters):
        for _ in range(2 if group == 0 else 3):
            x = _conv(channels, policy)(x)
        x = _pool(policy)(x)
        if group < len(filters) - 1:
            x = layers.Dropout(dropout, dtype=policy)(x)
    small = x.shape[1:]
    x = layers.Flatten()(unfold_window(x, shape[0]))
    for units in dense:
        x = layers.Dense(units, activation="sigmoid", dtype="float32")(x)
    return keras.Model(inputs, x, name="encoder"), small


def _fields(shape):
    """Input, and its fields with the window axis folded into the batch axis."""
    inputs = keras.Input(shape, name="window")
    return inputs, ops.reshape(Standardise(name="standardise")(inputs), (-1, *shape[1:]))


def _conv(filters, policy):
    return layers.Conv2D(filters, 3, padding="same", activation="tanh", dtype=policy)


def _pool(policy, padding="valid"):
    """Max pooling by 2; "valid" rounds down as the published CNN encoder does, 41 -> 20 -> 10 -> 5."""

    def pool(x):
        size = [min(2, cells) for cells in x.shape[1:3]]  # an axis of one cell stays
        return layers.MaxPooling2D(size, padding=padding, dtype=policy)(x)

    return pool
