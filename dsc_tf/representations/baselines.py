"""Baselines: weather SimCLR (the positive is the field a random lag later) and masked reconstruction."""

from typing import Any

import keras
import numpy as np
from keras import ops

from .losses import ContrastiveLossConfig

SIMCLR = ContrastiveLossConfig(alpha=1.0, normalise=True, temperature=0.1)
MAX_LAG = 8  # steps


class TimeShifts(keras.utils.PyDataset):
    """Batches of windows and of the same windows a few steps later, for `ContrastiveModel`.

    Only the last steps of the windows are compared. The probability of a lag decreases linearly from 1 to 8 steps.

    Parameters
    ----------
    series : list of array of shape (time, ...)
        Gap-free segments.
    window : int
        Number of steps of a window.
    batch_size : int, default=8
        Number of windows in a batch.
    steps : int, default=1
        Number of batches in an epoch.
    seed : int, default=0
        Seed of the random windows and lags.

    References
    ----------
    Wang, Li and Lv (2022), doi 10.1029/2022GL099131.
    """

    def __init__(self, series, *, window, batch_size=8, steps=1, seed=0):
        super().__init__()
        self.series: Any = [s for s in series if len(s) >= 2]
        self.window = min(window, min(len(s) for s in self.series) - 1)
        self.batch_size = batch_size
        self.steps = steps
        self.seed = seed
        self.epoch = 0

    def __len__(self):
        return self.steps

    def clear(self):
        """Remove the references to the series after the last batch has been used, as `Batches.clear` does."""
        self.series = None

    def __getitem__(self, step):
        random = np.random.default_rng([self.seed, step + self.epoch * self.steps])
        lengths = np.array([len(s) for s in self.series])
        chosen = random.choice(len(lengths), self.batch_size, p=lengths / lengths.sum())
        falling = np.arange(MAX_LAG, 0, -1)
        gaps = 1 + random.choice(MAX_LAG, self.batch_size, p=falling / falling.sum())
        n_starts = lengths[chosen] - self.window
        gaps = np.minimum(gaps, n_starts)
        begins = random.integers(0, n_starts - gaps + 1)
        valid_mask = np.ones((self.batch_size, self.window), np.float32)
        batch = {
            name: np.stack(
                [self.series[i][at : at + self.window] for i, at in zip(chosen, places, strict=True)]
            )
            for name, places in (("first", begins), ("second", begins + gaps))
        }
        last = np.full(self.batch_size, self.window - 1, np.int32)
        return (
            batch
            | {
                "first_valid": valid_mask,
                "second_valid": valid_mask,
                "overlap": valid_mask[:, :1],
                "offset": last,
                "second_offset": last,
                "place": begins.astype(np.int32),
                "region": np.zeros(self.batch_size, np.int32),
            },
        )


class MaskedReconstruction(keras.Model):
    """Encodes windows with masked steps and reconstructs all of their fields.

    Parameters
    ----------
    encoder : keras.Model
        Model from {"series", "valid_mask"} to (series, time, feature) that masks steps in training.
    decoder : keras.Model
        Model from (series, time, feature) to fields.

    Notes
    -----
    Input: a batch of `Crops`, of which only the first view is used. Output: fields (series, time, latitude,
    longitude, variable).

    References
    ----------
    Man et al. (2023), W-MAE, arXiv 2304.08754; here whole steps are masked.
    """

    def __init__(self, encoder, decoder):
        super().__init__(name="masked_reconstruction")
        self.encoder = encoder
        self.decoder = decoder

    def call(self, inputs, training=False):
        seen = {"series": inputs["first"], "valid_mask": inputs["first_valid"]}
        return self.decoder(self.encoder(seen, training=training))

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        error = ops.mean(ops.square(ops.cast(y_pred, "float32") - x["first"]), axis=(2, 3, 4))
        return ops.sum(error * x["first_valid"]) / ops.maximum(ops.sum(x["first_valid"]), 1.0)
