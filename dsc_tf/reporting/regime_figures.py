"""Figures of the results of `dsc_tf.regimes` and `dsc_tf.evaluation`."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from .maps import cluster_maps
from .style import cluster_colours, new_figure

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"


def choice_figure(choice: xr.Dataset, *, note: str = "") -> Figure:
    """Four answers to how many clusters, over k.

    Parameters
    ----------
    choice : xr.Dataset
        As `choose_k` returns it.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(8.5, 6, note)
    panels = figure.subplots(2, 2, sharex=True)
    k = choice["k"].values
    _classifiability(panels[0, 0], choice, k)
    for axes, name, title in (
        (panels[0, 1], "silhouette", "silhouette (larger is better)"),
        (panels[1, 0], "davies_bouldin", "Davies-Bouldin index (smaller is better)"),
    ):
        axes.plot(k, choice[name], "o-", color=BLUE)
        axes.set_title(title, fontsize=10)
    stable = panels[1, 1]
    stable.plot(k, choice["seed_ari"], "o-", color=BLUE, label="seeds")
    stable.plot(k, choice["bootstrap_ari"], "s--", color=ORANGE, label="moving-block bootstrap")
    stable.set_title("stability: adjusted Rand index", fontsize=10)
    stable.set_ylim(top=1.02)
    stable.legend(frameon=False, fontsize=8)
    for axes in panels.ravel():
        axes.grid(alpha=0.3)
        axes.set_xticks(k)
    for axes in panels[1]:
        axes.set_xlabel("number of clusters")
    return figure


def _classifiability(axes, choice, k):
    null, level = choice["classifiability_null"].values, choice.attrs["level"]
    low, middle, high = np.quantile(null, [1 - level, 0.5, level], axis=1)
    axes.fill_between(
        k, low, high, color="0.85", label=f"red noise, {100 * (1 - level):.0f}-{100 * level:.0f} %"
    )
    axes.plot(k, middle, color="0.5", lw=1)
    axes.plot(k, choice["classifiability"], "o-", color=BLUE, label="data")
    passed = choice["passes"].values > 0
    axes.plot(k[passed], choice["classifiability"].values[passed], "o", ms=13, mfc="none", mec=ORANGE, mew=2)
    axes.set_title("classifiability (ringed: above red noise)", fontsize=10)
    axes.legend(frameon=False, fontsize=8)


def transition_figure(
    test: xr.Dataset, *, names: Sequence[str] | None = None, alpha: float = 0.05, note: str = ""
) -> Figure:
    """Next clusters of departures, compared with the null hypothesis.

    Parameters
    ----------
    test : xr.Dataset
        As `transition_test` returns it.
    names : sequence of str, default=None
        Of the clusters; None numbers them.
    alpha : float, default=0.05
        A star marks p-values below it, two those whose adjusted one is.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    k = test.sizes["cluster"]
    names = names or [f"cluster {j}" for j in range(k)]
    figure = new_figure(2.4 + 1.1 * k, 1.6 + 0.85 * k, note)
    axes = figure.subplots()
    excess = (test["share"] - test["expected"]).values
    limit = max(0.05, float(np.nanmax(np.abs(excess), initial=0.0)))
    axes.set_facecolor("0.9")
    mesh = axes.imshow(np.ma.masked_invalid(excess), cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
    for i, j in np.argwhere(np.isfinite(excess)):
        stars = "*" * (int(test["p_value"][i, j] < alpha) + int(test["p_adjusted"][i, j] < alpha))
        text = f"{float(test['share'][i, j]):.2f}{stars}\n({float(test['expected'][i, j]):.2f})"
        dark = abs(excess[i, j]) > 0.65 * limit
        axes.text(j, i, text, ha="center", va="center", fontsize=9, color="white" if dark else "black")
    axes.set_xticks(range(k), names, rotation=25, ha="right")
    axes.set_yticks(range(k), names)
    axes.set(xlabel="to", ylabel="from")
    axes.set_title(
        f"share of departures (null: {test.attrs['null']})\n* p < {alpha:g}, ** adjusted p", fontsize=10
    )
    figure.colorbar(mesh, ax=axes, shrink=0.9).set_label("share less that of the null", fontsize=9)
    return figure


def significant_composites(test: xr.Dataset, *, names: Sequence[str] | None = None, note: str = "") -> Figure:
    """Composites with a dot where they differ from chance.

    Parameters
    ----------
    test : xr.Dataset
        As `composite_test` returns it.
    names : sequence of str, default=None
        Of the clusters; None numbers them.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    values = test["composite"]
    names = names or [f"cluster {j}" for j in range(len(values))]
    titles = [
        f"{name}: {100 * float(share):.0f} % of cells"
        for name, share in zip(names, test["significant_share"], strict=True)
    ]
    title = f"{values.attrs.get('long_name', '')} (dots: false discovery rate {test.attrs['alpha_fdr']:g})"
    return cluster_maps(values, titles, title=title, significant=test["significant"].values > 0, note=note)


def life_cycle_timeline(
    index: xr.DataArray, cycles: pd.DataFrame, *, names: Sequence[str] | None = None, note: str = ""
) -> Figure:
    """Draw indices over time; life cycles are drawn strongly, with their maxima.

    Parameters
    ----------
    index : xr.DataArray
        Over (time, cluster), in standard deviations; best one season.
    cycles : pandas.DataFrame
        As `life_cycles` returns it for this index.
    names : sequence of str, default=None
        Of the clusters; None numbers them.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    index = index.transpose("time", "cluster")
    clusters = index["cluster"].values
    names = names or [f"cluster {j}" for j in clusters]
    figure = new_figure(9, 3.6, note)
    axes = figure.subplots()
    time = index["time"].values
    for j, colour in enumerate(cluster_colours(len(clusters))):
        axes.plot(time, index.values[:, j], color=colour, lw=0.8, alpha=0.6)
        axes.plot([], [], color=colour, lw=3, label=names[j])
        for row in cycles[cycles["cluster"] == clusters[j]].itertuples():
            inside = slice(row.first, row.last + 1)
            axes.plot(time[inside], index.values[inside, j], color=colour, lw=3, solid_capstyle="butt")
            axes.plot(row.maximum, row.peak, "v", color=colour, ms=6)
    axes.axhline(0, color="0.7", lw=0.8)
    axes.set_ylabel("index (standard deviations)")
    axes.set_title("weather-regime index; strong: life cycles, triangles: their maxima", fontsize=10)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", frameon=False, fontsize=8)
    return figure


def quality_figure(measured: xr.Dataset, *, note: str = "") -> Figure:
    """Each measure of each variable, compared with random-centroid classifications.

    Parameters
    ----------
    measured : xr.Dataset
        As `quality` returns it.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = [name for name in measured.data_vars if f"{name}_random" in measured]
    targets = measured["target"].values
    figure = new_figure(2.5 * len(names) + 1, 0.8 + 0.85 * len(targets), note)
    panels = figure.subplots(len(targets), len(names), squeeze=False)
    for i, target in enumerate(targets):
        for axes, name in zip(panels[i], names, strict=True):
            chance = measured[f"{name}_random"].values[i]
            axes.boxplot(
                chance,
                positions=[0],
                orientation="horizontal",
                widths=0.5,
                whis=(5, 95),
                showfliers=False,
                medianprops={"color": "0.4"},
            )
            axes.plot(measured[name].values[i], 0, "D", color=ORANGE, ms=7, zorder=3)
            axes.set_yticks([])
            axes.tick_params(labelsize=7)
            axes.locator_params(axis="x", nbins=4)
            axes.grid(axis="x", alpha=0.3)
            if i == 0:
                axes.set_title(measured[name].attrs["long_name"], fontsize=10)
        panels[i, 0].set_ylabel(target, rotation=0, ha="right", va="center", fontsize=9)
    figure.suptitle("diamond: clusters; box: random centroids (whiskers 5-95 %)", fontsize=10)
    return figure


def predictive_figure(table, *, note=""):
    """Explained variation of held-out fields by steps ahead, and its difference from the reference.

    Parameters
    ----------
    table : xr.Dataset
        As `predictive_evaluation` returns it.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(9, 4, note)
    left, right = figure.subplots(1, 2)
    methods = table["method"].values.tolist()
    place = np.arange(table.sizes["lead"])
    for i, (name, colour) in enumerate(zip(methods, cluster_colours(len(methods)), strict=True)):
        one = table.sel({"method": name})
        left.plot(place, one["explained_variation"].mean("seed"), "o-", color=colour, label=name)
        if name != table.attrs["reference"]:
            x = place + 0.12 * (i - len(methods) / 2)
            right.plot(x, one["difference"], "o", color=colour)
            right.vlines(x, one["low"], one["high"], color=colour)
    right.axhline(0, color="0.5", lw=1)
    left.set_title("explained variation of held-out fields", fontsize=10)
    right.set_title(f"difference from {table.attrs['reference']}, 95 % interval", fontsize=10)
    left.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.set_xticks(place, [str(lead) for lead in table["lead"].values])
        axes.set_xlabel("steps ahead")
        axes.grid(alpha=0.3)
    return figure


def years_figure(years: xr.Dataset, *, names: Sequence[str] | None = None, note: str = "") -> Figure:
    """Draw the frequency of each cluster by year, with its linear trend.

    Parameters
    ----------
    years : xr.Dataset
        As `frequency_by_year` returns it.
    names : sequence of str, default=None
        Of the clusters; None numbers them.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    k, year = years.sizes["cluster"], years["year"].values
    figure, panels, names = _small_panels(k, names, note)
    for j, (axes, colour) in enumerate(zip(panels, cluster_colours(k), strict=True)):
        values = years["frequency_by_year"].values[j]
        axes.bar(year, 100 * values, color=colour, width=0.8)
        trend, known = float(years["trend"][j]), np.isfinite(values)
        if np.isfinite(trend):
            line = values[known].mean() + trend / 10 * (year - year[known].mean())
            axes.plot(year, 100 * line, color="black", lw=1.2)
        low, high = (100 * float(years[f"trend_{side}"][j]) for side in ("low", "high"))
        interval = (
            f"\n{100 * trend:+.1f} ({low:+.1f} to {high:+.1f}) % per decade" if np.isfinite(low) else ""
        )
        axes.set_title(names[j] + interval, fontsize=8)
        axes.set_ylim(bottom=0)
        axes.xaxis.get_major_locator().set_params(integer=True, nbins=5)
        axes.grid(axis="y", alpha=0.3)
    figure.supylabel("share of the steps of the year (%)", fontsize=9)
    return figure


def residence_figure(found: xr.Dataset, *, names: Sequence[str] | None = None, note: str = "") -> Figure:
    """Draw the share of the spells that last at least so long, compared with a Markov chain.

    Parameters
    ----------
    found : xr.Dataset
        As `residence_test` returns it.
    names : sequence of str, default=None
        Of the clusters; None numbers them.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    k, length = found.sizes["cluster"], found["length"].values
    figure, panels, names = _small_panels(k, names, note)
    for j, (axes, colour) in enumerate(zip(panels, cluster_colours(k), strict=True)):
        one = found.isel(cluster=j)
        shown = one["survival"].values > 0
        low, high = one["survival_low"].values, one["survival_high"].values
        axes.fill_between(length, 100 * low, 100 * high, color="0.85", label="Markov chain, 5-95 %")
        axes.plot(length, 100 * one["survival_null"], color="0.5", lw=1)
        axes.plot(
            length[shown], 100 * one["survival"].values[shown], "o-", color=colour, ms=3, label="record"
        )
        p_value = float(one["p_value"])
        axes.set_title(names[j] + (f"\np = {p_value:.2g}" if np.isfinite(p_value) else ""), fontsize=8)
        axes.set_yscale("log")
        axes.set_ylim(0.5 * 100 / max(1, int(found["spells"].max())), 130)
        axes.xaxis.get_major_locator().set_params(integer=True, nbins=5)
        axes.grid(alpha=0.3)
    figure.supxlabel("length of a spell (steps)", fontsize=9)
    figure.supylabel("spells of at least this length (%)", fontsize=9)
    return figure


def odds_maps(impact: xr.Dataset, *, names: Sequence[str] | None = None, note: str = "") -> Figure:
    """Draw the logarithm of the odds ratio of an event in each cluster, with a dot where it is significant.

    Parameters
    ----------
    impact : xr.Dataset
        As `regime_impact` returns it.
    names : sequence of str, default=None
        Of the clusters; None numbers them.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = names or [f"cluster {j}" for j in range(impact.sizes["cluster"])]
    title = (
        f"odds ratio of {impact.attrs['event']} (dots: false discovery rate {impact.attrs['alpha_fdr']:g})"
    )
    dots = impact["odds_significant"].values > 0
    ratio = impact["odds_ratio"]
    logarithm = ratio.copy(data=np.log2(ratio.values)).assign_attrs(units="1: twice the odds")
    return cluster_maps(
        logarithm, names, title=title, label="log2 of the odds ratio", significant=dots, note=note
    )


def explained_variance_figure(ratio: np.ndarray, n_samples: int, *, note: str = "") -> Figure:
    """Draw the share of the variance that each principal component explains, with North's sampling error.

    Parameters
    ----------
    ratio : array of shape (component,)
        Shares.
    n_samples : int
        Number of independent samples; the standard error of a share is sqrt(2 / n_samples) of it. With serial
        correlation this number is smaller than that of the steps.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure

    References
    ----------
    North, G. R. et al. (1982). Sampling errors in the estimation of empirical orthogonal functions. Mon. Wea. Rev. 110.
    """
    figure = new_figure(7, 3, note)
    axes = figure.subplots()
    component = np.arange(1, len(ratio) + 1)
    error = 100 * ratio * np.sqrt(2 / max(1, n_samples))
    axes.errorbar(component, 100 * ratio, error, fmt="o", color=BLUE, capsize=2, label="component")
    axes.plot(component, 100 * ratio.cumsum(), "s--", color=ORANGE, ms=3, label="sum so far")
    axes.set_ylim(0, 102)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="principal component", ylabel="explained variance (%)")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _small_panels(k, names, note):
    """Create a figure with a small panel for each cluster."""
    columns = min(4, k)
    rows = -(-k // columns)
    figure = new_figure(2.45 * columns + 0.6, 1.9 * rows + 0.5, note)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in panels[k:]:
        axes.remove()
    for axes in panels[:k]:
        axes.tick_params(labelsize=7)
    for axes in panels[max(0, k - columns) : k]:
        axes.tick_params(labelbottom=True)
    return figure, panels[:k], names or [f"cluster {j}" for j in range(k)]
