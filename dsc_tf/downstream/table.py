"""Rows of probes as one table."""

import numpy as np


def probe_table(rows):
    """Return a line for each encoder and a column for each measure: mean and standard deviation over seeds.

    Parameters
    ----------
    rows : list of dict
        task, encoder, seed, measure, value.

    Returns
    -------
    header : list of str
        Titles.
    body : list of list of str
        Cells; "-" where an encoder has no such measure.
    """
    tasks = {row["task"] for row in rows}
    rows = [row | {"measure": _title(row, tasks)} for row in rows]
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    found: dict = {}
    for row in rows:
        found.setdefault(row["encoder"], {}).setdefault(row["measure"], []).append(row["value"])
    body = [
        [name, str(max(map(len, of.values()))), *(_cell(of.get(measure)) for measure in measures)]
        for name, of in found.items()
    ]
    return ["encoder", "seeds", *measures], body


def _title(row, tasks):
    return row["measure"] if len(tasks) == 1 else f"{row['task']}: {row['measure']}"


def _cell(values):
    if not values:
        return "-"
    spread = f" ± {np.std(values, ddof=1):.2g}" if len(values) > 1 else ""
    return f"{np.mean(values):.4g}{spread}"
