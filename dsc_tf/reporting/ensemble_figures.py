"""Figures of ensembles of fields: texture compared with observed fields, ranks of observations, maps of one day."""

import numpy as np

from .coastlines import draw_coastlines
from .style import PALETTE, new_figure


def ratio_figure(ratios, *, xlabel, ylabel, note=""):
    """Ratios to the observed values, one line for each method; 1 is right.

    Parameters
    ----------
    ratios : dict of str to array
        Ratios by method.
    xlabel, ylabel : str
        Labels of the axes.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(7, 3.6, note)
    axes = figure.subplots()
    axes.axhline(1.0, color="0.6", lw=1)
    for (name, values), colour in zip(ratios.items(), PALETTE, strict=False):
        axes.plot(np.arange(1, len(values) + 1), values, marker="o", ms=3, color=colour, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def rank_histogram_figure(counts, *, note=""):
    """Share of the observations at each rank among the members; flat where the ensemble is reliable.

    Parameters
    ----------
    counts : array of int, shape (member + 1,)
        Observations at each rank.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    counts = np.asarray(counts, float)
    figure = new_figure(6, 3.2, note)
    axes = figure.subplots()
    axes.bar(np.arange(len(counts)), counts / counts.sum(), color=PALETTE[0], width=0.9)
    axes.axhline(1 / len(counts), color="0.3", lw=1)
    axes.set(xlabel="rank of the observation among the members", ylabel="share")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def day_maps(fields, *, label="", note=""):
    """Draw maps of several fields of one day with one colour scale.

    Parameters
    ----------
    fields : dict of str to xr.DataArray of shape (latitude, longitude)
        Fields by title; grids may differ, and the last one gives the region.
    label : str, default=""
        Name and unit of the variable.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = min(3, len(fields))
    rows = -(-len(fields) // columns)
    figure = new_figure(3.4 * columns, 2.9 * rows, note)
    panels = figure.subplots(rows, columns, squeeze=False)
    known = [values.values[np.isfinite(values.values)] for values in fields.values()]
    low, high = np.quantile(np.concatenate(known), [0.005, 0.995])
    region = [_edges(list(fields.values())[-1][axis].values) for axis in ("longitude", "latitude")]
    for axes, (title, field) in zip(panels.ravel(), fields.items(), strict=False):
        edges = [_edges(field[axis].values) for axis in ("longitude", "latitude")]
        values = np.ma.masked_invalid(field.transpose("latitude", "longitude").values)
        image = axes.pcolormesh(*edges, values, vmin=low, vmax=high, cmap="viridis", rasterized=True)
        axes.set(xlim=(region[0].min(), region[0].max()), ylim=(region[1].min(), region[1].max()))
        draw_coastlines(axes)
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=7)
    for axes in panels.ravel()[len(fields) :]:
        axes.set_visible(False)
    figure.colorbar(image, ax=panels, shrink=0.8, label=label)
    return figure


def _edges(centres):
    """Edges of cells around equally spaced centres."""
    centres = np.asarray(centres, float)
    step = np.diff(centres)
    inner = centres[:-1] + step / 2
    return np.concatenate([[centres[0] - step[0] / 2], inner, [centres[-1] + step[-1] / 2]])
