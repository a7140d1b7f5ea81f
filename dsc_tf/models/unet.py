"""A small U-Net of fields."""

import keras
from keras import layers

from .denoiser import noise_waves

GROUPS = 8  # of the group normalisation
HEAD = 8  # channels of an attention head


def unet(shape, *, filters=(16, 32, 48), outputs=1, attention=False, noise_level=False, activation="linear"):
    """Convolutional network with skip connections between equal resolutions, for fields of any size.

    Each level has two convolutions of 3 x 3 cells with group normalisation and swish; between levels the resolution is
    halved, and doubled again on the way back. The last layer starts at 0, so that an untrained network returns 0.

    Parameters
    ----------
    shape : tuple of int
        (latitude, longitude, channel) of one input.
    filters : tuple of int, default=(16, 32, 48)
        Channels of each level, multiples of 8.
    outputs : int, default=1
        Number of fields to predict.
    attention : bool, default=False
        Whether the cells of the lowest resolution attend to each other.
    noise_level : bool, default=False
        Whether the network has a second input (time, 1), the level of the noise in the fields as an angle from 0 to
        pi, which is added to the channels of each level after the first convolution.
    activation : str, default="linear"
        Activation of the last layer.

    Returns
    -------
    keras.Model
        From (time, latitude, longitude, channel) to (time, latitude, longitude), or to (time, latitude, longitude,
        output) for several outputs. The last layer of the lowest resolution is called "deepest".

    References
    ----------
    Ronneberger, O., Fischer, P., Brox, T. (2015). U-Net: Convolutional Networks for Biomedical Image Segmentation.
    MICCAI.

    Examples
    --------
    >>> unet((10, 13, 4)).output_shape
    (None, 10, 13)
    """
    rows, columns, _ = shape
    multiple = 2 ** (len(filters) - 1)
    bottom, right = -rows % multiple, -columns % multiple
    inputs = keras.Input(shape, name="fields")
    level_input = keras.Input((1,), name="level") if noise_level else None
    embedded = _embedding(level_input, 4 * filters[0]) if noise_level else None
    x = layers.ZeroPadding2D(((0, bottom), (0, right)))(inputs)
    skipped = []
    for level, width in enumerate(filters):
        deepest = level == len(filters) - 1
        last = "deepest" if deepest and not attention else None
        x = _convolutions(x, width, f"down_{level}", embedded, last=last)
        if deepest and attention:
            x = _self_attention(x)
        if not deepest:
            skipped.append(x)
            x = layers.AveragePooling2D(2)(x)
    for level, width in reversed(list(enumerate(filters[:-1]))):
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), skipped[level]])
        x = _convolutions(x, width, f"up_{level}", embedded)
    x = layers.Conv2D(outputs, 1, kernel_initializer="zeros", activation=activation, name="output")(x)
    x = layers.Cropping2D(((0, bottom), (0, right)))(x)
    x = layers.Reshape((rows, columns))(x) if outputs == 1 else x
    return keras.Model([inputs, level_input] if noise_level else inputs, x, name="unet")


def _convolutions(x, width, name, embedded=None, last=None):
    for i in range(2):
        x = layers.Conv2D(width, 3, padding="same", name=f"{name}_{i}")(x)
        if embedded is not None and i == 0:
            shift = layers.Dense(width, name=f"{name}_level")(embedded)
            x = layers.Add()([x, layers.Reshape((1, 1, width))(shift)])
        x = layers.GroupNormalization(min(GROUPS, width))(x)
        x = layers.Activation("swish", name=last if i == 1 else None)(x)
    return x


def _embedding(level, width):
    """Two dense layers on sines and cosines of the level of the noise."""
    x = layers.Dense(width, activation="swish", name="level_0")(noise_waves(level))
    return layers.Dense(width, activation="swish", name="level_1")(x)


def _self_attention(x):
    """Attention of all cells to each other, added to the channels."""
    rows, columns, width = x.shape[1:]
    cells = layers.Reshape((rows * columns, width))(layers.GroupNormalization(min(GROUPS, width))(x))
    attended = layers.MultiHeadAttention(width // HEAD, HEAD, name="attention")(cells, cells)
    return layers.Add(name="deepest")([x, layers.Reshape((rows, columns, width))(attended)])
