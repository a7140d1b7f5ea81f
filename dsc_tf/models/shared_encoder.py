"""Windows for the layers that see whole sequences, and an encoder that sees the fields of many windows once each."""

import keras
from keras import layers, ops

STEPS = "steps"  # the layer before which steps do not know of each other


def unfolded(x, window):
    """Outputs of layers for single fields, arranged as sequences.

    Parameters
    ----------
    x : tensor of shape (time * window, ...)
        With the window folded into the batch.
    window : int
        Steps of a window.

    Returns
    -------
    tensor of shape (time, window, ...)
    """
    return layers.Identity(name=STEPS, dtype="float32")(ops.reshape(x, (-1, window, *x.shape[1:])))


def shared_encoder(encoder):
    """The same encoder for windows that overlap: each field passes its layers once, however many windows hold it.

    Parameters
    ----------
    encoder : keras.Model
        From (time, window, ...) to (time, ...). Its weights are shared, not copied.

    Returns
    -------
    keras.Model or None
        Inputs `fields` (parcel, window, ...), the distinct fields in parcels of a window's length, and `places`
        (time, window), the position of each window's steps among them; output as of `encoder`. None where windows
        are of one step, or the encoder does not see steps one by one.
    """
    window = encoder.input_shape[1]
    if window == 1 or all(layer.name != STEPS for layer in encoder.layers):
        return None
    steps = encoder.get_layer(STEPS).output
    of_fields, of_windows = keras.Model(encoder.input, steps), keras.Model(steps, encoder.output)
    fields = keras.Input(encoder.input_shape[1:], name="fields")
    places = keras.Input((window,), dtype="int32", name="places")
    said = of_fields(fields)
    said = ops.take(ops.reshape(said, (-1, *said.shape[2:])), places, axis=0)
    return keras.Model({"fields": fields, "places": places}, of_windows(said), name="shared_encoder")
