"""TS2Vec's face on toy series: fit, encode, determinism, messages."""

import numpy as np
import pytest
import xarray as xr
from sklearn.base import clone

from dsc_tf.errors import DscTfError
from dsc_tf.representations import DEP_TS2VEC, TS2VEC, TS2Vec
from dsc_tf.representations.losses import hierarchical_loss

pytestmark = [
    pytest.mark.usefixtures("eagerly"),
    pytest.mark.filterwarnings("ignore:representations fill:UserWarning"),  # after a step or two
]
TINY = {"size": 5, "width": 4, "depth": 1, "batch_size": 3}


def toy(series=4, steps=10, variables=2, seed=0):
    """Waves of different lengths and noise."""
    t = np.arange(steps)[None, :, None]
    waves = np.sin(t / np.arange(1, series + 1)[:, None, None] + np.arange(variables))
    return (waves + 0.3 * np.random.default_rng(seed).normal(size=waves.shape)).astype("float32")


@pytest.fixture(scope="module")
def fitted():
    return TS2Vec(**TINY, steps=3, random_state=0).fit(toy())


@pytest.fixture(scope="module")
def untrained():
    return TS2Vec(**TINY, steps=0, random_state=0).fit(toy())


def test_a_representation_of_every_step(fitted):
    latent = fitted.encode(toy())
    assert latent.shape == (4, 10, 5) and np.isfinite(latent).all()
    assert fitted.encode(toy(series=1, steps=3)).shape == (1, 3, 5)


def test_training_moves_every_weight_and_records_its_loss(fitted, untrained):
    trained, drawn = (m.encoder_.get_weights() for m in (fitted, untrained))
    assert any((a != b).any() for a, b in zip(trained, drawn, strict=True))
    assert [h["epoch"] for h in fitted.history_] == [0] and np.isfinite(fitted.history_[0]["loss"])
    assert untrained.history_ == []


def test_same_seed_same_representations(fitted):
    again = clone(fitted).fit(toy())
    np.testing.assert_array_equal(again.encode(toy()), fitted.encode(toy()))
    assert again.history_ == fitted.history_
    other = TS2Vec(**TINY, steps=0, random_state=1).fit(toy())
    assert not np.allclose(other.encode(toy()), fitted.encode(toy()), atol=1e-3)


def test_chance_outside_is_left_alone():
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    TS2Vec(**TINY, steps=0, random_state=0).fit(toy())
    assert np.random.random() == expected


def test_learns():
    X = toy(series=6, steps=8)
    model = TS2Vec(size=8, width=8, depth=1, steps=20, learning_rate=0.02, mask="all_true", random_state=0)
    before = TS2Vec(**(model.get_params() | {"steps": 0})).fit(X).encode(X)
    after = model.fit(X).encode(X)
    start, end = (float(hierarchical_loss(z, z, TS2VEC)) for z in (before, after))
    assert end < 0.8 * start


def test_distance_aware_contrast_with_gaps_and_cuts():
    X = toy(series=3, steps=24)
    X[0, :3] = np.nan
    X[1, 5, 1] = np.nan
    model = TS2Vec(**TINY, contrast=DEP_TS2VEC, steps=2, max_train_length=8, random_state=0).fit(X)
    assert np.isfinite(model.history_[0]["loss"]) and np.isfinite(model.encode(X)).all()


def test_records_of_xarray_and_plain_arrays_are_one(untrained):
    X = toy()
    record = xr.DataArray(X.transpose(1, 2, 0), dims=("time", "variable", "place"))
    np.testing.assert_array_equal(untrained.encode(record), untrained.encode(X))
    flat = TS2Vec(**TINY, steps=0, random_state=0).fit(X[..., 0])
    np.testing.assert_array_equal(flat.encode(X[..., 0]), flat.encode(X[..., :1]))


@pytest.mark.parametrize(
    ("pooling", "shape"),
    [(None, (4, 10, 5)), (3, (4, 10, 5)), ("series", (4, 5)), ("multiscale", (4, 10, 20))],
)
def test_pooled_representations(fitted, pooling, shape):
    latent = fitted.encode(toy(), pooling=pooling)
    assert latent.shape == shape
    np.testing.assert_allclose(latent.reshape(4, -1).max(), fitted.encode(toy()).max(), rtol=1e-5)


def test_causal_ways_agree(fitted):
    options = {"sliding_padding": 4, "causal": True}
    fast = fitted.encode(toy(), sliding_length=1, **options)
    slow = fitted.encode(toy(), sliding_length=1, mask="all_true", **options)
    np.testing.assert_allclose(fast, slow, atol=1e-6)
    changed = toy()
    changed[:, 6] += 3
    later = fitted.encode(changed, sliding_length=1, **options)
    np.testing.assert_array_equal(later[:, :6], fast[:, :6])


def test_sliding_over_all_is_whole(fitted):
    np.testing.assert_allclose(fitted.encode(toy(), sliding_length=10), fitted.encode(toy()), atol=1e-6)


def test_a_masked_last_step_is_encoded_from_the_others(fitted):
    changed = toy()
    changed[:, -1] += 3
    hidden = [fitted.encode(X, mask="mask_last") for X in (toy(), changed)]
    np.testing.assert_array_equal(*hidden)
    assert np.abs(hidden[0] - fitted.encode(toy())).max() > 0.01


def test_missing_steps_are_finite(fitted):
    X = toy()
    X[0, 2:5] = np.nan
    X[1] = np.nan
    assert np.isfinite(fitted.encode(X)).all()
    assert np.isfinite(fitted.encode(X, sliding_length=1, causal=True, sliding_padding=3)).all()


@pytest.mark.parametrize("steps", [1, 2])
def test_very_short_series(steps):
    X = toy(series=6, steps=steps)
    model = TS2Vec(**TINY, steps=1, random_state=0).fit(X)
    assert model.encode(X).shape == (6, steps, 5) and np.isfinite(model.history_[0]["loss"])


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 5), (0, 5, 1), (2, 0, 1)])
def test_wrong_shapes_are_told(shape):
    with pytest.raises(DscTfError, match="shape"):
        TS2Vec(**TINY, steps=1).fit(np.zeros(shape))


def test_nothing_to_learn_from_is_told():
    with pytest.raises(DscTfError, match="missing"):
        TS2Vec(**TINY, steps=1).fit(np.full((2, 5, 1), np.nan))


def test_encode_before_fit_is_told():
    with pytest.raises(DscTfError, match="fit"):
        TS2Vec().encode(toy())


def test_other_variables_are_told(fitted):
    with pytest.raises(DscTfError, match="3 variables"):
        fitted.encode(toy(variables=3))
