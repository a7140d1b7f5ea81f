import keras
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from dsc_tf.clusterers.dtcr import DTCR, RECIPES
from dsc_tf.errors import DscTfError
from dsc_tf.training import Checkpoint

SMALL = {"units": (6, 4), "dilations": (1, 2), "random_state": 0}


eager = pytest.mark.usefixtures("one_test_eagerly")


@pytest.fixture(scope="module")
def waves():
    """Sines of two frequencies, and which is which."""
    rng = np.random.default_rng(0)
    truth = np.arange(20) % 2
    phase = rng.uniform(-0.2, 0.2, size=(20, 1))
    steps = np.linspace(0, 2 * np.pi, 24)
    values = np.sin(np.where(truth, 1, 4)[:, None] * steps + phase) + 0.05 * rng.normal(size=(20, 24))
    return values.astype("float32")[:, None, :, None, None], truth


@pytest.fixture(scope="module")
def fitted(waves):
    return DTCR(2, **SMALL, epochs=15).fit(waves[0])


def test_distinguishes_two_frequencies(fitted, waves):
    assert adjusted_rand_score(waves[1], fitted.labels_) == 1


def test_all_three_losses_fall(fitted):
    history = fitted.history_
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["reconstruction"] < history[0]["reconstruction"]


@eager
@pytest.mark.parametrize(("recipe", "rate"), [("trained", 0.0), ("notebook", 1e-4)])
def test_learning_rate_settles_or_stays(recipe, rate, waves):
    model = DTCR(2, **SMALL | {"recipe": recipe}, epochs=2).fit(waves[0][:, :, :4])
    assert float(model.model_.optimizer.learning_rate) == pytest.approx(rate, abs=1e-9)


def test_interrupted_fit_resumes_to_the_same_result(waves, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 11:
                raise KeyboardInterrupt

    X, _ = waves
    settings = SMALL | {"units": (4,), "dilations": (1,), "epochs": 12, "batch_size": 8}
    whole = DTCR(3, **settings).fit(X)
    options = settings | {"checkpoint": Checkpoint(tmp_path / "s.npz", seconds=0.0)}
    with pytest.raises(KeyboardInterrupt):
        DTCR(3, **options, callbacks=(Stop(),)).fit(X)
    resumed = DTCR(3, **options).fit(X)
    np.testing.assert_array_equal(resumed.labels_, whole.labels_)
    np.testing.assert_allclose(resumed.transform(X), whole.transform(X), atol=1e-6)


@eager
def test_constant_series():
    labels = DTCR(2, **SMALL, epochs=2).fit_predict(np.ones((6, 1, 8, 1, 1), "float32"))
    assert set(labels) <= {0, 1}


def test_recipe_of_the_published_program():
    """Table of its settings; the weights are counted layer by layer."""
    recipe = RECIPES["notebook"]
    assert (recipe.units, recipe.dilations) == ((100, 50, 50), (1, 2, 4))
    assert (recipe.learning_rate, recipe.epochs, recipe.decay) == (1e-4, 300, 1e-4)
    assert recipe.sum_kmeans and not recipe.sum_reconstruction and recipe.random_indicator
    assert (recipe.reset_after, recipe.gate_bias, recipe.decoder_start) == (False, 1.0, "first value")

    def gru(inputs, units):
        return 3 * units * (inputs + units + 1)  # one row of biases: the reset acts before the product

    encoder = 2 * (gru(1, 100) + gru(100, 50) + gru(50, 50))
    decoder = gru(1, 400) + 401
    classifier = 401 * 128 + 129
    with keras.StatelessScope():
        assert DTCR(recipe="notebook").count_weights((1, 4, 3, 1)) == encoder + decoder + classifier


@eager
def test_published_program_is_saved_and_loaded(waves, tmp_path):
    fitted = DTCR(2, **SMALL | {"recipe": "notebook"}, epochs=1).fit(waves[0][:, :, :6])
    fitted.save(tmp_path)
    loaded = DTCR.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(waves[0][:, :, :6]), fitted.labels_)


def test_clustering_column_is_the_kmeans_loss(waves):
    """Without training: the relaxed k-means loss of the initial representations, not the total loss."""
    fitted = DTCR(2, **SMALL, epochs=1, learning_rate=0.0).fit(waves[0])
    row = fitted.history_[0]
    total = row["reconstruction"] * 24 + 0.1 / 2 * 20 * row["clustering"]
    assert total < row["loss"] < total + 2.0  # the rest is the cross-entropy, about log 2


@eager
def test_untrained_is_not_trained(waves):
    model = DTCR(2, recipe="untrained", **SMALL).fit(waves[0])
    assert model.history_ == []


def test_faults_are_one_line(waves, tmp_path):
    with pytest.raises(DscTfError, match="recipe: 'fast'"):
        DTCR(2, recipe="fast").fit(waves[0])
    with pytest.raises(DscTfError, match="no model.json"):
        DTCR.load(tmp_path)
