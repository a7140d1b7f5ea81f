"""A published diffusion model of tiles: one network of the coarse record, and one that draws the fine fields of a day.

A U-Net learns to predict the next day of the coarse record. Its layers up to the lowest resolution are frozen and
describe the past days of the fine record; a second U-Net draws the field of a day from them, from the coarse field and
from constant maps. Fields are drawn in overlapping tiles, one day after the other, each from the days drawn before.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import DscTfError
from ..stored import read_arrays
from .pairs import GRID, TRAINING, VALIDATION
from .tiles import blend, cut, tile_corners

if TYPE_CHECKING:
    import xarray as xr

OFFSET = 0.008  # of the squared cosine schedule
MAX_BETA = 0.999
DEEPEST = "deepest"  # layer of the U-Net whose maps are the features


@dataclass(frozen=True)
class TiledRecipe:
    """Settings of the model of tiles; the defaults are the published ones.

    Parameters
    ----------
    tile : int, default=16
        Rows and columns of a tile, a multiple of 4.
    halo : int, default=4
        Rows and columns at the edge of a drawn tile that are not used inside the grid.
    stride : int, default=2
        Cells between neighbouring tiles when fields are drawn.
    training_stride : int, default=8
        The same for the tiles that are learned from.
    past : int, default=40
        Past days that describe a day.
    encoder_filters : tuple of int, default=(64, 128, 256)
        Channels of the network of the coarse record.
    encoder_epochs, encoder_patience, encoder_batch : int
        Most passes over its training tiles (20), passes without improvement after which it stops (6), and tiles of a
        step (32).
    encoder_learning_rate : float, default=5e-4
        Of Adam; the loss is the mean absolute error.
    filters : tuple of int, default=(128, 256, 512)
        Channels of the network that draws.
    epochs, patience, batch : int
        As above: 100, 24 and 64.
    learning_rate : float, default=1e-4
        Of Adam, divided by 10 after 12 passes without improvement; the loss is the mean squared error.
    clip : float, default=0.5
        Largest norm of the gradient.
    levels : int, default=2000
        Noise levels of training.
    steps : int, default=1000
        Noise levels of drawing.
    """

    tile: int = 16
    halo: int = 4
    stride: int = 2
    training_stride: int = 8
    past: int = 40
    encoder_filters: tuple[int, ...] = (64, 128, 256)
    encoder_epochs: int = 20
    encoder_patience: int = 6
    encoder_batch: int = 32
    encoder_learning_rate: float = 5e-4
    filters: tuple[int, ...] = (128, 256, 512)
    epochs: int = 100
    patience: int = 24
    batch: int = 64
    learning_rate: float = 1e-4
    clip: float = 0.5
    levels: int = 2000
    steps: int = 1000


STANDARD = "standard"
RECIPES = {
    STANDARD: None,
    "published": TiledRecipe(),
    "published_small": TiledRecipe(
        stride=4,
        encoder_filters=(16, 24, 32),
        encoder_epochs=2,
        filters=(16, 24, 32),
        epochs=8,
        learning_rate=1e-3,
        steps=20,
    ),
}


def check_recipe(recipe: str, method: str, encoder: Any, fine: "xr.Dataset") -> None:
    """Refuse an unknown recipe, and a published one with another method, with an encoder or on a small grid.

    Parameters
    ----------
    recipe, method, encoder
        As of `Downscaler`.
    fine : xr.Dataset
        Fine record.

    Raises
    ------
    DscTfError
        In these cases.
    """
    if recipe not in RECIPES:
        raise DscTfError(f"recipe: {recipe!r}. Choose one of {', '.join(RECIPES)}.")
    settings = RECIPES[recipe]
    if settings is None:
        return
    if method != "diffusion":
        raise DscTfError(f"recipe: {recipe} is one of diffusion, not of {method}. Choose {STANDARD}.")
    if encoder is not None:
        raise DscTfError(f"recipe: {recipe} has an encoder of its own. Leave the encoder out.")
    tile_corners(tuple(fine.sizes[axis] for axis in GRID), settings.tile, settings.stride)


class TiledDiffusion:
    """Draws the fields of a variable in tiles, one day after the other.

    Values are scaled to the range of the training days, 0 to 1. The networks have two dimensions: the published one has
    a third of size 1, and attends to a vector of zeros, which this one does not. The map of elevation is replaced by
    the mean of the training days, validation days are those of the downscaler, the network of the coarse record learns
    from fields interpolated to the fine grid, and the coarse field stands for the days before the first one drawn.

    Parameters
    ----------
    shape : tuple of int
        (latitude, longitude) of the fine grid.
    recipe : TiledRecipe
        Settings.

    References
    ----------
    Xiang, Y., et al. (2025). Spatiotemporal satellite image downscaling with transfer encoders and autoregressive
    generative models. arXiv:2512.05139, and its program.
    Ho, J., Jain, A., Abbeel, P. (2020). Denoising Diffusion Probabilistic Models. NeurIPS. Equation 7.
    Nichol, A., Dhariwal, P. (2021). Improved Denoising Diffusion Probabilistic Models. ICML. Equation 17.
    """

    def __init__(self, shape, recipe):
        self.shape, self.recipe = shape, recipe
        self.signal = signal_shares(recipe.levels)

    def fit(self, fine: np.ndarray, pair: Any, coarse: Any, seed: int) -> Self:
        """Learn both networks.

        Parameters
        ----------
        fine : array of shape (time, latitude, longitude)
            Fine fields without missing values.
        pair : FieldDays
            Coarse fields of the same days.
        coarse : FieldDays
            Coarse fields of all days of the coarse record.
        seed : int
            Seed of the networks and of the noise.
        """
        from ..training.seeds import seeded

        training = pair.part == TRAINING
        self.fine_range = np.array([fine[training].min(), fine[training].max()])
        self.coarse_range = np.array([pair.fields[training].min(), pair.fields[training].max()])
        self.maps = self._constant_maps(fine[training])
        with seeded(seed):
            self._fit_encoder(coarse)
            self._fit_denoiser(scaled(fine, self.fine_range), pair, seed)
        return self

    def draw(self, pair: Any, rng: np.random.Generator) -> np.ndarray:
        """Fields of one member, shape (time, latitude, longitude).

        Parameters
        ----------
        pair : FieldDays
            Coarse fields of the days.
        rng : numpy.random.Generator
            Source of randomness.
        """
        recipe = self.recipe
        corners = tile_corners(self.shape, recipe.tile, recipe.stride)
        coarse = scaled(pair.fields, self.coarse_range).astype(np.float32)
        fields = np.empty((len(coarse), *self.shape), np.float32)
        for day in range(len(coarse)):
            if day == 0 or pair.segment[day] != pair.segment[day - 1]:
                past = np.repeat(coarse[day][None], recipe.past, axis=0)
            tiles = self._draw_tiles(past, coarse[day], pair.season[day], corners, rng)
            fields[day] = blend(tiles, corners, self.shape, halo=recipe.halo)
            past = np.concatenate([past[1:], fields[day][None]])
        low, high = self.fine_range
        return low + (high - low) * fields

    def save(self, folder: str | PathLike, name: str) -> None:
        """Write the networks and the scales."""
        self.encoder.save(Path(folder) / f"tiles_encoder_{name}.keras")
        self.denoiser.save(Path(folder) / f"tiles_denoiser_{name}.keras")
        constants = {key: getattr(self, key) for key in ("fine_range", "coarse_range", "maps")}
        np.savez(Path(folder) / f"tiles_{name}.npz", **constants)

    def load(self, folder: str | PathLike, name: str) -> Self:
        """Read what `save` wrote."""
        import keras

        self.encoder = keras.saving.load_model(Path(folder) / f"tiles_encoder_{name}.keras")
        self.denoiser = keras.saving.load_model(Path(folder) / f"tiles_denoiser_{name}.keras")
        for key, value in read_arrays(Path(folder) / f"tiles_{name}.npz").items():
            setattr(self, key, value)
        return self

    def _constant_maps(self, fine):
        """Mean field and coordinates from 0 to 1, shape (latitude, longitude, 3)."""
        mean = scaled(fine.mean(axis=0), self.fine_range)
        rows, columns = np.meshgrid(*(np.linspace(0, 1, n) for n in self.shape), indexing="ij")
        return np.stack([mean, rows, columns], axis=-1).astype(np.float32)

    def _fit_encoder(self, coarse):
        """Network from the past days of the coarse record to its next day; its deepest maps, enlarged, are kept."""
        import keras

        from ..models.unet import unet

        recipe = self.recipe
        fields = scaled(coarse.fields, self.coarse_range).astype(np.float32)
        network = unet(
            (recipe.tile, recipe.tile, recipe.past), filters=recipe.encoder_filters, attention=True
        )
        network.compile(keras.optimizers.Adam(recipe.encoder_learning_rate), "mae")

        def batch(days, places, rng):
            x = past_days(fields, days, recipe.past, places, recipe.tile)
            return x, cut_at(fields, days, places, recipe.tile)

        self._train(
            network, batch, coarse, recipe.encoder_batch, recipe.encoder_epochs, recipe.encoder_patience
        )
        deepest = network.get_layer(DEEPEST).output
        factor = recipe.tile // deepest.shape[1]
        enlarged = keras.layers.UpSampling2D(factor, interpolation="bilinear")(deepest)
        self.encoder = keras.Model(network.input, enlarged, name="tile_encoder")
        self.encoder.trainable = False

    def _fit_denoiser(self, fine, pair, seed):
        """Network from noisy tiles and their conditions to the tiles without noise."""
        import keras
        from keras import layers

        from ..models.unet import unet

        recipe, tile = self.recipe, self.recipe.tile
        fine, coarse = fine.astype(np.float32), scaled(pair.fields, self.coarse_range).astype(np.float32)
        past = keras.Input((tile, tile, recipe.past), name="past")
        known = keras.Input((tile, tile, 2 + self.maps.shape[-1] + 1), name="noisy_and_condition")
        level = keras.Input((1,), name="noise_angle")
        channels = self.encoder.output_shape[-1] + known.shape[-1]
        self.denoiser = unet(
            (tile, tile, channels),
            filters=recipe.filters,
            attention=True,
            noise_level=True,
            activation="sigmoid",
        )
        fields = layers.Concatenate()([self.encoder(past), known])
        network = keras.Model([past, known, level], self.denoiser([fields, level]))
        optimizer = keras.optimizers.Adam(recipe.learning_rate, global_clipnorm=recipe.clip)
        network.compile(optimizer, "mse")

        def batch(days, places, rng):
            clean = cut_at(fine, days, places, tile)
            at = rng.integers(0, recipe.levels, len(days))
            share = self.signal[at][:, None, None]
            noisy = np.sqrt(share) * clean + np.sqrt(1 - share) * rng.standard_normal(clean.shape)
            condition = self._conditions(coarse, pair.season, days, places)
            inputs = [noisy[..., None], condition]
            x = past_days(fine, days, recipe.past, places, tile)
            return (x, np.concatenate(inputs, -1, dtype=np.float32), self._angle(at)), clean

        self._train(network, batch, pair, recipe.batch, recipe.epochs, recipe.patience, seed)

    def _train(self, network, make, days, size, epochs, patience, seed=0):
        """Train with batches of tiles of the training days; stop by those of the validation days, if there are any."""
        import keras

        corners = tile_corners(self.shape, self.recipe.tile, self.recipe.training_stride)
        training, validation = (
            _batches(make, self._targets(days, part), corners, size, seed) for part in (TRAINING, VALIDATION)
        )
        watched = "loss" if validation is None else "val_loss"
        stop = keras.callbacks.EarlyStopping(watched, patience=patience, restore_best_weights=True)
        slower = keras.callbacks.ReduceLROnPlateau(watched, factor=0.1, patience=patience // 2, min_lr=1e-6)
        network.fit(training, validation_data=validation, epochs=epochs, callbacks=[stop, slower], verbose=0)

    def _targets(self, days, part):
        """Days of a part that follow enough consecutive days."""
        at = np.arange(len(days.segment))
        new = np.concatenate([[True], np.diff(days.segment) != 0])
        since = at - np.maximum.accumulate(np.where(new, at, 0))
        found = np.flatnonzero((days.part == part) & (since >= self.recipe.past))
        if part == TRAINING and not len(found):
            raise DscTfError(
                f"recipe: no training day follows {self.recipe.past} consecutive days. Choose the recipe {STANDARD}."
            )
        return found

    def _draw_tiles(self, past, coarse, season, corners, rng):
        """Tiles of one day, shape (tile, row, column): from noise to data by the noise levels of drawing."""
        recipe, tile = self.recipe, self.recipe.tile
        days = np.zeros(len(corners), int)
        condition = self._conditions(coarse[None], np.array([season]), days, corners)
        features = self.encoder.predict_on_batch(np.moveaxis(cut(past, corners, tile), 0, -1))
        x = rng.standard_normal((len(corners), tile, tile))
        for now, before in drawing_levels(recipe.levels, recipe.steps):
            inputs = [features, x[..., None], condition]
            fields = np.concatenate(inputs, -1, dtype=np.float32)
            clean = self.denoiser.predict_on_batch([fields, self._angle(np.full(len(x), now))])
            x = previous_level(x, clean, self._share(now), self._share(before), rng)
        return x

    def _share(self, level):
        return 1.0 if level < 0 else self.signal[level]

    def _angle(self, level):
        return (np.pi * level / self.recipe.levels)[:, None].astype(np.float32)

    def _conditions(self, coarse, season, days, places):
        """Coarse field, constant maps and season of tiles, shape (tile, row, column, channel)."""
        tile = self.recipe.tile
        maps = np.stack([self.maps[r : r + tile, c : c + tile] for r, c in places])
        seasons = np.broadcast_to(season[days][:, None, None, None], (len(days), tile, tile, 1))
        return np.concatenate([cut_at(coarse, days, places, tile)[..., None], maps, seasons], -1)


@dataclass(frozen=True)
class FieldDays:
    """Coarse fields of some days on the fine grid.

    Parameters
    ----------
    fields : array of shape (time, latitude, longitude)
        Interpolated values.
    season : array of shape (time,)
        Share of the year, 0 to 1.
    segment : array of int, shape (time,)
        Segment of each day: days of one segment are consecutive.
    part : array of int, shape (time,), default=None
        Part of each day, as of `split_days`; not needed for drawing.
    """

    fields: np.ndarray
    season: np.ndarray
    segment: np.ndarray
    part: np.ndarray | None = None


def scaled(values: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Values as a share of a range."""
    return (values - limits[0]) / max(limits[1] - limits[0], 1e-300)


def cut_at(
    fields: np.ndarray, days: Sequence[int], places: Sequence[tuple[int, int]], tile: int
) -> np.ndarray:
    """One tile of each of some days, shape (sample, row, column).

    Parameters
    ----------
    fields : array of shape (time, latitude, longitude)
        Fields.
    days : array of int, shape (sample,)
        Positions of the days.
    places : array of int, shape (sample, 2)
        First row and column of each tile.
    tile : int
        Rows and columns of a tile.
    """
    return np.stack([fields[d, r : r + tile, c : c + tile] for d, (r, c) in zip(days, places, strict=True)])


def past_days(
    fields: np.ndarray, days: Sequence[int], past: int, places: Sequence[tuple[int, int]], tile: int
) -> np.ndarray:
    """Tiles of the days before each of some days, the last one last, shape (sample, row, column, day)."""
    tiles = [fields[d - past : d, r : r + tile, c : c + tile] for d, (r, c) in zip(days, places, strict=True)]
    return np.moveaxis(np.stack(tiles), 1, -1)


def signal_shares(levels: int) -> np.ndarray:
    """Share of the variance that is signal at each noise level: the squared cosine schedule.

    Parameters
    ----------
    levels : int
        Number of noise levels.

    Returns
    -------
    array of shape (level,)
        Falling from nearly 1 to nearly 0.

    Examples
    --------
    >>> signal_shares(2000)[[0, 1000, 1999]].round(3)
    array([1.   , 0.493, 0.   ])
    """
    at = np.cos((np.arange(levels + 1) / levels + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2
    return np.cumprod(1 - np.minimum(1 - at[1:] / at[:-1], MAX_BETA))


def drawing_levels(levels: int, steps: int) -> list[tuple[int, int]]:
    """Pairs of noise levels from which and to which each step of drawing goes; the last one goes to -1, no noise."""
    stride = levels // steps
    return [(now, now - stride) for now in range((steps - 1) * stride, -1, -stride)]


def previous_level(
    x: np.ndarray, clean: np.ndarray, share: float, previous: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw the data at the previous noise level from those at the present one and the estimate without noise.

    Parameters
    ----------
    x : array
        Noisy data.
    clean : array
        Estimate of the data without noise, of the shape of `x`.
    share, previous : float
        Share of the variance that is signal now and at the previous level.
    rng : numpy.random.Generator
        Source of randomness.
    """
    kept = share / previous
    mean = (np.sqrt(previous) * (1 - kept) * clean + np.sqrt(kept) * (1 - previous) * x) / (1 - share)
    return mean + np.sqrt((1 - previous) / (1 - share) * (1 - kept)) * rng.standard_normal(x.shape)


def _batches(make, days, corners, size, seed=0):
    """Batches of the tiles of some days in random order, with new noise in each pass; None for no days."""
    if not len(days):
        return None
    import keras

    class Tiles(keras.utils.PyDataset):
        def __init__(self):
            super().__init__()
            self.rng = np.random.default_rng(seed)
            self.on_epoch_end()

        def __len__(self):
            return -(-len(self.order) // size)

        def __getitem__(self, at):
            day, place = np.divmod(self.order[at * size : (at + 1) * size], len(corners))
            return make(days[day], corners[place], self.rng)

        def on_epoch_end(self) -> None:
            self.order = self.rng.permutation(len(days) * len(corners))

    return Tiles()
