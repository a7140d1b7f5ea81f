from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from dsc_tf.commands.downscale import main
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.downscaling import Downscaler, coarsen, published
from dsc_tf.downscaling.published import (
    RECIPES,
    FieldDays,
    TiledDiffusion,
    TiledRecipe,
    drawing_levels,
    past_days,
    previous_level,
    signal_shares,
)
from dsc_tf.errors import DscTfError

TINY = TiledRecipe(
    tile=8,
    halo=2,
    stride=4,
    past=3,
    encoder_filters=(8,),
    encoder_epochs=1,
    encoder_batch=64,
    filters=(8,),
    epochs=1,
    levels=20,
    steps=2,
)


@pytest.fixture(scope="module")
def pair():
    return coarsen(mock_dataset(days=72, latitudes=8, longitudes=12, variables=("t2m",)), 4)


def test_settings_are_the_published_ones():
    recipe = RECIPES["published"]
    assert (recipe.tile, recipe.halo, recipe.stride, recipe.training_stride, recipe.past) == (16, 4, 2, 8, 40)
    assert recipe.encoder_filters == (64, 128, 256) and recipe.filters == (128, 256, 512)
    assert (recipe.levels, recipe.steps, recipe.epochs, recipe.batch, recipe.clip) == (
        2000,
        1000,
        100,
        64,
        0.5,
    )
    for recipe in filter(None, RECIPES.values()):
        assert recipe.stride <= recipe.tile - 2 * recipe.halo  # or drawn cells would have no value


def test_signal_follows_the_squared_cosine():
    share = signal_shares(500)
    at = (np.arange(1, 501) / 500 + 0.008) / 1.008
    expected = np.cos(at * np.pi / 2) ** 2 / np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    np.testing.assert_allclose(share[:-2], expected[:-2], rtol=1e-9)
    assert (np.diff(share) < 0).all() and share[-1] < 1e-4


def test_noise_levels_of_drawing_are_even_and_end_without_noise():
    assert drawing_levels(20, 4) == [(15, 10), (10, 5), (5, 0), (0, -5)]
    assert len(drawing_levels(2000, 1000)) == 1000


def test_steps_from_noise_to_data_draw_gaussian_data_with_the_exact_estimate():
    """For data of mean m and deviation s the expected data behind noisy data are known in closed form."""
    mean, deviation, rng, share = 0.4, 0.3, np.random.default_rng(0), signal_shares(1000)
    x = rng.standard_normal(10_000)
    for now, before in drawing_levels(1000, 500):
        a, previous = share[now], 1.0 if before < 0 else share[before]
        total = a * deviation**2 + 1 - a
        clean = mean + np.sqrt(a) * deviation**2 / total * (x - np.sqrt(a) * mean)
        x = previous_level(x, clean, a, previous, rng)
    assert abs(x.mean() - mean) < 0.01 and abs(x.std() / deviation - 1) < 0.03


def test_past_days_of_a_tile():
    fields = np.arange(6 * 5 * 5).reshape(6, 5, 5)
    tiles = past_days(fields, np.array([3, 5]), 2, np.array([[0, 1], [3, 3]]), 2)
    assert tiles.shape == (2, 2, 2, 2)
    np.testing.assert_array_equal(tiles[0, ..., -1], fields[2, :2, 1:3])
    np.testing.assert_array_equal(tiles[1, ..., 0], fields[3, 3:, 3:])


def test_days_to_learn_from_follow_consecutive_days():
    segment, part = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]), np.array([0, 0, 0, 0, 1, 1, 1, 0, 0, 0])
    days = FieldDays(np.zeros((10, 8, 8)), np.zeros(10), segment, part)
    model = TiledDiffusion((8, 8), TINY)
    assert model._targets(days, 0).tolist() == [3, 8, 9]
    assert model._targets(days, 1).tolist() == [4]
    with pytest.raises(DscTfError, match="recipe: no training day follows 40 consecutive days"):
        TiledDiffusion((8, 8), replace(TINY, past=40))._targets(days, 0)


def test_each_day_is_drawn_from_the_days_drawn_before():
    """A network that returns the last of the past days repeats the first coarse field of each segment."""

    class LastDay(TiledDiffusion):
        def _draw_tiles(self, past, coarse, season, corners, rng):
            return published.cut(past[-1], corners, self.recipe.tile)

    model = LastDay((8, 8), TINY)
    model.fine_range, model.coarse_range = np.array([0.0, 10.0]), np.array([0.0, 1.0])
    fields = np.random.default_rng(0).random((4, 8, 8))
    days = FieldDays(fields, np.zeros(4), np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(model.draw(days, None), 10 * fields[[0, 0, 2, 2]], rtol=1e-5)


def test_members_are_drawn_and_saved(pair, monkeypatch, tmp_path, one_test_eagerly):
    monkeypatch.setitem(RECIPES, "published_small", TINY)
    coarse, fine = pair
    fitted = Downscaler("diffusion", recipe="published_small").fit(coarse, fine)
    few = coarse.isel(time=slice(2))
    members = fitted.predict(few, 2)
    low, high = fitted.networks_["t2m"].fine_range
    assert members.t2m.shape == (2, 2, 8, 12)
    assert low <= float(members.t2m.min()) and float(members.t2m.max()) <= high
    assert float(abs(members.t2m[0] - members.t2m[1]).mean()) > 0
    fitted.save(tmp_path)
    again = Downscaler.load(tmp_path).predict(few, 1)
    xr.testing.assert_allclose(again, members.isel(member=slice(1)), rtol=1e-5)


def test_test_days_are_never_given_to_the_networks(pair, monkeypatch):
    monkeypatch.setitem(RECIPES, "published_small", TINY)
    given = []
    monkeypatch.setattr(TiledDiffusion, "fit", lambda self, *arguments: given.append(arguments))
    coarse, fine = pair
    one = Downscaler("diffusion", recipe="published_small").fit(coarse, fine)
    test = fine.time.isin(fine.time[one.days_[1][one.parts_ == 2]])
    Downscaler("diffusion", recipe="published_small").fit(
        coarse.where(~test, 999.0), fine.where(~test, 999.0)
    )
    (fields, days, record, _), (other_fields, other_days, other_record, _) = given
    np.testing.assert_array_equal(fields, other_fields)
    np.testing.assert_array_equal(days.fields, other_days.fields)
    kept = record.part != 2
    np.testing.assert_array_equal(record.fields[kept], other_record.fields[kept])
    model = TiledDiffusion((8, 12), TINY)
    for part in (0, 1):
        for day in model._targets(record, part):
            assert (record.part[day - TINY.past : day + 1] != 2).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"recipe": "else"}, "recipe: 'else'. Choose one of standard, published, published_small"),
        ({"method": "unet", "recipe": "published"}, "recipe: published is one of diffusion, not of unet"),
        (
            {"method": "diffusion", "recipe": "published", "encoder": "next_day"},
            "recipe: published has an encoder",
        ),
    ],
)
def test_recipes_that_cannot_be_used_are_refused(pair, options, words):
    with pytest.raises(DscTfError, match=words):
        Downscaler(**options).fit(*pair)


def test_the_recipe_needs_the_variable_in_the_coarse_record(pair, monkeypatch):
    monkeypatch.setitem(RECIPES, "published", TINY)
    coarse, fine = pair
    with pytest.raises(DscTfError, match="recipe: t2m not in the coarse record"):
        Downscaler("diffusion", recipe="published").fit(coarse.rename(t2m="t850"), fine)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--recipe published", "recipe: published is one of diffusion. Add --method diffusion"),
        ("--recipe published --method diffusion --encoder next_day", "recipe: published has an encoder"),
        (
            "--recipe published_small --method diffusion",
            "fine: a grid of 8 x 12 cells. Tiles need at least 16",
        ),
    ],
)
def test_bad_recipes_are_one_line_and_status_2(pair, arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pair[1].to_netcdf("high.nc")
    assert main([*"--fine high.nc --coarsen 4 --quiet".split(), *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
