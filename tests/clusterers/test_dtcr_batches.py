import keras
import numpy as np
import pytest

from dsc_tf.clusterers.dtcr_batches import (
    Indicator,
    RealAndFake,
    RelaxedKMeans,
    fake_sequences,
    indicator,
    random_indicator,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("share", "steps", "moved"), [(0.2, 50, 10), (0.2, 4, 2), (1.0, 6, 6)])
def test_fakes_permute_a_share_of_the_steps(rng, share, steps, moved):
    X = rng.normal(size=(30, steps, 1))
    fake = fake_sequences(X, share, rng)
    assert ((fake != X).sum(axis=(1, 2)) == moved).all()
    np.testing.assert_array_equal(np.sort(fake, axis=1), np.sort(X, axis=1))
    assert len({tuple(np.flatnonzero(row)) for row in (fake != X)[..., 0]}) > 1 or share == 1.0


def test_loss_is_what_the_leading_vectors_leave(rng):
    """Trace identity: tr(H'H) - tr(F'H'HF) is the sum of the squares of the discarded singular values."""
    H = rng.normal(size=(20, 6)).astype("float32")
    singular = np.linalg.svd(H, compute_uv=False)
    loss = 20 * float(RelaxedKMeans()(indicator(H, 2), H))
    assert loss == pytest.approx((singular[2:] ** 2).sum(), rel=1e-4)


def test_loss_of_an_exact_indicator_is_the_k_means_objective(rng):
    H = rng.normal(size=(20, 6)).astype("float32")
    labels = np.arange(20) % 3
    member = np.eye(3)[labels]
    exact = (member / np.sqrt(member.sum(axis=0))).astype("float32")
    inertia = sum(((H[labels == j] - H[labels == j].mean(axis=0)) ** 2).sum() for j in range(3))
    assert 20 * float(RelaxedKMeans()(exact, H)) == pytest.approx(inertia, rel=1e-4)


def test_no_indicator_leaves_less(rng):
    H = rng.normal(size=(20, 6)).astype("float32")
    best = float(RelaxedKMeans()(indicator(H, 2), H))
    for _ in range(20):
        other = np.linalg.qr(rng.normal(size=(20, 2)))[0].astype("float32")
        assert float(RelaxedKMeans()(other, H)) >= best


def test_more_clusters_than_vectors_leave_nothing(rng):
    H = rng.normal(size=(5, 3)).astype("float32")
    assert indicator(H, 4).shape == (5, 4)
    assert float(RelaxedKMeans()(indicator(H, 4), H)) == pytest.approx(0, abs=1e-5)


def test_random_indicator_has_orthonormal_columns():
    values = random_indicator(20, 3, seed=5)
    np.testing.assert_allclose(values.T @ values, np.eye(3), atol=1e-6)
    assert (values != random_indicator(20, 3, seed=6)).any()


def fresh(X, **options):
    encoder = keras.Sequential([keras.Input(X.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(4)])
    held = Indicator(encoder, X, 2, every=2)
    held.refresh()
    return held, RealAndFake(X, held, **{"batch_size": len(X), "seed": 0} | options)


def test_rows_of_the_indicator_stay_with_their_samples(rng):
    X = rng.normal(size=(10, 6, 1)).astype("float32")
    held, batches = fresh(X, batch_size=4)
    for epoch in range(2):
        batches.epoch = epoch
        inputs, targets = batches[1]
        at = [int(np.flatnonzero((X == x).all(axis=(1, 2)))[0]) for x in inputs["sequence"]]
        np.testing.assert_allclose(targets["representation"], held.values[at] * np.sqrt(10 / 4), rtol=1e-6)


def test_fakes_are_new_each_epoch_and_depend_on_the_seed_alone(rng):
    X = rng.normal(size=(6, 30, 1)).astype("float32")

    def fakes(epoch, seed=0):
        batches = fresh(X, seed=seed)[1]
        batches.epoch = epoch
        return batches[0][0]["fake"]

    np.testing.assert_array_equal(fakes(3), fakes(3))
    assert (fakes(3) != fakes(4)).any() and (fakes(3) != fakes(3, seed=1)).any()


def test_indicator_is_updated_every_other_epoch_only(rng):
    X = rng.normal(size=(6, 5, 1)).astype("float32")
    held, _ = fresh(X)
    first = held.values
    held.encoder.layers[-1].kernel.assign(rng.normal(size=(5, 4)))
    held.on_epoch_end(0)
    assert held.values is first
    held.initialise(seed=3)
    np.testing.assert_array_equal(held.values, random_indicator(6, 2, 3))
    held.on_epoch_end(1)
    assert np.abs(held.values - first).max() > 0
