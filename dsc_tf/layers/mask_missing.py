"""Missing values as zeros and a mask."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dsc_tf")
class Observed(keras.layers.Layer):
    """Splits values with NaN where missing into values with 0 there, and a mask.

    A step counts as observed if all of its features are.

    Call arguments
        inputs, shape (series, time, ..., feature).

    Output shape
        values (series, time, ..., feature) and observed (series, time), 1.0 or 0.0. A step that is not observed is 0
        in all its features.
    """

    def call(self, inputs):
        missing = ops.isnan(inputs)
        axes = tuple(range(2, len(inputs.shape)))
        observed = 1.0 - ops.cast(ops.any(missing, axis=axes), inputs.dtype)
        shape = (-1, ops.shape(inputs)[1], *(1 for _ in axes))
        seen = ops.reshape(observed, shape)
        return ops.where(missing, ops.zeros_like(inputs), inputs) * seen, observed

    def compute_output_shape(self, input_shape):
        return input_shape, input_shape[:2]
