"""Labels as a calendar, clusters as maps."""

import math

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.patches import Patch

from ..regimes.years import first_month
from .coastlines import draw_coastlines
from .style import UNASSIGNED, cluster_colours, new_figure

MAX_DOTS = 24  # of significant cells along an axis of a map
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def label_calendar(labels, time, n_clusters, *, note=""):
    """Cluster of every step, laid out as its calendar.

    Monthly records: years by months. Sub-daily: days by hours. Daily: months by days for up to two years,
    else years by days of the year.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    time : xr.DataArray
        Its times, any calendar.
    n_clusters : int
        Number of clusters.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    labels = np.asarray(labels)
    row_names, rows, column_names, columns, title = _layout(time)
    grid = np.full((len(row_names), max(max(columns) + 1, max(column_names) + 1)), np.nan)
    grid[rows, columns] = labels
    figure = new_figure(9, min(11, max(2.2, 1.2 + 0.24 * len(row_names))), note)
    axes = figure.subplots()
    colours = cluster_colours(n_clusters)
    palette = ListedColormap([UNASSIGNED, *colours])
    norm = BoundaryNorm(np.arange(-1.5, n_clusters), palette.N)
    axes.pcolormesh(np.ma.masked_invalid(grid), cmap=palette, norm=norm)
    axes.hlines(np.arange(1, len(grid)), 0, grid.shape[1], color="white", lw=1)
    if grid.shape[1] <= 62:
        axes.vlines(np.arange(1, grid.shape[1]), 0, len(grid), color="white", lw=1)
    axes.invert_yaxis()
    every = -(-len(row_names) // 40)
    axes.set_yticks(np.arange(len(row_names))[::every] + 0.5, row_names[::every])
    axes.set_xticks([c + 0.5 for c in column_names], list(column_names.values()))
    axes.tick_params(length=0)
    axes.set_xlabel(title)
    for side in axes.spines.values():
        side.set_visible(False)
    shares = [np.mean(labels == j) for j in range(n_clusters)]
    handles = [
        Patch(color=c, label=f"{j}  {100 * s:.0f} %")
        for j, (c, s) in enumerate(zip(colours, shares, strict=True))
    ]
    if (labels < 0).any():
        handles.append(Patch(color=UNASSIGNED, label="none"))
    figure.legend(handles=handles, loc="outside right center", frameon=False, title="cluster", fontsize=8)
    return figure


def _layout(time):
    """Names and positions of rows, ticks and positions of columns, and the title of the columns."""
    year, month, day, hour = (getattr(time.dt, name).values for name in ("year", "month", "day", "hour"))
    steps = np.diff(time.values)
    median = np.median(steps / np.timedelta64(1, "h")) if steps.dtype.kind == "m" else 24.0
    years = np.arange(year.min(), year.max() + 1)
    if median > 24 * 20:
        return list(map(str, years)), year - year.min(), dict(enumerate(MONTHS)), month - 1, "month"
    if median < 20:
        dates = time.values.astype("datetime64[D]")
        first, after = dates.min(), dates.max() + np.timedelta64(1, "D")
        names = np.arange(first, after).astype(str).tolist()
        return names, (dates - first).astype(int), {h: str(h) for h in range(0, 24, 3)}, hour, "hour (UTC)"
    if len(years) <= 2:
        since = (year - year.min()) * 12 + month - 1
        names = [f"{MONTHS[i % 12]} {year.min() + i // 12}" for i in range(since.min(), since.max() + 1)]
        return (
            names,
            since - since.min(),
            {d - 1: str(d) for d in (1, 5, 10, 15, 20, 25, 30)},
            day - 1,
            "day of the month",
        )
    return _seasons(year, month, day)


def _seasons(year, month, day):
    """Years by days of the year; months that never occur are left out, so winters stay in one piece."""
    lengths = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    present = np.isin(np.arange(1, 13), month)
    first = first_month(month)
    order = [m for m in (np.arange(first - 1, first + 11) % 12) if present[m]]
    begins = dict(zip(order, np.cumsum([0, *lengths[order][:-1]]), strict=True))
    season = year - (month < first)
    names = np.arange(season.min(), season.max() + 1)
    ticks = {int(begins[m]): MONTHS[m] for m in order}
    columns = np.array([begins[m - 1] for m in month]) + day - 1
    labels = [f"{y}/{(y + 1) % 100:02d}" if first > 1 else str(y) for y in names]
    return labels, season - season.min(), ticks, columns, "day of the year"


def composite_maps(described, name, *, significant=None, note=""):
    """Mean anomaly of one variable in each cluster, on one symmetric scale, with the coast.

    Where no coast falls into the region, the lines of the grid of degrees are drawn more strongly.

    Parameters
    ----------
    described : xr.Dataset
        As `regimes` returns it.
    name : str
        A variable of it.
    significant : xr.DataArray, default=None
        Nonzero in cells (cluster, latitude, longitude) to be marked with a dot.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tested = {} if significant is None else {f"{name}_significant": significant}
    return next(each_composite(described, [name], tested=tested, note=note))


def each_composite(described, names, *, tested=(), note=""):
    """Figures of `composite_maps` of several variables, one after the other on the same panels.

    To set up panels takes as long as to draw them, so that they are set up once.

    Parameters
    ----------
    described : xr.Dataset
        As `regimes` returns it.
    names : sequence of str
        Variables of it.
    tested : mapping, default=()
        Under the key NAME_significant, where there is one, an array that is nonzero in cells (cluster, latitude,
        longitude) of the variable NAME to be marked with a dot.
    note : str, default=""
        Small text below.

    Yields
    ------
    matplotlib.figure.Figure
        The same object each time: save it before the next one is taken.
    """
    titles = [
        f"cluster {j} ({int(size)} steps, {100 * float(share):.0f} %)"
        for j, (size, share) in enumerate(zip(described["size"], described["frequency"], strict=True))
    ]
    maps = None
    for name in names:
        values = described[name]
        maps = maps or _Maps(values, titles, note)
        long_name = values.attrs.get("long_name", name)
        title = long_name if long_name.endswith(name) else f"{long_name} ({name})"
        dots = dict(tested).get(f"{name}_significant")
        maps.show(values, title, f"anomaly of {name}", None if dots is None else dots.values > 0)
        yield maps.figure


def cluster_maps(values, titles, *, title="", label="anomaly", significant=None, note=""):
    """Draw a map for each cluster, on one symmetric scale, with the coast.

    Parameters
    ----------
    values : xr.DataArray
        Over (cluster, latitude, longitude), with its units.
    titles : sequence of str
        Of the panels.
    title : str, default=""
        Of the figure.
    label : str, default="anomaly"
        Of the colour bar; units follow.
    significant : array of bool, shape (cluster, latitude, longitude), default=None
        Cells to be marked with a dot; of a fine grid every second, third, ... cell of both axes is marked.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
    """
    maps = _Maps(values, titles, note)
    maps.show(values, title, label, significant)
    return maps.figure


class _Maps:
    """Panels with coasts, and the fields of one variable after the other in them.

    Parameters
    ----------
    values : xr.DataArray
        Over (cluster, latitude, longitude); only its coordinates are used.
    titles, note
        Same as in `cluster_maps`.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    """

    def __init__(self, values, titles, note):
        latitude = values["latitude"].values.astype(float)
        longitude = values["longitude"].values.astype(float)
        longitude = np.unwrap(longitude, period=360)  # one strip across Greenwich
        x, y = cell_edges(longitude), cell_edges(latitude)
        in_degrees = bool(np.abs(latitude).max() <= 90)
        y = y.clip(-90, 90) if in_degrees else y
        aspect = 1 / max(0.2, np.cos(np.deg2rad(latitude.mean()))) if in_degrees else 1.0
        shape = np.ptp(y) * aspect / np.ptp(x)
        self.figure, panels, bar_axes = _panels(values.sizes["cluster"], shape, note)
        empty, scale = np.zeros(values.shape[1:]), Normalize(-1, 1)
        self._longitude, self._latitude = longitude, latitude
        self._meshes = [axes.pcolormesh(x, y, empty, cmap="RdBu_r", norm=scale) for axes in panels]
        self._dots = [axes.plot([], [], ".", color="black", ms=1.2)[0] for axes in panels]
        axes = panels[0]  # axes are shared, so that limits and ticks are set once
        axes.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
        axes.locator_params(nbins=4)
        ticks = [
            _within(axis.get_majorticklocs(), axis.get_view_interval()) for axis in (axes.xaxis, axes.yaxis)
        ]
        axes.set(xticks=ticks[0], yticks=ticks[1])
        if in_degrees:
            axes.xaxis.set_major_formatter(lambda x, _: f"{abs(_west(x)):g}°{'W' if _west(x) < 0 else 'E'}")
            axes.yaxis.set_major_formatter(lambda y, _: f"{abs(y):g}°{'S' if y < 0 else 'N'}")
        for j, axes in enumerate(panels):
            axes.set_facecolor("0.85")
            axes.set_aspect(aspect)
            # Lines of the grid in one piece: those of ticks take most of the time of drawing.
            line = {"color": "0.3", "alpha": 0.2 if draw_coastlines(axes) else 0.6, "lw": 0.5}
            axes.vlines(ticks[0], y.min(), y.max(), **line)
            axes.hlines(ticks[1], x.min(), x.max(), **line)
            axes.set_title(titles[j], fontsize=9, y=1.0)  # without y, the extent of all ticks is measured
            axes.tick_params(labelsize=7)
        self._bar = self.figure.colorbar(self._meshes[-1], cax=bar_axes, extend="both")
        self._bar.ax.tick_params(labelsize=8)

    def show(self, values, title, label, significant):
        """Fill the panels with `values` (cluster, latitude, longitude), and dots in significant cells."""
        finite = np.abs(values.values[np.isfinite(values.values)])
        limit = float(np.quantile(finite, 0.995)) if finite.size and finite.max() > 0 else 1.0
        for mesh, field in zip(self._meshes, values.values, strict=True):
            mesh.set_array(np.ma.masked_invalid(field))
        for j, dots in enumerate(self._dots):
            row = column = np.empty(0, int)
            if significant is not None:
                every = max(1, math.ceil(max(significant.shape[1:]) / MAX_DOTS))
                row, column = (every * at for at in np.nonzero(significant[j, ::every, ::every]))
            dots.set_data(self._longitude[column], self._latitude[row])
        self._meshes[-1].set_clim(-limit, limit)  # the scale is that of all panels
        self._bar.set_label(f"{label} ({values.attrs.get('units', '1')})", fontsize=9)
        self.figure.suptitle(title, fontsize=11, y=1 - 0.1 / self.figure.get_figheight(), va="top")


def _panels(count, shape, note):
    """Create a figure with `count` map panels of height / width `shape`, and the axes of the colour bar.

    Margins are set in inches, because a layout engine would draw all panels twice.
    """
    columns = min(4, count)
    rows = math.ceil(count / columns)
    width, height = 2.45, 2.45 * float(np.clip(shape, 0.35, 1.6))
    left, right, bottom, top, gap_x, gap_y = 0.55, 1.15, 0.45, 0.65, 0.15, 0.3
    size = (
        left + columns * width + (columns - 1) * gap_x + right,
        bottom + rows * height + (rows - 1) * gap_y + top,
    )
    figure = new_figure(*size, note, layout=None)
    grid = figure.add_gridspec(
        rows,
        columns,
        left=left / size[0],
        right=1 - right / size[0],
        bottom=bottom / size[1],
        top=1 - top / size[1],
        wspace=gap_x / width,
        hspace=gap_y / height,
    )
    panels = grid.subplots(sharex=True, sharey=True, squeeze=False).ravel()
    for axes in panels[count:]:
        axes.remove()
    for j, axes in enumerate(panels[:count]):
        axes.xaxis.set_visible(j >= count - columns)  # of the lowest panel of each column
        axes.yaxis.set_visible(j % columns == 0)
        axes.tick_params(labelbottom=j >= count - columns)
    inner = size[1] - bottom - top
    bar_box = (
        1 - (right - 0.15) / size[0],
        (bottom + 0.08 * inner) / size[1],
        0.13 / size[0],
        0.84 * inner / size[1],
    )
    return figure, panels[:count], figure.add_axes(bar_box)


def cell_edges(centres):
    """Edges of the cells of one axis: midpoints, and at both ends as far outside as the first midpoint is inside.

    Parameters
    ----------
    centres : array of shape (cell,)
        Monotone.

    Returns
    -------
    array of shape (cell + 1,)
        A single cell is one unit wide.

    >>> cell_edges([0.0, 1.0, 3.0])
    array([-0.5,  0.5,  2. ,  4. ])
    """
    centres = np.asarray(centres, dtype=float)
    if len(centres) == 1:
        return centres[0] + np.array([-0.5, 0.5])
    middle = (centres[:-1] + centres[1:]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def _within(ticks, limits):
    """Ticks between two limits."""
    return ticks[(ticks >= min(limits)) & (ticks <= max(limits))]


def _west(longitude):
    return (longitude + 180) % 360 - 180
