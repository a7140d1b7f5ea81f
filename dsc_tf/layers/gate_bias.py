"""Initial biases of the gates of a GRU."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="dsc_tf")
class GateBias(keras.initializers.Initializer):
    """Biases of a Keras GRU: a constant for the update and the reset gate, 0 for the candidate state.

    Parameters
    ----------
    value : float, default=1.0
        Bias of the gates. 1 keeps most of the state at the start of training, as in TensorFlow 1.

    Notes
    -----
    Keras orders the biases as update gate, reset gate, candidate. If the reset gate acts after the product
    (`reset_after=True`), they have two rows, of which the second belongs to the recurrent kernel and is 0.

    Examples
    --------
    >>> import numpy as np
    >>> np.asarray(GateBias()((6,)))
    array([1., 1., 1., 1., 0., 0.], dtype=float32)
    """

    def __init__(self, value=1.0):
        self.value = value

    def __call__(self, shape, dtype=None):
        bias = np.zeros(shape, np.float32)
        bias.reshape(-1, shape[-1])[0, : 2 * (shape[-1] // 3)] = self.value
        return ops.convert_to_tensor(bias, dtype=dtype or keras.config.floatx())

    def get_config(self):
        return {"value": self.value}
