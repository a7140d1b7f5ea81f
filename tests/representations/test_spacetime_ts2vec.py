"""SpaceTimeTS2Vec's face on tiny fields: objectives, regions, stretches, files, messages."""

import json

import keras
import numpy as np
import pytest
from sklearn.base import clone

from dsc_tf.errors import DscTfError
from dsc_tf.representations import (
    DEP_TS2VEC,
    VARIOGRAM,
    VARIOGRAM_HARD,
    ContrastiveLossConfig,
    SpaceTimeTS2Vec,
)
from dsc_tf.representations import spacetime_ts2vec as fields
from dsc_tf.training import Checkpoint

pytestmark = [
    pytest.mark.filterwarnings("ignore:representations fill:UserWarning"),  # after a step or two
]
TINY = {"size": 4, "grid": 4, "filters": 2, "depth": 1, "window": 6, "steps": 2, "batch_size": 3}


def toy(steps=30, grid=(4, 4), variables=1, seed=0):
    return np.random.default_rng(seed).normal(size=(steps, *grid, variables)).astype("float32")


@pytest.fixture(scope="module")
def untrained():
    return SpaceTimeTS2Vec(**(TINY | {"steps": 0}), random_state=0).fit(toy(), starts=(0, 12))


def test_trains_as_a_compiled_graph():
    model = SpaceTimeTS2Vec(**(TINY | {"steps": 1}), random_state=0).fit(toy(steps=10))
    assert model.transform(toy(steps=10)).shape == (10, 4)
    assert np.isfinite(model.history_[0]["loss"])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"objective": "simclr"},
        {"objective": "masked"},
        {"contrast": DEP_TS2VEC},
        {"contrast": VARIOGRAM},
        {"contrast": VARIOGRAM_HARD},
        {"contrast": ContrastiveLossConfig(neighbour_weighting="as_positives")},
    ],
    ids=["contrast", "simclr", "masked", "follow", "variogram", "variogram_hard", "attract"],
)
def test_every_objective_learns(one_test_eagerly, untrained, options):
    model = SpaceTimeTS2Vec(**TINY, **options, random_state=0).fit(toy(), starts=(0, 12))
    assert [h["epoch"] for h in model.history_] == [0] and np.isfinite(model.history_[0]["loss"])
    latent = model.transform(toy(), starts=(0, 12))
    assert latent.shape == (30, 4) and np.isfinite(latent).all()
    moved = zip(model.encoder_.get_weights(), untrained.encoder_.get_weights(), strict=True)
    assert any((a != b).any() for a, b in moved)
    assert hasattr(model, "semivariogram_") == model.contrast.uses_lags


def test_same_seed_same_representations(one_test_eagerly):
    model = SpaceTimeTS2Vec(**TINY, random_state=3).fit(toy())
    again = clone(model).fit(toy())
    np.testing.assert_array_equal(again.transform(toy()), model.transform(toy()))


def test_regions_of_any_size_and_variables_learn_together(one_test_eagerly):
    regions = [toy(grid=(4, 4)), toy(20, (3, 7), seed=1), toy(12, (9, 5), seed=2)]
    model = SpaceTimeTS2Vec(**TINY, contrast=VARIOGRAM, random_state=0)
    model.fit(regions, starts=[(0, 15), (0,), (0,)], places=[(50, 0), (40, 100), (-30, 20)])
    assert np.isfinite(model.history_[0]["loss"])
    for region in regions:
        assert model.transform(region).shape == (len(region), 4)


def test_two_variables_of_one_region(one_test_eagerly):
    model = SpaceTimeTS2Vec(**TINY, random_state=0).fit(toy(variables=2))
    assert model.transform(toy(variables=2)).shape == (30, 4)


def test_windows_of_one_step_are_fields(untrained):
    X = toy(steps=8)
    np.testing.assert_array_equal(untrained.transform(X[:, None]), untrained.transform(X))


def test_nothing_is_remembered_across_stretches(untrained):
    X = toy(steps=20)
    parts = np.concatenate([untrained.transform(X[:9]), untrained.transform(X[9:])])
    np.testing.assert_allclose(untrained.transform(X, starts=(0, 9)), parts, atol=1e-6)
    assert np.abs(untrained.transform(X)[9] - parts[9]).max() > 1e-4


def test_later_fields_are_not_seen(untrained):
    X = toy(steps=20)
    before = untrained.transform(X)
    X[13] += 3
    after = untrained.transform(X)
    np.testing.assert_allclose(after[:13], before[:13], atol=1e-6)
    assert np.abs(after[13] - before[13]).max() > 1e-3


def test_long_records_are_encoded_in_chunks_with_context(untrained, monkeypatch):
    X = toy(steps=23)
    at_once = untrained.transform(X)
    alone = untrained.transform(X[15 - 6 : 20])[6:]
    monkeypatch.setattr(fields, "CHUNK", 5)
    in_chunks = untrained.transform(X)
    np.testing.assert_allclose(in_chunks[:10], at_once[:10], atol=1e-6)  # the whole past is in reach
    # Later: a chunk's first step has seen `window` = 6 fields before it and no more.
    np.testing.assert_allclose(in_chunks[15:20], alone, atol=1e-6)


def test_own_grid_is_kept(one_test_eagerly):
    options = TINY | {"grid": None, "steps": 0}
    model = SpaceTimeTS2Vec(**options).fit(toy(grid=(3, 5)))
    assert model.encoder_.input["series"].shape[2:] == (3, 5, 1)
    assert model.transform(toy(grid=(3, 5))).shape == (30, 4)


def test_saved_and_loaded_it_says_the_same(untrained, tmp_path):
    model = SpaceTimeTS2Vec(**(TINY | {"steps": 0}), contrast=VARIOGRAM, random_state=7).fit(toy(variables=2))
    model.save(tmp_path)
    twin = SpaceTimeTS2Vec.load(tmp_path)
    X = toy(steps=9, grid=(6, 5), variables=2)
    np.testing.assert_array_equal(twin.transform(X), model.transform(X))
    assert twin.get_params() == model.get_params()
    assert (
        json.loads((tmp_path / "encoder.json").read_text())["settings"]["contrast"]["neighbour_weighting"]
        == "downweight"
    )


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(DscTfError, match="encoder.json"):
        SpaceTimeTS2Vec.load(tmp_path)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (toy()[..., 0], "shape"),
        (toy(steps=1), "consecutive"),
        (np.full((5, 4, 4, 1), np.nan), "missing"),
        (np.full((5, 4, 4, 1), np.inf), "infinite"),
        ([toy(), toy(variables=2)], "numbers of variables"),
    ],
    ids=["three axes", "one step", "missing", "infinite", "variables"],
)
def test_what_cannot_be_learned_from_is_told(X, message):
    with pytest.raises(DscTfError, match=message):
        SpaceTimeTS2Vec(**TINY).fit(X)


def test_single_steps_are_no_stretch():
    with pytest.raises(DscTfError, match="consecutive"):
        SpaceTimeTS2Vec(**TINY).fit(toy(steps=3), starts=(0, 1, 2))


def test_regions_on_different_grids_need_one():
    with pytest.raises(DscTfError, match="grid"):
        SpaceTimeTS2Vec(**(TINY | {"grid": None})).fit([toy(), toy(grid=(3, 5))])


def test_unknown_objective_is_told():
    with pytest.raises(DscTfError, match="objective"):
        SpaceTimeTS2Vec(**TINY, objective="guess").fit(toy())


def test_transform_before_fit_is_told():
    with pytest.raises(DscTfError, match="fit"):
        SpaceTimeTS2Vec().transform(toy())


def test_other_fields_than_fitted_on_are_told(untrained):
    with pytest.raises(DscTfError, match="fitted on"):
        untrained.transform(toy(variables=2))


class _Stop(keras.callbacks.Callback):
    """Ends training as ctrl-C does, at the begin of the second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


FITTED_TO_INPUT = ContrastiveLossConfig(neighbour_weighting="as_positives", fitted="input")


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{"contrast": FITTED_TO_INPUT}, {"contrast": VARIOGRAM}, {"objective": "masked"}],
    ids=["input", "variogram", "masked"],
)
def test_interrupted_training_resumes_to_the_same_encoder(one_test_eagerly, tmp_path, monkeypatch, options):
    monkeypatch.setattr(fields, "STEPS_PER_EPOCH", 2)
    smaller = {"window": 3, "filters": 1, "size": 2, "batch_size": 1, "steps": 4, "random_state": 0}
    options = TINY | smaller | options
    checkpoint = Checkpoint(tmp_path / "state.npz", seconds=0.0)
    whole = SpaceTimeTS2Vec(**options).fit(toy(steps=9))
    with pytest.raises(KeyboardInterrupt):
        SpaceTimeTS2Vec(**options, checkpoint=checkpoint, callbacks=[_Stop()]).fit(toy(steps=9))
    assert int(checkpoint.load()["epoch"]) == 1
    resumed = SpaceTimeTS2Vec(**options, checkpoint=checkpoint).fit(toy(steps=9))
    assert resumed.history_ == whole.history_ and len(whole.history_) == 2
    for one, other in zip(resumed.encoder_.get_weights(), whole.encoder_.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    if options.get("objective") != "masked":
        assert resumed.semivariogram_ == whole.semivariogram_
