"""Methods that read samples from disk find what they find in memory; the others say so."""

import numpy as np
import pytest
from small_networks import build_small

from dsc_tf.clusterers import METHODS, clusterer
from dsc_tf.clusterers.out_of_core import nearest_rows, stored_kmeans, stored_pca
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing import preprocessor as preprocessing
from dsc_tf.preprocessing.preprocessor import prepare

STREAMING = [name for name in METHODS if clusterer(name).supports_out_of_core]
QUICK = {"pretrain_epochs": 1, "epochs": 1, "batch_size": 29, "precision": "float32", "random_state": 0}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """The same record in memory and on disk, with gaps and missing values, in windows of two steps."""
    ds = mock_dataset(days=60, gaps=True, nan_policy="isolated")
    X, _ = prepare(ds, "anomaly", window=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocessing, "memory_limit", lambda memory: 0)
        on_disk, _ = prepare(ds, "anomaly", window=2, scratch=tmp_path_factory.mktemp("scratch"))
    assert on_disk.is_stored
    yield X, on_disk
    on_disk.close()


def test_methods_that_stream_are_named_where_others_refuse():
    assert set(STREAMING) == {
        "dsc", "kmeans", "dec", "b_tgat", "cnn_encoder", "cnn_autoencoder", "cnn_lstm_encoder", "clustering_layer",
        "eof_kmeans", "gaussian_mixture",
    }  # fmt: skip


@pytest.mark.parametrize("method", ["dsc", "dec", "kmeans", "eof_kmeans", "gaussian_mixture"])
def test_same_seed_same_labels_from_disk_and_from_memory(method, samples, eagerly):
    X, on_disk = samples
    fitted = [build_small(method, 3, **QUICK).fit(one) for one in (X, on_disk)]
    np.testing.assert_array_equal(fitted[1].labels_, fitted[0].labels_)
    np.testing.assert_array_equal(fitted[1].predict(on_disk), fitted[1].labels_)
    np.testing.assert_array_equal(fitted[1].predict(X), fitted[0].labels_)
    if hasattr(fitted[0], "transform"):
        leading = [
            np.abs(one.transform(on_disk))[:, :2] for one in fitted
        ]  # later ones are noise, in any order
        np.testing.assert_allclose(leading[1], leading[0], atol=1e-3 * leading[0].max())


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(STREAMING)))
def test_others_refuse_in_one_line(method, samples):
    with pytest.raises(DscTfError, match="memory: .* GB of samples at once.*kmeans") as caught:
        build_small(method, 3, **QUICK).fit(samples[1])
    assert "\n" not in str(caught.value)


def test_layerwise_pretraining_refuses_samples_on_disk(samples):
    with pytest.raises(DscTfError, match="pretraining: layerwise.*whole"):
        build_small("dec", 3, **QUICK, pretraining="layerwise").fit(samples[1])


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 60)) * 3
    return (centres[rng.integers(4, size=500)] + rng.normal(size=(500, 60)) + 100).astype(np.float32)


def test_lloyd_by_blocks_ends_where_scikit_learn_does(points, monkeypatch):
    from sklearn.cluster import KMeans

    from dsc_tf.clusterers import out_of_core as streaming

    monkeypatch.setattr(streaming, "BLOCK", 4 * 60 * 37)
    monkeypatch.setattr(streaming, "SAMPLE", 4 * 60 * 80)  # starts see 80 of 500 points
    labels, centres = stored_kmeans(points, 4, 10, 0)
    own = KMeans(4, n_init=10, random_state=0).fit(points)
    squared = ((points - centres[labels]) ** 2).sum()
    assert squared == pytest.approx(own.inertia_, rel=1e-5)
    np.testing.assert_array_equal(nearest_rows(points, centres), labels)


@pytest.mark.parametrize("n_components", [5, 0.6, 0.95])
def test_components_by_blocks_are_those_of_scikit_learn(points, n_components, monkeypatch):
    from sklearn.decomposition import PCA

    from dsc_tf.clusterers import out_of_core as streaming

    monkeypatch.setattr(streaming, "BLOCK", 4 * 60 * 37)
    monkeypatch.setattr(streaming, "SWEEPS", 30)  # noise has no leading directions: they settle slowly
    mine, theirs = stored_pca(points, n_components, 0), PCA(n_components, svd_solver="full").fit(points)
    assert mine.n_components_ == theirs.n_components_
    np.testing.assert_allclose(mine.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-3)
    np.testing.assert_allclose(
        np.abs(mine.transform(points)[:, :3]), np.abs(theirs.transform(points)[:, :3]), atol=0.1
    )


class CountedRows:
    """Rows that count how many times all of them are read."""

    def __init__(self, rows):
        self.rows, self.shape, self.read = rows, rows.shape, 0

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, at):
        part = self.rows[at]
        self.read += len(part) / len(self.rows)
        return part


def test_iteration_ends_when_the_components_have_converged():
    rng = np.random.default_rng(0)
    spectrum = 2.0 ** -np.arange(60)
    rows = CountedRows((rng.normal(size=(500, 60)) * spectrum + 5).astype(np.float32))
    found = stored_pca(rows, 0.9, 0)
    assert found.n_components_ == 2
    assert rows.read < 5  # a pass for the mean and a few sweeps; eight without a test of convergence


def test_doubling_begins_with_the_components_found(monkeypatch):
    from dsc_tf.clusterers import out_of_core as streaming

    given = []
    subspace = streaming._subspace
    monkeypatch.setattr(
        streaming,
        "_subspace",
        lambda rows, mean, basis, count: (given.append(basis), subspace(rows, mean, basis, count))[1],
    )
    rows = np.random.default_rng(0).normal(size=(300, 90)).astype(np.float32)
    assert stored_pca(rows, 0.6, 0).n_components_ > 32
    first, second = given[:2]
    assert first.shape == (90, 42) and second.shape == (90, 74)
    np.testing.assert_allclose(second[:, :42].T @ second[:, :42], np.eye(42), atol=1e-4)  # found, not drawn


def test_iterations_that_begin_on_components_end_in_few_passes():
    rng = np.random.default_rng(0)
    rows = CountedRows(rng.normal(size=(3000, 20)) @ rng.normal(size=(20, 40)).astype(np.float32))
    labels, centres = stored_kmeans(rows, 4, 1, 0)
    passes = rows.read
    means = np.stack([rows.rows[labels == j].mean(axis=0) for j in range(4)])
    np.testing.assert_allclose(centres, means, atol=0.1)
    assert passes < 12
