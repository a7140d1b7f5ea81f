import keras
import numpy as np
from checks import check_saved, check_step

from dsc_tf.layers import AutoregressiveGRUCell


def writer(units=3, size=2, steps=5):
    start = keras.Input((units,))
    zeros = keras.ops.zeros_like(keras.ops.repeat(start[:, None, :size], steps, axis=1))
    initial = [start, keras.ops.zeros_like(start[:, :size])]
    rnn = keras.layers.RNN(AutoregressiveGRUCell(units, size=size), return_sequences=True)
    return keras.Model(start, rnn(zeros, initial_state=initial))


def by_hand(model, hidden):
    """The GRU of Keras (reset after the product), step by step, fed with its own projection."""
    cell = model.layers[-1].cell
    kernel, recurrent, bias = (np.asarray(w, np.float64) for w in cell.gru.weights)
    weight, offset = (np.asarray(w, np.float64) for w in cell.projection.weights)
    said, out = np.zeros((len(hidden), cell.size)), []
    for _ in range(5):
        x = np.split(said @ kernel + bias[0], 3, axis=1)
        h = np.split(hidden @ recurrent + bias[1], 3, axis=1)
        update, reset = (1 / (1 + np.exp(-(x[i] + h[i]))) for i in (0, 1))
        hidden = update * hidden + (1 - update) * np.tanh(x[2] + reset * h[2])
        said = hidden @ weight + offset
        out.append(said)
    return np.stack(out, axis=1)


def test_each_step_hears_what_the_last_one_said():
    model = writer()
    for weight in model.weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    start = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    np.testing.assert_allclose(model(start), by_hand(model, start.astype(float)), atol=1e-5)


def test_learns_and_is_saved(tmp_path):
    start = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    check_step(writer(), start)
    check_saved(writer(), start, tmp_path / "writer.keras")


def test_config_holds_every_argument():
    config = AutoregressiveGRUCell(7, size=3).get_config()
    assert config["units"] == 7 and config["size"] == 3
    assert AutoregressiveGRUCell.from_config(config).state_size == [7, 3]


def test_the_name_in_older_files_is_registered():
    assert keras.saving.get_registered_object("dsc_tf>FeedbackCell") is AutoregressiveGRUCell
    assert keras.saving.get_registered_name(AutoregressiveGRUCell) == "dsc_tf>AutoregressiveGRUCell"
