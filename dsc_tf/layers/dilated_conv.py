"""Dilated convolution in time as matrix products of shifted inputs."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dsc_tf")
class DilatedConv1D(keras.layers.Conv1D):
    """`keras.layers.Conv1D` with stride 1 and "same" padding, computed as one product of the shifted inputs.

    TensorFlow executes a dilated convolution on processors by moving every `dilation_rate`-th step into the batch
    axis (space-to-batch), which multiplies the batch by the dilation. Here the inputs that the taps of the kernel
    meet are placed next to each other and multiplied by the kernel once. Taps that reach only beyond both ends of the
    series, because the dilation is at least the length, are left out. The weights and, to rounding, the outputs are
    those of `Conv1D`.

    Parameters
    ----------
    filters : int
        Number of output features.
    kernel_size : int
        Number of taps, odd.
    dilation_rate : int, default=1
        Distance between taps in steps.
    **kwargs
        Further arguments of `keras.layers.Conv1D`; `padding` is always "same" and `strides` 1.

    Notes
    -----
    Input shape (series, time, feature); output shape (series, time, filters).

    References
    ----------
    van den Oord et al. (2016), WaveNet, section 2.1: dilated convolutions.

    Examples
    --------
    >>> import keras
    >>> layer = DilatedConv1D(4, 3, dilation_rate=8)
    >>> tuple(layer(keras.ops.ones((2, 10, 3))).shape)
    (2, 10, 4)
    """

    def __init__(self, filters, kernel_size, *, dilation_rate=1, **kwargs):
        kwargs["padding"] = "same"
        super().__init__(filters, kernel_size, dilation_rate=dilation_rate, **kwargs)
        if self.strides != (1,) or self.groups != 1 or self.kernel_size[0] % 2 == 0:
            raise ValueError("DilatedConv1D requires stride 1, one group and an odd kernel size.")

    def call(self, inputs):
        length = ops.shape(inputs)[1]
        dilation, reach = self.dilation_rate[0], self.kernel_size[0] // 2
        if isinstance(inputs.shape[1], int):
            reach = min(reach, (inputs.shape[1] - 1) // dilation)
            outputs = self._product(inputs, length, reach)
        elif reach == 1:
            outputs = ops.cond(
                length > dilation,
                lambda: self._product(inputs, length, 1),
                lambda: self._product(inputs, length, 0),
            )
        else:
            outputs = self._product(inputs, length, reach)
        if self.use_bias:
            outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)

    def _product(self, inputs, length, reach):
        """Product of the kernel's inner 2 * reach + 1 taps with the inputs that they meet."""
        centre, dilation = self.kernel_size[0] // 2, self.dilation_rate[0]
        taps = ops.reshape(
            self.kernel[centre - reach : centre + reach + 1],
            ((2 * reach + 1) * inputs.shape[-1], self.filters),
        )
        if reach:
            padded = ops.pad(inputs, ((0, 0), (reach * dilation, reach * dilation), (0, 0)))
            shifted = [padded[:, tap * dilation : tap * dilation + length] for tap in range(2 * reach + 1)]
            inputs = ops.concatenate(shifted, axis=-1)
        return ops.matmul(inputs, taps)
