"""A convolution of a doubled grid, computed on the grid before it is doubled."""

import keras
import numpy as np
from keras import ops

# Rows of the 4-tap kernel that doubles and convolves at once, as sums of the taps of the 3-tap kernel: doubling
# repeats a cell, so an output cell meets every input cell with one tap or with the sum of two neighbours.
SUMS_OF_TAPS = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], "float32")
FEW_CELLS = 16  # on grids as small, the larger kernel costs more than the smaller grid saves
TAPS_2D = np.einsum("ip,jq->ijpq", SUMS_OF_TAPS, SUMS_OF_TAPS).reshape(16, 9)


@keras.saving.register_keras_serializable(package="dsc_tf")
class UpsampleConv2D(keras.layers.Layer):
    """`UpSampling2D` by 2 (nearest) and `Conv2D` of 3 x 3 with "same" padding, in 2.25 times fewer operations.

    The two together are one transposed convolution of 4 x 4 taps with stride 2. The weights are those of the
    plain 3 x 3 convolution; results are equal up to rounding. Grids of up to 16 cells are doubled first.

    Parameters
    ----------
    filters : int
        Channels of the output.
    activation : str, default=None
        Activation; linear without one.

    Call arguments
        inputs, shape (field, latitude, longitude, channel).

    Output shape
        (field, 2 * latitude, 2 * longitude, filters).
    """

    kernel_size = (3, 3)

    def __init__(self, filters, *, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        shape = (3, 3, input_shape[-1], self.filters)
        # Taps are summed before they are rounded to the computing precision.
        self.kernel = self.add_weight(
            shape=shape, initializer="glorot_uniform", name="kernel", autocast=False
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, inputs):
        small = inputs.shape[1] * inputs.shape[2] <= FEW_CELLS
        outputs = self._double_first(inputs) if small else self._double_and_convolve(inputs)
        return self.activation(outputs + self.bias)

    def _double_first(self, inputs):
        doubled = ops.repeat(ops.repeat(inputs, 2, axis=1), 2, axis=2)
        return ops.conv(doubled, ops.cast(self.kernel, self.compute_dtype), padding="same")

    def _double_and_convolve(self, inputs):
        channels = self.kernel.shape[2]
        sums = ops.matmul(TAPS_2D, ops.reshape(self.kernel, (9, channels * self.filters)))
        kernel = ops.cast(ops.reshape(sums, (4, 4, channels, self.filters)), self.compute_dtype)
        return ops.conv_transpose(inputs, ops.transpose(kernel, (0, 1, 3, 2)), strides=2, padding="same")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *(n and 2 * n for n in input_shape[1:3]), self.filters)

    def get_config(self):
        own = {"filters": self.filters, "activation": keras.activations.serialize(self.activation)}
        return super().get_config() | own
