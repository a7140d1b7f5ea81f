import numpy as np
import pytest
from checks import check_layer
from scipy.stats import t as student_t

from dsc_tf.layers import ClusteringLayer


def with_centres(centres, **arguments):
    layer = ClusteringLayer(len(centres), **arguments)
    layer.build((None, centres.shape[1]))
    layer.centres.assign(centres)
    return layer


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_house_rules(rng):
    check_layer(ClusteringLayer, {"n_clusters": 3, "alpha": 2.0}, rng.random((8, 4), dtype="float32"))


@pytest.mark.parametrize("metric", ["cid", "correlation"])
def test_house_rules_for_sequences(rng, metric):
    x = rng.normal(size=(8, 12, 1)).astype("float32")
    check_layer(ClusteringLayer, {"n_clusters": 3, "metric": metric}, x)


def distance_by_hand(metric, x, y):
    """Madiraju et al. (2018), section 2.2, one pair of sequences."""
    if metric == "correlation":
        return np.sqrt(2 * (1 - np.corrcoef(x, y)[0, 1]))
    euclidean = np.linalg.norm(x - y)
    if metric == "euclidean":
        return euclidean
    one, other = (np.sqrt((np.diff(v) ** 2).sum()) for v in (x, y))
    return euclidean * max(one, other) / min(one, other)


@pytest.mark.parametrize("metric", ["euclidean", "cid", "correlation"])
def test_distances_between_sequences(rng, metric):
    x, centres = rng.normal(size=(5, 9, 1)).astype("float32"), rng.normal(size=(3, 9, 1)).astype("float32")
    layer = ClusteringLayer(3, metric=metric)
    layer.build(x.shape)
    layer.centres.assign(centres)
    expected = [[distance_by_hand(metric, a[:, 0], b[:, 0]) ** 2 for b in centres] for a in x]
    np.testing.assert_allclose(layer.squared_distances(x), expected, rtol=1e-4)


@pytest.mark.parametrize("metric", ["cid", "correlation"])
def test_constant_sequences_stay_finite(metric):
    layer = ClusteringLayer(2, metric=metric)
    layer.build((None, 6, 1))
    layer.centres.assign(np.stack([np.zeros((6, 1)), np.arange(6.0)[:, None]]))
    assert np.isfinite(np.asarray(layer(np.ones((3, 6, 1), "float32")))).all()


def test_two_points_on_two_centres_five_apart():
    # |z - c|^2 is 0 or 25, so q is proportional to 1 and 1/26: 26/27 and 1/27.
    z = np.array([[0, 0], [3, 4]], "float32")
    np.testing.assert_allclose(with_centres(z)(z), np.array([[26, 1], [1, 26]]) / 27, rtol=1e-6)


def test_kernel_is_students_t_with_alpha_degrees_of_freedom(rng):
    z, centres = rng.normal(size=(5, 1)), rng.normal(size=(3, 1))
    density = student_t(df=4).pdf(z - centres.T)
    q = with_centres(centres, alpha=4.0)(z.astype("float32"))
    np.testing.assert_allclose(q, density / density.sum(axis=1, keepdims=True), rtol=1e-5)


def test_length_scale_measures_distance_in_its_unit(rng):
    z, centres = rng.normal(size=(5, 2)).astype("float32"), rng.normal(size=(3, 2)).astype("float32")
    scaled = with_centres(1e-3 * centres)
    scaled.length_scale.assign(1e-3)
    np.testing.assert_allclose(scaled(1e-3 * z), with_centres(centres)(z), rtol=1e-4)


def test_shift_of_points_and_centres_together_changes_nothing(rng):
    z, centres = rng.normal(size=(5, 2)).astype("float32"), rng.normal(size=(3, 2)).astype("float32")
    np.testing.assert_allclose(with_centres(centres + 8)(z + 8), with_centres(centres)(z), rtol=1e-4)


def test_far_points_and_coinciding_points_stay_finite():
    centres = np.array([[0.0, 0], [1e18, 0], [0, 0]], "float32")
    q = np.asarray(with_centres(centres)(centres))
    assert np.isfinite(q).all()
    np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-6)


def test_close_latents_lose_the_gradient_unless_scaled(rng):
    """The published fault: sigmoid features 3e-4 apart make q uniform."""
    z = (0.5 + 3e-4 * rng.normal(size=(50, 8))).astype("float32")
    layer = with_centres(z[:4])
    assert np.ptp(layer(z)) < 1e-4
    layer.length_scale.assign(3e-4)
    assert np.ptp(layer(z)) > 0.1


def test_precision_policy_does_not_reach_it():
    assert ClusteringLayer(2, dtype="mixed_bfloat16").compute_dtype == "float32"
