"""Drought of single places, some months ahead, from representations of their own past."""

import numpy as np
from sklearn.decomposition import PCA

from ..datasets.pdsi import drought
from ..errors import DscTfError
from .encoders import joined, settings_of
from .probes import Split, shifted, time_blocks
from .probes.classify import boosted_events, logistic_events
from .tasks import MONTHS, told

ENCODERS = ("untrained", "ts2vec", "dep_ts2vec", "variogram", "variogram_hard")
CONTEXT = 120  # months that a representation sees before its own
RECENT = 24  # months of raw data
COMPONENTS = 32
LONGEST = 300  # months of a series to learn from


def probe_divisions(
    pdsi, seeds, encoders=ENCODERS, *, threshold=-2.0, every=4, steps=200, gap=24, follow=None
):
    """ROC AUC of drought at 1, 3, 6 and 12 months, by a logistic head and by boosted trees.

    Parameters
    ----------
    pdsi : xr.DataArray
        Over (time, division), as `open_divisions` returns it.
    seeds : sequence of int
        Seeds of the encoders.
    encoders : sequence of str, default=ENCODERS
        Names.
    threshold : float, default=-2.0
        Drought lies below it.
    every : int, default=4
        Every so many divisions are used; neighbours are alike.
    steps : int, default=200
        Batches to learn from.
    gap : int, default=24
        Months between two blocks of time.
    follow : callable, default=None
        Told each list of rows.

    Returns
    -------
    list of dict
        task, encoder, seed, measure, value. "raw" are the last 24 months, "pca" 32 components of the last 121.

    Raises
    ------
    DscTfError
        If the record is too short.
    """
    values = pdsi.values[:, ::every].astype(np.float32)
    split = time_blocks(len(values), gap=gap)
    split = Split(split.train[CONTEXT:], *split[1:])  # all that is compared has seen as much of the past
    if len(split.train) < CONTEXT:
        raise DscTfError(f"data: {len(values)} months. Give at least {5 * CONTEXT}.")
    events = drought(pdsi[:, ::every], threshold).values
    past = values[: split.train[-1] + 1]
    scaled = (values - np.nanmean(past)) / np.nanstd(past)
    history = _history(np.nan_to_num(scaled), CONTEXT)
    raw = history[:, :, :RECENT]

    def shown():
        yield "raw", seeds[0], raw
        yield "pca", seeds[0], _components(history, split)
        for name in encoders:
            for seed in seeds:
                z = _components(_encode(name, scaled, split, seed, steps), split)
                yield name, seed, z
                yield f"{name} + raw", seed, joined(z, raw)

    rows = []
    for name, seed, features in shown():
        measured = _measure(features, events, split, seed)
        rows += told(follow, "drought", name, seed, measured)
    return rows


def _history(values, context):
    """Return the last months of each place, the latest first, shape (time, place, month); before the record 0."""
    padded = np.pad(values, ((context, 0), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, context + 1, axis=0)
    return windows[..., ::-1]


def _encode(name, scaled, split, seed, steps):
    """Representation of every month of every place, shape (time, place, feature)."""
    from ..representations import TS2Vec

    series = scaled.T[:, :, None]
    settings = {"steps": steps} | settings_of(name)
    model = TS2Vec(64, depth=6, max_train_length=LONGEST, random_state=seed, **settings)
    model.fit(series[:, : split.train[-1] + 1])
    latent = model.encode(series, causal=True, sliding_length=1, sliding_padding=CONTEXT)
    return np.moveaxis(latent, 0, 1)


def _components(features, split):
    flat = features.reshape(-1, features.shape[2])
    learned = features[split.train].reshape(-1, features.shape[2])
    pca = PCA(min(COMPONENTS, features.shape[2]), random_state=0).fit(learned)
    return pca.transform(flat).reshape(*features.shape[:2], -1)


def _measure(features, events, split, seed):
    places = events.shape[1]
    rows = features.reshape(len(features) * places, -1).astype(np.float32)
    result = {}
    for lead in MONTHS:
        later = shifted(events, lead).ravel()
        by_row = split.ahead(lead, len(events)).by_place(places)
        result[f"logistic +{lead}"] = logistic_events(rows, later, by_row)
        result[f"trees +{lead}"] = boosted_events(rows, later, by_row, random_state=seed)
    return result
