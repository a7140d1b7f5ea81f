import keras
import numpy as np
import pytest
from checks import check_saved

from dsc_tf.models.dtcr import dilated_gru, dtcr_encoder, dtcr_model


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(3, 11, 1)).astype("float32")


@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_dilated_gru_receives_the_state_of_earlier_steps(x, dilation):
    inputs = keras.Input((11, 1))
    model = keras.Model(inputs, dilated_gru(inputs, 5, dilation))
    cell = next(layer for layer in model.layers if isinstance(layer, keras.layers.GRU)).cell
    hidden = [np.zeros((3, 5), "float32")] * dilation
    for t in range(11):
        hidden.append(np.asarray(cell(x[:, t], [hidden[t]])[0]))
    np.testing.assert_allclose(model(x), np.stack(hidden[dilation:], axis=1), atol=1e-5)


def test_representation_concatenates_last_outputs_of_both_directions(x):
    encoder = dtcr_encoder(11, units=(4, 3, 2), dilations=(1, 2, 4))
    assert encoder.output_shape == (None, 2 * (4 + 3 + 2))
    forward = encoder(x)[:, :9]
    changed = x.copy()
    changed[:, 0] += 1.0
    # The last layer's state at the last step, 10, comes from steps 10, 6, 2 of the layer below and so on: step 0 is
    # received by the first layer, which has dilation 1.
    assert np.abs(np.asarray(encoder(changed)[:, :4] - forward[:, :4])).max() > 0


def test_published_width():
    assert dtcr_encoder(20).output_shape == (None, 400)


def test_training_model_has_all_outputs_and_is_saved(x, tmp_path):
    model = dtcr_model(dtcr_encoder(11, units=(4, 3, 2), dilations=(1, 2, 4)))
    inputs = {"sequence": x, "fake": x[::-1].copy()}
    outputs = model(inputs)
    shapes = {"reconstruction": (3, 11, 1), "representation": (3, 18), "real": (3, 1), "fake": (3, 1)}
    assert {name: tuple(v.shape) for name, v in outputs.items()} == shapes
    np.testing.assert_allclose(outputs["real"][::-1], outputs["fake"], rtol=1e-5)
    check_saved(model, inputs, tmp_path / "model.keras")


def test_decay_covers_all_variables(x):
    """Half the sum of squares of every variable, biases and decoder included (`tf.nn.l2_loss` of all variables)."""
    model = dtcr_model(dtcr_encoder(11, units=(4,), dilations=(1,), gate_bias=1.0), decay=0.5)
    expected = 0.25 * sum(float(np.square(np.asarray(w)).sum()) for w in model.trainable_variables)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)
    assert any("bias" in w.path for w in model.trainable_variables)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_cell_of_the_published_program_step_by_step(x):
    """TensorFlow 1's GRU: gates with bias 1, candidate tanh(W [x, r * h]), h = u * h + (1 - u) * candidate."""
    inputs = keras.Input((11, 1))
    model = keras.Model(inputs, dilated_gru(inputs, 3, 1, reset_after=False, gate_bias=1.0))
    gru = next(layer for layer in model.layers if isinstance(layer, keras.layers.GRU))
    kernel, recurrent, bias = (np.asarray(w, float) for w in gru.weights)
    np.testing.assert_array_equal(bias, [1] * 6 + [0] * 3)
    hidden = np.zeros((3, 3))
    for t in range(11):
        update, reset = np.split(sigmoid(x[:, t] @ kernel[:, :6] + hidden @ recurrent[:, :6] + 1), 2, axis=1)
        candidate = np.tanh(x[:, t] @ kernel[:, 6:] + (reset * hidden) @ recurrent[:, 6:])
        hidden = update * hidden + (1 - update) * candidate
        np.testing.assert_allclose(model(x)[:, t], hidden, atol=1e-5)


def test_decoder_starts_from_the_first_value(x):
    """In inference there is no noise: the first output is one step of the cell from the first value."""
    encoder = dtcr_encoder(11, units=(2,), dilations=(1,))
    model = dtcr_model(encoder, decoder_start="first value")
    cell = model.get_layer("decoder").cell
    first, _ = cell(None, [encoder(x), x[:, 0]])
    outputs = model({"sequence": x, "fake": x})
    np.testing.assert_allclose(outputs["reconstruction"][:, 0], first, atol=1e-6)
