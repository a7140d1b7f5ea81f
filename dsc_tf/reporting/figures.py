"""Training curves and the map of latent vectors (Figure 2 of the DSC paper)."""

import numpy as np

from .maps import composite_maps, label_calendar
from .style import cluster_colours, new_figure

__all__ = ["composite_maps", "draw_latent", "label_calendar", "latent_map", "training_curves"]

MAX_POINTS = 3000  # of a scatter plot
MAX_TSNE_POINTS = 1000  # t-SNE takes about ten CPU seconds for 3000 points


def training_curves(history, *, note=""):
    """Losses and the share of changed labels over the epochs of both stages.

    Parameters
    ----------
    history : list of dict
        Rows with stage, epoch, reconstruction, clustering, label_change.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(7, 5, note)
    above, below = figure.subplots(2, sharex=True)
    epoch = np.array([row["epoch"] for row in history]) + 1
    for name, colour in (("reconstruction", "#0072B2"), ("clustering", "#D55E00")):
        values = np.array([row[name] for row in history], dtype=float)
        values[~(values > 0)] = np.nan
        above.plot(epoch, values, "o-", ms=3, color=colour, label=f"{name} loss")
    above.set_yscale("log")
    above.set_ylabel("loss")
    above.legend(frameon=False)
    change = 100 * np.array([row["label_change"] for row in history], dtype=float)
    below.plot(epoch, change, "o-", ms=3, color="#009E73")
    below.set(xlabel="epoch", ylabel="labels changed (%)")
    below.set_ylim(bottom=0)
    joint = [row["epoch"] + 1 for row in history if row["stage"] == "joint"]
    for axes in (above, below):
        axes.grid(alpha=0.3)
        if joint:
            axes.axvspan(joint[0] - 0.5, joint[-1] + 0.5, color="0.93", zorder=0)
    if joint:
        above.set_title("grey: joint training", fontsize=9, loc="right")
    return figure


def latent_map(latent, labels, centres=None, *, components=False, random_state=0, note=""):
    """Latent vectors in two dimensions, coloured by cluster, with centres as triangles.

    Parameters
    ----------
    latent : array of shape (sample, feature)
        Latent vectors; a random subsample is shown if there are more than 1000 (t-SNE) or 3000 (components).
    labels : array of int, shape (sample,)
        Cluster of each vector.
    centres : array of shape (cluster, feature), default=None
        Centres, embedded together with the vectors.
    components : bool, default=False
        Whether the features are principal components, of which the first two are shown; otherwise t-SNE is used.
    random_state : int, default=0
        Seed of t-SNE and of the subsample.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure

    References
    ----------
    Faruque et al. (2023), Figure 2.
    """
    figure = new_figure(6.2, 5.4, note)
    axes = figure.subplots()
    shown = draw_latent(axes, latent, labels, centres, components=components, random_state=random_state)
    of = f", {shown} of {len(latent)} steps" if shown < len(latent) else ""
    title = "first two principal components" if components else "latent vectors by t-SNE"
    axes.set_title(title + of + ("" if centres is None else "; triangles: centres"), fontsize=10)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    return figure


def draw_latent(axes, latent, labels, centres=None, *, components=False, random_state=0):
    """Draw the content of `latent_map`, with labels for a legend.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes to draw into.
    latent, labels, centres, components, random_state
        Same as in `latent_map`.

    Returns
    -------
    int
        Number of vectors shown.
    """
    rng = np.random.default_rng(random_state)
    shown = np.arange(len(latent))
    maximum = MAX_POINTS if components else MAX_TSNE_POINTS
    if len(latent) > maximum:
        shown = np.sort(rng.choice(len(latent), maximum, replace=False))
    points = np.asarray(latent, dtype=np.float64)[shown]
    n = len(points)
    together = points if centres is None else np.concatenate([points, centres])
    flat = _first_two(together) if components else _tsne(together, random_state)
    k = int(labels.max()) + 1 if centres is None else len(centres)
    for j, colour in enumerate(cluster_colours(k)):
        mine = np.asarray(labels)[shown] == j
        axes.scatter(*flat[:n][mine].T, s=12, color=colour, alpha=0.75, lw=0, label=f"cluster {j}")
        if centres is not None:
            axes.scatter(*flat[n + j], marker="^", s=110, color=colour, edgecolor="black", zorder=3)
    if components:
        axes.set(xlabel="principal component 1", ylabel="principal component 2")
    else:
        axes.set(xticks=[], yticks=[])
    return n


def _first_two(points):
    return points[:, :2] if points.shape[1] > 1 else np.column_stack([points[:, 0], np.zeros(len(points))])


def _tsne(points, random_state):
    from sklearn.manifold import TSNE

    spread = points.std()
    points = (points - points.mean(axis=0)) / (spread if spread > 0 else 1.0)
    perplexity = min(30.0, max(1.0, (len(points) - 1) / 3))
    # A random start, because the default start from principal components fails for identical points.
    return TSNE(2, perplexity=perplexity, init="random", random_state=random_state).fit_transform(points)
