"""Frequencies, stays, transitions and composites, by hand."""

import numpy as np
import pytest

import dsc_tf
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.regimes.describe import describe_regimes
from dsc_tf.regimes.spells import find_spells, transition_counts


def test_description_by_hand():
    ds = mock_dataset(days=6, variables=("t2m",), latitudes=2, longitudes=2)
    ds["t2m"].values[:] = np.array([0, 0, 6, 6, 6, 0.0])[:, None, None]
    described = describe_regimes(ds, np.array([0, 0, 1, 1, 1, -1]))
    np.testing.assert_allclose(described.frequency, [0.4, 0.6])
    # 0 0 1 1 1 : from 0 once to 0 and once to 1; from 1 twice to 1. One stay of 2, one of 3.
    np.testing.assert_allclose(described.transition_probability, [[0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(described.mean_run_length, [2, 3])
    # The mean of the record is 3, unassigned step included.
    np.testing.assert_allclose(described["t2m"][:, 0, 0], [-3, 3])
    np.testing.assert_allclose(described.frequency_by_month[:, 0], [0.4, 0.6])
    assert described["t2m"].attrs["units"] == "K"


def test_stays_end_at_gaps():
    ds = mock_dataset(days=10, gaps=True)
    described = describe_regimes(ds, np.array([0] * 8 + [1] * 2))
    # Cluster 0 stays five days, then, after the gap, three more.
    assert described.mean_run_length[0] == 4


def test_always_missing_cells_stay_missing():
    ds = mock_dataset(days=40, nan_policy="coast")
    described = describe_regimes(ds, ds.regime.values)
    assert np.isnan(described["t2m"].values[:, :2, :3]).all()
    assert np.isfinite(described["msl"]).all()


def test_seasons_lengths_and_transitions_by_hand():
    # Two days of February, three of March: winter has both clusters once, spring is all cluster 1.
    ds = mock_dataset(days=5, variables=("t2m",), latitudes=2, longitudes=2, start="2001-02-27")
    described = describe_regimes(ds, np.array([0, 1, 1, 1, 1]))
    np.testing.assert_allclose(described.frequency_by_season.sel(season="DJF"), [0.5, 0.5])
    np.testing.assert_allclose(described.frequency_by_season.sel(season="MAM"), [0, 1])
    np.testing.assert_array_equal(described.run_length_count, [[1, 0, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(described.run_length, [1, 2, 3, 4])
    np.testing.assert_array_equal(described.transition_count, [[0, 1], [0, 3]])


def test_the_room_is_called_by_its_old_name():
    ds = mock_dataset(days=6, latitudes=2, longitudes=2)
    assert dsc_tf.describe_regimes(ds, ds.regime.values).identical(describe_regimes(ds, ds.regime.values))
    assert dsc_tf.regimes.describe_regimes is describe_regimes


def test_stays_end_at_changes_and_at_starts():
    found = find_spells(np.array([0, 0, 1, 1, 1, -1, 0]), starts=(0, 4))
    np.testing.assert_array_equal(found.label, [0, 1, 1, -1, 0])
    np.testing.assert_array_equal(found.first, [0, 2, 4, 5, 6])
    np.testing.assert_array_equal(found.length, [2, 2, 1, 1, 1])


def test_transitions_of_several_records_at_once():
    labels = np.array([[0, 1, 1, 0], [0, 0, -1, 1]])
    counts = transition_counts(labels, 2, starts=(0, 3))
    np.testing.assert_array_equal(counts, [[[0, 1], [0, 1]], [[1, 0], [0, 0]]])


@pytest.mark.parametrize("labels", [[-1, -1], [0.5, 1.0], [[0, 1]]])
def test_labels_without_a_cluster_are_refused(labels):
    with pytest.raises(DscTfError, match="labels: no cluster"):
        find_spells(np.array(labels))


def test_a_variable_named_like_a_statistic_replaces_none():
    ds = mock_dataset(days=6, variables=("t2m",)).rename(t2m="size")
    described = describe_regimes(ds, [0, 0, 0, 1, 1, 1])
    assert described["size"].values.tolist() == [3, 3]
    assert described["size_"].dims == ("cluster", "latitude", "longitude")


def test_labels_of_another_length_are_refused():
    with pytest.raises(DscTfError, match="labels: 2 for 6 steps"):
        describe_regimes(mock_dataset(days=6), [0, 1])
