"""Samples in Dask arrays give the clusters of samples in a scratch file, whichever scheduler computes them."""

import dask
import numpy as np
import pytest

import dsc_tf
from dsc_tf.clusterers.out_of_core import over_blocks
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing import Preprocessor, dask_samples, prepare
from dsc_tf.preprocessing import dask_rows as module
from dsc_tf.preprocessing import preprocessor as preprocessing


@pytest.fixture
def record():
    return dsc_tf.mock_dataset(days=90, latitudes=5, longitudes=6, variables=("msl",)).chunk(time=30)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 4 * 30 * 28)  # four blocks of 28 days or fewer
    with dask.config.set(scheduler="synchronous"):
        yield


def test_fields_are_those_of_the_preprocessor(record, small_blocks):
    X = dask_samples(record, Preprocessor("anomaly").fit(record))
    local, _ = prepare(record, "anomaly")
    assert X.shape == local.shape and X.is_stored and X.weighted
    np.testing.assert_array_equal(X.rows[:], local.last_step())
    np.testing.assert_array_equal(X.read([3, 80]), local.read([3, 80]))
    np.testing.assert_array_equal(X.time, local.time)


@pytest.mark.parametrize(
    ("method", "protocol"),
    [(dsc_tf.KMeans, "anomaly"), (dsc_tf.EOFKMeans, "paper")],  # the second is weighted by the clusterer
)
def test_clusters_are_those_of_a_scratch_file(record, small_blocks, tmp_path, monkeypatch, method, protocol):
    prep = Preprocessor(protocol, scratch=tmp_path).fit(record)
    with monkeypatch.context() as patch:
        patch.setattr(preprocessing, "memory_limit", lambda memory: 0)
        stored = prep.transform(record)
        np.testing.assert_array_equal(dask_samples(record, prep).rows[:], stored.last_step()[:])
    assert stored.is_stored
    expected = method(3, random_state=0).fit(stored)
    found = method(3, random_state=0).fit(dask_samples(record, prep))
    np.testing.assert_array_equal(found.labels_, expected.labels_)
    np.testing.assert_allclose(found.cluster_centers_, expected.cluster_centers_, atol=1e-4)
    np.testing.assert_array_equal(found.predict(dask_samples(record, prep, persist=False)), expected.labels_)
    stored.close()


def test_sums_over_many_blocks(record, small_blocks, monkeypatch):
    monkeypatch.setattr(module, "GROUP", 2)
    X = dask_samples(record, Preprocessor("anomaly").fit(record))
    weight = np.arange(90.0)

    def function(block, factor, part):
        return part + factor, (part @ block, part.sum())

    by_row, (products, total) = over_blocks(X.last_step(), function, 2.0, along=weight)
    np.testing.assert_array_equal(by_row, weight + 2)
    np.testing.assert_allclose(products, weight @ X.rows[:], rtol=1e-4)
    assert total == weight.sum()


@pytest.mark.parametrize("settings", [{"window": 2}, {"fill": "kriging"}])
def test_steps_that_read_neighbours_are_refused(record, settings):
    with pytest.raises(DscTfError, match="preprocessor: needs neighbouring steps"):
        dask_samples(record, Preprocessor("anomaly", **settings).fit(record))
