"""Random smoothing of fields, an augmentation for contrastive learning."""

import keras
from keras import ops

TAPS = 5
MIN_SIGMA, MAX_SIGMA = 0.1, 2.0  # standard deviation of the Gaussian kernel, in grid cells


@keras.saving.register_keras_serializable(package="dsc_tf")
class RandomSmoothing(keras.layers.Layer):
    """In training, leaves the fields of a window unchanged, blurs them, or averages them over 5 x 5 cells.

    Each of the three has probability 1/3. One kernel of 5 x 5 cells is drawn for each window and applied to all of its
    steps and variables; the standard deviation of the Gaussian is uniform between 0.1 and 2 cells. Fields are
    extended beyond the edges by reflection.

    Parameters
    ----------
    seed : int, default=None
        Seed of the random kernels.

    Notes
    -----
    Input and output shape (series, time, latitude, longitude, variable).

    References
    ----------
    Chen et al. (2020), A Simple Framework for Contrastive Learning (SimCLR), for the random application of blur.

    Examples
    --------
    >>> fields = keras.ops.ones((2, 3, 8, 8, 1))
    >>> bool(keras.ops.all(RandomSmoothing()(fields) == fields))  # without training=True
    True
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        if not training:
            return inputs
        taps = ops.cast(self._taps(ops.shape(inputs)[0]), inputs.dtype)
        for axis in (2, 3):
            inputs = _convolve_axis(inputs, taps, axis)
        return inputs

    def _taps(self, series):
        """Kernel weights along one axis, shape (series, 5)."""
        kind, sigma = (keras.random.uniform((series, 1), seed=self.generator) for _ in range(2))
        sigma = MIN_SIGMA + (MAX_SIGMA - MIN_SIGMA) * sigma
        distance = ops.cast(ops.arange(TAPS) - TAPS // 2, "float32")[None, :]
        gaussian = ops.exp(-0.5 * (distance / sigma) ** 2)
        gaussian = gaussian / ops.sum(gaussian, axis=1, keepdims=True)
        single = ops.cast(distance == 0, "float32")
        even = ops.ones_like(distance) / TAPS
        return ops.where(kind < 1 / 3, single, ops.where(kind < 2 / 3, gaussian, even))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


def _convolve_axis(fields, taps, axis):
    """Convolution of fields with a kernel along axis 2 (latitude) or 3 (longitude)."""
    reach = TAPS // 2
    padding = [(0, 0)] * 5
    padding[axis] = (reach, reach)
    padded = ops.pad(fields, padding, mode="symmetric")
    cells = fields.shape[axis]
    total = 0.0
    for tap in range(TAPS):
        shifted = padded[:, :, tap : tap + cells] if axis == 2 else padded[:, :, :, tap : tap + cells]
        total = total + taps[:, tap][:, None, None, None, None] * shifted
    return total
