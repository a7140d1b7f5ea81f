"""Fixtures that several test modules use."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("DSC_TF_PLAIN_HTTP", "1")  # the services of the tests run on this machine
if "PYTEST_XDIST_WORKER" in os.environ:  # several processes share the processors: one thread each
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ.setdefault(threads, "1")

import pytest
from checks import plain_groups


def pytest_configure(config):
    """With several processes, consecutive tests stay in one, so that they share the fixtures of their module."""
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "worksteal"


@pytest.fixture
def small_windows():
    """Twenty-four samples in two plain groups on an awkward grid, shape (24, 2, 9, 11, 3)."""
    return plain_groups()


def without_tracing():
    """Models train without tracing, which takes less time for a few steps."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


eagerly = pytest.fixture(without_tracing, scope="module", name="eagerly")
one_test_eagerly = pytest.fixture(without_tracing, name="one_test_eagerly")


@pytest.fixture
def traced():
    """A test of many steps in a module that trains without tracing."""
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(False)
    yield
    tf.config.run_functions_eagerly(before)


def without_figures():
    """Runs write a blank picture instead of each figure, which take most of their time."""
    from PIL import Image

    from dsc_tf.reporting import results
    from dsc_tf.reporting.run_folder import RunFolder

    with pytest.MonkeyPatch.context() as patch:
        for name in ("label_calendar", "latent_map", "training_curves"):
            patch.setattr(results, name, lambda *args, **kwargs: None)
        patch.setattr(results, "each_composite", lambda described, names, **options: [None] * len(names))
        patch.setattr(
            RunFolder, "save_figure", lambda self, name, _: Image.new("RGB", (40, 30)).save(self.path / name)
        )
        yield


no_figures = pytest.fixture(without_figures, scope="module", name="no_figures")
one_test_without_figures = pytest.fixture(without_figures, name="one_test_without_figures")


@pytest.fixture
def small_train(monkeypatch):
    """`dsc_tf.commands.train` builds small networks."""
    from small_networks import build_small

    from dsc_tf.commands import train

    monkeypatch.setattr(train, "build", build_small)
