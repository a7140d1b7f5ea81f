"""DEC, DTC and the ablations: what is theirs alone."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from small_networks import SMALL, build_small, small_network

from dsc_tf.clusterers import build, clusterer, fit_seeds
from dsc_tf.clusterers.dec import DEC
from dsc_tf.clusterers.dsc import DSC
from dsc_tf.clusterers.dtc import DTC
from dsc_tf.errors import DscTfError
from dsc_tf.training import Batches, encode

eager = pytest.mark.usefixtures("one_test_eagerly")
QUICK = {"pretrain_epochs": 1, "epochs": 1, "batch_size": 8, "precision": "float32", "random_state": 0}


def quick(method, n_clusters=2, **options):
    return build_small(method, n_clusters, **(QUICK | options))


def weights(network):
    return np.concatenate([np.ravel(w) for w in network.get_weights()])


@eager
@pytest.mark.parametrize("method", ["dec", "cnn_encoder", "cnn_lstm_encoder"])
def test_without_reconstruction_the_joint_loss_is_clustering_alone(method, small_windows):
    model = quick(method).fit(small_windows)
    assert set(model.model_.output) == {"clustering"}
    joint = [row for row in model.history_ if row["stage"] == "joint"]
    assert joint and all(row["clustering"] == row["loss"] for row in joint)
    assert all(np.isnan(row["reconstruction"]) for row in joint)


@eager
@pytest.mark.parametrize("method", ["cnn_autoencoder", "dtc"])
def test_with_a_decoder_both_losses_are_there(method, small_windows):
    model = quick(method, sequence_length=60).fit(small_windows)
    assert set(model.model_.output) == {"clustering", "reconstruction"}
    assert all(np.isfinite(row["reconstruction"]) for row in model.history_)


@pytest.mark.parametrize("method", ["dsc", "dec", "cnn_encoder", "cnn_autoencoder", "cnn_lstm_encoder"])
def test_notebook_recipe_hardly_moves_what_it_clusters(method, small_windows):
    """As measured with the authors' notebooks: no label changes, so the labels are those of an untrained encoder."""
    notebook = build_small(method, 3, recipe="notebook", random_state=0).fit(small_windows)
    assert notebook.stopped_by_ == "converged"
    if method != "dec":  # pretrained
        drawn = build_small(method, 3, recipe="untrained", random_state=0).fit(small_windows)
        assert not drawn.history_
        np.testing.assert_array_equal(notebook.labels_, drawn.labels_)
        before, after = weights(drawn.encoder_), weights(notebook.encoder_)
        assert np.linalg.norm(after - before) < 1e-4 * np.linalg.norm(before)


@eager
@pytest.mark.parametrize("method", ["dsc", "dec", "cnn_encoder", "cnn_autoencoder", "cnn_lstm_encoder"])
def test_published_sizes_are_trained(method, small_windows):
    """One epoch on fields of 4 x 4 cells."""
    fields = small_windows[:8, :1, :4, :4, :1]
    recipe = dataclasses.replace(clusterer(method).recipes["trained"], tol=-1.0)
    model = build(method, 2, recipe=recipe, random_state=0, epochs=1, pretrain_epochs=0).fit(fields)
    assert model.predict(fields).shape == (8,) and np.isfinite(model.history_[-1]["loss"])


@eager
def test_untrained_dec_differs_from_the_pretrained(small_windows):
    drawn, pretrained = (quick("dec", recipe=r).fit(small_windows) for r in ("untrained", "notebook"))
    assert not np.allclose(weights(drawn.encoder_), weights(pretrained.encoder_))


@pytest.mark.parametrize(
    ("method", "million"),
    [
        ("dec", 7.5 * 2),  # 11767-500-500-2000-150 and its mirror: 2 (5.88 + .25 + 1 + .3) and biases
        ("cnn_encoder", 2.0 + 13.1 + 1.0),  # convolutions, 6400 x 2048, 2048 x 512
    ],
)
def test_published_sizes(method, million):
    assert clusterer(method)(7).count_weights((1, 41, 41, 7)) / 1e6 == pytest.approx(million, rel=0.02)


@eager
def test_layerwise_pretraining_trains_every_layer_and_pays(small_windows):
    """After one pass of each layer the whole starts from a lower loss than from scratch."""
    recipe = dataclasses.replace(DEC.recipes["trained"], pretrain_learning_rate=1e-3)
    options = {"layer_sizes": (32, 16, 4), "pretrain_epochs": 5, "recipe": recipe}
    whole, layerwise = (
        quick("dec", pretraining=kind, **options).fit(small_windows) for kind in ("whole", "layerwise")
    )
    assert layerwise.history_[0]["reconstruction"] < whole.history_[0]["reconstruction"]


@eager
def test_layer_sizes_are_the_networks(small_windows):
    model = quick("dec", layer_sizes=(8, 3)).fit(small_windows)
    assert model.transform(small_windows).shape == (24, 3)


@eager
@pytest.mark.parametrize("metric", ["euclidean", "cid", "correlation"])
@pytest.mark.parametrize("init", ["kmeans", "hierarchical"])
def test_dtc_separates_by_every_metric_and_start(metric, init):
    rng = np.random.default_rng(0)
    truth = np.arange(20) % 2
    steps = np.linspace(0, 2 * np.pi, 64)
    waves = np.sin(np.where(truth, 1, 3)[:, None] * steps) + 0.05 * rng.normal(size=(20, 64))
    X = waves.astype("float32")[:, None, :, None, None]
    labels = quick("dtc", metric=metric, init=init).fit_predict(X)
    assert adjusted_rand_score(truth, labels) == 1


def test_dtc_reads_every_value_or_means_over_areas(small_windows):
    whole, coarse = DTC(2), DTC(2, sequence_length=60)
    assert whole._inputs(small_windows).shape == (24, 1, 2 * 9 * 11 * 3, 1, 1)
    # Blocks of 4 x 4: 3 x 3 of them, times 2 steps and 3 variables.
    means = coarse._inputs(small_windows)
    assert means.shape == (24, 1, 54, 1, 1)
    assert means[0, 0, 0, 0, 0] == pytest.approx(small_windows[0, 0, :4, :4, 0].mean())
    with pytest.raises(DscTfError, match="sequence_length: 5"):
        DTC(2, sequence_length=5)._inputs(small_windows)


@eager
def test_dtc_keeps_its_settings_when_loaded(small_windows, tmp_path):
    model = quick("dtc", metric="cid", sequence_length=60).fit(small_windows)
    model.save(tmp_path)
    loaded = DTC.load(tmp_path)
    assert loaded.metric == "cid" and loaded.sequence_length == 60
    np.testing.assert_array_equal(loaded.predict_proba(small_windows), model.soft_labels_)


@pytest.mark.parametrize(("name", "value"), [("metric", "dtw"), ("init", "random")])
def test_dtc_refuses_what_it_does_not_know(name, value, small_windows):
    with pytest.raises(DscTfError, match=f"{name}: '{value}'"):
        DTC(2, **{name: value}).fit(small_windows)


@eager
def test_an_encoder_without_decoder_is_not_pretrained(small_windows):
    model = quick("cnn_encoder", pretrain_epochs=5).fit(small_windows)
    assert {row["stage"] for row in model.history_} == {"joint"}
    assert encode(model.encoder_, small_windows).shape == (24, SMALL["cnn_encoder"]["dense"][-1])
    assert len(Batches(small_windows, batch_size=8)) == 3


@pytest.mark.parametrize(("method", "traced"), [("dsc", True), ("cnn_lstm_encoder", False), ("dtc", False)])
def test_seeds_share_a_compiled_network_and_equal_independent_fits(method, traced, small_windows, request):
    if not traced:
        request.getfixturevalue("one_test_eagerly")
    fits = list(fit_seeds(quick(method), small_windows, range(2)))
    networks = [fitted.model_ for fitted in fits]
    assert networks[0] is not networks[1] and networks[1].compiled and not networks[0].compiled
    alone = quick(method, random_state=1).fit(small_windows)  # the first seed is a fit alone
    np.testing.assert_array_equal(fits[1].soft_labels_, alone.soft_labels_)
    for fitted in fits:
        np.testing.assert_array_equal(fitted.predict_proba(small_windows), fitted.soft_labels_)


class Parts(keras.Model):
    """A network whose encoder and decoder are attributes."""

    def __init__(self, network):
        super().__init__()
        self.encoder, self.decoder = network.get_layer("encoder"), network.get_layer("decoder")


@eager
@pytest.mark.parametrize(
    "network",
    [small_network, small_network((2, 9, 11, 3)), Parts(small_network((2, 9, 11, 3)))],
    ids=["function", "model", "attributes"],
)
def test_a_network_of_ones_own_is_trained_and_saved(network, small_windows, tmp_path):
    model = quick("dsc", network=network, pretrain_epochs=3).fit(small_windows)
    assert model.transform(small_windows).shape == (24, 3)
    assert {row["stage"] for row in model.history_} == {"pretrain", "joint"}
    model.save(tmp_path)
    loaded = DSC.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict_proba(small_windows), model.soft_labels_)


def test_a_network_without_an_encoder_is_refused(small_windows):
    with pytest.raises(DscTfError, match="network: has no encoder"):
        quick("dsc", network=keras.Sequential([keras.Input((2, 9, 11, 3))])).fit(small_windows)


def test_fits_in_threads_equal_fits_one_after_the_other(small_windows):
    def fit(seed):
        return quick("dec", random_state=seed).fit(small_windows).soft_labels_

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fit, range(2)))
    for seed, found in enumerate(together):
        np.testing.assert_array_equal(found, fit(seed))
