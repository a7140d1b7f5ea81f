"""A U-Net that corrects the regression."""

from pathlib import Path

import numpy as np

from ..preprocessing.seasonal_cycle import year_phase
from ..stored import read_arrays
from .encoders import feature_maps, interpolated
from .pairs import TRAINING

EPOCHS, PATIENCE = 8, 2
BATCH = 32
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-4


class UNetCorrection:
    """What a convolutional network adds to the regression, in units of the standard deviation of the remainder.

    Its channels are the regression, the coarse anomalies interpolated to the fine grid, the features of an encoder if
    there is one, the coordinates, the season, and maps of the mean and of the standard deviations.

    Parameters
    ----------
    model : FieldModel
        Regression of the variable.
    shape : tuple of int
        (latitude, longitude) of the fine grid.
    interpolations : list of tuple of array
        For each coarse variable the matrices of the bilinear interpolation along latitude and longitude.
    """

    def __init__(self, model, shape, interpolations):
        self.known, self.shape, self.interpolations = model.known, shape, interpolations
        self.mean = model.cycle.coefficients[0]

    def fit(self, predicted, remainder, days, part, seed):
        """Learn from training days, and stop by the validation days.

        Parameters
        ----------
        predicted, remainder : array of shape (time, known cell)
            Anomalies that the regression predicts out of fold, and what it misses.
        days : Days
            Coarse fields and times.
        part : array of int, shape (time,)
            0 for training, 1 for validation days.
        seed : int
            Seed of the network.
        """
        import keras

        from ..models.unet import unet
        from ..training.seeds import seeded

        training = part == TRAINING
        self.scale = np.maximum(predicted[training].std(axis=0), 1e-12)
        self.deviation = np.maximum(remainder[training].std(axis=0), 1e-12)
        x, y = self._channels(predicted, days), self._on_grid(remainder / self.deviation)
        with seeded(seed):
            self.network = unet(x.shape[1:])
            steps = EPOCHS * -(-int(training.sum()) // BATCH)
            rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
            self.network.compile(keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY), "mse")
            stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
            self.history = self.network.fit(
                x[training],
                y[training],
                validation_data=(x[~training], y[~training]),
                batch_size=BATCH,
                epochs=EPOCHS,
                callbacks=[stop],
                verbose=0,
            ).history
        return self

    def __call__(self, predicted, days):
        """Correction of predicted anomalies, shape (time, known cell)."""
        fields = self.network.predict(self._channels(predicted, days), batch_size=256, verbose=0)
        return fields.reshape(len(fields), -1)[:, self.known].astype(np.float64) * self.deviation

    def save(self, folder, name):
        """Write the network and its scales."""
        self.network.save(Path(folder) / f"unet_{name}.keras")
        np.savez(Path(folder) / f"unet_{name}.npz", scale=self.scale, deviation=self.deviation)

    def load(self, folder, name):
        """Read what `save` wrote."""
        import keras

        self.network = keras.saving.load_model(Path(folder) / f"unet_{name}.keras")
        arrays = read_arrays(Path(folder) / f"unet_{name}.npz")
        self.scale, self.deviation = arrays["scale"], arrays["deviation"]
        return self

    def _channels(self, predicted, days):
        """Input of the network, shape (time, latitude, longitude, channel), float32."""
        count = len(predicted)
        channels = [self._on_grid(predicted / self.scale)]
        channels += interpolated(days.fields, self.interpolations)
        if days.features is not None:
            channels += feature_maps(days.features, self.shape)
        maps = [np.log(self.deviation), np.log(self.scale), self.mean]
        maps = [self._on_grid((m - m.mean()) / max(m.std(), 1e-12)) for m in maps]
        maps += np.meshgrid(*(np.linspace(-1, 1, n) for n in self.shape), indexing="ij")
        channels += [np.broadcast_to(each, (count, *self.shape)) for each in maps]
        phase = year_phase(days.time)
        channels += [np.broadcast_to(f(phase)[:, None, None], (count, *self.shape)) for f in (np.sin, np.cos)]
        return np.stack(channels, axis=-1).astype(np.float32)

    def _on_grid(self, values):
        """Values of known cells on the fine grid, 0 elsewhere."""
        fields = np.zeros((*values.shape[:-1], len(self.known)), np.float32)
        fields[..., self.known] = values
        return fields.reshape(*values.shape[:-1], *self.shape)


def linear_weights(centres, places):
    """Matrix of the linear interpolation along one axis, constant beyond the outermost centres.

    Parameters
    ----------
    centres : array of shape (coarse,)
        Coordinates of the coarse grid, in either direction.
    places : array of shape (fine,)
        Coordinates of the fine grid.

    Returns
    -------
    array of shape (fine, coarse)

    Examples
    --------
    >>> linear_weights([0.0, 2.0], [-1.0, 0.5, 2.0])
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.  , 1.  ]])
    """
    order = np.argsort(centres)
    unit = np.eye(len(order))[:, order]
    return np.stack([np.interp(places, np.asarray(centres)[order], row) for row in unit], axis=1)
