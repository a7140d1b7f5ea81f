"""Interfaces of other libraries that are private or undocumented and that the package relies on.

Each is named with the module that uses it, so that a release that changes one fails here and not in a fit.
"""

import argparse
import inspect

import pytest


def test_optimizers_of_keras():
    """Used by `training.optimizers`, whose other tests compare the steps with those of Keras."""
    import keras

    own = inspect.signature(keras.optimizers.Adam._all_reduce_sum_gradients).parameters
    assert list(own) == ["self", "grads_and_vars"]
    weight = keras.Variable([1.0, 2.0])
    adam = keras.optimizers.Adam()
    adam.build([weight])
    place = adam._get_variable_index(weight)
    for moments in (adam._momentums, adam._velocities):
        assert moments[place].shape == (2,)
        if keras.backend.backend() == "tensorflow":
            assert hasattr(moments[place].value, "handle")


def test_base_classes_of_layers_of_keras():
    """Used by `experiments.network_figure` to recognise kinds of layers."""
    from keras import layers

    expected = {
        layers.Conv2D: "BaseConv",
        layers.Conv2DTranspose: "BaseConvTranspose",
        layers.MaxPooling2D: "BasePooling",
    }
    for layer, name in expected.items():
        assert name in [base.__name__ for base in layer.__mro__]


def test_error_of_killed_workers_of_joblib():
    """Used by `experiments.runs`."""
    from joblib.externals.loky import ProcessPoolExecutor, get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    assert issubclass(TerminatedWorkerError, Exception)
    assert callable(ProcessPoolExecutor) and callable(get_reusable_executor)


def test_credentials_of_cdsapi():
    """Used by `datasets.era5.account`."""
    api = pytest.importorskip("cdsapi.api")
    assert list(inspect.signature(api.get_url_key_verify).parameters) == ["url", "key", "verify"]


def test_data_of_xarray_that_are_in_memory():
    """Used by `records.missing`."""
    import xarray as xr

    assert xr.Variable("time", [1.0])._in_memory


def test_options_of_argparse():
    """Used by `commands.cli` to suggest the nearest option."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--window")
    assert "--window" in [name for action in parser._actions for name in action.option_strings]
