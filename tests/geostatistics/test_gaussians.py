import numpy as np
import pytest
from scipy.linalg import sqrtm

from dsc_tf.geostatistics import (
    local_gaussians,
    matrix_square_root,
    multivariate_semivariogram,
    squared_wasserstein,
)


def random_gaussians(count, size, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(count, size, size + 2))
    return rng.normal(size=(count, size)), factors @ factors.swapaxes(-1, -2) / size


def test_distance_is_the_formula_with_scipys_square_root():
    means, covariances = random_gaussians(100, 4)
    for i in range(50):
        (m, n), (c, d) = means[2 * i : 2 * i + 2], covariances[2 * i : 2 * i + 2]
        root = sqrtm(c)
        expected = ((m - n) ** 2).sum() + np.trace(c + d - 2 * np.real(sqrtm(root @ d @ root)))
        assert squared_wasserstein(m, c, n, d) == pytest.approx(expected, abs=1e-8)


def test_distance_is_symmetric_and_zero_for_equal_gaussians():
    means, covariances = random_gaussians(20, 3)
    np.testing.assert_allclose(squared_wasserstein(means, covariances, means, covariances), 0.0, atol=1e-7)
    there = squared_wasserstein(means[:10], covariances[:10], means[10:], covariances[10:])
    back = squared_wasserstein(means[10:], covariances[10:], means[:10], covariances[:10])
    np.testing.assert_allclose(there, back, rtol=1e-9)


def test_distance_of_commuting_covariances_is_that_of_the_standard_deviations():
    rng = np.random.default_rng(1)
    axes = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    one, other = rng.uniform(0.1, 4, size=(2, 5))
    m, n = rng.normal(size=(2, 5))
    expected = ((m - n) ** 2).sum() + ((np.sqrt(one) - np.sqrt(other)) ** 2).sum()
    found = squared_wasserstein(m, (axes * one) @ axes.T, n, (axes * other) @ axes.T)
    assert found == pytest.approx(expected, rel=1e-10)


def test_distance_of_means_and_square_roots_is_an_upper_bound():
    means, covariances = random_gaussians(400, 4, seed=2)
    roots = matrix_square_root(covariances)
    np.testing.assert_allclose(roots @ roots, covariances, atol=1e-10)
    bound = ((means[:200] - means[200:]) ** 2).sum(axis=1)
    bound += ((roots[:200] - roots[200:]) ** 2).sum(axis=(1, 2))
    found = squared_wasserstein(means[:200], covariances[:200], means[200:], covariances[200:])
    assert (found <= bound * (1 + 1e-12)).all()


def slow_local_gaussians(features, neighbours, segment):
    """Window by window, with the shrinkage of 5 %."""
    pooled = np.diag(features.var(axis=0))
    means, covariances = [], []
    for i in range(len(features)):
        own = np.flatnonzero(segment == segment[i])
        size = min(neighbours, len(own))
        first = min(max(i - size // 2, own[0]), own[-1] + 1 - size)
        window = features[first : first + size]
        means.append(window.mean(axis=0))
        covariances.append(0.95 * np.cov(window.T, bias=True) + 0.05 * pooled)
    return np.stack(means), np.stack(covariances)


@pytest.mark.parametrize("neighbours", [2, 5, 6, 40])
def test_local_gaussians_are_those_of_the_windows(neighbours):
    features = np.random.default_rng(3).normal(loc=7, size=(40, 3))
    segment = np.repeat([0, 1, 2], [20, 3, 17])
    expected = slow_local_gaussians(features, neighbours, segment)
    for found, e in zip(local_gaussians(features, neighbours, segment=segment), expected, strict=True):
        np.testing.assert_allclose(found, e, atol=1e-10)


def test_a_segment_of_one_sample_has_the_gaussian_of_its_neighbour_in_time():
    features = np.random.default_rng(4).normal(size=(12, 2))
    segment = np.repeat([0, 1, 2, 3], [1, 5, 1, 5])
    means, covariances = local_gaussians(features, 4, segment=segment)
    np.testing.assert_array_equal(means[0], means[1])
    np.testing.assert_array_equal(means[6], means[5])
    np.testing.assert_array_equal(covariances[6], covariances[5])


def test_semivariogram_is_the_mean_over_pairs():
    means, covariances = random_gaussians(30, 3, seed=5)
    segment = np.repeat([0, 1], [18, 12])
    lags, values = multivariate_semivariogram(means, covariances, segment=segment)
    assert lags.tolist() == list(range(1, 18))
    for lag, value in zip(lags, values, strict=True):
        pairs = [i for i in range(30 - lag) if segment[i] == segment[i + lag]]
        distances = [
            squared_wasserstein(means[i], covariances[i], means[i + lag], covariances[i + lag]) for i in pairs
        ]
        assert value == pytest.approx(np.mean(distances), rel=1e-10)


def test_semivariogram_of_equal_covariances_is_twice_the_one_of_the_means():
    from dsc_tf.geostatistics import empirical_semivariogram

    means = np.random.default_rng(6).normal(size=(60, 2))
    lags, values = multivariate_semivariogram(means, np.broadcast_to(np.eye(2), (60, 2, 2)), lags=[1, 2, 5])
    _, expected = empirical_semivariogram([means], lags=[1, 2, 5])
    np.testing.assert_allclose(values, 2 * expected, rtol=1e-9)
