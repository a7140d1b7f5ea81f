"""Pairs of random overlapping crops of series, padded to a small number of lengths."""

import math

import keras
import numpy as np

RATIO = 1.25  # ratio of consecutive padded lengths


class Crops(keras.utils.PyDataset):
    """Batches of two views for `ContrastiveModel`; batch number i depends only on the seed and on i.

    All series of a batch have the same overlap length, each at its own position. View 1 starts before the overlap and
    ends with it; view 2 starts with the overlap and ends after it. Views are padded at the end to one of a small number
    of lengths, so that compiled graphs can be reused.

    Parameters
    ----------
    series : list of array of shape (time, ...)
        Gap-free segments of any lengths; missing values are NaN.
    window : int, default=None
        Maximum length, at a random position, from which the crops are taken; in each pass a series contributes as
        many samples as such windows fit into it. None uses whole series.
    batch_size : int, default=8
        Number of samples in a batch.
    steps : int, default=1
        Number of batches in an epoch.
    temporal_unit : int, default=0
        The overlap has at least 2 ** (temporal_unit + 1) steps.
    regions : array of int, shape (series,), default=None
        Region of each series; None is one region.
    starts : array of int, shape (series,), default=None
        Time of the first step of each series, in steps; None is 0.
    seed : int, default=0
        Seed of the crops.

    References
    ----------
    Yue et al. (2022), section 3.2.
    """

    def __init__(
        self,
        series,
        *,
        window=None,
        batch_size=8,
        steps=1,
        temporal_unit=0,
        regions=None,
        starts=None,
        seed=0,
    ):
        super().__init__()
        self.series = series
        self.window = window or max(map(len, series))
        self.steps = steps
        self.temporal_unit = temporal_unit
        self.regions = np.zeros(len(series), np.int32) if regions is None else np.asarray(regions, np.int32)
        self.starts = np.zeros(len(series), np.int32) if starts is None else np.asarray(starts, np.int32)
        self.seed = seed
        self.epoch = 0
        self._samples = np.repeat(np.arange(len(series)), [max(1, len(s) // self.window) for s in series])
        self.batch_size = min(batch_size, len(self._samples))

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        return self._batch(step + self.epoch * self.steps)

    def clear(self):
        """Remove the references to the series after the last batch has been used, as `Batches.clear` does."""
        self.series = None

    def _batch(self, step):
        """Batch `step`, counted from the start of training."""
        random = np.random.default_rng([self.seed, step])
        chosen = self._chosen(step)
        longest = min(self.window, min(len(self.series[i]) for i in chosen))
        a1, a2, b1, b2 = draw_crops(random, longest, self.temporal_unit)
        places = self._places(random, chosen, longest, a1, b2)
        lengths = self._padded(step, (b1 - a1, b2 - a2, b1 - a2), longest)
        first, first_mask = self._view(chosen, places + a1, b1 - a1, lengths[0])
        second, second_mask = self._view(chosen, places + a2, b2 - a2, lengths[1])
        size = len(chosen)
        return (
            {
                "first": first,
                "first_valid": first_mask,
                "second": second,
                "second_valid": second_mask,
                "overlap": np.tile(_valid_mask(b1 - a2, lengths[2]), (size, 1)),
                "offset": np.full(size, a2 - a1, np.int32),
                "second_offset": np.zeros(size, np.int32),
                "place": (self.starts[chosen] + places).astype(np.int32),
                "region": self.regions[chosen],
            },
        )

    def _chosen(self, step):
        """Series of a batch: each pass in a new random order, complete batches only."""
        a_pass, batch = divmod(step, len(self._samples) // self.batch_size)
        order = np.random.default_rng([self.seed, a_pass, 0]).permutation(self._samples)
        return order[batch * self.batch_size : (batch + 1) * self.batch_size]

    def _places(self, random, chosen, longest, a1, b2):
        """Position in its series at which the crop frame of each sample begins, including a shift of its own."""
        n_positions = np.array([len(self.series[i]) - longest for i in chosen])
        shared = len({len(s) for s in self.series}) == 1
        if shared:  # series of equal length: one window for the whole batch, as in the authors' program
            begin = np.full(len(chosen), random.integers(0, n_positions[0] + 1))
        else:
            begin = random.integers(0, n_positions + 1)
        return begin + random.integers(-a1, longest - b2 + 1, size=len(chosen))

    def _padded(self, step, lengths, longest):
        padded = [padded_length(n, longest) for n in lengths]
        if (
            step == 1
        ):  # Keras treats an axis as variable only if its length differs between the first two batches
            before = self._batch(0)[0]
            known = [before[name].shape[1] for name in ("first", "second", "overlap")]
            padded = [n + (n == other) for n, other in zip(padded, known, strict=True)]
        return padded

    def _view(self, chosen, begin, length, padded):
        fields = self.series[0].shape[1:]
        view = np.zeros((len(chosen), padded, *fields), np.float32)
        for row, (i, at) in enumerate(zip(chosen, begin, strict=True)):
            view[row, :length] = self.series[i][at : at + length]
        return view, np.tile(_valid_mask(length, padded), (len(chosen), 1))


def draw_crops(random, steps, temporal_unit=0):
    """Bounds of two crops of a frame of `steps`.

    Parameters
    ----------
    random : numpy.random.Generator
        Random number generator.
    steps : int
        Number of steps of the frame.
    temporal_unit : int, default=0
        The overlap has at least 2 ** (temporal_unit + 1) steps, or all steps of a shorter frame.

    Returns
    -------
    tuple of int
        a1 <= a2 < b1 <= b2: the views are [a1, b1) and [a2, b2), their overlap [a2, b1).
    """
    minimum = min(2 ** (temporal_unit + 1), steps)
    overlap = random.integers(minimum, steps + 1)
    a2 = random.integers(0, steps - overlap + 1)
    b1 = a2 + overlap
    return int(random.integers(0, a2 + 1)), int(a2), int(b1), int(random.integers(b1, steps + 1))


def padded_length(length, longest):
    """Smallest of a geometric sequence of lengths up to `longest` that is at least `length`."""
    padded = longest
    while padded / RATIO >= length and padded > 1:
        padded = int(padded / RATIO)
    return max(padded, length)


def _valid_mask(length, padded):
    return (np.arange(padded) < length).astype(np.float32)


def steps_per_epoch(steps, maximum):
    """Return the number of batches of an epoch, at most `maximum`, such that all epochs have the same length."""
    epochs = math.ceil(steps / maximum)
    return math.ceil(steps / epochs)
