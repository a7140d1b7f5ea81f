"""Tables of runs: best, mean and spread of each method, compared with the published figures."""

import csv
import io
import re
from itertools import groupby

import numpy as np

from ..evaluation.diagnostics import seed_agreement
from ..evaluation.registry import MEASURES
from .methods import BY_NAME, SEQUENTIAL
from .published import COLUMNS, DEFINITIONS, EQUATIONS, NOT_COMPARABLE, PROPERTIES, PUBLISHED

TRUTH = "adjusted_rand_index"
SELECTED_BY = "silhouette_cosine"  # what the notebooks' best-of-20 loops keep the largest of


def summarise(records):
    """One row for each method, recipe and protocol.

    Parameters
    ----------
    records : list of dict
        As `run_table` returns them.

    Returns
    -------
    list of dict
        row, protocol, recipe, runs, failed, errors, and where a run ended: best (measures of the run of the largest
        silhouette), best_seed, mean and std by measure, stability, mean_run_length, moved, descended (mean RMSE after
        `descent`), seconds, stopped_by.
    """

    def group(record):
        return record["protocol"], list(BY_NAME).index(record["row"]), record["recipe"]

    return [_summary(list(same)) for _, same in groupby(sorted(records, key=group), key=group)]


def _summary(records):
    first = records[0]
    ended = [record for record in records if record.get("measures")]
    errors = [record["error"] for record in records if "error" in record]
    summary = {name: first[name] for name in ("row", "protocol", "recipe")}
    summary |= {"runs": len(records), "failed": len(errors), "errors": sorted(set(errors))}
    summary["shortcuts"] = sum(record.get("shortcut", False) for record in records)
    summary["collapsed"] = len(records) - len(errors) - len(ended)
    if not ended:
        return summary
    best = max(ended, key=lambda record: record["measures"][SELECTED_BY])
    values = {name: [record["measures"][name] for record in ended] for name in best["measures"]}
    return summary | {
        "best": best["measures"],
        "best_seed": best["seed"],
        "best_labels": best["labels"],
        "best_descent": best["descent"],
        "mean": {name: float(np.mean(v)) for name, v in values.items()},
        "std": {name: float(np.std(v, ddof=1)) if len(v) > 1 else 0.0 for name, v in values.items()},
        "stability": seed_agreement([record["labels"] for record in ended]),
        "mean_run_length": float(np.mean([record["mean_run_length"] for record in ended])),
        "moved": float(np.mean([record["descent"]["moved"] for record in ended])),
        "descended": float(np.mean([record["descent"]["rmse_mean"] for record in ended])),
        "seconds": float(np.mean([record["seconds"] for record in ended])),
        "stopped_by": "/".join(sorted({record["stopped_by"] for record in ended} - {""})),
    }


def title(summary, sequence_length=None):
    """How a row is called in print."""
    row = BY_NAME[summary["row"]]
    recipe = summary["recipe"] if not row.recipe else ""
    notes = [recipe] if recipe else []
    if summary.get("shortcuts"):
        notes.append(f"{summary['shortcuts']} of {summary['runs']} by the shortcut")
    if sequence_length and row.method in SEQUENTIAL:
        notes.append(f"means over areas, at most {sequence_length} steps")
    return row.title + (f" ({', '.join(notes)})" if notes else "")


def comparison(summaries, *, by_equation=False, sequence_length=None):
    """The table: ours by one definition for all, best and mean, and the published figures.

    Parameters
    ----------
    summaries : list of dict
        As `summarise` returns them, of one protocol.
    by_equation : bool, default=False
        The paper's equations in place of the notebooks' definitions.
    sequence_length : int, default=None
        Of the sequential methods, to mark their rows by.

    Returns
    -------
    header : list of str
    rows : list of list of str
    """
    definitions = EQUATIONS if by_equation else DEFINITIONS
    header = ["method", "runs"]
    for column in COLUMNS:
        header += [f"{column}: best", "mean ± sd", "published"]
    rows = []
    for s in summaries:
        cells = [title(s, sequence_length), runs_cell(s)]
        for column in COLUMNS:
            other = definitions[column] != DEFINITIONS[column]
            cells += [*_ours(s, definitions[column]), published_cell(s["row"], column, other)]
        rows.append(cells)
    return header, rows


def guards(summaries, *, sequence_length=None):
    """What a reader needs before believing a measure: sizes, stability, persistence, cost; the truth where known.

    Parameters
    ----------
    summaries : list of dict
        As `summarise` returns them, of one protocol.
    sequence_length : int, default=None
        Of the sequential methods, to mark their rows by.

    Returns
    -------
    header : list of str
    rows : list of list of str
    """
    known = [TRUTH] if any(TRUTH in s.get("best", {}) for s in summaries) else []
    header = ["method", "smallest cluster", "entropy of sizes", "ARI between seeds", "mean run, steps"]
    header += ["moved by Lloyd", "seconds a run", *(["ARI to the truth"] if known else [])]
    rows = []
    for s in summaries:
        cells = ["-"] * (len(header) - 1)
        if "best" in s:
            cells = [mean_cell(s, "smallest_cluster"), mean_cell(s, "size_entropy"), number(s["stability"])]
            cells += [f"{s['mean_run_length']:.1f}", number(s["moved"]), f"{s['seconds']:.0f}"]
            cells += [mean_cell(s, name) for name in known]
        rows.append([title(s, sequence_length), *cells])
    return header, rows


def runs_cell(s):
    """Number of runs of a summary, with the failed and collapsed ones."""
    notes = [f"{s[name]} {name}" for name in ("failed", "collapsed") if s[name]]
    return str(s["runs"]) + (f" ({', '.join(notes)})" if notes else "")


def _ours(s, measure):
    return [number(s["best"][measure]), mean_cell(s, measure)] if "best" in s else ["-", "-"]


def mean_cell(s, measure):
    """Mean of a measure over the runs of a summary, with the standard deviation of several runs."""
    if "mean" not in s:
        return "-"
    spread = f" ± {number(s['std'][measure])}" if s["runs"] - s["failed"] > 1 else ""
    return number(s["mean"][measure]) + spread


def published_cell(row, column, other_definition=False):
    """A printed figure, with an asterisk where it is not comparable with its column; empty where none is printed."""
    if row not in PUBLISHED:
        return ""
    value = number(PUBLISHED[row][COLUMNS.index(column)])
    return value + "*" if other_definition or (row, column) in NOT_COMPARABLE else value


def number(value):
    """Four significant digits, as the tables need."""
    if value != value:
        return "-"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:#.4g}"


def properties(weights):
    """Table 1: input, technology, pretraining, as published and as they are here.

    Parameters
    ----------
    weights : dict of str to str
        Size of each network as it is here, by row.

    Returns
    -------
    header : list of str
    rows : list of list of str
    """
    header = ["method", "input", "technology", "pretraining, published", "weights here"]
    rows = [
        [
            BY_NAME[name].title,
            matrix,
            technology,
            "required" if pretraining else "not required",
            weights.get(name, "-"),
        ]
        for name, (matrix, technology, pretraining) in PROPERTIES.items()
    ]
    return header, rows


def every_measure(summaries):
    """Best run of each method by every measure that there is.

    Returns
    -------
    header : list of str
    rows : list of list of str
    """
    header = ["method", "seed", *MEASURES]
    ended = [s for s in summaries if "best" in s]
    return header, [
        [title(s), str(s["best_seed"]), *(number(s["best"][name]) for name in MEASURES)] for s in ended
    ]


def as_csv(header, rows):
    """Comma-separated values; repeated column titles are made unique by the preceding column."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_unique(header), *rows])
    return text.getvalue()


def _unique(header):
    names, owner = [], ""
    for name in header:
        owner = name.split(": best")[0] if ": best" in name else owner
        names.append(f"{owner}: {name}" if header.count(name) > 1 else name)
    return names


def escape_markdown(text):
    """Text of a data file, such as a title, without the meaning that its letters have in Markdown or HTML."""
    text = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#!|])", r"\\\1", text)


def as_markdown(header, rows):
    """A pipe table; a bar or a line break in a cell starts no new cell."""

    def line(cells):
        return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"

    lines = [line(cells) for cells in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines) + "\n"


def as_latex(header, rows):
    """A tabular for the package booktabs."""
    body = " \\\\\n".join(" & ".join(map(_escape, cells)) for cells in rows)
    columns = "l" + "r" * (len(header) - 1)
    head = " & ".join(map(_escape, header))
    return (
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head} \\\\\n\\midrule\n{body} \\\\\n"
        "\\bottomrule\n\\end{tabular}\n"
    )


def _escape(text):
    for plain, latex in (
        ("\\", r"\textbackslash{}"),
        ("_", r"\_"),
        ("%", r"\%"),
        ("&", r"\&"),
        ("±", r"$\pm$"),
    ):
        text = text.replace(plain, latex)
    return text
