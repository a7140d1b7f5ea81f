"""Two overlapping crops of series, drawn at random, in a few padded lengths."""

import keras
import numpy as np

RATIO = 1.25  # between one padded length and the next


class Crops(keras.utils.PyDataset):
    """Batches of two views for `ContrastiveModel`; batch i since the start depends on the seed and i alone.

    A batch has one overlap length and, for each of its series, an own place. View 1 begins before the overlap and ends
    with it; view 2 begins with it and goes on. Views come padded, at the end, to one of a few lengths, so that compiled
    graphs are used again.

    Parameters
    ----------
    series : list of array of shape (time, ...)
        Gap-free stretches, of any lengths; missing values are NaN.
    window : int, default=None
        Longest stretch that a sample is cropped from, at a random place; a series gives as many samples a pass as
        windows fit into it. None takes every series whole.
    batch_size : int, default=8
        Samples a batch.
    steps : int, default=1
        Batches an epoch.
    temporal_unit : int, default=0
        Overlaps have at least 2 ** (temporal_unit + 1) steps.
    regions : array of int, shape (series,), default=None
        Region that each series is of; all alike by default.
    starts : array of int, shape (series,), default=None
        Time of each series' first step, in steps; 0 by default.
    seed : int, default=0
        Seed.

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
        first, first_inside = self._view(chosen, places + a1, b1 - a1, lengths[0])
        second, second_inside = self._view(chosen, places + a2, b2 - a2, lengths[1])
        size = len(chosen)
        return (
            {
                "first": first,
                "first_inside": first_inside,
                "second": second,
                "second_inside": second_inside,
                "overlap": np.tile(_inside(b1 - a2, lengths[2]), (size, 1)),
                "offset": np.full(size, a2 - a1, np.int32),
                "second_offset": np.zeros(size, np.int32),
                "place": (self.starts[chosen] + places).astype(np.int32),
                "region": self.regions[chosen],
            },
        )

    def _chosen(self, step):
        """Series of a batch: pass after pass in a new order, whole batches only."""
        a_pass, batch = divmod(step, len(self._samples) // self.batch_size)
        order = np.random.default_rng([self.seed, a_pass, 0]).permutation(self._samples)
        return order[batch * self.batch_size : (batch + 1) * self.batch_size]

    def _places(self, random, chosen, longest, a1, b2):
        """Where in its series each sample's crop frame begins, its own shift included."""
        room = np.array([len(self.series[i]) - longest for i in chosen])
        shared = len({len(s) for s in self.series}) == 1
        if shared:  # series of one length: one window of time for the batch, as in the authors' program
            begin = np.full(len(chosen), random.integers(0, room[0] + 1))
        else:
            begin = random.integers(0, room + 1)
        return begin + random.integers(-a1, longest - b2 + 1, size=len(chosen))

    def _padded(self, step, lengths, longest):
        padded = [padded_length(n, longest) for n in lengths]
        if step == 1:  # Keras takes an axis for free only if its length differs between the first two batches
            before = self._batch(0)[0]
            known = [before[name].shape[1] for name in ("first", "second", "overlap")]
            padded = [n + (n == other) for n, other in zip(padded, known, strict=True)]
        return padded

    def _view(self, chosen, begin, length, padded):
        fields = self.series[0].shape[1:]
        view = np.zeros((len(chosen), padded, *fields), np.float32)
        for row, (i, at) in enumerate(zip(chosen, begin, strict=True)):
            view[row, :length] = self.series[i][at : at + length]
        return view, np.tile(_inside(length, padded), (len(chosen), 1))


def draw_crops(random, steps, temporal_unit=0):
    """Bounds of two crops of a frame of `steps`.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of chance.
    steps : int
        Length of the frame.
    temporal_unit : int, default=0
        The overlap has at least 2 ** (temporal_unit + 1) steps, or all.

    Returns
    -------
    tuple of int
        a1 <= a2 < b1 <= b2: the views are [a1, b1) and [a2, b2), their overlap [a2, b1).
    """
    least = min(2 ** (temporal_unit + 1), steps)
    overlap = random.integers(least, steps + 1)
    a2 = random.integers(0, steps - overlap + 1)
    b1 = a2 + overlap
    return int(random.integers(0, a2 + 1)), int(a2), int(b1), int(random.integers(b1, steps + 1))


def padded_length(length, longest):
    """The least of a few lengths, growing by a quarter each, that holds `length`; `longest` is the last."""
    padded = longest
    while padded / RATIO >= length and padded > 1:
        padded = int(padded / RATIO)
    return max(padded, length)


def _inside(length, padded):
    return (np.arange(padded) < length).astype(np.float32)


def an_epoch(steps, most):
    """Batches of an epoch, at most so many: as many epochs as that takes, all of one length."""
    return -(-steps // -(-steps // most))
