"""Probes of frozen representations on a record, compared with raw data, over several seeds."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score

from ..clusterers import build
from ..datasets.pdsi import drought
from ..errors import DscTfError
from ..preprocessing.samples import true_labels
from .encoder_names import LEARNED, PLAIN
from .encoders import joined, represent
from .probes import shifted
from .probes.classify import boosted_events, linear_classes, linear_events
from .probes.fields import fields_ahead
from .probes.order import next_class, regimes_of, temporal_distance

LEADS = (1, 7)  # steps
MONTHS = (1, 3, 6, 12)
COMPONENTS = 16  # of a representation, that trees see
MOST_TUNED = 2048  # features under a clustering layer: its linear map has the square of it as weights


def probe_fields(record, features, seed):
    """Root mean squared errors of linear forecasts, in physical units, and over all variables in spreads."""
    units = record.prep.steps_["scale"].scale_.reshape(-1)
    result = {}
    for lead in LEADS:
        errors = fields_ahead(features, record.fields, lead, record.split, units)
        for name, error in zip(record.prep.variables_, errors, strict=True):
            result[f"{name} +{lead}"] = float(error)
        result[f"all +{lead}"] = float(np.sqrt(((errors / units) ** 2).mean()))
    return result


def probe_lamb(record, features, seed):
    """Accuracy of a linear classifier for Lamb's weather types."""
    return linear_classes(features, record.weather_types, record.split)


def probe_order(record, features, seed):
    """Temporal information in representations: distances in time, and the next regime of the raw fields."""
    return {
        "distance": temporal_distance(features, record.split, random_state=seed),
        "next_regime": next_class(features, record.regimes, record.split),
    }


def probe_clusters(record, features, seed):
    """Regimes by k-means on the representation, and by DSC's clustering layer trained on top of it.

    Agreement with the known regimes, if any (adjusted Rand index), and compactness in raw space on the test block.
    """
    n_clusters = record.n_clusters
    found = {"k-means": regimes_of(features, record.split, n_clusters, random_state=seed)}
    if features.shape[1] <= MOST_TUNED:
        layer = build("clustering_layer", n_clusters, random_state=seed)
        rows = features[:, None, None, None, :].astype(np.float32)
        found["layer"] = layer.fit(rows[record.split.train]).predict(rows)
    truth, test = true_labels(record.ds, record.samples), record.split.test
    result = {}
    for name, labels in found.items():
        if truth is not None:
            result[f"ARI, {name}"] = float(adjusted_rand_score(truth, labels))
        if np.ptp(labels[test]) > 0:
            result[f"silhouette, {name}"] = float(silhouette_score(record.flat[test], labels[test]))
    return result


def probe_drought(record, features, seed, *, threshold=None):
    """ROC AUC of drought some months ahead at every cell: a linear head on the representation, and trees."""
    index = next(iter(record.ds.data_vars.values()))
    if threshold is None:
        threshold = -2.0 if "pdsi" in index.name.lower() else -1.0
    values = index.values.reshape(len(index), -1)
    places = np.isfinite(values[record.split.train]).mean(axis=0) > 0.5
    values = values[:, places]
    dry = drought(index, threshold).values.reshape(len(index), -1)[:, places]
    rows = _place_rows(record, features, values)
    result = {}
    for lead in MONTHS:
        events = shifted(dry, lead)
        split = record.split.ahead(lead, len(values))
        result[f"linear +{lead}"] = linear_events(features, events, split, own=values)
        by_row = split.by_place(values.shape[1])
        result[f"trees +{lead}"] = boosted_events(rows, events.ravel(), by_row, random_state=seed)
    return result


def _place_rows(record, features, values):
    """Return a row for each step and place: components of the representation, number of the place, month, own value."""
    parts = PCA(min(COMPONENTS, features.shape[1]), random_state=0).fit(features[record.split.train])
    steps, places = values.shape
    month = record.ds["time"].dt.month.values
    at = np.repeat(np.arange(steps), places)
    columns = [
        parts.transform(features)[at],
        np.tile(np.arange(places), steps)[:, None],
        month[at][:, None],
        values.reshape(-1, 1),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


PROBES = {
    "field": probe_fields,
    "lamb": probe_lamb,
    "drought": probe_drought,
    "order": probe_order,
    "clusters": probe_clusters,
}


REACH = {"field": max(LEADS), "drought": max(MONTHS)}  # steps ahead, across the end of a block


def check_gap(tasks, gap):
    """Refuse blocks of time so close that what one foretells lies in the next.

    Raises
    ------
    DscTfError
        If a task reaches further ahead than the gap.
    """
    for task in tasks:
        if gap < REACH.get(task, 0):
            raise DscTfError(
                f"gap: {gap} steps, but {task} reaches {REACH[task]} ahead. Give at least as many."
            )


def probe_record(
    record, tasks, seeds, encoders=LEARNED, *, kept=None, follow=None, threshold=None, **settings
):
    """All tasks for raw data, principal components, and every encoder and seed, alone and joined to raw data.

    Parameters
    ----------
    record : Record
        Record.
    tasks : sequence of str
        Keys of `PROBES`.
    seeds : sequence of int
        Seeds of the encoders.
    encoders : sequence of str, default=LEARNED
        Names.
    kept : object, default=None
        With `load(name, seed)` and `save(name, seed, rows)`, for rows that an interrupted run had measured.
    follow : callable, default=None
        Told each list of rows.
    threshold : float, default=None
        Of "drought".
    **settings
        Of `SpaceTimeTS2Vec`.

    Returns
    -------
    list of dict
        task, encoder, seed, measure, value.
    """
    rows = []
    for name in (*PLAIN, *encoders):
        for seed in seeds if name in encoders else seeds[:1]:
            new = kept.load(name, seed) if kept else None
            if new is None:
                new = _probe_one(record, tasks, name, seed, follow, threshold, settings)
                if kept:
                    kept.save(name, seed, new)
            rows += new
    return rows


def _probe_one(record, tasks, name, seed, follow, threshold, settings):
    z = represent(record, name, seed, **settings)
    shown = {name: z}
    if name not in PLAIN:
        shown[f"{name} + raw"] = joined(z, record.flat)
    rows = []
    for label, features in shown.items():
        for task in tasks:
            options = {"threshold": threshold} if task == "drought" and threshold is not None else {}
            measured = PROBES[task](record, features, seed, **options)
            rows += told(follow, task, label, seed, measured)
    return rows


def told(follow, task, encoder, seed, measured):
    """Rows of a table for what was measured, `follow` told of them."""
    rows = [
        {"task": task, "encoder": encoder, "seed": seed, "measure": measure, "value": value}
        for measure, value in measured.items()
    ]
    if follow:
        follow(rows)
    return rows
