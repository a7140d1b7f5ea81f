"""Methods without a network, each against what defines it."""

import json
from itertools import product

import numpy as np
import pytest
import xarray as xr
from sklearn.metrics import adjusted_rand_score

from dsc_tf.clusterers import build, load_clusterer
from dsc_tf.clusterers.base import order_by_size, relabel_by_size
from dsc_tf.clusterers.persistent import best_path
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.samples import Samples


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def cost(path, costs, penalty, starts):
    changes = sum(a != b for t, (a, b) in enumerate(zip(path, path[1:], strict=False), 1) if t not in starts)
    return sum(row[label] for row, label in zip(costs, path, strict=True)) + penalty * changes


@pytest.mark.parametrize("starts", [(), (3,), (2, 4)])
@pytest.mark.parametrize("penalty", [0.0, 0.3, 5.0])
def test_best_path_is_the_best_of_all_paths(rng, penalty, starts):
    costs = rng.random((6, 3))
    least = min(cost(path, costs, penalty, starts) for path in product(range(3), repeat=6))
    assert cost(best_path(costs, penalty, starts), costs, penalty, starts) == pytest.approx(least)


def noisy_runs(rng):
    """Two states that last ten steps each, under noise."""
    truth = np.repeat([0, 1] * 6, 10)
    return (truth[:, None] * 2.0 + rng.normal(size=(120, 4))).astype("float32"), truth


def test_penalty_lengthens_stays_and_finds_persistent_states(rng):
    X, truth = noisy_runs(rng)
    scores, changes = [], []
    for penalty in (0.0, 1.0):
        labels = build("persistent_kmeans", 2, penalty=penalty, random_state=0).fit_predict(X)
        scores.append(adjusted_rand_score(truth, labels))
        changes.append((np.diff(labels) != 0).sum())
    assert scores[1] > scores[0] and changes[1] < changes[0]


def test_without_a_penalty_it_is_k_means(rng):
    X, _ = noisy_runs(rng)
    plain = build("kmeans", 3, random_state=0).fit_predict(X)
    np.testing.assert_array_equal(
        build("persistent_kmeans", 3, penalty=0.0, random_state=0).fit_predict(X), plain
    )


def test_no_price_for_a_change_across_a_gap():
    costs = np.array([[0.0, 1.0]] * 3 + [[1.0, 0.0]] * 3)
    np.testing.assert_array_equal(best_path(costs, 10.0), [0] * 6)
    np.testing.assert_array_equal(best_path(costs, 10.0, (3,)), [0, 0, 0, 1, 1, 1])


def test_persistent_kmeans_uses_the_segments_of_the_record_it_is_given():
    """Two days of one state, then one day of the other: worth a change only if the change costs nothing."""
    X = np.repeat([[0.0], [4.0]], 20, axis=0)
    model = build("persistent_kmeans", 2, penalty=1.0, random_state=0).fit(X)
    model.penalty_ = 100.0
    new = np.array([[0.0], [0.0], [4.0]])
    assert len(set(model.predict(new))) == 1
    apart = Samples(new, (1, 1, 1), segment=[0, 0, 1])
    first, last = model.labels_[0], model.labels_[-1]
    assert model.predict(apart).tolist() == [first, first, last]


def test_spherical_groups_by_direction_alone(rng):
    directions = np.repeat(np.eye(3), 20, axis=0) + 0.05 * rng.normal(size=(60, 3))
    X = directions * rng.uniform(0.1, 10, size=(60, 1))
    labels = build("spherical_kmeans", 3, centre=False, random_state=0).fit_predict(X)
    assert adjusted_rand_score(np.repeat(range(3), 20), labels) == 1
    assert adjusted_rand_score(labels, build("kmeans", 3, random_state=0).fit_predict(X)) < 0.9


def test_spherical_centres_are_unit_means_of_directions(rng):
    X = rng.normal(size=(50, 6))
    model = build("spherical_kmeans", 3, centre=False, random_state=0).fit(X)
    directions = X / np.linalg.norm(X, axis=1, keepdims=True)
    for j, centre in enumerate(model.cluster_centers_):
        mean = directions[model.labels_ == j].mean(axis=0)
        np.testing.assert_allclose(centre, mean / np.linalg.norm(mean))


def test_eofs_weigh_fields_by_area(rng):
    """A signal at the pole counts nothing, one at the equator all."""
    X = 0.01 * rng.normal(size=(40, 1, 2, 1, 1)).astype("float32")
    at_equator, at_pole = rng.integers(2, size=(2, 40))
    X[:, 0, 0, 0, 0] += at_equator
    X[:, 0, 1, 0, 0] += 5 * at_pole
    samples = Samples(X.reshape(40, 2), (2, 1, 1), latitude=[0.0, 90.0])
    weighted = build("eof_kmeans", 2, random_state=0).fit_predict(samples)
    assert adjusted_rand_score(at_equator, weighted) == 1
    assert adjusted_rand_score(at_pole, build("eof_kmeans", 2, random_state=0).fit_predict(X)) == 1


def test_all_components_are_plain_k_means(small_windows):
    everything = build("eof_kmeans", 3, n_components=24, random_state=0).fit_predict(small_windows)
    assert adjusted_rand_score(build("kmeans", 3, random_state=0).fit_predict(small_windows), everything) == 1


def test_mixture_tells_groups_by_their_spread(rng):
    """Same mean, other spread: k-means cannot, a mixture can."""
    truth = np.repeat([0, 1], 300)
    X = rng.normal(size=(600, 2)) * np.where(truth, 10.0, 0.3)[:, None]
    labels = build("gaussian_mixture", 2, random_state=0).fit_predict(X)
    assert adjusted_rand_score(truth, labels) > 0.8
    assert adjusted_rand_score(truth, build("kmeans", 2, random_state=0).fit_predict(X)) < 0.3


def test_clusters_of_equal_size_keep_their_order():
    np.testing.assert_array_equal(order_by_size([2, 0, 0, 1, 2, 1, 3], 5), [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(relabel_by_size(np.array([3, 3, 1, 1, 0]), 4)[0], [1, 1, 0, 0, 2])


def test_persistence_uses_the_segments_of_the_samples_it_is_given(rng):
    """A record with a gap, after a fit to one without: the change across the gap costs nothing."""
    days = np.arange("2000-01-01", "2000-01-13", dtype="datetime64[D]").astype("datetime64[ns]")
    train = xr.DataArray(np.repeat([0.0, 1.0], 6)[:, None], {"time": days}, ("time", "cell"))
    model = build("persistent_kmeans", 2, penalty=1e6, random_state=0).fit(train)
    model.penalty_ = 10.0
    values = np.array([[0.0]] * 3 + [[1.0]] * 3)
    gap = xr.DataArray(values, {"time": days[[0, 1, 2, 9, 10, 11]]}, ("time", "cell"))
    found = model.predict(gap).values
    assert len(set(found[:3])) == len(set(found[3:])) == 1 and found[0] != found[3]
    assert len(set(model.predict(gap.assign_coords(time=days[:6])).values)) == 1


def test_consensus_is_the_partition_of_members_that_agree():
    from dsc_tf.clusterers.consensus import ConsensusClustering, co_association
    from dsc_tf.errors import DscTfError

    X = np.repeat(np.eye(3) * 6, 20, axis=0) + np.random.default_rng(0).normal(size=(60, 3))
    model = ConsensusClustering(3, members=("kmeans",), n_runs=3, random_state=0).fit(X)
    blocks = np.kron(np.eye(3), np.ones((20, 20)))
    np.testing.assert_array_equal(co_association([model.labels_]), blocks)
    np.testing.assert_array_equal(model.association_, blocks)
    with pytest.raises(DscTfError, match="members: .*Give methods of the registry"):
        ConsensusClustering(2, members=("consensus",)).fit(X)


def test_a_saved_parameter_that_the_method_lacks_is_refused(tmp_path):
    build("kmeans", 2, random_state=0).fit(np.eye(6).reshape(6, 1, 2, 3, 1)).save(tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    content["parameters"]["speed"] = 3
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(DscTfError, match="KMeans has no parameter 'speed'"):
        load_clusterer(tmp_path)
