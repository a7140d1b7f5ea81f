"""Encoders of overlapping windows that process every field once."""

import keras
from keras import layers, ops

STEPS = "steps"  # name of the layer before which the steps of a window are processed independently


def unfold_window(x, window):
    """Restore the window axis that was folded into the batch axis.

    Parameters
    ----------
    x : tensor of shape (time * window, ...)
        Output of layers that process single fields.
    window : int
        Number of steps of a window.

    Returns
    -------
    tensor of shape (time, window, ...)
    """
    return layers.Identity(name=STEPS, dtype="float32")(ops.reshape(x, (-1, window, *x.shape[1:])))


def deduplicating_encoder(encoder):
    """Build an encoder for overlapping windows that passes each distinct field through the convolutions once.

    Parameters
    ----------
    encoder : keras.Model
        From (time, window, ...) to (time, ...). Its weights are shared, not copied.

    Returns
    -------
    keras.Model or None
        Inputs: `fields` (group, window, ...), the distinct fields in groups of the length of a window, and `places`
        (time, window), the index of each step of each window among them. Output: as that of `encoder`. None if windows
        have one step, or if `encoder` does not process steps independently.
    """
    window = encoder.input_shape[1]
    if window == 1 or all(layer.name != STEPS for layer in encoder.layers):
        return None
    steps = encoder.get_layer(STEPS).output
    of_fields, of_windows = keras.Model(encoder.input, steps), keras.Model(steps, encoder.output)
    fields = keras.Input(encoder.input_shape[1:], name="fields")
    places = keras.Input((window,), dtype="int32", name="places")
    features = of_fields(fields)
    features = ops.take(ops.reshape(features, (-1, *features.shape[2:])), places, axis=0)
    return keras.Model(
        {"fields": fields, "places": places}, of_windows(features), name="deduplicating_encoder"
    )
