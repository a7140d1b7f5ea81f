"""Kriging against gstools, hand calculations and the properties that define it."""

import numpy as np
import pytest

from dsc_tf.geostatistics import Semivariogram, SpaceTimeKriging, pooled_semivariogram, sphere_points
from dsc_tf.geostatistics.kriging import kriging_weights
from dsc_tf.geostatistics.semivariogram import EARTH_RADIUS

GAMMA = Semivariogram(nugget=0.1, partial_sill=0.9, length=800.0, exponent=1.3)


def points(count, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(30, 60, count), rng.uniform(-20, 20, count)


def test_chords_on_the_sphere():
    one, other = sphere_points([0, 90], [0, 0])
    assert np.linalg.norm(one - other) == pytest.approx(EARTH_RADIUS * np.sqrt(2))
    assert np.linalg.norm(sphere_points([37.0], [123.0])) == pytest.approx(EARTH_RADIUS)


def test_equals_gstools_on_one_field():
    gstools = pytest.importorskip("gstools")
    latitude, longitude = points(25, 0)
    targets = points(10, 1)
    values = np.random.default_rng(2).normal(size=25)
    model = gstools.Stable(
        latlon=True, geo_scale=EARTH_RADIUS, var=0.9, len_scale=800.0, nugget=0.1, alpha=1.3
    )
    reference = gstools.krige.Ordinary(model, (latitude, longitude), values, exact=True)
    expected, variance = reference(targets)
    kriging = SpaceTimeKriging(GAMMA, neighbours=25)
    found = kriging.estimate(
        sphere_points(latitude, longitude), np.zeros(25, int), values, sphere_points(*targets)
    )
    np.testing.assert_allclose(found[0], expected, atol=1e-6)
    np.testing.assert_allclose(found[1], variance, atol=1e-6)


def test_weights_sum_to_one():
    kriging = SpaceTimeKriging(GAMMA, correlation=0.8, neighbours=20)
    places, targets = sphere_points(*points(60, 3)), sphere_points(*points(30, 4))
    steps = np.random.default_rng(5).integers(-2, 3, 60)
    weights, near = kriging.estimate(places, steps, np.zeros(60), targets, weights_only=True)
    assert weights.shape == near.shape == (30, 20)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-9)


def test_a_known_place_gets_its_own_value_and_no_variance():
    places = sphere_points(*points(12, 6))
    values = np.random.default_rng(7).normal(size=12)
    mean, variance = SpaceTimeKriging(GAMMA).estimate(places, np.zeros(12, int), values, places[3:5])
    np.testing.assert_allclose(mean, values[3:5], atol=1e-6)
    np.testing.assert_allclose(variance, 0, atol=1e-6)


def test_two_neighbours_by_hand():
    # C = [[1, .2], [.2, 1]], c = (.6, .3): simple weights (.5625, .1875), multiplier (1 - .75) / (1 / .6) = .15,
    # so weights .5625 + .125 and .1875 + .125; variance 1 - .6 * .6875 - .3 * .3125 + .15
    weights, variance = kriging_weights(np.array([[[1, 0.2], [0.2, 1]]]), np.array([[0.6, 0.3]]), 1.0)
    np.testing.assert_allclose(weights, [[0.6875, 0.3125]])
    np.testing.assert_allclose(variance, [1 - 0.4125 - 0.09375 + 0.15])


def test_a_neighbour_in_time_counts_by_its_correlation():
    # One value at the place itself a step earlier, one far away at the step: covariances rho and about 0.
    kriging = SpaceTimeKriging(Semivariogram(0.0, 1.0, 100.0, 1.0), correlation=0.9)
    places = sphere_points([0, 0], [0, 90])
    weights, _ = kriging.estimate(
        places, np.array([-1, 0]), np.zeros(2), sphere_points([0], [0]), weights_only=True
    )
    np.testing.assert_allclose(weights, [[0.95, 0.05]], atol=1e-6)  # simple (.9, 0), multiplier .1 / 2


def test_step_length_is_the_lag_of_the_same_loss_of_correlation():
    kriging = SpaceTimeKriging(Semivariogram(0.0, 1.0, 500.0, 1.5), correlation=0.7)
    assert kriging.semivariogram(kriging.step_length) == pytest.approx(0.3)


def test_several_series_share_weights():
    kriging, places = SpaceTimeKriging(GAMMA), sphere_points(*points(9, 8))
    values, targets = np.random.default_rng(9).normal(size=(9, 4)), sphere_points(*points(3, 10))
    together = kriging.estimate(places, np.zeros(9, int), values, targets)[0]
    alone = kriging.estimate(places, np.zeros(9, int), values[:, 2], targets)[0]
    np.testing.assert_allclose(together[:, 2], alone)


def test_pooled_semivariogram_recovers_the_model_of_a_field():
    rng = np.random.default_rng(11)
    places = sphere_points(*points(300, 12))
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    root = np.linalg.cholesky(np.exp(-distance / 400) + 1e-9 * np.eye(300))
    fields = rng.normal(size=(40, 300)) @ root.T * rng.uniform(1, 9, (40, 1))  # variances differ
    fields[rng.random(fields.shape) < 0.2] = np.nan
    gamma = pooled_semivariogram(places, fields)
    assert gamma(400) == pytest.approx(1 - np.exp(-1), abs=0.08)
    assert gamma.sill == pytest.approx(1, abs=0.15)


def test_no_semivariogram_of_constant_fields():
    places = sphere_points(*points(20, 13))
    assert pooled_semivariogram(places, np.ones((5, 20))) is None
    assert pooled_semivariogram(places, np.full((5, 20), np.nan)) is None
