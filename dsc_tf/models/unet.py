"""A small U-Net of fields."""

import keras
from keras import layers

GROUPS = 8  # of the group normalisation


def unet(shape, *, filters=(16, 32, 48), outputs=1):
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
    x = layers.ZeroPadding2D(((0, bottom), (0, right)))(inputs)
    skipped = []
    for level, width in enumerate(filters):
        deepest = level == len(filters) - 1
        x = _convolutions(x, width, f"down_{level}", last="deepest" if deepest else None)
        if not deepest:
            skipped.append(x)
            x = layers.AveragePooling2D(2)(x)
    for level, width in reversed(list(enumerate(filters[:-1]))):
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), skipped[level]])
        x = _convolutions(x, width, f"up_{level}")
    x = layers.Conv2D(outputs, 1, kernel_initializer="zeros", name="output")(x)
    x = layers.Cropping2D(((0, bottom), (0, right)))(x)
    x = layers.Reshape((rows, columns))(x) if outputs == 1 else x
    return keras.Model(inputs, x, name="unet")


def _convolutions(x, width, name, last=None):
    for i in range(2):
        x = layers.Conv2D(width, 3, padding="same", name=f"{name}_{i}")(x)
        x = layers.GroupNormalization(min(GROUPS, width))(x)
        x = layers.Activation("swish", name=last if i == 1 else None)(x)
    return x
