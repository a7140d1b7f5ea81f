"""A diffusion model of the innovations of the remainder, in the space of its leading patterns."""

from pathlib import Path

import numpy as np

from ..stored import read_arrays
from .encoders import ReducedFeatures
from .pairs import TRAINING, previous_days

PATTERNS = 60  # leading patterns that the network draws; the others are Gaussian
CONDITION = 30  # components of the regression that the network is given
FEATURES = 16  # components of the features of an encoder, if there is one
NOISE_MEAN, NOISE_SPREAD = -0.8, 1.2  # of the logarithm of the standard deviation of the noise in training
LOW, HIGH, STEPS, RHO = 0.02, 30.0, 18, 7.0  # noise levels of the sampler
REPEATS = 8  # noisings of each day in an epoch
FIXED = 16  # noisings of each validation day
EPOCHS, PATIENCE, BATCH = 40, 4, 128
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 0.05


class DiffusionInnovations:
    """Draws the innovations of the leading components of the remainder, given the regression of the day.

    The components are autoregressive as in `DrawnRemainder`, so that persistence is the same; the shape of the
    distribution of their innovations, and how it depends on the day, come from a network.

    Parameters
    ----------
    model : FieldModel
        Regression and remainder of the variable.
    """

    def __init__(self, model):
        self.count = min(PATTERNS, len(model.remainder.deviations))
        self.reduced = None

    def fit(self, predicted, scaled, model, days, part, seed):
        """Learn from training days, and stop by fixed noisings of the validation days.

        Parameters
        ----------
        predicted, scaled : array of shape (time, known cell)
            Anomalies that the regression predicts out of fold, and the remainder (of amounts, over its spread).
        model : FieldModel
            Its patterns are used.
        days : Days
            Segments and features.
        part : array of int, shape (time,)
            Part of each day.
        seed : int
            Seed of the network and of the noise.
        """
        import keras

        from ..models.denoiser import denoiser
        from ..training.seeds import seeded

        training = part == TRAINING
        z = innovations(scaled, model.remainder, days.segment)[:, : self.count]
        self._learn_condition(predicted[training], None if days.features is None else days.features[training])
        condition = self._condition(predicted, days.features)
        rng = np.random.default_rng(seed)
        with seeded(seed):
            self.network = denoiser(self.count, condition.shape[1])
            steps = EPOCHS * -(-int(training.sum()) * REPEATS // BATCH)
            rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
            self.network.compile(keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY), "mse")
            held = noisings(z[~training], condition[~training], FIXED, rng)
            data = _training_batches(z[training], condition[training], rng)
            stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
            self.history = self.network.fit(
                data, validation_data=held, epochs=EPOCHS, callbacks=[stop], verbose=0
            ).history
        return self

    def draw(self, predicted, rng, features=None):
        """Innovations of one member for each day, shape (time, pattern): Heun's method from noise to data.

        Parameters
        ----------
        predicted : array of shape (time, known cell)
            Anomalies that the regression predicts.
        rng : numpy.random.Generator
            Source of randomness.
        features : array of shape (time, ..., feature), default=None
            Features of an encoder, if the network was trained with one.
        """
        condition = self._condition(predicted, features)
        levels = np.linspace(HIGH ** (1 / RHO), LOW ** (1 / RHO), STEPS) ** RHO
        x = rng.standard_normal((len(predicted), self.count)) * levels[0]
        for level, following in zip(levels, [*levels[1:], 0.0], strict=True):
            slope = (x - self._denoise(x, level, condition)) / level
            ahead = x + (following - level) * slope
            if following > 0:
                other = (ahead - self._denoise(ahead, following, condition)) / following
                ahead = x + (following - level) * (slope + other) / 2
            x = ahead
        return x

    def save(self, folder, name):
        """Write the network and the constants of the condition."""
        self.network.save(Path(folder) / f"diffusion_{name}.keras")
        np.savez(Path(folder) / f"diffusion_{name}.npz", **self._constants())

    def load(self, folder, name):
        """Read what `save` wrote."""
        import keras

        self.network = keras.saving.load_model(Path(folder) / f"diffusion_{name}.keras")
        arrays = read_arrays(Path(folder) / f"diffusion_{name}.npz")
        if "feature_mean" in arrays:
            self.reduced = ReducedFeatures(arrays.pop("feature_mean"), arrays.pop("feature_patterns"))
        for key, value in arrays.items():
            setattr(self, key, value)
        return self

    def _constants(self):
        names = ("patterns", "deviations", "spread_mean", "spread_deviation")
        constants = {name: getattr(self, name) for name in names}
        if self.reduced is not None:
            constants |= {"feature_mean": self.reduced.mean, "feature_patterns": self.reduced.patterns}
        return constants

    def _learn_condition(self, predicted, features=None):
        from .anomalies import leading_patterns

        self.patterns = leading_patterns(predicted, 1.0)[:CONDITION]
        self.deviations = np.maximum((predicted @ self.patterns.T).std(axis=0), 1e-12)
        spread = predicted.std(axis=1)
        self.spread_mean, self.spread_deviation = spread.mean(), max(spread.std(), 1e-12)
        if features is not None:
            self.reduced = ReducedFeatures.fit(features.reshape(len(features), -1), FEATURES)

    def _condition(self, predicted, features=None):
        """Components of the regression, its spatial standard deviation, and features, all of unit variance."""
        components = predicted @ self.patterns.T / self.deviations
        spread = (predicted.std(axis=1) - self.spread_mean) / self.spread_deviation
        parts = [components, spread[:, None]]
        if self.reduced is not None:
            parts.append(self.reduced(features.reshape(len(features), -1)))
        return np.concatenate(parts, axis=1)

    def _denoise(self, noisy, level, condition):
        """Return the expected data behind noisy data."""
        total = level**2 + 1
        embedded = np.full((len(noisy), 1), np.log(level) / 4, np.float32)
        arrays = [(noisy / np.sqrt(total)).astype(np.float32), condition.astype(np.float32), embedded]
        estimated = np.asarray(self.network(arrays, training=False), np.float64)
        return noisy / total + level / np.sqrt(total) * estimated


def innovations(remainder, drawn, segment):
    """Standardised innovations of the components of remainders, shape (time, component).

    Parameters
    ----------
    remainder : array of shape (time, cell)
        Remainders.
    drawn : DrawnRemainder
        Patterns, variances and persistence.
    segment : array of int, shape (time,)
        Segment of each day; the first day of a segment has no day before it.
    """
    z = remainder @ drawn.patterns.T / np.maximum(drawn.deviations, 1e-300)
    before = previous_days(segment)
    first = (before == np.arange(len(z)))[:, None]
    return np.where(first, z, (z - drawn.persistence * z[before]) / np.sqrt(1 - drawn.persistence**2))


def noisings(z, condition, repeats, rng):
    """Return inputs and targets of the network for data with noise of random levels.

    Parameters
    ----------
    z : array of shape (sample, component)
        Data of about unit variance.
    condition : array of shape (sample, feature)
        Conditions.
    repeats : int
        Noisings of each sample.
    rng : numpy.random.Generator
        Source of randomness.
    """
    z, condition = np.tile(z, (repeats, 1)), np.tile(condition, (repeats, 1))
    level = np.exp(NOISE_MEAN + NOISE_SPREAD * rng.standard_normal((len(z), 1)))
    noisy, total = z + level * rng.standard_normal(z.shape), level**2 + 1
    target = (z - noisy / total) * np.sqrt(total) / level
    inputs = (noisy / np.sqrt(total), condition, np.log(level) / 4)
    return tuple(each.astype(np.float32) for each in inputs), target.astype(np.float32)


def _training_batches(z, condition, rng):
    """Training batches with new noise in each epoch."""
    import keras

    class Noisings(keras.utils.PyDataset):
        def __init__(self):
            super().__init__()
            self.on_epoch_end()

        def __len__(self):
            return -(-len(self.order) // BATCH)

        def __getitem__(self, at):
            chosen = self.order[at * BATCH : (at + 1) * BATCH]
            return tuple(each[chosen] for each in self.inputs), self.targets[chosen]

        def on_epoch_end(self):
            self.inputs, self.targets = noisings(z, condition, REPEATS, rng)
            self.order = rng.permutation(len(self.targets))

    return Noisings()
