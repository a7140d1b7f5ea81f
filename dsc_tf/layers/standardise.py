"""Standardisation of fields inside the network."""

import keras
import numpy as np

BATCH = 64  # samples processed at a time in float64 by `adapt`


@keras.saving.register_keras_serializable(package="dsc_tf")
class Standardise(keras.layers.Layer):
    """Difference of each field from a mean field, divided by one scale for each variable.

    Fields scaled to [0, 1] differ little from day to day compared with their mean, and a randomly initialised network
    responds mainly to the mean: its latent vectors are then nearly equal for all days. Until `adapt` is called the
    layer returns its input, as in the published network.

    Notes
    -----
    Input and output shape (time, window, latitude, longitude, variable). State: `mean` (latitude, longitude,
    variable) and `scale` (variable,), not trained.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(5.0, 2.0, size=(100, 1, 4, 3, 2)).astype("float32")
    >>> layer = Standardise()
    >>> layer.build(X.shape)
    >>> layer.adapt(X)
    >>> bool(abs(float(keras.ops.mean(layer(X)))) < 1e-5)
    True
    """

    def __init__(self, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)

    def build(self, input_shape):
        fixed = {"trainable": False}
        self.mean = self.add_weight(shape=input_shape[2:], initializer="zeros", name="mean", **fixed)
        self.scale = self.add_weight(shape=input_shape[-1:], initializer="ones", name="scale", **fixed)

    def adapt(self, X):
        """Set mean and scale from the last step of each window, read batch by batch.

        Parameters
        ----------
        X : array or Samples of shape (time, window, latitude, longitude, variable)
            Samples.
        """
        batches = [slice(start, start + BATCH) for start in range(0, len(X), BATCH)]
        mean = sum(np.asarray(X[at, -1]).sum(axis=0, dtype=np.float64) for at in batches) / len(X)
        squares = sum(np.square(np.asarray(X[at, -1]) - mean).sum(axis=(0, 1, 2)) for at in batches)
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
