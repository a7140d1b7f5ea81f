"""Every method under every protocol, compared by quantities that do not depend on the space of the protocol."""

import numpy as np

from ..evaluation.predictability import explained_variation
from . import tables

LEADS = (0, 1)
QUANTITIES = {
    tables.TRUTH: "Adjusted Rand index with the true regimes",
    "explained_0": "Share of the variation of the anomalies that the clusters explain",
    "explained_1": "Share of the variation of the anomalies one step later that the clusters explain",
    "stability": "Adjusted Rand index between seeds",
    "mean_run_length": "Mean length of a spell, steps",
    "seconds": "Seconds of a run",
}
PLAIN = ("stability", "mean_run_length", "seconds")  # one figure for all seeds of a method
NOTE = (
    "The shares are measured for all protocols in the space of the protocol `anomaly` (seasonal cycle removed, "
    "variables scaled, weighted by area), on the steps of the fit: a comparison of partitions of one record, not of "
    "forecasts. Mean and standard deviation over the seeds of a method.\n"
)


def explained_anomalies(labels, anomalies):
    """Shares of the variation of anomalies that cluster means explain, by the number of steps ahead.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each sample.
    anomalies : Samples of shape (time, window, latitude, longitude, variable)
        Samples of the protocol "anomaly".

    Returns
    -------
    dict of str to float
        "explained_0" and "explained_1".

    Examples
    --------
    Two clusters of two values each, at 1 and 3 and at 7 and 9: the variation within them is 4 of 40.

    >>> import numpy as np
    >>> from dsc_tf.preprocessing import as_samples
    >>> found = explained_anomalies([0, 0, 1, 1], as_samples(np.array([[1.0], [3], [7], [9]])))
    >>> round(found["explained_0"], 6)
    0.9
    """
    fields = np.asarray(anomalies.last_step(), dtype=np.float64).reshape(len(anomalies), -1)
    every = np.ones(len(fields), dtype=bool)
    return {
        f"explained_{lead}": explained_variation(
            fields, np.asarray(labels), anomalies.segment, every, every, lead
        )
        for lead in LEADS
    }


def comparison_page(records, anomalies, *, sequence_length=None):
    """Tables of the comparison.

    Parameters
    ----------
    records : list of dict
        As `run_table` returns them.
    anomalies : Samples
        Samples of the protocol "anomaly".
    sequence_length : int, default=None
        Of the sequential methods, to mark their rows by.

    Returns
    -------
    page : list of str
        Markdown: for each quantity a table with a column for each protocol.
    table : tuple of (list of str, list of list of str)
        Header and rows of one long table: method, protocol, runs and every quantity.
    """
    measured = [_with_shares(record, anomalies) for record in records]
    summaries = tables.summarise(measured)
    protocols = list(dict.fromkeys(record["protocol"] for record in records))
    known = [
        name for name in QUANTITIES if name in PLAIN or any(name in s.get("mean", {}) for s in summaries)
    ]
    page = [NOTE]
    for name in known:
        page += [
            f"## {QUANTITIES[name]}\n",
            tables.as_markdown(*_by_protocol(summaries, name, protocols, sequence_length)),
        ]
    page += [
        f"- failed: {tables.title(s)}, protocol {s['protocol']}: {tables.escape_markdown(error)}\n"
        for s in summaries
        for error in s["errors"]
    ]
    header = ["method", "protocol", "runs", *(QUANTITIES[name] for name in known)]
    rows = [
        [
            tables.title(s, sequence_length),
            s["protocol"],
            tables.runs_cell(s),
            *(_cell(s, name) for name in known),
        ]
        for s in summaries
    ]
    return page, (header, rows)


def _with_shares(record, anomalies):
    if not record.get("measures"):
        return record
    return record | {"measures": record["measures"] | explained_anomalies(record["labels"], anomalies)}


def _by_protocol(summaries, name, protocols, sequence_length):
    cells: dict = {}
    for s in summaries:
        cells.setdefault(tables.title(s, sequence_length), {})[s["protocol"]] = s
    header = ["method", "seeds", *(f"`{protocol}`" for protocol in protocols)]
    rows = []
    for title, by_protocol in cells.items():
        runs = {tables.runs_cell(s) for s in by_protocol.values()}
        rows.append(
            [title, "/".join(sorted(runs)), *(_cell(by_protocol.get(p, {}), name) for p in protocols)]
        )
    return header, rows


def _cell(s, name):
    if "mean" not in s:
        return "-"
    return tables.number(s[name]) if name in PLAIN else tables.mean_cell(s, name)
