"""Encoder of fields in space and time: ConvLSTM layers that keep every step."""

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
    """Encoder of windows of fields: a representation of every step from it and the steps before it.

    Parameters
    ----------
    grid : tuple of int
        Latitudes and longitudes.
    variables : int
        Variables of a field.
    filters : int, default=8
        Channels of each ConvLSTM layer.
    depth : int, default=3
        Number of ConvLSTM layers, 3 x 3.
    size : int, default=512
        Features of the representation.
    linear : float, default=0.5
        Share of them that are linear in the step's own field, a random rotation of it that no training changes: what
        a linear probe can read from the field it can then read from the representation, which random features of
        few channels blur and contrast would bend. The others have memory and are nonlinear.
    mask : str, default="binomial"
        Steps hidden in training, see `TimestampMask`.
    smooth : bool, default=True
        Smooth fields at random in training, see `RandomSmoothing`.
    dropout : float, default=0.1
        Of the representation, in training.
    seed : int, default=None
        Seed of masks, smoothing and dropout.

    Returns
    -------
    keras.Model
        From {"series": (series, time, latitude, longitude, variable), "inside": (series, time), 1 where a step is
        there} to (series, time, feature). Steps that are not there must come last: nothing looks ahead.

    References
    ----------
    Seed 000's proposal; a representation of every step where its program kept the last state alone.
    """
    series = keras.Input((None, *grid, variables), name="series")
    inside = keras.Input((None,), name="inside")
    x = RandomSmoothing(seed=seed, name="smoothing")(series) if smooth else series
    cells = grid[0] * grid[1]
    flat = layers.Reshape((-1, cells * variables))(x)
    shown = TimestampMask(mask, seed=seed, name="mask")(flat, inside)
    fields = h = layers.Reshape((-1, *grid, variables))(shown)
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
        )(shown)
        h = layers.Concatenate()([field, h]) if rotated < size else field
    h = layers.Dropout(dropout, seed=seed, name="dropout")(h)
    return keras.Model({"series": series, "inside": inside}, h, name="spacetime_encoder")


def field_decoder(grid, variables, size):
    """A dense layer from representations back to fields, for the masked-reconstruction rival.

    Parameters
    ----------
    grid : tuple of int
        Latitudes and longitudes.
    variables : int
        Variables of a field.
    size : int
        Features of the representation.

    Returns
    -------
    keras.Model
        From (series, time, feature) to (series, time, latitude, longitude, variable).
    """
    latent = keras.Input((None, size), name="latent")
    h = layers.Dense(grid[0] * grid[1] * variables, name="fields")(latent)
    return keras.Model(latent, layers.Reshape((-1, *grid, variables))(h), name="field_decoder")
