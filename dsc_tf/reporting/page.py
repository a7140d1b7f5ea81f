"""One self-contained HTML page about a finished run, made from its folder alone."""

import base64
import csv
import io
import struct
from pathlib import Path

import numpy as np
import xarray as xr

from ..atomic_write import atomic_write
from ..errors import DscTfError, refuse_damaged
from ..evaluation.registry import EXTERNAL, MEASURES
from ..preprocessing.windows import segment_starts
from ..regimes.describe import ANOMALY_OF
from ..regimes.index import life_cycles
from ..regimes.years import MIN_YEARS
from ..stored import read_text
from .clusters import CLUSTERS
from .finished import FinishedRun, read_run
from .maps import MONTHS, cluster_maps
from .regime_figures import (
    explained_variance_figure,
    life_cycle_timeline,
    odds_maps,
    residence_figure,
    significant_composites,
    years_figure,
)
from .results import SIGNIFICANCE
from .run_folder import part_of_file_name
from .run_statistics import run_statistics
from .style import cluster_colours

MAX_PICTURE = 10**8  # bytes of a figure
TEMPLATE = "page.html.j2"
BARS = {"width": 720, "height": 260, "left": 44, "top": 10, "bottom": 232}
ALPHA = 0.05  # level of the stars of transitions
SHOWN = 4  # most EOFs, and most variables of which they are shown
TIMELINE = 365  # most steps of the figure of life cycles
DEEPEST = 0.55  # opacity of a certain transition: text stays readable on it, on white and on black


def write_page(run, output, *, method, settings, commands, statistics=None):
    """Write a page that needs no other file and no network.

    Parameters
    ----------
    run : path
        Folder of a finished run: config.json, metrics.json, labels.nc, regimes.nc and pictures.
    output : path
        The HTML file; one that is there is replaced.
    method : dict
        name and summary of the method.
    settings : list of dict
        name, value and meaning of each setting, as texts, and whether it was chosen rather than left at its default.
    commands : list of dict
        what is done and the command that does it.
    statistics : RunStatistics, default=None
        Statistics of the run; None computes those that need no other file.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    DscTfError
        If the folder is missing, unfinished or damaged.
    """
    found = read_run(run)
    with refuse_damaged("run", run, "Repeat the run."):
        statistics = run_statistics(found) if statistics is None else statistics
        page = render(found, method=method, settings=settings, commands=commands, statistics=statistics)
    output = Path(output)
    if output.is_dir() or not output.parent.is_dir():
        raise DscTfError(
            f"output: {output} is no file that can be written. Name one in a folder that is there."
        )
    with atomic_write(output, advice="run the same command again") as temporary:
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    return output


def render(found: FinishedRun, *, method, settings, commands, statistics):
    """Return the page as text; arguments as of `write_page`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("dsc_tf", "reporting")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    clusters = _clusters(found.regimes, statistics)
    note = "synthetic data" if "synthetic" in found.data["title"].lower() else ""
    steps = _counted(len(found.labels), found.step)
    names = [name for name in found.variables if name in found.regimes]
    content = {
        "heading": "Regimes of " + (found.data["title"] or "a gridded record"),
        "lead": f"{len(clusters)} clusters of {steps}, {found.span}, by {method['name']}",
        "synthetic": "synthetic" in found.data["title"].lower(),
        "clusters": clusters,
        "warnings": found.warnings,
        "unassigned": int((found.labels < 0).sum()),
        "record": _record(found),
        "sha256": found.data["sha256"],
        "variables": [_variable(name, about, found.regimes) for name, about in found.variables.items()],
        "measures": _measures(found.measures),
        "maps": _present(_map(found, name) for name in names),
        "calendar": _picture(found, "calendar.png", *_calendar_words(found)),
        "bars": _bars(found.regimes, clusters),
        "months": MONTHS,
        "by_month": _by_month(found.regimes, clusters),
        "transitions": _transitions(found.regimes, clusters),
        "tested": (found.path / SIGNIFICANCE).exists(),
        "match": statistics.match,
        "departures": _departures(statistics, clusters),
        "years": _years(statistics, note),
        "trends": _trends(statistics, clusters),
        "spells": _spells(statistics, clusters),
        "residence": _residence(statistics, note),
        "components": _components(found, note),
        "cycles": _cycles(statistics, clusters),
        "timeline": _timeline(statistics, note),
        "impact": _impact(statistics, clusters, note),
        "forecasts": _forecast_words(found.training),
        "training": _picture(found, "training.png", *_training_words(found)),
        "latent": _picture(found, "latent.png", *_latent_words(found)),
        "software": found.software,
        "folder": found.path.name,
    }
    template = environment.get_template(TEMPLATE)
    return template.render(**content, method=method, settings=settings, commands=commands)


def number(value, digits=4):
    """Return a number in a few digits, without needless zeros."""
    return f"{value:.{digits}g}" if np.isfinite(value) else "–"


def _counted(count, step):
    return f"{count} {step} steps" if step else f"{count} steps"


def _record(found):
    ranges, sizes = found.data["ranges"], found.data["sizes"]
    grid = " to ".join(_degrees(v, "N", "S") for v in ranges["latitude"])
    grid += ", " + " to ".join(_degrees(v, "E", "W") for v in ranges["longitude"])
    return [
        ("Source", ", ".join(found.config["data"])),
        ("Title", found.data["title"] or "none"),
        ("Period", f"{found.span}, {_counted(sizes['time'], found.step)}"),
        ("Grid", f"{sizes['latitude']} x {sizes['longitude']} (latitude x longitude), {grid}"),
    ]


def _degrees(text, positive, negative):
    value = float(text)
    if negative == "W":
        value = (value + 180) % 360 - 180
    return f"{abs(value):g}°{negative if value < 0 else positive}"


def _clusters(regimes, statistics):
    k = regimes.sizes["cluster"]
    by_month = regimes["frequency_by_month"].values
    return [
        {
            "number": j,
            "name": "" if statistics.match is None else statistics.names[j],
            "similarity": _similarity(statistics.match, j),
            "colour": colour,
            "size": int(regimes["size"][j]),
            "share": f"{100 * float(regimes['frequency'][j]):.0f} %",
            "spell": f"{float(regimes['mean_run_length'][j]):.1f}",
            "peak": f"{MONTHS[int(by_month[j].argmax())]} ({100 * by_month[j].max():.0f} % of that month)",
        }
        for j, colour in enumerate(cluster_colours(k))
    ]


def _similarity(match, j):
    if match is None or match["match"][j] < 0:
        return ""
    return f"{float(match['correlation'][j, int(match['match'][j])]):.2f}"


def _variable(name, about, regimes):
    return {
        "name": name,
        "long_name": _long_name(regimes, name),
        "units": about["units"] or "none given",
        "minimum": number(about["minimum"], 6),
        "maximum": number(about["maximum"], 6),
        "missing": f"{100 * about['missing']:.3g} %",
    }


def _long_name(regimes, name):
    """Long name of a variable, without what marks its composite as an anomaly; empty if it has none."""
    long_name = regimes[name].attrs.get("long_name", "") if name in regimes else ""
    return "" if long_name == ANOMALY_OF + name else long_name.removeprefix(ANOMALY_OF)


def _measures(values):
    return [
        {"name": name, "value": number(value), "definition": _definition(name)}
        for name, value in values.items()
    ]


def _definition(name):
    if name in MEASURES:
        return MEASURES[name].definition
    return EXTERNAL[name].__doc__.splitlines()[0] if name in EXTERNAL else ""


def _by_month(regimes, clusters):
    shares = regimes["frequency_by_month"].values
    known = shares.sum(axis=0) > 0
    cells = [[f"{100 * s:.0f}" if k else "–" for s, k in zip(row, known, strict=True)] for row in shares]
    return [
        {"cluster": one, "cells": [{"text": text} for text in row]}
        for one, row in zip(clusters, cells, strict=True)
    ]


def _transitions(regimes, clusters):
    rows = regimes["transition_probability"].values
    return [
        {"cluster": one, "cells": [{"text": f"{100 * p:.0f}", "depth": f"{DEEPEST * p:.2f}"} for p in row]}
        for one, row in zip(clusters, rows, strict=True)
    ]


def _departures(statistics, clusters):
    """Shares of the next clusters among the departures, those expected, and stars for small p-values."""
    test = statistics.transitions
    if test is None:
        return []
    rows = []
    for i, one in enumerate(clusters[: test.sizes["cluster"]]):
        cells = []
        for j in range(test.sizes["cluster"]):
            share, expected = (float(test[name][i, j]) for name in ("share", "expected"))
            stars = "*" * sum(float(test[name][i, j]) < ALPHA for name in ("p_value", "p_adjusted"))
            known = np.isfinite(share)
            cells.append({"text": f"{100 * share:.0f}{stars} ({100 * expected:.0f})" if known else "–"})
        rows.append({"cluster": one, "cells": cells})
    return rows


def _trends(statistics, clusters):
    years = statistics.years
    if not np.isfinite(years["trend_low"]).any():
        return []
    return [
        {
            "cluster": one,
            "trend": f"{100 * float(years['trend'][j]):+.1f}",
            "low": f"{100 * float(years['trend_low'][j]):+.1f}",
            "high": f"{100 * float(years['trend_high'][j]):+.1f}",
            "p_value": number(float(years["trend_p_value"][j]), 2),
        }
        for j, one in enumerate(clusters[: years.sizes["cluster"]])
    ]


def _years(statistics, note):
    if statistics.years.sizes["year"] < MIN_YEARS:
        return None
    words = "Share of the steps of each year in each cluster, with the linear trend and its 95 % confidence interval."
    return _figure(years_figure(statistics.years, names=statistics.names, note=note), "years", words)


def _spells(statistics, clusters):
    found = statistics.residence
    return [
        {
            "cluster": one,
            "spells": int(found["spells"][j]),
            "stay": f"{100 * float(found['stay'][j]):.0f} %",
            "mean": number(float(found["mean_length"][j]), 3),
            "deviation": number(float(found["deviation"][j]), 3),
            "null": number(float(found["deviation_null"][j]), 3),
            "p_value": number(float(found["p_value"][j]), 2),
        }
        for j, one in enumerate(clusters[: found.sizes["cluster"]])
    ]


def _residence(statistics, note):
    words = "Share of the spells that last at least so long, and the range of first-order Markov chains (5 to 95 %)."
    return _figure(residence_figure(statistics.residence, names=statistics.names, note=note), "spells", words)


def _cycles(statistics, clusters):
    if statistics.cycles is None:
        return []
    rows = []
    for one in clusters:
        own = statistics.cycles[statistics.cycles["cluster"] == one["number"]]
        rows.append(
            {
                "cluster": one,
                "count": len(own),
                "duration": f"{own['duration'].mean():.1f}" if len(own) else "–",
                "longest": int(own["duration"].max()) if len(own) else "–",
                "peak": f"{own['peak'].max():.1f}" if len(own) else "–",
            }
        )
    return rows


def _components(found, note):
    """Figures of the explained variance and of the leading EOFs, if the run has them."""
    path = found.path / CLUSTERS
    if not path.is_file():
        return []
    with refuse_damaged("run", path, "Repeat the run."), xr.open_dataset(path) as stored:
        if "explained_variance_ratio" not in stored:
            return []
        ratio = stored["explained_variance_ratio"].values
        eof = stored["eof"][:SHOWN].load() if "eof" in stored else None
    words = f"Share of the variance that each of {len(ratio)} principal components explains, {100 * ratio.sum():.0f} % "
    words += "in all. Bars are the standard error for independent steps (North et al. 1982); serial correlation makes "
    words += "it larger. Components whose bars overlap are not separated."
    figure = explained_variance_figure(ratio, int((found.labels >= 0).sum()), note=note)
    pictures = [_figure(figure, "explained variance", words)]
    if eof is None:
        return pictures
    for name in eof["variable"].values[:SHOWN]:
        values = eof.sel(variable=name).rename(component="cluster")
        titles = [f"EOF {j + 1}: {100 * ratio[j]:.0f} %" for j in range(len(values))]
        maps = cluster_maps(values, titles, title=str(name), label="EOF", note=note)
        pictures.append(_figure(maps, f"EOFs of {name}", f"Leading EOFs of {name}, of the prepared fields."))
    return pictures


def _timeline(statistics, note):
    """Index and life cycles of the last steps of the record."""
    if statistics.index is None:
        return None
    first = max(0, statistics.index.sizes["time"] - TIMELINE)
    last = statistics.index.isel(time=slice(first, None))
    last = last.isel(time=slice(segment_starts(last["time"].values)[-1], None))
    words = f"Regime index over the last {last.sizes['time']} steps without a gap."
    figure = life_cycle_timeline(last, life_cycles(last), names=statistics.names, note=note)
    return _figure(figure, "life cycles", words)


def _impact(statistics, clusters, note):
    rows = statistics.impact_rows()
    found = []
    for name, (cells, _) in statistics.impact.items():
        long_name = cells["composite"].attrs.get("long_name", name)
        maps = [
            (significant_composites, f"{long_name[:1].upper()}{long_name[1:]} in each cluster."),
            (
                odds_maps,
                f"Odds of {cells.attrs['event']} compared with the other clusters, as logarithm to base 2.",
            ),
        ]
        found.append(
            {
                "name": name,
                "event": cells.attrs["event"],
                "units": cells["composite"].attrs.get("units", ""),
                "pictures": [
                    _figure(draw(cells, names=statistics.names, note=note), name, t) for draw, t in maps
                ],
                "rows": [_impact_row(row, clusters) for row in rows if row["variable"] == name],
            }
        )
    return found


def _impact_row(row, clusters):
    return {
        "cluster": clusters[row["cluster"]],
        "anomaly": number(row["mean_anomaly"], 3),
        "p_value": number(row["mean_anomaly_p_value"], 2),
        "cells": f"{100 * row['significant_cells']:.0f} %",
        "event": f"{100 * row['event_share']:.0f} %" if np.isfinite(row["event_share"]) else "–",
        "odds": f"{number(row['odds_ratio'], 3)} ({number(row['odds_low'], 3)} to {number(row['odds_high'], 3)})",
    }


def _bars(regimes, clusters):
    """Places of stacked bars, one for each month, cluster 0 at the bottom."""
    shares = regimes["frequency_by_month"].values
    span, step = BARS["bottom"] - BARS["top"], (BARS["width"] - BARS["left"]) / 12
    tops = BARS["bottom"] - span * np.cumsum(shares, axis=0)
    boxes = [
        {
            "x": round(BARS["left"] + (m + 0.1) * step, 1),
            "y": round(float(tops[j, m]), 1),
            "width": round(0.8 * step, 1),
            "height": round(float(span * shares[j, m]), 1),
            "colour": clusters[j]["colour"],
            "title": f"cluster {j}, {MONTHS[m]}: {100 * shares[j, m]:.0f} %",
        }
        for m in range(12)
        for j in range(len(clusters))
        if shares[j, m] > 0
    ]
    ticks = [{"y": round(BARS["bottom"] - span * t / 100, 1), "text": f"{t} %"} for t in (0, 25, 50, 75, 100)]
    names = [{"x": round(BARS["left"] + (m + 0.5) * step, 1), "text": MONTHS[m]} for m in range(12)]
    return BARS | {"boxes": boxes, "ticks": ticks, "names": names}


def _map(found, name):
    values = found.regimes[name]
    units = values.attrs.get("units", "")
    peaks = []
    for word, extreme in (("highest", values.max), ("lowest", values.min)):
        value = float(extreme())
        if np.isfinite(value):
            j = int(np.argwhere(values.values == np.float32(value))[0, 0])
            peaks.append(f"{word} {number(value)} {units} in cluster {j}".replace("  ", " "))
    long_name = _long_name(found.regimes, name) or name
    title = f"Mean anomaly of {long_name}" + ("" if long_name == name else f" ({name})")
    words = f"{title} in each cluster: {', '.join(peaks)}."
    return _picture(found, f"composite_{part_of_file_name(name)}.png", "Maps. " + words, words)


def _calendar_words(found):
    words = "Cluster of every step, in the colours of the tables."
    return f"Calendar of labels from {found.first} to {found.last}. {words}", words


def _training_words(found):
    path = found.path / "history.csv"
    if not path.exists():
        return "", ""
    rows = list(csv.DictReader(io.StringIO(read_text(path), newline="")))
    first, last = (float(rows[i]["reconstruction"]) for i in (0, -1))
    words = f"Losses and changed labels over {len(rows)} epochs; the reconstruction loss went from {number(first)} "
    words += f"to {number(last)}."
    stopped = found.training.get("stopped_by")
    return "Curves. " + words, words + (f" Training ended by: {stopped}." if stopped else "")


def _forecast_words(training):
    """What the forecasts of a predictive method are worth, and which are in use; an empty text for other methods."""
    skill = training.get("forecast_r2")
    if not skill:
        return ""
    used = training.get("leads", [])
    parts = [
        f"{number(value, 2)} {lead} step{'' if lead == '1' else 's'} ahead{'' if int(lead) in used else ' (not used)'}"
        for lead, value in skill.items()
    ]
    return (
        "Share of the variance of the principal components that the forecasts explain in held-out blocks of this "
        f"record: {', '.join(parts)}. Labels are causal: each depends on its step and earlier ones alone."
    )


def _latent_words(found):
    words = (
        "Latent vectors in two dimensions by t-SNE, in the colours of the clusters; triangles are centres."
    )
    return "Scatter plot. " + words, words + " Distances between far groups mean little in such a picture."


def _figure(figure, name, words):
    """Return a matplotlib figure as `_picture` returns it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return _embedded(buffer.getvalue(), name, "Figure. " + words, words)


def _picture(found, name, alt, caption):
    """Return a PNG of the folder as a data URI with its size and words, or None where there is none."""
    path = found.path / name
    if not path.exists():
        return None
    if path.stat().st_size > MAX_PICTURE:
        raise DscTfError(
            f"run: {path} has {path.stat().st_size / 1e6:.0f} MB, too many for a figure. Repeat the run."
        )
    content = path.read_bytes()
    if content[12:16] != b"IHDR":
        raise DscTfError(f"run: {path} is damaged. Repeat the run.")
    return _embedded(content, name, alt, caption)


def _embedded(content, name, alt, caption):
    width, height = struct.unpack(">II", content[16:24])
    source = "data:image/png;base64," + base64.b64encode(content).decode()
    return {"name": name, "source": source, "width": width, "height": height, "alt": alt, "caption": caption}


def _present(pictures):
    return [one for one in pictures if one]
