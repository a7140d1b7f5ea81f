"""Separation of missing values into zeros and a mask."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dsc_tf")
@keras.saving.register_keras_serializable(package="dsc_tf", name="Observed")  # name in older `.keras` files
class MaskMissing(keras.layers.Layer):
    """Replaces steps with missing values (NaN) by zeros and returns a mask of the observed steps.

    A step counts as observed if none of its features is missing.

    Notes
    -----
    Input shape (series, time, ..., feature). Outputs: values (series, time, ..., feature), zero in all features of a
    step that is not observed, and mask (series, time), 1.0 or 0.0.

    Examples
    --------
    >>> values, observed = MaskMissing()(keras.ops.array([[[1.0, 2.0], [float("nan"), 4.0]]]))
    >>> keras.ops.convert_to_numpy(observed).tolist()
    [[1.0, 0.0]]
    """

    def call(self, inputs):
        missing = ops.isnan(inputs)
        axes = tuple(range(2, len(inputs.shape)))
        observed = 1.0 - ops.cast(ops.any(missing, axis=axes), inputs.dtype)
        mask = ops.reshape(observed, (-1, ops.shape(inputs)[1], *(1 for _ in axes)))
        return ops.where(missing, ops.zeros_like(inputs), inputs) * mask, observed

    def compute_output_shape(self, input_shape):
        return input_shape, input_shape[:2]
