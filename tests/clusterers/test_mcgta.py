from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from dsc_tf.clusterers.mcgta import MCGTA, published_mcgta
from dsc_tf.errors import DscTfError

PAVEMENT = Path(__file__).parents[3] / "shared" / "data" / "pavement"


def equal_means(seed):
    """Six stretches of 150 samples of three Gaussians that differ in their correlations alone."""
    rng = np.random.default_rng(seed)
    positive = 0.7 * np.ones((4, 4)) + 0.3 * np.eye(4)
    signs = np.diag([1, -1, 1, -1])
    covariances = [np.eye(4), positive, signs @ positive @ signs]
    labels = np.repeat([0, 1, 2, 1, 0, 2], 150)
    return np.stack([rng.multivariate_normal(np.zeros(4), covariances[j]) for j in labels]), labels


def pavement():
    if not PAVEMENT.exists():
        pytest.skip(f"{PAVEMENT} is absent")
    features = np.loadtxt(PAVEMENT / "pavement-data.csv", delimiter=",")
    return features, np.loadtxt(PAVEMENT / "pavement-label.csv", delimiter=",").ravel().astype(int)


@pytest.mark.parametrize("seed", range(3))
def test_clusters_of_equal_means_are_found(seed):
    X, labels = equal_means(seed)
    assert adjusted_rand_score(labels, MCGTA(3, random_state=0).fit_predict(X)) >= 0.95
    assert adjusted_rand_score(labels, KMeans(3, n_init=10, random_state=0).fit_predict(X)) < 0.1


@pytest.mark.real
@pytest.mark.parametrize(("size", "least"), [(5, 0.98), (8, 0.96), (10, 0.96)])
@pytest.mark.parametrize("neighbours", [10, 50])
def test_pavement_labels_are_found(size, least, neighbours):
    features, labels = pavement()
    found = MCGTA(3, neighbours=neighbours, random_state=0).fit_predict(features[:, :size])
    assert adjusted_rand_score(labels, found) >= least
    assert adjusted_mutual_info_score(labels, found) >= 0.95


@pytest.mark.real
def test_rotation_and_scaling_leave_the_labels():
    features = pavement()[0][:, :5]
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    before = MCGTA(3, random_state=0).fit_predict(features)
    for after in (features @ rotation, 7 * features, features * [1, 3, 0.3, 2, 0.5]):
        assert adjusted_rand_score(before, MCGTA(3, random_state=0).fit_predict(after)) >= 0.99


@pytest.mark.real
@pytest.mark.slow
def test_the_published_program_reaches_its_published_agreement():
    features, labels = pavement()
    found = published_mcgta(features[:, :5], np.arange(len(features)))
    assert 0.88 <= adjusted_rand_score(labels, found) <= 0.93


def test_published_program_separates_two_stretches():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 2)) * 0.3 + np.repeat([0.0, 6.0], 60)[:, None]
    labels = published_mcgta(features, np.arange(120), neighbours=10, min_samples=5)
    assert set(labels[:50]) == {labels[0]} and set(labels[70:]) == {labels[-1]} and labels[0] != labels[-1]


def test_published_program_in_the_plane_leaves_outliers_without_a_cluster():
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(60, 2)) * 0.3, 50 * rng.normal(size=(8, 2))])
    labels = published_mcgta(features, 100 * rng.uniform(size=(68, 2)), neighbours=8, eps=0.5, delta=0.0)
    assert (labels == -1).any()


def test_new_samples_get_the_clusters_of_the_old():
    X, _ = equal_means(0)
    fitted = MCGTA(3, random_state=0).fit(X)
    np.testing.assert_array_equal(fitted.predict(X), fitted.labels_)
    other, truth = equal_means(7)
    assert adjusted_rand_score(truth, fitted.predict(other)) >= 0.95
    assert fitted.means_.shape == (3, 4) and fitted.covariances_.shape == (3, 4, 4)
    assert fitted.semivariogram_(200) > fitted.semivariogram_(1)


def test_more_features_than_components_are_projected():
    X, labels = equal_means(0)
    wide = np.concatenate([X, 1e-3 * np.random.default_rng(0).normal(size=(len(X), 20))], axis=1)
    fitted = MCGTA(3, components=4, random_state=0).fit(wide)
    assert fitted.means_.shape == (3, 4) and adjusted_rand_score(labels, fitted.labels_) >= 0.95


def test_constant_features_are_left_out_with_one_warning():
    X, _ = equal_means(0)
    with pytest.warns(UserWarning, match="1 of 5 features") as caught:
        fitted = MCGTA(3, random_state=0).fit(np.insert(X, 2, 5.0, axis=1))
    assert len(caught) == 1
    np.testing.assert_array_equal(fitted.labels_, MCGTA(3, random_state=0).fit_predict(X))
    np.testing.assert_array_equal(fitted.predict(np.insert(X, 2, 9.0, axis=1)), fitted.labels_)


@pytest.mark.parametrize("neighbours", [1, 901])
def test_number_of_neighbours_is_checked(neighbours):
    with pytest.raises(DscTfError, match=f"neighbours: {neighbours} for 900 samples"):
        MCGTA(3, neighbours=neighbours).fit(equal_means(0)[0])
