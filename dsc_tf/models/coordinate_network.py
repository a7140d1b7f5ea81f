"""Network from features of coordinates to coefficients."""

import keras


def coordinate_network(n_features, hidden, n_outputs):
    """Build dense swish layers and a linear output.

    Parameters
    ----------
    n_features : int
        Number of features of a place, such as sines and cosines of its coordinates.
    hidden : tuple of int
        Units of the dense layers.
    n_outputs : int
        Number of coefficients.

    Returns
    -------
    keras.Model
        From (place, feature) to (place, coefficient).

    References
    ----------
    Tancik et al. (2020), https://arxiv.org/abs/2006.10739.
    """
    inputs = keras.Input((n_features,), name="features")
    x = inputs
    for i, units in enumerate(hidden):
        x = keras.layers.Dense(units, activation="swish", name=f"dense_{i}")(x)
    return keras.Model(
        inputs, keras.layers.Dense(n_outputs, name="coefficients")(x), name="coordinate_network"
    )
