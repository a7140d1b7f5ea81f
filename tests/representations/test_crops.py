"""Crops overlap in the very same steps, come in few lengths, and depend on the seed and the step alone."""

import keras
import numpy as np
import pytest

from dsc_tf.models.ts2vec import series_encoder
from dsc_tf.representations.baselines import TimeShifts
from dsc_tf.representations.contrastive_model import ContrastiveModel
from dsc_tf.representations.crops import Crops, draw_crops, padded_length, steps_per_epoch


def counted(*lengths):
    """Series that say who and when they are: feature 0 the series, feature 1 the step."""
    return [np.stack([np.full(n, i), np.arange(n)], axis=1).astype("float32") for i, n in enumerate(lengths)]


def batch_of(crops, step, epoch=0):
    crops.epoch = epoch
    return crops[step][0]


def overlaps(batch):
    """What the two views hold at the overlap."""
    length = int(batch["overlap"][0].sum())
    first, second = batch["offset"][0], batch["second_offset"][0]
    return batch["first"][:, first : first + length], batch["second"][:, second : second + length]


@pytest.mark.parametrize(
    "options",
    [{}, {"window": 9}, {"temporal_unit": 2}, {"window": 1}],
    ids=["whole", "windows", "temporal unit", "one step"],
)
@pytest.mark.parametrize("lengths", [(20, 20, 20), (30, 12, 25, 9)])
def test_overlap_is_the_same_steps_of_the_same_series(lengths, options):
    crops = Crops(counted(*lengths), batch_size=3, steps=30, **options)
    for step in range(30):
        first, second = overlaps(batch_of(crops, step))
        np.testing.assert_array_equal(first, second)
        assert first.shape[1] >= min(2 ** (crops.temporal_unit + 1), crops.window)
        assert (np.diff(first[..., 1], axis=1) == 1).all()
        assert (first[..., 0] == first[:, :1, 0]).all()


def test_first_view_ends_with_the_overlap_and_second_begins_with_it():
    crops = Crops(counted(25, 25), batch_size=2, steps=40)
    for step in range(40):
        batch = batch_of(crops, step)
        inside = batch["first_valid"][0].sum()
        assert inside == batch["offset"][0] + batch["overlap"][0].sum()
        assert not batch["second_offset"].any()
        assert batch["second_valid"][0].sum() >= batch["overlap"][0].sum()


def test_views_are_whole_runs_then_zeros():
    crops = Crops(counted(25, 25), batch_size=2, steps=20)
    for step in range(20):
        batch = batch_of(crops, step)
        for name in ("first", "second"):
            inside = batch[f"{name}_valid"].astype(bool)
            length = inside[0].sum()
            assert inside[:, :length].all() and not inside[:, length:].any()
            assert (np.diff(batch[name][:, :length, 1], axis=1) == 1).all()
            assert not batch[name][~inside].any()


def test_place_is_the_time_of_the_frame():
    crops = Crops(counted(40, 40), window=8, batch_size=2, steps=20, starts=[100, 300], regions=[4, 2])
    for step in range(20):
        batch = batch_of(crops, step)
        who = batch["first"][:, 0, 0].astype(int)
        np.testing.assert_array_equal(batch["region"], np.array([4, 2])[who])
        began = batch["first"][:, 0, 1] + np.array([100, 300])[who]
        assert (np.abs(began - batch["place"]) < 8).all()


def test_series_are_all_seen_in_a_pass():
    crops = Crops(counted(*[10] * 6), batch_size=2, steps=3)
    for a_pass in range(3):
        seen = np.concatenate([batch_of(crops, s, a_pass)["first"][:, 0, 0] for s in range(3)])
        assert sorted(seen) == [0, 1, 2, 3, 4, 5]


def test_long_series_are_drawn_from_more_often():
    crops = Crops(counted(40, 10), window=10, batch_size=5, steps=1)
    np.testing.assert_array_equal(np.bincount(batch_of(crops, 0)["first"][:, 0, 0].astype(int)), [4, 1])


def test_fewer_series_than_a_batch():
    assert batch_of(Crops(counted(10, 10), batch_size=8), 0)["first"].shape[0] == 2


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_seed_and_step_since_the_start_decide():
    options = {"batch_size": 2, "seed": 3}
    short = Crops(counted(30, 30, 30), steps=3, **options)
    long = Crops(counted(30, 30, 30), steps=6, **options)
    for step in range(3):
        assert same(batch_of(short, step, epoch=1), batch_of(long, step + 3))
    assert same(batch_of(short, 2), batch_of(Crops(counted(30, 30, 30), steps=3, **options), 2))
    others = [batch_of(Crops(counted(30, 30, 30), batch_size=2, steps=6, seed=4), s) for s in range(6)]
    assert not all(same(other, batch_of(long, s)) for s, other in enumerate(others))


def test_epochs_of_one_step():
    crops = Crops(counted(30, 30), batch_size=2, steps=1)
    assert not same(batch_of(crops, 0, epoch=0), batch_of(crops, 0, epoch=1))


def test_bounds_are_in_order_and_reach_all_of_the_frame():
    random = np.random.default_rng(0)
    drawn = np.array([draw_crops(random, 6) for _ in range(2000)])
    a1, a2, b1, b2 = drawn.T
    assert ((a1 >= 0) & (a1 <= a2) & (a2 + 2 <= b1) & (b1 <= b2) & (b2 <= 6)).all()
    assert set(b1 - a2) == {2, 3, 4, 5, 6} and set(a1) == {0, 1, 2, 3, 4} and set(b2) == {2, 3, 4, 5, 6}


def test_overlap_lengths_are_equally_likely():
    random = np.random.default_rng(0)
    drawn = np.array([draw_crops(random, 5) for _ in range(4000)])
    share = np.bincount(drawn[:, 2] - drawn[:, 1], minlength=6)[2:] / 4000
    np.testing.assert_allclose(share, 0.25, atol=0.03)


@pytest.mark.parametrize("longest", [1, 2, 7, 60, 3000])
def test_padded_lengths_are_few_and_enough(longest):
    lengths = {n: padded_length(n, longest) for n in range(1, longest + 1)}
    assert all(n <= padded <= longest for n, padded in lengths.items())
    assert len(set(lengths.values())) <= 2 + np.log(longest) / np.log(1.2)
    assert padded_length(longest, longest) == longest


def test_shapes_of_crops_are_few():
    crops = Crops(counted(60, 60), batch_size=2, steps=200)
    shapes = {batch_of(crops, step)["first"].shape for step in range(200)}
    assert len(shapes) <= 16


def test_training_traces_no_more_than_three_graphs():
    traces = []

    class Counting(ContrastiveModel):
        def compute_loss(self, *args, **kwargs):
            traces.append(1)
            return super().compute_loss(*args, **kwargs)

    crops = Crops(counted(15, 15), batch_size=2, steps=12)
    model = Counting(series_encoder(2, width=2, depth=0, size=2), longest=crops.window)
    model.compile("sgd", jit_compile=False)
    model.fit(crops, shuffle=False, verbose=0)
    lengths = {
        tuple(batch_of(crops, s)[n].shape[1] for n in ("first", "second", "overlap")) for s in range(12)
    }
    assert len(lengths) > 6 and len(traces) <= 3


@pytest.fixture
def shifts():
    return TimeShifts(counted(200, 100), window=5, batch_size=400, steps=2, seed=1)


def test_gaps_fall_off(shifts):
    batch = shifts[0][0]
    gaps = (batch["second"][:, 0, 1] - batch["first"][:, 0, 1]).astype(int)
    share = np.bincount(gaps, minlength=9)[1:] / 400
    assert gaps.min() == 1 and gaps.max() == 8
    np.testing.assert_allclose(share, np.arange(8, 0, -1) / 36, atol=0.06)


def test_shifted_windows_are_whole_and_of_one_series(shifts):
    batch = shifts[1][0]
    for name in ("first", "second"):
        assert (np.diff(batch[name][..., 1], axis=1) == 1).all() and batch[f"{name}_valid"].all()
    np.testing.assert_array_equal(batch["first"][..., 0], batch["second"][..., 0])
    assert (batch["offset"] == 4).all() and (batch["second_offset"] == 4).all()
    assert batch["overlap"].shape == (400, 1)
    assert np.mean(batch["first"][:, 0, 0]) == pytest.approx(1 / 3, abs=0.08)  # by length


def test_shifts_depend_on_seed_and_step(shifts):
    again = TimeShifts(counted(200, 100), window=5, batch_size=400, steps=2, seed=1)
    other = TimeShifts(counted(200, 100), window=5, batch_size=400, steps=2, seed=2)
    assert same(shifts[0][0], again[0][0])
    assert not same(shifts[0][0], shifts[1][0]) and not same(shifts[0][0], other[0][0])


def test_shifts_in_stretches_hardly_longer_than_the_gap():
    batch = TimeShifts(counted(4, 2, 1), window=5, batch_size=50)[0][0]
    gaps = batch["second"][:, 0, 1] - batch["first"][:, 0, 1]
    assert gaps.min() == 1 and gaps.max() <= 3


def test_both_kinds_of_batches_are_keras_datasets(shifts):
    for batches in (shifts, Crops(counted(10, 10))):
        assert isinstance(batches, keras.utils.PyDataset) and len(batches) == batches.steps


@pytest.mark.parametrize(("steps", "most", "wanted"), [(30, 25, 15), (100, 25, 25), (7, 25, 7), (51, 50, 26)])
def test_epochs_are_of_one_length_and_hardly_longer_than_asked(steps, most, wanted):
    assert steps_per_epoch(steps, most) == wanted
