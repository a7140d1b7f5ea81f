"""Colours and the empty figure that all pictures start from."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by colour-blind readers; more clusters take matplotlib's tab20.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
UNASSIGNED = "#D9D9D9"


def cluster_colours(n_clusters):
    """A colour for each cluster."""
    if n_clusters <= len(PALETTE):
        return list(PALETTE[:n_clusters])
    return [to_hex(c) for c in colormaps["turbo"](np.linspace(0.03, 0.97, n_clusters))]


def new_figure(width, height, note=""):
    """An empty figure in inches, with a small note at its lower right."""
    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    if note:
        figure.supxlabel(note, fontsize=7, color="0.4", ha="right", x=0.99)
    return figure
