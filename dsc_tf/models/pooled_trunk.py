"""A network of single fields whose features do not depend on where in the domain a pattern lies."""

import keras
from keras import layers


def pooled_trunk(grid, *, filters=16, size=24, noise=0.3, dropout=0.1):
    """Convolutions over one field and pooling over the whole grid.

    Parameters
    ----------
    grid : tuple of int
        (latitude, longitude, variable).
    filters : int, default=16
        Channels of the first convolution; the others have twice as many.
    size : int, default=24
        Number of features.
    noise : float, default=0.3
        Standard deviation of the noise that is added to fields in training.
    dropout : float, default=0.1
        Of the pooled channels, in training.

    Returns
    -------
    keras.Model
        From (time, latitude, longitude, variable) to (time, feature).
    """
    fields = keras.Input(grid, name="fields")
    x = layers.GaussianNoise(noise)(fields)
    first = layers.Conv2D(filters, 5, strides=2, padding="same", activation="swish")(x)
    x = layers.Conv2D(2 * filters, 3, padding="same", activation="swish")(first)
    x = layers.MaxPooling2D(padding="same")(x)
    last = layers.Conv2D(2 * filters, 3, padding="same", activation="swish")(x)
    pooled = [
        layers.GlobalAveragePooling2D()(first),
        layers.GlobalAveragePooling2D()(last),
        layers.GlobalMaxPooling2D()(last),
    ]
    x = layers.Dropout(dropout)(layers.Concatenate()(pooled))
    return keras.Model(fields, layers.Dense(size, activation="swish")(x), name="trunk")


def past_future_model(trunk, size=6):
    """Build the trunk and a linear head applied to two fields, whose outputs are trained to be correlated.

    Parameters
    ----------
    trunk : keras.Model
        From (time, latitude, longitude, variable) to (time, feature).
    size : int, default=6
        Outputs for each field.

    Returns
    -------
    keras.Model
        From {"past", "future"}, each (time, latitude, longitude, variable), to (time, 2, output); the model that is
        applied to both is its layer `projection`.
    """
    grid = trunk.input_shape[1:]
    fields = keras.Input(grid)
    projection = keras.Model(fields, layers.Dense(size)(trunk(fields)), name="projection")
    inputs = {name: keras.Input(grid, name=name) for name in ("past", "future")}
    outputs = [layers.Reshape((1, size))(projection(x)) for x in inputs.values()]
    return keras.Model(inputs, layers.Concatenate(axis=1)(outputs), name="past_future")


def classifier(trunk, n_classes):
    """Build a copy of the trunk with a linear layer of class scores.

    Parameters
    ----------
    trunk : keras.Model
        From (time, latitude, longitude, variable) to (time, feature); it is left as it is.
    n_classes : int
        Number of classes.

    Returns
    -------
    keras.Model
        From (time, latitude, longitude, variable) to (time, class); the softmax of its outputs are probabilities.
    """
    copy = keras.models.clone_model(trunk)
    copy.set_weights(trunk.get_weights())
    fields = keras.Input(trunk.input_shape[1:])
    return keras.Model(fields, layers.Dense(n_classes)(copy(fields)), name="classifier")
