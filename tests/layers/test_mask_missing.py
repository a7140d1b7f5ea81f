import numpy as np
import pytest
from checks import check_layer

from dsc_tf.layers.mask_missing import MaskMissing


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def test_complete_series_pass_as_they_are(x):
    values, observed = MaskMissing()(x)
    np.testing.assert_array_equal(values, x)
    assert np.asarray(observed).all() and observed.shape == (2, 5)


def test_one_missing_feature_takes_the_step(x):
    x[0, 1, 2] = np.nan
    x[1, 4] = np.nan
    values, observed = (np.asarray(v) for v in MaskMissing()(x))
    expected = np.ones((2, 5))
    expected[0, 1] = expected[1, 4] = 0
    np.testing.assert_array_equal(observed, expected)
    np.testing.assert_array_equal(values, np.where(expected[..., None] > 0, x, 0))


def test_one_missing_cell_takes_the_field():
    fields = np.ones((2, 3, 4, 5, 2), "float32")
    fields[1, 2, 3, 4, 0] = np.nan
    values, observed = (np.asarray(v) for v in MaskMissing()(fields))
    np.testing.assert_array_equal(observed, [[1, 1, 1], [1, 1, 0]])
    assert not values[1, 2].any() and values.sum() == 5 * 40


def test_output_shapes_are_told(x):
    assert MaskMissing().compute_output_shape((None, 5, 3)) == ((None, 5, 3), (None, 5))


def test_is_rebuilt_from_its_config(x):
    class Values(MaskMissing):
        """The values alone: the house's check asks for one output."""

        def call(self, inputs):
            return super().call(inputs)[0]

        def compute_output_shape(self, input_shape):
            return input_shape

    check_layer(Values, {}, x)
