"""Colours of the clusters and the empty figure."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

# Palette of Okabe and Ito, which colour-blind readers can distinguish; more clusters use a continuous colour map.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
UNASSIGNED = "#D9D9D9"


def cluster_colours(n_clusters):
    """Return one colour for each cluster."""
    if n_clusters <= len(PALETTE):
        return list(PALETTE[:n_clusters])
    return [to_hex(c) for c in colormaps["turbo"](np.linspace(0.03, 0.97, n_clusters))]


def new_figure(width, height, note="", *, layout="constrained"):
    """Return an empty figure with a small note at the lower right.

    Parameters
    ----------
    width, height : float
        Size in inches.
    note : str, default=""
        Text of the note.
    layout : str or None, default="constrained"
        Layout engine. It draws every figure twice, so figures with many panels set their margins themselves (None).
    """
    figure = Figure(figsize=(width, height), dpi=130, layout=layout)
    if note:
        figure.supxlabel(note, fontsize=7, color="0.4", ha="right", x=0.99)
    return figure
