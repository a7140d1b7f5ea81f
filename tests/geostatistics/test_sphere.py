"""Distances on the sphere, and how alike regions are over them."""

import numpy as np
import pytest

from dsc_tf.geostatistics import great_circle, region_similarity

QUARTER = np.pi / 2 * 6371.0  # km: 10007.5


def cities(count=60, seed=0):
    """Points spread over the sphere, far from even."""
    rng = np.random.default_rng(seed)
    return np.degrees(np.arcsin(rng.uniform(-1, 1, count))), rng.uniform(-180, 180, count)


def test_quarter_circle_is_10007_kilometres():
    assert pytest.approx(10007.5, abs=0.1) == QUARTER


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [
        ((90, 0), (0, 77), QUARTER),  # pole and equator
        ((0, 0), (0, 90), QUARTER),
        ((90, 0), (-90, 0), 2 * QUARTER),  # poles
        ((40, 30), (-40, -150), 2 * QUARTER),  # antipodes
        ((0, 179.5), (0, -179.5), QUARTER / 90),  # over the date line
        ((0, 350), (0, -10), 0),  # one meridian, two names
        ((90, 0), (90, 120), 0),  # the pole has every longitude
        ((60, 0), (60, 180), QUARTER * 2 / 3),  # over the pole, not round it
    ],
)
def test_known_distances(one, other, kilometres):
    latitude, longitude = zip(one, other, strict=True)
    distance = great_circle(latitude, longitude)
    assert distance[0, 1] == pytest.approx(kilometres, rel=1e-7, abs=1e-6)


def test_london_to_paris():
    distance = great_circle([51.5074, 48.8566], [-0.1278, 2.3522])
    assert distance[0, 1] == pytest.approx(343.6, abs=0.5)


def test_a_metric():
    distance = great_circle(*cities())
    assert distance.shape == (60, 60) and (np.diag(distance) == 0).all()
    np.testing.assert_allclose(distance, distance.T)
    assert distance.max() <= 2 * QUARTER
    assert (distance[:, None] <= distance[:, :, None] + distance[None] + 1e-6).all()


def test_as_the_angle_between_vectors():
    latitude, longitude = cities()
    phi, lam = np.radians(latitude), np.radians(longitude)
    points = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)
    angle = np.arccos(np.clip(points @ points.T, -1, 1))
    np.testing.assert_allclose(great_circle(latitude, longitude), 6371 * angle, atol=0.2)


def test_close_points_keep_their_distance():
    # A millionth of a degree of latitude: 11 cm, lost by the arc cosine.
    assert great_circle([50, 50.000001], [7, 7])[0, 1] == pytest.approx(QUARTER / 90e6, rel=1e-3)


def plain(count=10):
    """Regions on a square grid, one unit apart."""
    x, y = (a.ravel().astype(float) for a in np.meshgrid(np.arange(count), np.arange(count)))
    return x, y, np.hypot(x[:, None] - x, y[:, None] - y)


def smooth_field(apart, length, features=200):
    """Vectors over regions, with covariance exp(-distance / length)."""
    root = np.linalg.cholesky(np.exp(-apart / length) + 1e-9 * np.eye(len(apart)))
    return root @ np.random.default_rng(0).normal(size=(len(apart), features))


def test_near_regions_of_a_smooth_field_are_alike_and_far_ones_apart():
    apart = plain()[2]
    similar = region_similarity(apart, smooth_field(apart, length=1.5))
    assert (np.diag(similar) == 1).all() and (similar == similar.T).all()
    assert similar.min() == 0 and similar.max() <= 1
    assert (similar[apart > 9] == 0).all()
    assert similar[apart == 1].mean() == pytest.approx(np.exp(-1 / 1.5), abs=0.12)
    nearest_first = similar.ravel()[np.argsort(apart.ravel(), kind="stable")]
    assert (np.diff(nearest_first) <= 1e-12).all()


def test_smoother_fields_are_alike_further_away():
    apart = plain()[2]
    rough, smooth = (region_similarity(apart, smooth_field(apart, length)) for length in (0.7, 2.5))
    assert smooth.sum() > 1.5 * rough.sum()


def test_regions_without_neighbourhood_are_apart():
    apart = plain()[2]
    noise = np.random.default_rng(0).normal(size=(len(apart), 200))
    np.testing.assert_allclose(region_similarity(apart, noise), np.eye(len(apart)), atol=0.06)


def test_unit_of_distance_does_not_matter():
    apart = plain(6)[2]
    vectors = smooth_field(apart, 1.5)
    np.testing.assert_allclose(
        region_similarity(apart, vectors), region_similarity(111.2 * apart, vectors), atol=1e-3
    )


@pytest.mark.parametrize("regions", [1, 2, 3])
def test_too_few_regions_count_as_apart(regions):
    apart = np.abs(np.arange(regions)[:, None] - np.arange(regions)).astype(float)
    similar = region_similarity(apart, np.ones((regions, 4)))
    np.testing.assert_array_equal(similar, np.eye(regions))


def test_a_region_is_like_itself_even_where_all_are_equal():
    similar = region_similarity(plain(3)[2], np.ones((9, 4)))
    assert (np.diag(similar) == 1).all() and np.isfinite(similar).all()
