import keras
import numpy as np
from checks import check_saved, check_step

from dsc_tf.layers import AutoregressiveGRUCell, GateBias


def decoder(units=3, size=2, steps=5):
    start = keras.Input((units,))
    zeros = keras.ops.zeros_like(keras.ops.repeat(start[:, None, :size], steps, axis=1))
    initial = [start, keras.ops.zeros_like(start[:, :size])]
    rnn = keras.layers.RNN(AutoregressiveGRUCell(units, size=size), return_sequences=True)
    return keras.Model(start, rnn(zeros, initial_state=initial))


def by_hand(model, hidden):
    """The GRU of Keras (reset after the product), step by step, with its own projection as input."""
    cell = model.layers[-1].cell
    kernel, recurrent, bias = (np.asarray(w, np.float64) for w in cell.gru.weights)
    weight, offset = (np.asarray(w, np.float64) for w in cell.projection.weights)
    output_, out = np.zeros((len(hidden), cell.size)), []
    for _ in range(5):
        x = np.split(output_ @ kernel + bias[0], 3, axis=1)
        h = np.split(hidden @ recurrent + bias[1], 3, axis=1)
        update, reset = (1 / (1 + np.exp(-(x[i] + h[i]))) for i in (0, 1))
        hidden = update * hidden + (1 - update) * np.tanh(x[2] + reset * h[2])
        output_ = hidden @ weight + offset
        out.append(output_)
    return np.stack(out, axis=1)


def test_input_of_each_step_is_the_previous_output():
    model = decoder()
    for weight in model.weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    start = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    np.testing.assert_allclose(model(start), by_hand(model, start.astype(float)), atol=1e-5)


def test_learns_and_is_saved(tmp_path):
    start = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    check_step(decoder(), start)
    check_saved(decoder(), start, tmp_path / "decoder.keras")


def test_config_holds_every_argument():
    config = AutoregressiveGRUCell(7, size=3, reset_after=False, gate_bias=1.0).get_config()
    assert config["units"] == 7 and config["size"] == 3
    assert config["reset_after"] is False and config["gate_bias"] == 1.0
    assert AutoregressiveGRUCell.from_config(config).state_size == [7, 3]


def test_options_reach_the_cell():
    cell = AutoregressiveGRUCell(2, reset_after=False, gate_bias=1.0)
    cell.build((None, 1))
    np.testing.assert_array_equal(cell.gru.bias, [1, 1, 1, 1, 0, 0])


def test_gate_bias_of_both_kinds_of_cell():
    np.testing.assert_array_equal(GateBias(2.0)((3,)), [2, 2, 0])
    np.testing.assert_array_equal(GateBias()((2, 6)), [[1, 1, 1, 1, 0, 0], [0] * 6])
    assert GateBias.from_config(GateBias(2.0).get_config()).value == 2.0


def test_the_name_in_older_files_is_registered():
    assert keras.saving.get_registered_object("dsc_tf>FeedbackCell") is AutoregressiveGRUCell
    assert keras.saving.get_registered_name(AutoregressiveGRUCell) == "dsc_tf>AutoregressiveGRUCell"
