"""A dense network that removes noise from a vector, given a condition."""

import keras
from keras import layers, ops

FREQUENCIES = 8


def denoiser(size, condition_size, *, width=128, blocks=2, dropout=0.2):
    """Residual dense network of a noisy vector, a condition and the level of the noise.

    Parameters
    ----------
    size : int
        Length of the vector.
    condition_size : int
        Length of the condition.
    width : int, default=128
        Units of each hidden layer.
    blocks : int, default=2
        Number of residual blocks.
    dropout : float, default=0.2
        Share of units dropped in training.

    Returns
    -------
    keras.Model
        From a list of (sample, size), (sample, condition_size) and (sample, 1), the last a quarter of the logarithm of
        the standard deviation of the noise, to (sample, size).

    References
    ----------
    Karras, T., Aittala, M., Aila, T., Laine, S. (2022). Elucidating the Design Space of Diffusion-Based Generative
    Models. NeurIPS. Table 1.
    """
    noisy = keras.Input((size,), name="noisy")
    condition = keras.Input((condition_size,), name="condition")
    level = keras.Input((1,), name="level")
    x = layers.Dense(width, name="input")(layers.Concatenate()([noisy, condition, noise_waves(level)]))
    for i in range(blocks):
        y = layers.LayerNormalization()(x)
        y = layers.Dense(width, activation="swish", name=f"block_{i}_0")(y)
        y = layers.Dropout(dropout)(y)
        x = layers.Add()([x, layers.Dense(width, name=f"block_{i}_1")(y)])
    x = layers.Activation("swish")(layers.LayerNormalization()(x))
    outputs = layers.Dense(size, kernel_initializer="zeros", name="output")(x)
    return keras.Model([noisy, condition, level], outputs, name="denoiser")


def noise_waves(level):
    """Sines and cosines of a noise level at eight frequencies, each twice the one before.

    Parameters
    ----------
    level : tensor of shape (sample, 1)
        Level.

    Returns
    -------
    tensor of shape (sample, 16)
    """
    angles = level * ops.reshape(2.0 ** ops.arange(FREQUENCIES, dtype="float32"), (1, FREQUENCIES))
    return layers.Concatenate()([ops.sin(angles), ops.cos(angles)])
