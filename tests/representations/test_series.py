"""Records become series: shapes, cuts, and stretches that hold nothing."""

import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.representations.series import as_series, drop_empty_series, split_long_series

NAN = np.nan


def column(*values):
    return np.array(values, "float32")[:, None]


def test_plain_series_get_a_variable():
    X = np.arange(6.0).reshape(2, 3)
    series = as_series(X)
    assert series.shape == (2, 3, 1) and series.dtype == np.float32
    np.testing.assert_array_equal(series[..., 0], X)


def test_three_axes_stay():
    X = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(as_series(X), X)


def test_other_dimensions_of_a_record_are_series():
    X = np.arange(24.0).reshape(4, 2, 3)
    record = xr.DataArray(X, dims=("time", "latitude", "longitude"))
    series = as_series(record)
    assert series.shape == (6, 4, 1)
    np.testing.assert_array_equal(series[4, :, 0], X[:, 1, 1])


def test_variables_of_a_record_stay_together():
    X = np.arange(24.0).reshape(3, 4, 2)
    record = xr.DataArray(X, dims=("variable", "time", "place"))
    series = as_series(record)
    assert series.shape == (2, 4, 3)
    np.testing.assert_array_equal(series[1, 2], X[:, 2, 1])


def test_a_single_series_of_a_record():
    assert as_series(xr.DataArray(np.arange(5.0), dims="time")).shape == (1, 5, 1)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 5), (0, 5), (2, 0, 1), ()])
def test_other_shapes_are_refused(shape):
    with pytest.raises(DscTfError, match="series, time, variable"):
        as_series(np.zeros(shape))


def test_a_record_without_time_is_refused():
    with pytest.raises(DscTfError, match="latitude.*time"):
        as_series(xr.DataArray(np.zeros((2, 3)), dims=("latitude", "longitude")))


@pytest.mark.parametrize("longest", [None, 11, 6])
def test_short_series_are_not_cut(longest):
    X = np.zeros((2, 11, 1))
    assert split_long_series(X, longest) is X


def test_parts_follow_each_other_and_end_in_missing_steps():
    X = np.arange(22.0).reshape(2, 11, 1)
    parts = split_long_series(X, 3)
    # 11 steps in 3 parts: 4, 4, 3. Parts of one place in the record lie together.
    assert parts.shape == (6, 4, 1)
    np.testing.assert_array_equal(parts[0, :, 0], [0, 1, 2, 3])
    np.testing.assert_array_equal(parts[1, :, 0], [11, 12, 13, 14])
    np.testing.assert_array_equal(parts[5, :, 0], [19, 20, 21, NAN])


def test_full_series_stay():
    X = np.ones((3, 5, 2))
    np.testing.assert_array_equal(drop_empty_series(X), X)


def test_gaps_inside_stay():
    X = np.array([column(1, NAN, 3)])
    np.testing.assert_array_equal(drop_empty_series(X), X)


def test_empty_series_go():
    X = np.array([column(1, 2), column(NAN, NAN), column(3, 4)])
    np.testing.assert_array_equal(drop_empty_series(X)[..., 0], [[1, 2], [3, 4]])


def test_missing_ends_are_shared_out():
    X = np.array([column(1, 2, NAN, NAN), column(NAN, NAN, 5, 6), column(1, 2, 3, 4), column(NAN, 2, 3, 4)])
    expected = [[NAN, 1, 2, NAN], [NAN, 5, 6, NAN], [1, 2, 3, 4], [2, 3, 4, NAN]]
    np.testing.assert_array_equal(drop_empty_series(X)[..., 0], expected)


def test_a_step_counts_as_missing_if_all_its_variables_are():
    X = np.array([[[NAN, 1.0], [2.0, 3.0], [NAN, NAN], [NAN, NAN]]])
    np.testing.assert_array_equal(drop_empty_series(X)[0, :, 1], [NAN, 1, 3, NAN])


def test_nothing_at_all_is_refused():
    with pytest.raises(DscTfError, match="missing"):
        drop_empty_series(np.full((2, 3, 1), NAN))
