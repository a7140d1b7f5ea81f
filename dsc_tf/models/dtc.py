"""The temporal autoencoder of DTC."""

import math

import keras
from keras import layers, ops

from ..layers import Standardise
from .joint_clustering import build_autoencoder


def temporal_autoencoder(shape, *, filters=50, kernel_size=10, pool_size=8, units=(50, 1)):
    """Autoencoder of sequences: convolution, pooling and two bidirectional LSTM layers, and a transposed convolution.

    Parameters
    ----------
    shape : tuple of int
        Shape of a sample; its values in order are the sequence. Zeros are appended until `pool_size` divides its
        length.
    filters : int, default=50
        Number of channels of the convolution.
    kernel_size : int, default=10
        Kernel size of the convolution.
    pool_size : int, default=8
        Number of steps of a pooling.
    units : tuple of int, default=(50, 1)
        Number of units of the two LSTM layers, whose directions are summed; the last is the number of channels of the
        latent sequence.

    Returns
    -------
    keras.Model
        From `(time, *shape)` to the same shape, with layers `encoder` (to (time, step, channel)) and `decoder`.

    References
    ----------
    Madiraju et al. (2018), section 2.1; sizes of the DSC authors' notebook.
    """
    steps = math.prod(shape)
    padding = -steps % pool_size
    inputs = keras.Input(shape, name="window")
    x = ops.reshape(Standardise(name="standardise")(inputs), (-1, steps, 1))
    x = layers.ZeroPadding1D((0, padding))(x)
    x = layers.LeakyReLU()(layers.Conv1D(filters, kernel_size, padding="same")(x))
    x = layers.MaxPooling1D(pool_size)(x)
    for width in units:
        x = layers.LeakyReLU()(_both_ways(width)(x))
    encoder = keras.Model(inputs, x, name="encoder")

    inputs = keras.Input(x.shape[1:], name="latent")
    x = layers.UpSampling1D(pool_size)(inputs)
    x = layers.Conv1DTranspose(1, kernel_size, padding="same")(x)
    x = ops.reshape(layers.Cropping1D((0, padding))(x), (-1, *shape))
    return build_autoencoder(encoder, keras.Model(inputs, x, name="decoder"))


def _both_ways(units):
    return layers.Bidirectional(layers.LSTM(units, return_sequences=True), merge_mode="sum")
