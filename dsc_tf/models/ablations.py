"""The networks of the ablation study (Table 3): DSC without its recurrent layers, or without its decoder.

Convolutions see single fields, so the window is folded into the batch for them, as in the DSC network.
The notebooks' activation is not recorded here; tanh is the DSC network's.
"""

import math

import keras
from keras import layers, ops

from ..layers import Standardise, UpsampleConv2D
from .joint_clustering import joined
from .shared_encoder import unfolded

FILTERS = (64, 128, 256)
DENSE = (2048, 512)


def cnn_encoder(shape, *, filters=FILTERS, dense=DENSE, dropout=0.1, policy="float32"):
    """Three groups of convolutions and two dense layers, without a decoder.

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample; any grid.
    filters : tuple of int, default=(64, 128, 256)
        Channels of the groups of convolutions, each of which ends in a pooling.
    dense : tuple of int, default=(2048, 512)
        Widths of the dense layers (sigmoid); the last is the length of the latent vector.
    dropout : float, default=0.1
        After the first two poolings.
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
    return joined(_cnn(shape, filters, dense, dropout, policy)[0])


def cnn_autoencoder(
    shape, *, filters=FILTERS, dense=DENSE, dropout=0.1, output_activation="linear", policy="float32"
):
    """The encoder of `cnn_encoder` and a decoder that ends in a dense layer over all values.

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample; any grid.
    filters : tuple of int, default=(64, 128, 256)
        Channels of the groups of convolutions, each of which ends in a pooling.
    dense : tuple of int, default=(2048, 512)
        Widths of the encoder's dense layers (sigmoid).
    dropout : float, default=0.1
        After the first two poolings.
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
    return joined(encoder, keras.Model(inputs, x, name="decoder"))


def cnn_lstm_encoder(
    shape, *, filters=(64, 64, 256), units=512, latent_size=256, dropout=0.0, policy="float32"
):
    """Three convolutions and two LSTM layers, without padding and without a decoder.

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample; any grid.
    filters : tuple of int, default=(64, 64, 256)
        Channels of the convolutions; the last two are followed by poolings.
    units : int, default=512
        Width of the LSTM layers.
    latent_size : int, default=256
        Length of the latent vector (sigmoid).
    dropout : float, default=0.0
        Input dropout of the LSTM layers.
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
    x = _pool(policy)(_conv(filters[-1], policy)(_pool(policy)(x)))
    x = unfolded(layers.Flatten(dtype=policy)(x), shape[0])
    x = layers.LSTM(units, dropout=dropout, return_sequences=True, dtype="float32")(x)
    x = layers.LSTM(units, dropout=dropout, dtype="float32")(x)
    latent = layers.Dense(latent_size, activation="sigmoid", dtype="float32")(x)
    return joined(keras.Model(inputs, latent, name="encoder"))


def _cnn(shape, filters, dense, dropout, policy):
    """Encoder, and the shape of its last fields."""
    inputs, x = _fields(shape)
    for group, channels in enumerate(filters):
        for _ in range(2 if group == 0 else 3):
            x = _conv(channels, policy)(x)
        x = _pool(policy)(x)
        if group < len(filters) - 1:
            x = layers.Dropout(dropout, dtype=policy)(x)
    small = x.shape[1:]
    x = layers.Flatten()(unfolded(x, shape[0]))
    for units in dense:
        x = layers.Dense(units, activation="sigmoid", dtype="float32")(x)
    return keras.Model(inputs, x, name="encoder"), small


def _fields(shape):
    """Input, and its fields with the window folded into the batch."""
    inputs = keras.Input(shape, name="window")
    return inputs, ops.reshape(Standardise(name="standardise")(inputs), (-1, *shape[1:]))


def _conv(filters, policy):
    return layers.Conv2D(filters, 3, padding="same", activation="tanh", dtype=policy)


def _pool(policy):
    """Halves a grid, rounding down as the published 41 -> 20 -> 10 -> 5 does; an axis of one cell stays."""

    def pool(x):
        size = [min(2, cells) for cells in x.shape[1:3]]
        return layers.MaxPooling2D(size, dtype=policy)(x)

    return pool
