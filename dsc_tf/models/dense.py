"""The dense network of DEC."""

import math

import keras
from keras import layers, ops

from ..errors import DscTfError
from ..layers import Standardise
from .joint_clustering import build_autoencoder

NEGATIVE_SLOPE = 0.01  # of PyTorch's LeakyReLU; Keras has 0.2


@keras.saving.register_keras_serializable(package="dsc_tf")
def leaky_relu(x):
    """max(x, 0.01 x)."""
    return ops.leaky_relu(x, NEGATIVE_SLOPE)


ACTIVATIONS = {"relu": "relu", "leaky_relu": leaky_relu}


def dense_autoencoder(
    shape,
    *,
    layer_sizes=(500, 500, 2000, 150),
    activation="relu",
    uniform_bias=False,
    policy="float32",
):
    """Autoencoder of dense layers, the decoder mirroring the encoder.

    The latent vector and the reconstruction have no activation. Kernels are uniform in +-1 / sqrt(number of inputs).

    Parameters
    ----------
    shape : tuple of int
        (window, latitude, longitude, variable) of one sample.
    layer_sizes : tuple of int, default=(500, 500, 2000, 150)
        Widths of the encoder's layers; the last is the length of the latent vector.
    activation : {"relu", "leaky_relu"}, default="relu"
        Activation of the other layers; "leaky_relu" has the slope 0.01 below 0.
    uniform_bias : bool, default=False
        Whether initial biases have the distribution of the kernels, as in PyTorch, or are 0.
    policy : str, default="float32"
        Keras dtype policy of all layers except the latent vector.

    Returns
    -------
    keras.Model
        From (time, window, latitude, longitude, variable) to the same shape, with layers `encoder` and
        `decoder`.

    Raises
    ------
    DscTfError
        If the activation is unknown.

    References
    ----------
    Xie, Girshick and Farhadi (2016), section 4; sizes of the DSC authors' notebook.
    """
    if activation not in ACTIVATIONS:
        raise DscTfError(f"activation: {activation!r}. Choose one of {', '.join(ACTIVATIONS)}.")
    *hidden, latent_size = layer_sizes
    function = ACTIVATIONS[activation]
    inputs = keras.Input(shape, name="window")
    x = ops.reshape(Standardise(name="standardise")(inputs), (-1, math.prod(shape)))
    for i, units in enumerate(hidden):
        x = _dense(x, units, f"encoder_{i}", function, uniform_bias, policy)
    latent = _dense(x, latent_size, f"encoder_{len(hidden)}", None, uniform_bias, "float32")
    encoder = keras.Model(inputs, latent, name="encoder")

    inputs = x = keras.Input((latent_size,), name="latent")
    for i, units in reversed(list(enumerate(hidden, 1))):
        x = _dense(x, units, f"decoder_{i}", function, uniform_bias, policy)
    x = _dense(x, math.prod(shape), "decoder_0", None, uniform_bias, policy)
    x = layers.Activation("linear", dtype="float32")(ops.reshape(x, (-1, *shape)))
    return build_autoencoder(encoder, keras.Model(inputs, x, name="decoder"))


def _dense(x, units, name, activation, uniform_bias, policy):
    limit = 1 / math.sqrt(x.shape[-1])
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform"),
        bias_initializer=keras.initializers.RandomUniform(-limit, limit) if uniform_bias else "zeros",
        name=name,
        dtype=policy,
    )(x)
