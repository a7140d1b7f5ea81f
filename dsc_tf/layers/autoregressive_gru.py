"""A recurrent cell that reads its own last output."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dsc_tf")
class FeedbackCell(keras.layers.Layer):
    """GRU cell whose input is a linear projection of its own last state: what it said is what it hears.

    Inside `keras.layers.RNN` it writes a sequence from an initial state. The sequence that the RNN layer is given
    sets the number of steps; its values are not read.

    Parameters
    ----------
    units : int
        Length of the hidden state.
    size : int, default=1
        Length of the output.

    State: hidden (sample, units) and last output (sample, size).

    References
    ----------
    Ma et al. (2019), section 3.1: the decoder.
    """

    def __init__(self, units, *, size=1, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.size = size
        self.gru = keras.layers.GRUCell(units, dtype=self.dtype_policy)
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
        hidden, said = states
        hidden, _ = self.gru(said, [hidden], training=training)
        said = self.projection(hidden)
        return said, [hidden, said]

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in self.state_size]

    def get_config(self):
        return super().get_config() | {"units": self.units, "size": self.size}
