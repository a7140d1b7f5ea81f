import keras
import numpy as np
import pytest
from checks import check_saved

from dsc_tf.models.dtcr import dilated_gru, dtcr_encoder, dtcr_model


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(3, 11, 1)).astype("float32")


@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_dilated_gru_hears_itself_from_so_many_steps_ago(x, dilation):
    inputs = keras.Input((11, 1))
    model = keras.Model(inputs, dilated_gru(inputs, 5, dilation))
    cell = next(layer for layer in model.layers if isinstance(layer, keras.layers.GRU)).cell
    hidden = [np.zeros((3, 5), "float32")] * dilation
    for t in range(11):
        hidden.append(np.asarray(cell(x[:, t], [hidden[t]])[0]))
    np.testing.assert_allclose(model(x), np.stack(hidden[dilation:], axis=1), atol=1e-5)


def test_representation_is_what_every_layer_says_last_in_both_directions(x):
    encoder = dtcr_encoder(11, units=(4, 3, 2), dilations=(1, 2, 4))
    assert encoder.output_shape == (None, 2 * (4 + 3 + 2))
    forward = encoder(x)[:, :9]
    changed = x.copy()
    changed[:, 0] += 1.0
    # The last layer's state at the last step, 10, comes from steps 10, 6, 2 of the layer below and so on: step 0 is
    # heard by the first layer, which has dilation 1.
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


def test_decay_punishes_weights(x):
    encoder = dtcr_encoder(11, units=(4,), dilations=(1,), decay=0.5)
    kernels = [w for w in encoder.weights if "bias" not in w.path]
    expected = 0.25 * sum(float(np.square(np.asarray(w)).sum()) for w in kernels)
    encoder(x)
    assert float(sum(encoder.losses)) == pytest.approx(expected, rel=1e-5)
