"""Networks of DTCR: dilated recurrent encoder, autoregressive decoder and classifier of fake sequences."""

import keras
from keras import layers, ops

from ..layers import AutoregressiveGRUCell, GateBias

NOISE = 0.1  # standard deviation of the noise on the input in training


def dtcr_encoder(steps, *, units=(100, 50, 50), dilations=(1, 4, 16), reset_after=True, gate_bias=0.0):
    """Dilated GRU layers in both directions; the representation concatenates the last outputs of all layers.

    Parameters
    ----------
    steps : int
        Length of a sequence.
    units : tuple of int, default=(100, 50, 50)
        Number of units of each layer.
    dilations : tuple of int, default=(1, 4, 16)
        Dilation of each layer: the recurrent input of a step is the state this number of steps before.
    reset_after : bool, default=True
        Whether the reset gate acts after the product of state and recurrent kernel, or before it.
    gate_bias : float, default=0.0
        Initial bias of the update and the reset gate.

    Returns
    -------
    keras.Model
        From (time, step, 1) to (time, 2 * sum of units).

    References
    ----------
    Ma et al. (2019), section 3.1; Chang et al. (2017) for dilated recurrent layers.
    """
    inputs = keras.Input((steps, 1), name="sequence")
    last_outputs = []
    for x in (inputs, ops.flip(inputs, axis=1)):
        for width, dilation in zip(units, dilations, strict=True):
            x = dilated_gru(x, width, dilation, reset_after=reset_after, gate_bias=gate_bias)
            last_outputs.append(x[:, -1])
    return keras.Model(inputs, layers.Concatenate()(last_outputs), name="encoder")


def dilated_gru(x, units, dilation, *, reset_after=True, gate_bias=0.0):
    """GRU over `dilation` interleaved sequences with shared weights: step t receives the state of step t - dilation.

    Parameters
    ----------
    x : tensor of shape (time, step, channel)
        Sequences.
    units : int
        Number of units.
    dilation : int
        Dilation in steps.
    reset_after : bool, default=True
        Whether the reset gate acts after the product of state and recurrent kernel, or before it.
    gate_bias : float, default=0.0
        Initial bias of the update and the reset gate.

    Returns
    -------
    tensor of shape (time, step, units)
    """
    steps, channels = x.shape[1:]
    x = layers.ZeroPadding1D((0, -steps % dilation))(x)
    length = x.shape[1] // dilation
    x = ops.transpose(ops.reshape(x, (-1, length, dilation, channels)), (0, 2, 1, 3))
    gru = layers.GRU(
        units, return_sequences=True, reset_after=reset_after, bias_initializer=GateBias(gate_bias)
    )
    x = gru(ops.reshape(x, (-1, length, channels)))
    x = ops.transpose(ops.reshape(x, (-1, dilation, length, units)), (0, 2, 1, 3))
    return ops.reshape(x, (-1, dilation * length, units))[:, :steps]


def dtcr_model(encoder, *, decay=0.0, reset_after=True, gate_bias=0.0, decoder_start="zero"):
    """Build encoder, decoder and classifier of fake sequences as one model for training.

    Parameters
    ----------
    encoder : keras.Model
        As `dtcr_encoder` returns it.
    decay : float, default=0.0
        Weight decay: the loss contains this number times half the sum of squares of all trainable variables.
    reset_after : bool, default=True
        As in `dtcr_encoder`, for the decoder.
    gate_bias : float, default=0.0
        As in `dtcr_encoder`, for the decoder.
    decoder_start : {"zero", "first value"}, default="zero"
        Input of the first step of the decoder: 0, or the first value of the sequence with noise.

    Returns
    -------
    keras.Model
        Inputs `sequence` and `fake`, both (time, step, 1); outputs `reconstruction` (time, step, 1) and
        `representation` (time, feature) of the sequences, and `real` (time, 1), `fake` (time, 1): the probabilities
        that sequences and fake sequences are real.

    References
    ----------
    Ma et al. (2019), sections 3.1 and 3.3.
    """
    shape = encoder.input_shape[1:]
    sequence, fake = (keras.Input(shape, name=name) for name in ("sequence", "fake"))
    noisy = layers.GaussianNoise(NOISE)(ops.concatenate([sequence, fake]))
    of_sequence, of_fake = ops.split(encoder(noisy), 2)
    width = encoder.output_shape[-1]
    cell = AutoregressiveGRUCell(width, reset_after=reset_after, gate_bias=gate_bias)
    decoder = layers.RNN(cell, return_sequences=True, name="decoder")
    first_values = ops.split(noisy, 2)[0][:, 0]
    start = first_values if decoder_start == "first value" else ops.zeros_like(of_sequence[:, :1])
    fake_classifier = keras.Sequential(
        [keras.Input((width,)), layers.Dense(128, activation="relu"), layers.Dense(1, activation="sigmoid")],
        name="fake_classifier",
    )
    outputs = {
        "reconstruction": decoder(ops.zeros_like(sequence), initial_state=[of_sequence, start]),
        "representation": of_sequence,
        "real": fake_classifier(of_sequence),
        "fake": fake_classifier(of_fake),
    }
    model = keras.Model({"sequence": sequence, "fake": fake}, outputs, name="dtcr")
    if decay:
        for variable in model.trainable_variables:
            variable.regularizer = keras.regularizers.L2(decay / 2)
    return model
