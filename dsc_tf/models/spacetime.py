"""Encoder of spatiotemporal fields: ConvLSTM layers with a representation of every step."""

import keras
from keras import layers

from ..layers.conv_lstm import ConvLSTM
from ..layers.random_smoothing import RandomSmoothing
from ..layers.timestamp_mask import TimestampMask


def spacetime_encoder(
    grid,
    variables,
    *,
    filters=8,
    depth=3,
    size=512,
    linear=0.5,
    mask="binomial",
    smooth=True,
    dropout=0.1,
    seed=None,
):
    """Build an encoder of windows of fields with a representation of every step from this and the preceding steps.

    Parameters
    ----------
    grid : tuple of int
        Number of latitudes and longitudes.
    variables : int
        Number of variables of a field.
    filters : int, default=8
        Number of channels of each ConvLSTM layer.
    depth : int, default=3
        Number of ConvLSTM layers with 3 x 3 kernels.
    size : int, default=512
        Number of features of the representation.
    linear : float, default=0.5
        Share of the features that are a fixed random rotation of the field of the step. They keep the information
        that a linear probe can extract from the field; the other features are nonlinear and depend on earlier steps.
    mask : str, default="binomial"
        Mask of time steps in training, see `TimestampMask`.
    smooth : bool, default=True
        Whether fields are randomly smoothed in training, see `RandomSmoothing`.
    dropout : float, default=0.1
        Dropout rate of the representation.
    seed : int, default=None
        Seed of masks, smoothing and dropout.

    Returns
    -------
    keras.Model
        Model from {"series": (series, time, latitude, longitude, variable), "valid_mask": (series, time), 1 for valid
        steps} to (series, time, feature). Padding must follow the valid steps, since the network is causal.

    References
    ----------
    Shi et al. (2015), Convolutional LSTM Network; Yue et al. (2022), TS2Vec.
    """
    series = keras.Input((None, *grid, variables), name="series")
    valid_mask = keras.Input((None,), name="valid_mask")
    x = RandomSmoothing(seed=seed, name="smoothing")(series) if smooth else series
    cells = grid[0] * grid[1]
    flat = layers.Reshape((-1, cells * variables))(x)
    masked = TimestampMask(mask, seed=seed, name="mask")(flat, valid_mask)
    fields = h = layers.Reshape((-1, *grid, variables))(masked)
    for i in range(depth):
        h = ConvLSTM(filters, name=f"cells{i}")(h)
    h = layers.Concatenate()([h, fields])
    h = layers.Dense(filters, activation="gelu", name="pointwise")(h)  # a 1 x 1 convolution
    h = layers.Reshape((-1, cells * filters))(h)
    rotated = round(linear * size)
    if rotated < size:
        h = layers.Dense(size - rotated, name="head")(h)
    if rotated:
        rotation = keras.initializers.Orthogonal(seed=seed)
        field = layers.Dense(
            rotated, use_bias=False, kernel_initializer=rotation, trainable=False, name="rotation"
        )(masked)
        h = layers.Concatenate()([field, h]) if rotated < size else field
    h = layers.Dropout(dropout, seed=seed, name="dropout")(h)
    return keras.Model({"series": series, "valid_mask": valid_mask}, h, name="spacetime_encoder")


def field_decoder(grid, variables, size):
    """Dense decoder from representations to fields, for masked reconstruction.

    Parameters
    ----------
    grid : tuple of int
        Number of latitudes and longitudes.
    variables : int
        Number of variables of a field.
    size : int
        Number of features of the representation.

    Returns
    -------
    keras.Model
        Model from (series, time, feature) to (series, time, latitude, longitude, variable).
    """
    latent = keras.Input((None, size), name="latent")
    h = layers.Dense(grid[0] * grid[1] * variables, name="fields")(latent)
    return keras.Model(latent, layers.Reshape((-1, *grid, variables))(h), name="field_decoder")
