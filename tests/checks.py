"""Each rule of the house for layers, models and clusterers, once."""

import keras
import numpy as np


def check_layer(layer_class, arguments, x):
    """Config round trip, save and load with equal outputs, reduced precision, one `fit` step.

    `arguments` are to differ from the defaults: a config that forgets one then fails here.
    """
    layer = layer_class(**arguments)
    expected = np.asarray(layer(x))
    config = layer.get_config()
    assert {name: config[name] for name in arguments} == arguments
    twin = layer_class.from_config(config)
    twin.build(x.shape)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(x), expected)
    reduced = layer_class(**arguments, dtype="mixed_bfloat16")
    reduced.build(x.shape)
    reduced.set_weights(layer.get_weights())
    np.testing.assert_allclose(
        np.asarray(reduced(x), "float32"), expected, atol=0.05 * np.abs(expected).max()
    )
    if layer.trainable_weights:
        check_step(keras.Sequential([keras.Input(x.shape[1:]), layer]), x)


def check_step(model, x, y=None):
    """One training step leaves every trainable weight finite and moves at least one."""
    before = [np.asarray(w) for w in model.trainable_weights]
    y = np.zeros(model(x[:1]).shape[1:], "float32")[None].repeat(len(x), 0) if y is None else y
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    after = [np.asarray(w) for w in model.trainable_weights]
    assert all(np.isfinite(w).all() for w in after)
    assert any((a != b).any() for a, b in zip(after, before, strict=True))


def check_saved(model, x, path):
    """A `.keras` file loads without `custom_objects` and computes the same."""
    model.save(path)
    twin = keras.saving.load_model(path)
    for one, other in zip(_flat(model(x)), _flat(twin(x)), strict=True):
        np.testing.assert_array_equal(one, other)


def _flat(outputs):
    return [np.asarray(o) for o in keras.tree.flatten(outputs)]


def plain_groups():
    """Twenty-four samples in two plain groups on an awkward grid, shape (24, 2, 9, 11, 3)."""
    rng = np.random.default_rng(0)
    X = rng.random((24, 2, 9, 11, 3), dtype=np.float32) * 0.1
    X[::2] += 0.8
    return X
