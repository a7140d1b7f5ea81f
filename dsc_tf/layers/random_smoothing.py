"""Fields made smoother at random, the same for a whole window."""

import keras
from keras import ops

TAPS = 5
LEAST_SIGMA, MOST_SIGMA = 0.1, 2.0  # of the Gaussian, in grid cells


@keras.saving.register_keras_serializable(package="dsc_tf")
class RandomSmoothing(keras.layers.Layer):
    """In training, leaves a window's fields as they are, blurs them, or averages them over 5 x 5 cells, a third each.

    One kernel of 5 x 5 cells is drawn for each window and used at all its steps and variables: the Gaussian's width is
    drawn from 0.1 to 2 cells. Beyond the edges fields go on as their mirror image.

    Parameters
    ----------
    seed : int, default=None
        Seed of the draws.

    Call arguments
        inputs, shape (series, time, latitude, longitude, variable).

    Output shape
        The same.

    References
    ----------
    The augmentations of seed 000's proposal (Gaussian blur and average pooling of 5 x 5), random as in SimCLR.
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
            inputs = _weighed_neighbours(inputs, taps, axis)
        return inputs

    def _taps(self, series):
        """Weights of the five cells along an axis, shape (series, 5)."""
        kind, sigma = (keras.random.uniform((series, 1), seed=self.generator) for _ in range(2))
        sigma = LEAST_SIGMA + (MOST_SIGMA - LEAST_SIGMA) * sigma
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


def _weighed_neighbours(fields, taps, axis):
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
