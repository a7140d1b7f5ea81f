import keras
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from dsc_tf.clusterers.dtcr import DTCR
from dsc_tf.errors import DscTfError
from dsc_tf.training import Checkpoint

SMALL = {"units": (6, 4), "dilations": (1, 2), "random_state": 0}


@pytest.fixture
def waves():
    """Sines of two frequencies, and which is which."""
    rng = np.random.default_rng(0)
    truth = np.arange(20) % 2
    phase = rng.uniform(-0.2, 0.2, size=(20, 1))
    steps = np.linspace(0, 2 * np.pi, 24)
    values = np.sin(np.where(truth, 1, 4)[:, None] * steps + phase) + 0.05 * rng.normal(size=(20, 24))
    return values.astype("float32")[:, None, :, None, None], truth


def test_tells_two_frequencies(waves):
    X, truth = waves
    labels = DTCR(2, **SMALL, epochs=10).fit_predict(X)
    assert adjusted_rand_score(truth, labels) == 1


def test_all_three_losses_fall(waves):
    history = DTCR(2, **SMALL, epochs=15).fit(waves[0]).history_
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["reconstruction"] < history[0]["reconstruction"]


@pytest.mark.filterwarnings("ignore:Even though the:UserWarning")
@pytest.mark.parametrize(("recipe", "rate"), [("trained", 0.0), ("notebook", 1e-4)])
def test_learning_rate_settles_or_stays(recipe, rate, waves, one_test_eagerly):
    model = DTCR(2, **SMALL | {"recipe": recipe}, epochs=2).fit(waves[0][:, :, :4])
    assert float(model.model_.optimizer.learning_rate) == pytest.approx(rate, abs=1e-9)


def test_interrupted_fit_resumes_to_the_same_result(waves, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 11:
                raise KeyboardInterrupt

    X, _ = waves
    whole = DTCR(3, **SMALL, epochs=12, batch_size=8).fit(X)
    options = SMALL | {
        "epochs": 12,
        "batch_size": 8,
        "checkpoint": Checkpoint(tmp_path / "s.npz", seconds=0.0),
    }
    with pytest.raises(KeyboardInterrupt):
        DTCR(3, **options, callbacks=(Stop(),)).fit(X)
    resumed = DTCR(3, **options).fit(X)
    np.testing.assert_array_equal(resumed.labels_, whole.labels_)
    np.testing.assert_allclose(resumed.transform(X), whole.transform(X), atol=1e-6)


def test_constant_series_are_survived():
    labels = DTCR(2, **SMALL, epochs=2).fit_predict(np.ones((6, 1, 8, 1, 1), "float32"))
    assert set(labels) <= {0, 1}


def test_untrained_is_not_trained(waves):
    model = DTCR(2, recipe="untrained", **SMALL).fit(waves[0])
    assert model.history_ == []


def test_faults_are_one_line(waves, tmp_path):
    with pytest.raises(DscTfError, match="recipe: 'fast'"):
        DTCR(2, recipe="fast").fit(waves[0])
    with pytest.raises(DscTfError, match="no model.json"):
        DTCR.load(tmp_path)
