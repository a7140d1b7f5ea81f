"""DSC's trunk with linear heads: convolutions for each field, a recurrent layer over the window, forecasts.

The two halves are separate models, since windows overlap: the features of a field are computed once, however many
windows hold it.
"""

import keras
from keras import layers, ops

FILTERS = (16, 32, 32)
FEATURES = 16  # of each path from the convolutions of a field


def field_encoder(grid, *, filters=FILTERS, features=FEATURES, n_scores=25, noise=0.1):
    """Features of single fields by convolutions, and their scores on given patterns.

    Parameters
    ----------
    grid : tuple of int
        (latitude, longitude, variable) of a field.
    filters : tuple of int, default=FILTERS
        Channels of the three convolutions: 5 x 5 with stride 2, 3 x 3 with stride 2, 3 x 3.
    features : int, default=FEATURES
        Units of each of the three paths: the flattened maps, their means over the grid, the scores.
    n_scores : int, default=25
        Number of patterns. The layer `scores` projects fields on them; set its weights, they are not trained.
    noise : float, default=0.1
        Standard deviation of the noise on fields and scores in training.

    Returns
    -------
    keras.Model
        From (field, latitude, longitude, variable) to (field, 3 * features).
    """
    inputs = keras.Input(grid, name="field")
    scores = layers.Dense(n_scores, trainable=False, name="scores")(layers.Flatten()(inputs))
    x = layers.GaussianNoise(noise)(inputs)
    for width, size, stride in zip(filters, (5, 3, 3), (2, 2, 1), strict=True):
        x = layers.Conv2D(width, size, stride, padding="same", activation="swish")(x)
    paths = [
        layers.Dense(features, activation="swish")(layers.Flatten()(x)),
        layers.Dense(features, activation="swish")(layers.GlobalAveragePooling2D()(x)),
        layers.Dense(features)(layers.GaussianNoise(noise)(scores)),
    ]
    return keras.Model(inputs, layers.Concatenate()(paths), name="field_encoder")


def window_forecaster(window, features, n_outputs, leads, *, units=64, latent_size=48, dropout=0.1):
    """Build a recurrent layer over the features of a window, a latent vector, and a linear head for each lead.

    Parameters
    ----------
    window : int
        Fields of a window.
    features : int
        Features of a field.
    n_outputs : int
        Numbers that each head forecasts.
    leads : tuple of int
        Steps ahead; 0 reconstructs the last field of the window.
    units : int, default=64
        Width of the LSTM layer.
    latent_size : int, default=48
        Length of the latent vector (tanh).
    dropout : float, default=0.1
        Of the features of fields, and of the latent vector.

    Returns
    -------
    keras.Model
        From (time, window, feature) to a dict of outputs `lead_0`, ... of shape (time, output).
    """
    inputs = keras.Input((window, features), name="features")
    x = layers.Dropout(dropout)(inputs)
    recurrent = layers.LSTM(units, unroll=True)(x)
    latent = layers.Dense(latent_size, activation="tanh", name="latent")(
        layers.Concatenate()([recurrent, x[:, -1]])
    )
    latent = layers.Dropout(dropout)(latent)
    small = keras.initializers.RandomNormal(stddev=1e-3)
    heads = {
        f"lead_{lead}": layers.Dense(n_outputs, kernel_initializer=small, name=f"lead_{lead}")(latent)
        for lead in leads
    }
    return keras.Model(inputs, heads, name="window_forecaster")


def stretch_forecaster(encoder, forecaster, length):
    """Both halves for stretches of consecutive fields, whose windows share the features of fields.

    Parameters
    ----------
    encoder : keras.Model
        `field_encoder`.
    forecaster : keras.Model
        `window_forecaster`.
    length : int
        Windows of a stretch: it has `length` + window - 1 fields.

    Returns
    -------
    keras.Model
        From (stretch, field, latitude, longitude, variable) to a dict of outputs of shape (stretch, window, output).
    """
    window, features = forecaster.input_shape[1:]
    inputs = keras.Input((length + window - 1, *encoder.input_shape[1:]), name="stretch")
    x = encoder(ops.reshape(inputs, (-1, *encoder.input_shape[1:])))
    x = ops.reshape(x, (-1, length + window - 1, features))
    x = ops.stack([x[:, lag : lag + length] for lag in range(window)], axis=2)
    found = forecaster(ops.reshape(x, (-1, window, features)))
    outputs = {name: ops.reshape(one, (-1, length, one.shape[-1])) for name, one in found.items()}
    return keras.Model(inputs, outputs, name="stretch_forecaster")
