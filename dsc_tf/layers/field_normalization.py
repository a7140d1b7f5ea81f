"""Fields as departures from their mean, inside the network."""

import keras
import numpy as np

PART = 64  # samples at a time, in float64


@keras.saving.register_keras_serializable(package="dsc_tf")
class Standardise(keras.layers.Layer):
    """Departure of each field from a mean field, over one scale for each variable.

    Fields scaled to [0, 1] differ from day to day by little beside their mean, and a young network answers to
    the mean alone: its latent vectors are then nearly the same for all days. Until `adapt` is called the layer
    changes nothing, as the published network has it.

    Call arguments
        inputs, shape (time, window, latitude, longitude, variable).

    Output shape
        The same.

    State saved: `mean` (latitude, longitude, variable) and `scale` (variable,), not trained.
    """

    def __init__(self, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)

    def build(self, input_shape):
        fixed = {"trainable": False}
        self.mean = self.add_weight(shape=input_shape[2:], initializer="zeros", name="mean", **fixed)
        self.scale = self.add_weight(shape=input_shape[-1:], initializer="ones", name="scale", **fixed)

    def adapt(self, X):
        """Take mean and scale from `X`, shape (time, window, latitude, longitude, variable), read in parts."""
        parts = [slice(start, start + PART) for start in range(0, len(X), PART)]
        mean = sum(X[at][:, -1].sum(axis=0, dtype=np.float64) for at in parts) / len(X)
        squares = sum(np.square(X[at][:, -1] - mean).sum(axis=(0, 1, 2)) for at in parts)
        scale = np.sqrt(squares / (len(X) * mean[..., 0].size))
        self.mean.assign(mean)
        self.scale.assign(np.where(scale > 0, scale, 1.0))

    def call(self, inputs):
        return (inputs - self.mean) / self.scale

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = super().get_config()
        del config["dtype"]
        return config
