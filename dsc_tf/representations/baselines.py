"""The rivals: weather SimCLR (the field a random while later is the positive) and masked reconstruction."""

import keras
import numpy as np
from keras import ops

from .losses import Contrast

SIMCLR = Contrast(alpha=1.0, normalise=True, temperature=0.1)
MOST_GAP = 8  # steps


class TimeShifts(keras.utils.PyDataset):
    """Batches of windows and of the same windows a little later, for `ContrastiveModel`.

    Only the last steps are compared. The gap falls linearly in probability from 1 step to 8.

    Parameters
    ----------
    series : list of array of shape (time, ...)
        Gap-free stretches.
    window : int
        Steps of a window.
    batch_size : int, default=8
        Windows a batch.
    steps : int, default=1
        Batches an epoch.
    seed : int, default=0
        Seed.

    References
    ----------
    Wang, Li and Lv (2022), doi 10.1029/2022GL099131.
    """

    def __init__(self, series, *, window, batch_size=8, steps=1, seed=0):
        super().__init__()
        self.series = [s for s in series if len(s) >= 2]
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
        falling = np.arange(MOST_GAP, 0, -1)
        gaps = 1 + random.choice(MOST_GAP, self.batch_size, p=falling / falling.sum())
        room = lengths[chosen] - self.window
        gaps = np.minimum(gaps, room)
        begins = random.integers(0, room - gaps + 1)
        inside = np.ones((self.batch_size, self.window), np.float32)
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
                "first_inside": inside,
                "second_inside": inside,
                "overlap": inside[:, :1],
                "offset": last,
                "second_offset": last,
                "place": begins.astype(np.int32),
                "region": np.zeros(self.batch_size, np.int32),
            },
        )


class MaskedReconstruction(keras.Model):
    """Encodes windows of which steps are hidden, and draws all of their fields again.

    Parameters
    ----------
    encoder : keras.Model
        From {"series", "inside"} to (series, time, feature); hides steps while it trains.
    decoder : keras.Model
        From (series, time, feature) to fields.

    Call arguments
        A batch of `Crops`; the first view alone counts.

    Output shape
        Fields (series, time, latitude, longitude, variable).

    References
    ----------
    W-MAE (arXiv 2304.08754), here with whole steps hidden.
    """

    def __init__(self, encoder, decoder):
        super().__init__(name="masked_reconstruction")
        self.encoder = encoder
        self.decoder = decoder

    def call(self, inputs, training=False):
        seen = {"series": inputs["first"], "inside": inputs["first_inside"]}
        return self.decoder(self.encoder(seen, training=training))

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        error = ops.mean(ops.square(ops.cast(y_pred, "float32") - x["first"]), axis=(2, 3, 4))
        return ops.sum(error * x["first_inside"]) / ops.maximum(ops.sum(x["first_inside"]), 1.0)
