"""Whether a file is the paper's, and if so, whether the deterministic rows come out as printed."""

from dataclasses import replace

import numpy as np

from ..clusterers import build
from ..datasets.era5.paper_file import PAPER_FILE
from ..evaluation import evaluate
from ..preprocessing.preprocessor import prepare
from ..preprocessing.protocols import NOTEBOOK
from .published import COLUMNS, DEFINITIONS, N_CLUSTERS, PUBLISHED
from .tables import as_markdown, escape_markdown, number

UNPADDED = replace(NOTEBOOK, pad_multiple=1)  # every published row but DSC's was measured without padding
SLACK = 0.02  # of a variable's range: the README rounds its limits
AGREEMENT = 1e-3  # relative; k-means has restarts, so the last digits are open
DETERMINISTIC = {"kmeans": {"random_state": 0}, "hierarchical": {}}  # methods and their options


def differences(ds):
    """In what a dataset differs from the paper's file.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it.

    Returns
    -------
    list of str
        Empty if shape, coordinates, period, variables, units and ranges all agree.
    """
    found = []
    if ds.sizes["time"] != PAPER_FILE.days:
        found.append(f"{ds.sizes['time']} steps, not {PAPER_FILE.days}")
    period = tuple(str(ds["time"].dt.strftime("%Y-%m-%d").values[i]) for i in (0, -1))
    if period != PAPER_FILE.period:
        found.append(f"from {period[0]} to {period[1]}, not {' to '.join(PAPER_FILE.period)}")
    for name in ("latitude", "longitude"):
        first, last, points = getattr(PAPER_FILE, name)
        values = ds[name].values
        if len(values) != points or not np.allclose(values[[0, -1]], (first, last), atol=1e-3):
            found.append(f"{name} from {values[0]:g} to {values[-1]:g} in {len(values)} points")
    if set(ds.data_vars) != set(PAPER_FILE.variables):
        found.append(f"variables {', '.join(sorted(map(str, ds.data_vars)))}")
        return found
    return found + [text for name in PAPER_FILE.variables if (text := _difference(name, ds[name]))]


def _difference(name, values):
    units, low, high = PAPER_FILE.variables[name]
    given = str(values.attrs.get("units", "")).replace("**", "")
    if given != units:
        return f"{name} in {given or 'no units'}, not {units}"
    least, most = float(values.min()), float(values.max())
    slack = SLACK * (high - low)
    if abs(least - low) > slack or abs(most - high) > slack:
        return f"{name} from {least:.6g} to {most:.6g}, not {low} to {high}"
    return ""


def fingerprint_page(ds):
    """The verdict as Markdown; for the file of the paper, k-means and Ward are compared with the printed digits.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it.

    Returns
    -------
    str
    """
    found = differences(ds)
    if found:
        return (
            "**The published figures are of another dataset**, so no row can be expected to agree with them. This one "
            f"differs from the paper's file: {escape_markdown('; '.join(found))}.\n"
        )
    header, rows = deterministic_rows(ds)
    agree = all(row[-1] == "match" for row in rows)
    verdict = "match the printed digits" if agree else "do not all match the printed digits"
    return (
        f"**This is the paper's file** by every sign that is known. k-means and Ward {verdict}.\n\n"
        + as_markdown(header, rows)
    )


def deterministic_rows(ds):
    """k-means with 10 restarts and Ward, on the notebooks' features, against the printed digits.

    Returns
    -------
    header : list of str
    rows : list of list of str
    """
    X, _ = prepare(ds, protocol=UNPADDED)
    rows = []
    for name, options in DETERMINISTIC.items():
        labels = build(name, N_CLUSTERS, **options).fit_predict(X)
        ours = evaluate(X, labels)
        for column, printed in zip(COLUMNS, PUBLISHED[name], strict=True):
            value = ours[DEFINITIONS[column]]
            agrees = abs(value - printed) <= AGREEMENT * abs(printed)
            rows.append([name, column, number(value), number(printed), "match" if agrees else "no match"])
    return ["method", "column", "here", "printed", ""], rows
