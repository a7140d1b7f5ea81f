"""The dense network of DEC."""

import math

import keras
from keras import layers, ops

from ..layers import Standardise
from .joint_clustering import build_autoencoder

INITIALISER = {"scale": 1 / 3, "mode": "fan_in", "distribution": "uniform"}


def dense_autoencoder(shape, *, layer_sizes=(500, 500, 2000, 150), policy="float32"):
    """Autoencoder of dense layers, the decoder mirroring the encoder.

    All layers are rectified but the latent vector and the reconstruction.

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample.
    layer_sizes : tuple of int, default=(500, 500, 2000, 150)
        Widths of the encoder's layers; the last is the length of the latent vector.
    policy : str, default="float32"
        Keras dtype policy of the layers but the latent vector.

    Returns
    -------
    keras.Model
        From (time, window, latitude, longitude, variable) to the same shape, with layers `encoder` and
        `decoder`.

    References
    ----------
    Xie, Girshick and Farhadi (2016), section 4; sizes of the DSC authors' notebook.
    """
    *hidden, latent_size = layer_sizes
    inputs = keras.Input(shape, name="window")
    x = ops.reshape(Standardise(name="standardise")(inputs), (-1, math.prod(shape)))
    for i, units in enumerate(hidden):
        x = _dense(units, "relu", f"encoder_{i}", policy)(x)
    latent = _dense(latent_size, None, f"encoder_{len(hidden)}", "float32")(x)
    encoder = keras.Model(inputs, latent, name="encoder")

    inputs = x = keras.Input((latent_size,), name="latent")
    for i, units in reversed(list(enumerate(hidden, 1))):
        x = _dense(units, "relu", f"decoder_{i}", policy)(x)
    x = _dense(math.prod(shape), None, "decoder_0", policy)(x)
    x = layers.Activation("linear", dtype="float32")(ops.reshape(x, (-1, *shape)))
    return build_autoencoder(encoder, keras.Model(inputs, x, name="decoder"))


def _dense(units, activation, name, policy):
    initialiser = keras.initializers.VarianceScaling(**INITIALISER)
    return layers.Dense(units, activation=activation, kernel_initializer=initialiser, name=name, dtype=policy)
