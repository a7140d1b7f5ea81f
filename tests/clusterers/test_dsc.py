import dataclasses

import keras
import numpy as np
import pytest
from checks import check_saved
from small_networks import SMALL, build_small

from dsc_tf.clusterers.dsc import DSC
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.training import NOTEBOOK, TRAINED, Checkpoint

pytestmark = [
    pytest.mark.usefixtures("eagerly"),
]
SLOW = 0.0  # seconds between checkpoints: one after every epoch


def quick(**options):
    """A small network."""
    given = {"n_clusters": 3, "precision": "float32", "batch_size": 8, "random_state": 0}
    return DSC(**given | SMALL["dsc"] | options)


def weights(model):
    """Of encoder and decoder; centres are put into the order of size at the end of a fit."""
    return model.get_layer("encoder").get_weights() + model.get_layer("decoder").get_weights()


class InterruptAt(keras.callbacks.Callback):
    """Ctrl-C in the middle of an epoch of a stage."""

    def __init__(self, stage, epoch):
        super().__init__()
        self.stage, self.at, self.epoch = stage, epoch, -1

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.model.name == self.stage and self.epoch == self.at and batch == 1:
            raise KeyboardInterrupt


def test_notebook_recipe_stops_at_the_first_refresh_and_hardly_moves(small_windows, traced):
    """As measured with the authors' notebook: no label changes, weights move by under 1e-5 of their norm."""
    start = []

    class Remember(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            start.append(weights(self.model))

    model = quick(recipe="notebook", callbacks=(Remember(),)).fit(small_windows)
    assert len(model.history_) == 1 and model.stopped_by_ == "converged"
    before, after = (np.concatenate([w.ravel() for w in ws]) for ws in (start[0], weights(model.model_)))
    assert 0 < np.linalg.norm(after - before) / np.linalg.norm(before) < 1e-5


def test_trained_recipe_learns_to_reconstruct(small_windows):
    recipe = dataclasses.replace(TRAINED, pretrain_learning_rate=1e-2)
    model = quick(recipe=recipe, pretrain_epochs=15, epochs=1).fit(small_windows)
    losses = [row["reconstruction"] for row in model.history_]
    assert losses[-1] < losses[0] / 10


@pytest.mark.parametrize(
    ("cell", "stage", "epoch"),
    [("lstm", "autoencoder", 0), ("lstm", "dsc", 1), ("convlstm", "autoencoder", 1)],
)
def test_interrupted_run_resumes_to_the_same_result(cell, stage, epoch, small_windows, tmp_path):
    options = {"cell": cell, "pretrain_epochs": 2, "epochs": 2}
    recipe = dataclasses.replace(TRAINED, dropout=0.1, tol=-1.0)  # dropout: random state must resume as well
    whole = quick(recipe=recipe, **options).fit(small_windows)
    checkpoint = Checkpoint(tmp_path / "state.npz", seconds=SLOW)
    stopped = quick(recipe=recipe, checkpoint=checkpoint, callbacks=(InterruptAt(stage, epoch),), **options)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(small_windows)
    resumed = quick(recipe=recipe, checkpoint=checkpoint, **options).fit(small_windows)
    np.testing.assert_array_equal(resumed.labels_, whole.labels_)
    np.testing.assert_array_equal(resumed.soft_labels_, whole.soft_labels_)
    unlike = [
        {name: row[name] for name in row if name != "seconds"}
        for row in (resumed.history_[-1], whole.history_[-1])
    ]
    np.testing.assert_equal(*unlike)


def test_finished_checkpoint_gives_the_result_at_once(small_windows, tmp_path):
    checkpoint = Checkpoint(tmp_path / "state.npz", seconds=SLOW)
    first = quick(pretrain_epochs=1, epochs=2, checkpoint=checkpoint).fit(small_windows)
    again = quick(pretrain_epochs=1, epochs=2, checkpoint=checkpoint).fit(small_windows)
    np.testing.assert_array_equal(first.soft_labels_, again.soft_labels_)
    assert len(again.history_) == len(first.history_)


def test_damaged_checkpoint_is_named(small_windows, tmp_path):
    (tmp_path / "state.npz").write_bytes(b"not a checkpoint")
    with pytest.raises(DscTfError, match="state.npz cannot be read. Delete it"):
        quick(checkpoint=Checkpoint(tmp_path / "state.npz")).fit(small_windows)


def test_saved_model_predicts_the_same(small_windows, tmp_path):
    model = quick(pretrain_epochs=1, epochs=1, cell="convlstm").fit(small_windows)
    model.save(tmp_path)
    twin = DSC.load(tmp_path)
    np.testing.assert_array_equal(twin.predict_proba(small_windows), model.soft_labels_)
    np.testing.assert_array_equal(twin.transform(small_windows), model.transform(small_windows))
    check_saved(model.model_, small_windows, tmp_path / "again.keras")
    with pytest.raises(DscTfError, match="no model.json"):
        DSC.load(tmp_path / "nowhere")


def test_soft_labels_agree_with_labels_and_centres(small_windows):
    model = quick(pretrain_epochs=2, epochs=1).fit(small_windows)
    np.testing.assert_allclose(model.soft_labels_.sum(axis=1), 1, rtol=1e-5)
    distance = np.linalg.norm(model.transform(small_windows)[:, None] - model.cluster_centers_, axis=-1)
    np.testing.assert_array_equal(distance.argmin(axis=1), model.labels_)


def test_latents_of_a_young_network_still_reach_the_clustering_loss(small_windows):
    """With the published scale of 1 the loss is flat; `length_scale_divisor` gives it a gradient."""

    def soft_labels(recipe):
        return quick(recipe=recipe, pretrain_epochs=2, epochs=1).fit(small_windows).soft_labels_

    notebook = dataclasses.replace(NOTEBOOK, update_interval=1)
    flat = soft_labels(notebook)
    sharp = soft_labels(dataclasses.replace(notebook, length_scale_divisor=1.0))
    assert np.ptp(flat) < 0.01 < np.ptp(sharp)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"recipe": "best"}, "recipe: 'best'. Choose one of notebook, trained"),
        ({"precision": "float16"}, "precision: 'float16'"),
    ],
)
def test_unknown_choices_are_refused(options, words, small_windows):
    with pytest.raises(DscTfError, match=words):
        quick(**options).fit(small_windows)


def test_flat_input_is_refused(small_windows):
    with pytest.raises(DscTfError, match="window, latitude, longitude, variable"):
        quick().fit(small_windows.reshape(24, -1))


@pytest.fixture(scope="module")
def plain():
    """Soft labels after a step of the `trained` recipe as it is."""
    return {}


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "sgd"},
        {"pretrain_learning_rate": 1e-2},
        {"clustering_weight": 5.0},
        {"shuffle": False},
        {"length_scale_divisor": 3.0},
        {"dropout": 0.5},
        {"standardise": False},
        {"output_activation": "tanh"},
    ],
)
def test_every_setting_of_a_recipe_is_used(change, small_windows, plain):
    def soft_labels(recipe):
        return quick(recipe=recipe, pretrain_epochs=1, epochs=1).fit(small_windows).soft_labels_

    if not plain:
        plain["soft"] = soft_labels(TRAINED)
    assert np.abs(soft_labels(dataclasses.replace(TRAINED, **change)) - plain["soft"]).max() > 0


def test_update_interval_sets_how_often_labels_are_refreshed(small_windows):
    recipe = dataclasses.replace(TRAINED, update_interval=2, tol=-1.0)
    model = quick(recipe=recipe, pretrain_epochs=0, epochs=2).fit(small_windows)
    assert len(model.history_) == 3  # two passes of three steps, two steps a refresh


def test_patience_counts_quiet_refreshes_in_a_row(small_windows):
    recipe = dataclasses.replace(TRAINED, tol=1.0, patience=3)
    model = quick(recipe=recipe, pretrain_epochs=0, epochs=9).fit(small_windows)
    assert len(model.history_) == 3 and model.stopped_by_ == "converged"


@pytest.mark.parametrize("method", ["dsc", "cnn_encoder"])
def test_windows_that_overlap_are_encoded_as_windows_of_their_own(method):
    X, _ = prepare(mock_dataset(days=30), window=3)
    model = build_small(method, 2, recipe="untrained", random_state=0).fit(X)
    np.testing.assert_allclose(model.transform(X), model.transform(np.array(X)), atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
