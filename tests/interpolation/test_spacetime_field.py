"""EOFs of stations with coefficients over coordinates."""

import warnings

import numpy as np
import pytest

from dsc_tf.errors import DscTfError
from dsc_tf.interpolation import SpaceTimeField
from dsc_tf.interpolation.spacetime_field import _truncated


def low_rank(places=120, rank=3, dimensions=2, noise=0.05, seed=0):
    """Series of smooth spatial patterns with random coefficients in time."""
    rng = np.random.default_rng(seed)
    coordinates = rng.uniform(0, 10, (places, dimensions))
    waves = rng.normal(size=(dimensions, rank)) / 3
    patterns = np.sin(coordinates @ waves + rng.uniform(0, 6, rank))
    series = patterns @ rng.normal(size=(rank, 80))
    return coordinates, series, series + noise * rng.normal(size=series.shape)


def test_gp_finds_the_rank_and_is_close_to_the_noise_free_truth():
    coordinates, truth, noisy = low_rank()
    field = SpaceTimeField("gp", random_state=0).fit(coordinates[:100], noisy[:100])
    assert field.n_components_ == 3
    assert np.abs(field.predict(coordinates[100:]) - truth[100:]).mean() < 0.05
    assert field.explained_.sum() > 0.99 and field.functions_.shape == (3, 80)


def test_network_learns_too():
    coordinates, truth, noisy = low_rank(places=360, rank=2)
    field = SpaceTimeField("network", 2, frequencies=16, hidden=(32,), epochs=25, random_state=0)
    field.fit(coordinates[:300], noisy[:300])
    error = np.abs(field.predict(coordinates[300:]) - truth[300:]).mean()
    assert error < 0.4 * np.abs(truth[300:]).mean()


def test_height_as_third_coordinate():
    coordinates, truth, noisy = low_rank(dimensions=3, rank=2)
    field = SpaceTimeField("gp", random_state=0).fit(coordinates[:100], noisy[:100])
    assert np.abs(field.predict(coordinates[100:]) - truth[100:]).mean() < 0.2


def test_without_a_gap_the_number_comes_from_held_out_places():
    rng = np.random.default_rng(1)
    coordinates = rng.uniform(0, 10, (60, 2))
    distance = np.linalg.norm(coordinates[:, None] - coordinates, axis=-1)
    series = np.linalg.cholesky(np.exp(-distance / 4)) @ rng.normal(size=(60, 40))
    field = SpaceTimeField("gp", smoothness="matern", random_state=0).fit(coordinates, series)
    assert 1 < field.n_components_ < 40


def test_one_dominant_pattern_is_no_gap_before_noise():
    """A gradient that explains most of the variance, and three quarters of the rest in further patterns."""
    coordinates, truth, noisy = low_rank(rank=4)
    rng = np.random.default_rng(3)
    gradient = 2 * (coordinates[:, :1] - 5) * (1 + 0.3 * rng.normal(size=80))
    field = SpaceTimeField("gp", random_state=0).fit(coordinates, gradient + 3 * noisy)
    assert field.explained_[0] > 3 * field.explained_[1] and field.n_components_ == 5


def test_truncated_decomposition_is_that_of_numpy():
    values = np.random.default_rng(4).normal(size=(7, 12))
    u, s, v = np.linalg.svd(values, full_matrices=False)
    for matrix, expected in (
        (values, (u[:, :3] * s[:3]) @ v[:3]),
        (values.T, v[:3].T @ (u[:, :3] * s[:3]).T),
    ):
        np.testing.assert_allclose(_truncated(matrix, 3), expected, atol=1e-10)


def test_missing_values_are_filled_by_the_decomposition():
    coordinates, truth, noisy = low_rank()
    holes = noisy.copy()
    holes[np.random.default_rng(2).random(holes.shape) < 0.2] = np.nan
    field = SpaceTimeField("gp", random_state=0).fit(coordinates[:100], holes[:100])
    assert np.abs(field.predict(coordinates[100:]) - truth[100:]).mean() < 0.1


def test_far_places_are_warned_of():
    coordinates, _, noisy = low_rank()
    field = SpaceTimeField("gp", random_state=0).fit(coordinates, noisy)
    with pytest.warns(UserWarning, match="50% of the places are farther than"):
        field.predict(np.array([[1e4, 0.0], coordinates[0]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        field.predict(coordinates[:3])


@pytest.mark.parametrize(
    ("options", "change", "message"),
    [
        ({"kind": "tree"}, lambda c, s: (c, s), "kind: 'tree'"),
        ({}, lambda c, s: (c[:19], s[:19]), "19 places"),
        ({}, lambda c, s: (np.concatenate([c[:1], c[:-1]]), s), "equal"),
        ({}, lambda c, s: (c, np.where(np.arange(80) < 45, np.nan, s)), "56 % of the values are missing"),
        ({}, lambda c, s: (c, s[:5]), "shape"),
        ({"n_components": 0}, lambda c, s: (c, s), "n_components: 0"),
    ],
)
def test_bad_input(options, change, message):
    coordinates, _, noisy = low_rank()
    with pytest.raises(DscTfError, match=message):
        SpaceTimeField(**{"kind": "gp"} | options).fit(*change(coordinates, noisy))
