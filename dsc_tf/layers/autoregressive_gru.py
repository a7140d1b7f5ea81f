"""Autoregressive GRU cell: the input of a step is the output of the previous step."""

import keras
from keras import ops

from .gate_bias import GateBias


@keras.saving.register_keras_serializable(package="dsc_tf")
@keras.saving.register_keras_serializable(
    package="dsc_tf", name="FeedbackCell"
)  # name in older `.keras` files
class AutoregressiveGRUCell(keras.layers.Layer):
    """GRU cell whose input is its own previous output, a linear projection of its hidden state.

    Inside `keras.layers.RNN` it generates a sequence from an initial state. The sequence given to the RNN layer sets
    the number of steps; its values are not used.

    Parameters
    ----------
    units : int
        Size of the hidden state.
    size : int, default=1
        Size of the output.
    reset_after : bool, default=True
        Whether the reset gate acts after the product of state and recurrent kernel, or before it.
    gate_bias : float, default=0.0
        Initial bias of the update and the reset gate.

    Notes
    -----
    State: hidden state (sample, units) and previous output (sample, size); the latter is the input of the first step.

    References
    ----------
    Ma et al. (2019), Learning Representations for Time Series Clustering, section 3.1: the decoder.

    Examples
    --------
    >>> import keras
    >>> decoder = keras.layers.RNN(AutoregressiveGRUCell(8, size=2), return_sequences=True)
    >>> initial_state = [keras.ops.ones((4, 8)), keras.ops.zeros((4, 2))]
    >>> tuple(decoder(keras.ops.zeros((4, 5, 2)), initial_state=initial_state).shape)
    (4, 5, 2)
    """

    def __init__(self, units, *, size=1, reset_after=True, gate_bias=0.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.size = size
        self.reset_after = reset_after
        self.gate_bias = gate_bias
        self.gru = keras.layers.GRUCell(
            units, reset_after=reset_after, bias_initializer=GateBias(gate_bias), dtype=self.dtype_policy
        )
        self.projection = keras.layers.Dense(size, dtype=self.dtype_policy)

    @property
    def state_size(self):
        return [self.units, self.size]

    @property
    def output_size(self):
        return self.size

    def build(self, input_shape):
        self.gru.build((None, self.size))
        self.projection.build((None, self.units))

    def call(self, inputs, states, training=None):
        hidden, previous_output = states
        hidden, _ = self.gru(previous_output, [hidden], training=training)
        output = self.projection(hidden)
        return output, [hidden, output]

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in self.state_size]

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "size": self.size,
            "reset_after": self.reset_after,
            "gate_bias": self.gate_bias,
        }
