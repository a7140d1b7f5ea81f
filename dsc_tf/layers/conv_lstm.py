"""ConvLSTM that computes the input convolutions of all time steps in one call."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dsc_tf")
class ConvLSTM(keras.layers.Layer):
    """`keras.layers.ConvLSTM2D` with 3 x 3 kernels and "same" padding, with the same results and fewer operations.

    Keras's layer convolves input and state separately for each gate and each step. This layer convolves the inputs
    of all steps and gates in one call, and needs one convolution of the state for each step.

    Parameters
    ----------
    filters : int
        Number of channels of the output and of the state.
    return_sequences : bool, default=True
        Whether to return the output of every step or of the last step only.

    Notes
    -----
    Input shape (series, time, latitude, longitude, channel); output shape (series, time, latitude, longitude,
    filters), without the time axis if `return_sequences` is False. Weights are in Keras's order of the gates: input,
    forget, cell candidate, output.

    References
    ----------
    Shi et al. (2015), Convolutional LSTM Network, equation 3 without the peephole terms, as in Keras.

    Examples
    --------
    >>> import keras
    >>> tuple(ConvLSTM(4, return_sequences=False)(keras.ops.zeros((2, 5, 6, 7, 3))).shape)
    (2, 6, 7, 4)
    """

    kernel_size = (3, 3)

    def __init__(self, filters, *, return_sequences=True, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.return_sequences = return_sequences

    def build(self, input_shape):
        channels = 4 * self.filters  # of the four gates
        self.kernel = self.add_weight(
            shape=(3, 3, input_shape[-1], channels), initializer="glorot_uniform", name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(3, 3, self.filters, channels), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(channels,), initializer=_unit_forget_bias, name="bias")

    def call(self, inputs):
        grid = inputs.shape[2:]
        projected = ops.conv(ops.reshape(inputs, (-1, *grid)), self.kernel, padding="same") + self.bias
        projected = ops.reshape(projected, (-1, ops.shape(inputs)[1], *grid[:2], 4 * self.filters))
        zeros = ops.zeros((ops.shape(inputs)[0], *grid[:2], self.filters), self.compute_dtype)
        recurrent_kernel = ops.convert_to_tensor(self.recurrent_kernel)

        def step(state, projected_input):
            hidden, cell = state
            gates = projected_input + ops.conv(hidden, recurrent_kernel, padding="same")
            input_gate, forget_gate, candidate, output_gate = ops.split(gates, 4, axis=-1)
            cell = ops.sigmoid(forget_gate) * cell + ops.sigmoid(input_gate) * ops.tanh(candidate)
            state = (ops.sigmoid(output_gate) * ops.tanh(cell), cell)
            return state, state  # TensorFlow's scan requires outputs with the structure of the state

        (last, _), (every, _) = ops.scan(step, (zeros, zeros), ops.moveaxis(projected, 1, 0))
        return ops.moveaxis(every, 0, 1) if self.return_sequences else last

    def compute_output_shape(self, input_shape):
        time = (input_shape[1],) if self.return_sequences else ()
        return (input_shape[0], *time, *input_shape[2:4], self.filters)

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "return_sequences": self.return_sequences}


def _unit_forget_bias(shape, dtype=None):
    """Return the initial bias: one for the forget gate, zero for the other gates."""
    filters = shape[0] // 4
    parts = [ops.zeros(filters), ops.ones(filters), ops.zeros(2 * filters)]
    return ops.cast(ops.concatenate(parts), dtype or "float32")
