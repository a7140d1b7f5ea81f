"""Several devices. TensorFlow must be told of two processors before it starts, in a process of its own."""

import subprocess
import sys
import textwrap

import pytest
import tensorflow as tf

from dsc_tf.clusterers import METHODS, clusterer
from dsc_tf.commands import train
from dsc_tf.training.devices import all_gpus

TWO_DEVICES = """
    import tempfile
    import numpy as np
    import tensorflow as tf
    from dsc_tf.clusterers import build
    from dsc_tf.training import Checkpoint
    from dsc_tf.training.devices import all_gpus

    one = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(one, [tf.config.LogicalDeviceConfiguration()] * 2)
    X = np.random.default_rng(0).random((24, 1, 8, 8, 1), dtype="float32") * 0.3
    X[::2] += 0.6

    def fitted(**options):
        settings = {"random_state": 0, "epochs": 2, "pretrain_epochs": 1, "batch_size": 8, "layer_sizes": (8, 4)}
        return build("dec", 2, **settings | options).fit(X)
"""


def on_two_devices(script):
    lines = textwrap.dedent(TWO_DEVICES) + textwrap.dedent(script)
    return subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False)


def test_copies_that_share_batches_learn_what_one_learns():
    done = on_two_devices("""
        alone = fitted()
        with all_gpus(["CPU:0", "CPU:1"]):
            assert tf.distribute.get_strategy().num_replicas_in_sync == 2
            shared = fitted()
            again = shared.fit(X)
        for model in (shared, again):
            np.testing.assert_allclose(model.history_[-1]["loss"], alone.history_[-1]["loss"], atol=1e-4)
            np.testing.assert_allclose(model.soft_labels_, alone.soft_labels_, atol=1e-4)
            np.testing.assert_array_equal(model.predict(X), alone.labels_)
    """)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow  # and open: about one continued fit in eight ends with soft labels that differ by 0.009
def test_copies_that_share_batches_resume_to_the_same_result():
    done = on_two_devices("""
        alone = fitted()
        with all_gpus(["CPU:0", "CPU:1"]), tempfile.TemporaryDirectory() as folder:
            checkpoint = Checkpoint(f"{folder}/state.npz", seconds=0.0)
            fitted(epochs=1, checkpoint=checkpoint)
            resumed = fitted(checkpoint=checkpoint)
        np.testing.assert_allclose(resumed.history_[-1]["loss"], alone.history_[-1]["loss"], atol=1e-4)
        np.testing.assert_allclose(resumed.soft_labels_, alone.soft_labels_, atol=1e-4)
        np.testing.assert_array_equal(resumed.predict(X), alone.labels_)
    """)
    assert done.returncode == 0, done.stderr[-3000:]


def test_one_device_is_used_as_ever():
    with all_gpus(["CPU:0"]):
        assert not tf.distribute.has_strategy()


def test_methods_whose_losses_are_means_over_samples():
    assert {name for name in METHODS if clusterer(name).supports_multi_gpu} == {
        "dsc", "dec", "dtc", "b_tgat", "cnn_encoder", "cnn_autoencoder", "cnn_lstm_encoder", "clustering_layer",
    }  # fmt: skip


@pytest.mark.parametrize("method", ["kmeans", "dtcr"])
def test_other_methods_refuse(method, tmp_path, capsys):
    asked = ["--gpus", "all", "--method", method, "--output", str(tmp_path / "run"), "--quiet"]
    assert train.main(asked) == 2
    assert f"gpus: {method} cannot share a batch among GPUs." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
