import keras
import numpy as np
import pytest

from dsc_tf.training.optimizers import Adam


def trained(optimizer):
    rng = np.random.default_rng(0)
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)]
    )
    for layer in model.layers:
        layer.set_weights([rng.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    model.compile(optimizer, "mse")
    x, y = rng.normal(size=(24, 5)).astype("float32"), rng.normal(size=(24, 2)).astype("float32")
    model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize(
    "settings",
    [{}, {"weight_decay": 0.1}, {"clipnorm": 0.01}, {"amsgrad": True}, {"beta_1": 0.5, "epsilon": 0.1}],
)
def test_steps_are_those_of_keras(settings):
    ours, theirs = trained(Adam(0.05, **settings)), trained(keras.optimizers.Adam(0.05, **settings))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_config_makes_the_same_optimizer():
    config = keras.optimizers.serialize(Adam(0.3, beta_1=0.7))
    twin = keras.optimizers.deserialize(config)
    assert type(twin) is Adam
    assert twin.get_config() == keras.optimizers.deserialize(config).get_config()
    assert (twin.beta_1, float(twin.learning_rate)) == (0.7, pytest.approx(0.3))
