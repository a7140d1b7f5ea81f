"""A linear layer on given representations."""

import keras
from keras import layers


def linear_head(shape):
    """Build a linear map that is initialised as the identity.

    Parameters
    ----------
    shape : tuple of int
        Of a sample, whatever its axes.

    Returns
    -------
    keras.Model
        From (sample, *shape) to (sample, feature), as many features as values.
    """
    sample = keras.Input(tuple(shape), name="sample")
    flat = layers.Flatten()(sample)
    encoder = keras.Model(
        sample, layers.Dense(flat.shape[-1], kernel_initializer="identity")(flat), name="encoder"
    )
    return keras.Model(sample, encoder(sample), name="linear_head")
