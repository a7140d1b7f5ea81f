"""Figures of the tables: all runs of every measure, and Figure 2."""

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from ..reporting.figures import draw_latent
from ..reporting.style import new_figure
from .published import COLUMNS, DAVIES_BOULDIN, DEFINITIONS, NOT_COMPARABLE, PUBLISHED
from .tables import title

COLOURS = {"": "#000000", "notebook": "#D55E00", "trained": "#0072B2", "untrained": "#009E73"}
SHADE = {True: "none", False: "#CC79A7"}


def runs_figure(records, summaries, *, sequence_length=None, note=""):
    """Every run of every method as a dot for each column of the tables, published figures as diamonds.

    Parameters
    ----------
    records : list of dict
        As `run_table` returns them, of one protocol.
    summaries : list of dict
        As `tables.summarise` returns them.
    sequence_length : int, default=None
        Of the sequential methods, to mark their rows by.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(15, 1.6 + 0.32 * len(summaries), note)
    panels = figure.subplots(1, len(COLUMNS), sharey=True)
    names = [title(s, sequence_length) for s in summaries]
    for axes, column in zip(panels, COLUMNS, strict=True):
        for y, s in enumerate(summaries):
            values = [r["measures"][DEFINITIONS[column]] for r in _of(records, s) if r.get("measures")]
            axes.plot(values, [y] * len(values), "o", ms=5, mew=0, alpha=0.45, color=COLOURS[s["recipe"]])
            if s["row"] in PUBLISHED:
                doubtful = (s["row"], column) in NOT_COMPARABLE
                value = PUBLISHED[s["row"]][COLUMNS.index(column)]
                axes.plot(value, y, "D", ms=6, mec="#CC79A7", mfc=SHADE[doubtful])
        axes.set_title(column, fontsize=10)
        if column == DAVIES_BOULDIN:  # a random partition's is ten times the others'
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(ScalarFormatter())
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
    panels[0].set_yticks(range(len(names)), names, fontsize=8)
    panels[0].invert_yaxis()
    figure.suptitle(
        "a dot is a run (orange: recipe notebook, blue: trained, green: untrained, black: no network); "
        "a diamond is the published figure, of the paper's data, hollow where it is not comparable",
        fontsize=10,
    )
    return figure


def _of(records, summary):
    same = ("row", "protocol", "recipe")
    return [r for r in records if all(r[name] == summary[name] for name in same)]


def latent_figure(panels, *, note=""):
    """Figure 2: latent vectors of DEC and of DSC by t-SNE, centres as triangles.

    Parameters
    ----------
    panels : dict of str to dict
        Title to latent (time, feature), centres (cluster, feature) and labels (time,).
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure

    References
    ----------
    Faruque et al. (2023), Figure 2.
    """
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(5.2 * columns, 4.6 * rows, note)
    grid = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    for axes, (name, panel) in zip(grid, panels.items(), strict=False):
        draw_latent(axes, panel["latent"], panel["labels"], panel["centres"])
        axes.set_title(name, fontsize=10)
    for axes in grid[len(panels) :]:
        axes.remove()
    handles, names = grid[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=8)
    figure.suptitle("latent vectors by t-SNE; triangles: centres", fontsize=10)
    return figure
