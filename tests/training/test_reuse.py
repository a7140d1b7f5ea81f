import keras
import numpy as np

from dsc_tf.training.optimizers import Adam
from dsc_tf.training.reuse import compile_or_reset, exchange_weights


def network():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(8)(inputs))
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))


def trained(model, x):
    compile_or_reset(model, Adam(0.1), loss="mse")
    model.fit(x, x[:, :1], epochs=2, shuffle=False, verbose=0)
    return model.get_weights()


def test_a_compiled_network_with_exchanged_weights_trains_as_a_new_one():
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    kept = network()
    trained(kept, x)
    function = kept.train_function
    keras.utils.set_random_seed(1)
    new = network()
    before = kept.get_weights()
    exchange_weights([kept, kept], [new, new])  # what models share is exchanged once
    for one, other in zip(new.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    keras.utils.set_random_seed(1)
    fresh = network()
    again, first = trained(kept, x), trained(fresh, x)
    assert kept.train_function is function  # not traced again
    for one, other in zip(again, first, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_learning_rate_stays():
    model = network()
    compile_or_reset(model, Adam(0.25), loss="mse")
    compile_or_reset(model, Adam(0.25), loss="mse")
    assert float(model.optimizer.learning_rate) == 0.25


def test_the_optimizer_is_whole_before_training():
    model = network()
    compile_or_reset(model, Adam(0.25), loss="mse")
    assert model.optimizer.built


def test_a_network_is_traced_once():
    """Losses of several outputs have meters, which `fit` would make while it traces."""
    traces = []
    inputs = keras.Input((3,))
    outputs = {name: keras.layers.Dense(2)(inputs) for name in ("a", "b")}

    class Watched(keras.Model):
        def train_step(self, data):
            traces.append(1)
            return super().train_step(data)

    model = Watched(inputs, outputs)
    compile_or_reset(model, Adam(0.25), loss={"a": "mse", "b": "mse"})
    x = np.zeros((8, 3), "float32")
    y = {name: np.zeros((8, 2), "float32") for name in outputs}
    model.fit(x, y, batch_size=4, verbose=0)
    assert len(traces) == 1
