"""The networks of DTCR: a dilated recurrent encoder, a decoder that hears itself, and a judge of fakes."""

import keras
from keras import layers, ops

from ..layers import AutoregressiveGRUCell

NOISE = 0.1  # standard deviation, on the input


def dtcr_encoder(steps, *, units=(100, 50, 50), dilations=(1, 4, 16), decay=0.0):
    """Dilated GRU layers in both directions of time; what every layer says last is the representation.

    Parameters
    ----------
    steps : int
        Length of a sequence.
    units : tuple of int, default=(100, 50, 50)
        Width of each layer.
    dilations : tuple of int, default=(1, 4, 16)
        Steps from which each layer hears itself.
    decay : float, default=0.0
        Weight decay (L2).

    Returns
    -------
    keras.Model
        From (time, step, 1) to (time, 2 * sum of units).

    References
    ----------
    Ma et al. (2019), section 3.1; Chang et al. (2017) for dilated recurrent layers.
    """
    inputs = keras.Input((steps, 1), name="sequence")
    said = []
    for x in (inputs, ops.flip(inputs, axis=1)):
        for width, dilation in zip(units, dilations, strict=True):
            x = dilated_gru(x, width, dilation, decay)
            said.append(x[:, -1])
    return keras.Model(inputs, layers.Concatenate()(said), name="encoder")


def dilated_gru(x, units, dilation, decay=0.0):
    """GRU over `dilation` interleaved sequences that share weights: step t hears step t - dilation.

    Parameters
    ----------
    x : tensor of shape (time, step, channel)
        Sequences.
    units : int
        Width.
    dilation : int
        Distance in steps.
    decay : float, default=0.0
        Weight decay (L2).

    Returns
    -------
    tensor of shape (time, step, units)
    """
    steps, channels = x.shape[1:]
    x = layers.ZeroPadding1D((0, -steps % dilation))(x)
    length = x.shape[1] // dilation
    x = ops.transpose(ops.reshape(x, (-1, length, dilation, channels)), (0, 2, 1, 3))
    x = _gru(units, decay)(ops.reshape(x, (-1, length, channels)))
    x = ops.transpose(ops.reshape(x, (-1, dilation, length, units)), (0, 2, 1, 3))
    return ops.reshape(x, (-1, dilation * length, units))[:, :steps]


def dtcr_model(encoder, *, decay=0.0):
    """Encoder, decoder and judge as one model for training.

    Parameters
    ----------
    encoder : keras.Model
        As `dtcr_encoder` returns it.
    decay : float, default=0.0
        Weight decay (L2).

    Returns
    -------
    keras.Model
        Inputs `sequence` and `fake`, both (time, step, 1); outputs `reconstruction` (time, step, 1) and
        `representation` (time, feature) of the sequences, and `real` (time, 1), `fake` (time, 1), the judged
        probability that sequences and fakes are real.

    References
    ----------
    Ma et al. (2019), sections 3.1 and 3.3.
    """
    shape = encoder.input_shape[1:]
    sequence, fake = (keras.Input(shape, name=name) for name in ("sequence", "fake"))
    noisy = layers.GaussianNoise(NOISE)(ops.concatenate([sequence, fake]))
    of_sequence, of_fake = ops.split(encoder(noisy), 2)
    width = encoder.output_shape[-1]
    decoder = layers.RNN(AutoregressiveGRUCell(width), return_sequences=True, name="decoder")
    start = [of_sequence, ops.zeros_like(of_sequence[:, :1])]
    judge = keras.Sequential(
        [
            keras.Input((width,)),
            layers.Dense(128, activation="relu", kernel_regularizer=_l2(decay)),
            layers.Dense(1, activation="sigmoid", kernel_regularizer=_l2(decay)),
        ],
        name="judge",
    )
    outputs = {
        "reconstruction": decoder(ops.zeros_like(sequence), initial_state=start),
        "representation": of_sequence,
        "real": judge(of_sequence),
        "fake": judge(of_fake),
    }
    return keras.Model({"sequence": sequence, "fake": fake}, outputs, name="dtcr")


def _gru(units, decay):
    return layers.GRU(
        units, return_sequences=True, kernel_regularizer=_l2(decay), recurrent_regularizer=_l2(decay)
    )


def _l2(decay):
    return keras.regularizers.L2(decay / 2) if decay else None
