"""COST 733's measures by hand and by scikit-learn, and their place among random classifications."""

import numpy as np
import pytest
import xarray as xr
from sklearn.metrics import calinski_harabasz_score

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.evaluation.quality import quality


def rows(points):
    return xr.DataArray(np.asarray(points, dtype=float), dims=("time", "feature"), name="x")


def test_four_days_by_hand():
    found = quality(np.array([0, 0, 1, 1]), rows([[0], [2], [10], [12]]), n_random=3).sel(target="x")
    # Squares: within 1 + 1 + 1 + 1 = 4, in all 36 + 16 + 16 + 36 = 104.
    np.testing.assert_allclose(found.explained_variation, 100 / 104)
    np.testing.assert_allclose(found.pseudo_f, 100 / (4 / 2))
    np.testing.assert_allclose(found.within_deviation, np.sqrt(4 / 2))
    # Within 2 and 2; between 10, 12, 8, 10.
    np.testing.assert_allclose(found.distance_ratio, 2 / 10)


def test_pseudo_f_is_calinski_and_harabasz():
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    found = quality(labels, rows(X), n_random=2)
    np.testing.assert_allclose(found.pseudo_f[0], calinski_harabasz_score(X, labels))


def test_planted_regimes_beat_random_centroids_on_another_grid_with_holes():
    ds = mock_dataset(days=200, variables=("msl",), latitudes=4, longitudes=5)
    labels = ds.regime.values
    rng = np.random.default_rng(0)
    other = labels[:, None, None] + rng.normal(size=(200, 2, 3))
    other[:, 0, 0] = np.nan
    other[rng.random(other.shape) < 0.2] = np.nan
    dims = ("time", "latitude", "longitude")
    independent = xr.DataArray(other, {"latitude": [40.0, 50.0]}, dims)
    found = quality(labels, ds["msl"], {"t2m": independent}, n_random=50)
    assert list(found.target.values) == ["msl", "t2m"]
    for name, better in (
        ("explained_variation", 1),
        ("pseudo_f", 1),
        ("within_deviation", -1),
        ("distance_ratio", -1),
    ):
        chance = found[f"{name}_random"]
        assert (better * (found[name] - chance) >= -1e-9).mean() > 0.95
    # Variance of the labels 0, 1, 2 is 2 / 3, that of the noise 1.
    np.testing.assert_allclose(found.explained_variation[1], (2 / 3) / (5 / 3), atol=0.08)
    np.testing.assert_allclose(found.within_deviation[1], 1, atol=0.1)


def test_cells_count_by_area():
    # All of the variance between clusters is at the equator, all within at 60 N, where a cell has half the area.
    values = np.array([[[0.0], [0]], [[0], [2]], [[2], [0]], [[2], [2]]])
    field = xr.DataArray(values, {"latitude": [0.0, 60.0]}, ("time", "latitude", "longitude"))
    found = quality(np.array([0, 0, 1, 1]), field, n_random=2)
    np.testing.assert_allclose(found.explained_variation, [1 / 1.5])


def test_unassigned_steps_do_not_count():
    X = rows([[0], [2], [10], [12], [500]])
    with_it = quality(np.array([0, 0, 1, 1, -1]), X, n_random=2)
    np.testing.assert_allclose(with_it.explained_variation, [100 / 104])


@pytest.mark.parametrize(
    ("labels", "points", "word"),
    [
        ([0, 0], [[1], [2]], "one cluster"),
        ([0, 1], [[1], [np.nan]], "missing"),
        ([0, 1, 1], [[1], [2]], "2 steps"),
    ],
)
def test_bad_input(labels, points, word):
    with pytest.raises(DscTfError, match=word):
        quality(np.array(labels), rows(points))
