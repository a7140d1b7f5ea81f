"""Frozen encoders of coarse days, whose features are further inputs of the networks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .anomalies import leading_patterns
from .pairs import TRAINING, VALIDATION, previous_days

NEXT_DAY = "next_day"
CHANNELS = 8  # components that the features of an encoder are reduced to
PAST = 3  # days that the next-day network sees
EPOCHS, PATIENCE, BATCH = 4, 2, 32
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-4
DEEPEST = "deepest"  # layer of the U-Net whose maps are the features
FILE = "encoder.keras"


@dataclass(frozen=True)
class ReducedFeatures:
    """Leading components of features, of unit variance on the days learned from.

    Parameters
    ----------
    mean : array of shape (feature,)
        Mean of each feature.
    patterns : array of shape (component, feature)
        Divided by the standard deviation of each component.
    """

    mean: np.ndarray
    patterns: np.ndarray

    @classmethod
    def fit(cls, features, count=CHANNELS):
        """Learn from features of shape (..., feature)."""
        flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
        mean = flat.mean(axis=0)
        patterns = leading_patterns(flat - mean, 1.0)[:count]
        deviations = ((flat - mean) @ patterns.T).std(axis=0)
        return cls(mean, patterns / np.maximum(deviations, 1e-12)[:, None])

    def __call__(self, features):
        """Components, shape (..., component)."""
        return (features - self.mean) @ self.patterns.T


class NextDayEncoder:
    """U-Net that is trained to predict the coarse fields of the next day; its deepest maps describe a day.

    It is the first stage of a published transfer scheme, which takes 40 days of fields of the fine record; this one
    takes `PAST` days of the coarse record, which is the long one.

    Parameters
    ----------
    interpolations : list of tuple of array
        For each coarse variable the matrices of the bilinear interpolation along latitude and longitude.
    """

    def __init__(self, interpolations):
        self.interpolations = interpolations

    def fit(self, days, part, seed):
        """Learn from every coarse day but the validation and test days.

        Parameters
        ----------
        days : Days
            All days of the coarse record.
        part : array of int, shape (time,)
            0 for days to learn from, 1 for validation days, 2 for days that are not used.
        seed : int
            Seed of the network.
        """
        import keras

        from ..models.unet import unet
        from ..training.seeds import seeded

        x = self._channels(days)
        y = x[..., : len(self.interpolations)]
        training, validation = (days_with_a_next_one(days.segment, part, p) for p in (TRAINING, VALIDATION))
        with seeded(seed):
            network = unet(x.shape[1:], outputs=y.shape[-1])
            rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, EPOCHS * -(-len(training) // BATCH))
            network.compile(keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY), "mse")
            stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
            self.history = network.fit(
                x[training],
                y[training + 1],
                validation_data=(x[validation], y[validation + 1]),
                batch_size=BATCH,
                epochs=EPOCHS,
                callbacks=[stop],
                verbose=0,
            ).history
        self.network = keras.Model(network.input, network.get_layer(DEEPEST).output, name="next_day_encoder")
        return self

    def __call__(self, days):
        """Deepest maps of each day, shape (time, row, column, feature)."""
        return self.network.predict(self._channels(days), batch_size=256, verbose=0)

    def save(self, folder):
        """Write the network."""
        self.network.save(Path(folder) / FILE)

    def load(self, folder):
        """Read what `save` wrote."""
        import keras

        self.network = keras.saving.load_model(Path(folder) / FILE)
        return self

    def _channels(self, days):
        """Interpolated coarse anomalies of the day and of those before it, (time, latitude, longitude, channel)."""
        today = np.stack(interpolated(days.fields, self.interpolations), axis=-1).astype(np.float32)
        before, past = previous_days(days.segment), [today]
        for _ in range(PAST - 1):
            past.append(past[-1][before])
        return np.concatenate(past, axis=-1)


def days_with_a_next_one(segment, part, wanted):
    """Positions of the days of a part that are followed by a day of that part and of their segment.

    Parameters
    ----------
    segment, part : array of int, shape (time,)
        Segment and part of each day.
    wanted : int
        The part.
    """
    follows = (segment[1:] == segment[:-1]) & (part[1:] == wanted) & (part[:-1] == wanted)
    return np.flatnonzero(follows)


def interpolated(fields, interpolations):
    """Coarse variables on the fine grid, a list of arrays (time, latitude, longitude).

    Parameters
    ----------
    fields : array of shape (time, value)
        Coarse values of all variables and cells.
    interpolations : list of tuple of array
        Matrices of each variable along latitude and longitude.
    """
    maps, begin = [], 0
    for rows, columns in interpolations:
        end = begin + rows.shape[1] * columns.shape[1]
        coarse = fields[:, begin:end].reshape(len(fields), rows.shape[1], columns.shape[1])
        maps.append(rows @ coarse @ columns.T)
        begin = end
    return maps


def raw_features(days, encoder, datasets):
    """Features of each day before they are reduced, shape (time, feature) or (time, row, column, feature).

    Parameters
    ----------
    days : Days
        Days of `datasets`, in the same order.
    encoder : NextDayEncoder or object with `transform`
        The latter takes the list of datasets and returns an array (time, feature).
    datasets : list of xr.Dataset
        Coarse record.
    """
    if isinstance(encoder, NextDayEncoder):
        return encoder(days)
    return np.asarray(encoder.transform(datasets), np.float64)


def feature_maps(features, shape):
    """Features on the fine grid, a list of arrays (time, latitude, longitude).

    Parameters
    ----------
    features : array of shape (time, feature) or (time, row, column, feature)
        Features without a place are equal everywhere; maps are interpolated bilinearly.
    shape : tuple of int
        (latitude, longitude) of the fine grid.
    """
    from .unet import linear_weights

    if features.ndim == 2:
        return [np.broadcast_to(f[:, None, None], (len(f), *shape)) for f in features.T]
    rows, columns = (
        linear_weights((np.arange(n) + 0.5) / n, (np.arange(size) + 0.5) / size)
        for n, size in zip(features.shape[1:3], shape, strict=True)
    )
    return [rows @ features[..., i] @ columns.T for i in range(features.shape[-1])]
