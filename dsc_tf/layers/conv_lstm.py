"""ConvLSTM with the work that no step waits for done for all steps at once."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dsc_tf")
class ConvLSTM(keras.layers.Layer):
    """`ConvLSTM2D` of 3 x 3 with "same" padding: the same results, fewer and larger operations.

    Keras's layer convolves each gate by itself, input and state, step by step. Here the input's convolutions of all
    gates and steps are one, and a step is one convolution of the state.

    Parameters
    ----------
    filters : int
        Channels of output and state.
    return_sequences : bool, default=True
        Whether every step is returned, or the last alone.

    Call arguments
        inputs, shape (series, time, latitude, longitude, channel).

    Output shape
        (series, time, latitude, longitude, filters), without time where `return_sequences` is False.

    References
    ----------
    Shi et al. (2015), equation 3 without the peephole terms, as Keras has it; weights in Keras's order: input,
    forget, cell, output.
    """

    kernel_size = (3, 3)

    def __init__(self, filters, *, return_sequences=True, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.return_sequences = return_sequences

    def build(self, input_shape):
        gates = 4 * self.filters
        self.kernel = self.add_weight(
            shape=(3, 3, input_shape[-1], gates), initializer="glorot_uniform", name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(3, 3, self.filters, gates), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(gates,), initializer=_open_forget_gate, name="bias")

    def call(self, inputs):
        grid = inputs.shape[2:]
        heard = ops.conv(ops.reshape(inputs, (-1, *grid)), self.kernel, padding="same") + self.bias
        heard = ops.reshape(heard, (-1, ops.shape(inputs)[1], *grid[:2], 4 * self.filters))
        start = ops.zeros((ops.shape(inputs)[0], *grid[:2], self.filters), self.compute_dtype)
        recurrent_kernel = ops.convert_to_tensor(self.recurrent_kernel)

        def step(state, heard):
            hidden, cell = state
            gates = heard + ops.conv(hidden, recurrent_kernel, padding="same")
            write, keep, new, show = ops.split(gates, 4, axis=-1)
            cell = ops.sigmoid(keep) * cell + ops.sigmoid(write) * ops.tanh(new)
            state = (ops.sigmoid(show) * ops.tanh(cell), cell)
            return state, state  # TensorFlow's scan wants outputs of the state's structure

        (last, _), (every, _) = ops.scan(step, (start, start), ops.moveaxis(heard, 1, 0))
        return ops.moveaxis(every, 0, 1) if self.return_sequences else last

    def compute_output_shape(self, input_shape):
        time = (input_shape[1],) if self.return_sequences else ()
        return (input_shape[0], *time, *input_shape[2:4], self.filters)

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "return_sequences": self.return_sequences}


def _open_forget_gate(shape, dtype=None):
    """Zeros, and ones for the forget gate."""
    filters = shape[0] // 4
    parts = [ops.zeros(filters), ops.ones(filters), ops.zeros(2 * filters)]
    return ops.cast(ops.concatenate(parts), dtype or "float32")
