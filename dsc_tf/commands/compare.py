"""Agreement of finished runs, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import combinations
from pathlib import Path

from ..errors import DscTfError
from . import cli
from .data_settings import run_folder
from .settings import Settings

EXAMPLES = """examples:
  python -m dsc_tf.compare runs/dsc runs/kmeans --output runs/compared
"""
STYLE = "body{font:1rem/1.5 sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}"
STYLE += "img{max-width:100%;height:auto}figure{margin:1rem 0;overflow-x:auto}"
STYLE += "table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.2rem .6rem;text-align:right}"
TITLES = {
    "agreement": "Agreement of the labels on the steps that both runs label",
    "contingency": "Steps in each pair of clusters; matched pairs are those of the best assignment",
    "composites": "Correlation of the composites of matched clusters, weighted by area",
    "clusters": "Frequency and mean length of spells (steps) of each cluster",
}


@dataclass(frozen=True)
class CompareConfig(Settings):
    """Compare finished runs of dsc_tf.train: agreement of labels, matched composites, frequencies, persistence.

    Parameters
    ----------
    runs : tuple of str
        Two or more folders that dsc_tf.train wrote.
    output : str
        Folder; a free name under runs/ by default.
    quiet : bool
        Print nothing but errors and warnings.
    """

    runs: tuple[str, ...] = field(default=(), metadata={"positional": True})
    output: str | None = None
    quiet: bool = False

    def __post_init__(self):
        super().__post_init__()
        if len(self.runs) < 2:
            raise DscTfError(
                f"runs: {len(self.runs)} given. Give two or more folders that dsc_tf.train wrote."
            )


def run(config: CompareConfig) -> Path:
    """Compare runs with the settings of `config`.

    Parameters
    ----------
    config : CompareConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished folder: `agreement.csv`, `contingency.csv`, `composites.csv`, `clusters.csv`, a picture of the
        composites of each variable and run in the order of the clusters of the first run, and `compare.html`.

    Raises
    ------
    DscTfError
        If a run is missing or damaged, or two runs have no step in common.
    """
    from ..reporting.finished import check_finished, read_run

    for path in config.runs:
        check_finished(path)
    from ..reporting import open_run
    from ..reporting.readme import write_readme

    found = [(str(path), read_run(path), _labels(path)) for path in config.runs]
    tables: dict[str, list] = {"agreement": [], "contingency": [], "composites": [], "clusters": []}
    for first, second in combinations(found, 2):
        for name, rows in _compared(first, second).items():
            tables[name] += rows
    for path, one, _ in found:
        tables["clusters"] += _clusters(path, one.regimes)
    folder = open_run(
        run_folder(config.output, "compare-" + "-".join(Path(path).name for path in config.runs))
    )
    for name, rows in tables.items():
        if rows:
            folder.write_csv(f"{name}.csv", rows)
    pictures = _pictures(folder, found)
    folder.write_text("compare.html", page(tables, pictures=pictures))
    write_readme(folder)
    echo = cli.make_echo(config.quiet)
    for row in tables["agreement"]:
        echo(f"{row['run']} and {row['other']}: adjusted Rand index {row['adjusted_rand_index']:.3f}")
    path = folder.finish()
    echo(f"results in {path}")
    return path


def matched_clusters(labels, other, n_clusters, n_other):
    """Contingency table of two labellings and the assignment of clusters with the most steps in common.

    Parameters
    ----------
    labels, other : array of int, shape (time,)
        Clusters of the same steps, without unassigned ones.
    n_clusters, n_other : int
        Numbers of clusters.

    Returns
    -------
    counts : array of int, shape (n_clusters, n_other)
        Steps in each pair of clusters.
    pairs : list of tuple of int
        Matched clusters (Hungarian method); the smaller number of clusters decides how many.

    Examples
    --------
    >>> import numpy as np
    >>> matched_clusters(np.array([0, 0, 1]), np.array([1, 1, 0]), 2, 2)[1]
    [(0, 1), (1, 0)]
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((n_clusters, n_other), int)
    np.add.at(counts, (labels, other), 1)
    pairs = zip(*(one.tolist() for one in linear_sum_assignment(-counts)), strict=True)
    return counts, list(pairs)


def _labels(path):
    import xarray as xr

    with xr.open_dataset(Path(path) / "labels.nc") as stored:
        labels = stored["labels"].load()
    if not labels.indexes["time"].is_unique:
        raise DscTfError(f"runs: {path} has several members at one time. Compare runs of one member.")
    return labels


def _compared(first, second):
    """Rows of the tables of a pair of runs."""
    import xarray as xr

    from ..evaluation.external import adjusted_rand_index

    (path, one, labels), (other_path, other, other_labels) = first, second
    a, b = xr.align(labels, other_labels, join="inner")
    both = (a.values >= 0) & (b.values >= 0)
    if not both.any():
        raise DscTfError(f"runs: {path} and {other_path} have no step in common. Compare runs of one record.")
    a, b = a.values[both].astype(int), b.values[both].astype(int)
    counts, pairs = matched_clusters(a, b, one.regimes.sizes["cluster"], other.regimes.sizes["cluster"])
    names = {"run": path, "other": other_path}
    matched = sum(int(counts[pair]) for pair in pairs)
    agreement = names | {"steps": len(a), "adjusted_rand_index": float(adjusted_rand_index(a, b))}
    contingency = [
        names
        | {"cluster": i, "other_cluster": j, "steps": int(counts[i, j]), "matched": int((i, j) in pairs)}
        for i in range(len(counts))
        for j in range(counts.shape[1])
    ]
    return {
        "agreement": [agreement | {"matched_share": matched / len(a)}],
        "contingency": contingency,
        "composites": [
            names | {"variable": name, "cluster": i, "other_cluster": j, "pattern_correlation": r}
            for i, j in pairs
            for name, r in _correlations(one.regimes.isel(cluster=i), other.regimes.isel(cluster=j))
        ],
    }


def _pictures(folder, found):
    """Draw composites of the variables of all runs, in the order of the first run; titles and contents as PNG."""
    import base64

    from ..regimes.describe import name_of
    from ..reporting.maps import cluster_maps

    regimes = [one.regimes for _, one, _ in found]
    names = [n for n in regimes[0].data_vars if all(n in r and "latitude" in r[n].dims for r in regimes)]
    pictures = []
    for name in names:
        for number, (path, one, _) in enumerate(found, start=1):
            order = _order(found[0], found[number - 1])
            titles = [f"{j}, unmatched" if i is None else f"{j}, matches {i}" for i, j in order]
            titles = [f"cluster {j}" for _, j in order] if number == 1 else titles
            values = one.regimes[name][[j for _, j in order]]
            file = f"composite_{name}_{number}.png"
            folder.save_figure(file, cluster_maps(values, titles, title=f"{name_of(values)}, {path}"))
            content = base64.b64encode((folder.path / file).read_bytes()).decode()
            pictures.append((f"{name} in {path}", content))
    return pictures


def _order(first, second):
    """Pairs of a cluster of the first run, or None, and the cluster of the second run that matches it, in order."""
    import xarray as xr

    n_clusters = second[1].regimes.sizes["cluster"]
    if first is second:
        return [(j, j) for j in range(n_clusters)]
    a, b = xr.align(first[2], second[2], join="inner")
    both = (a.values >= 0) & (b.values >= 0)
    _, found = matched_clusters(
        a.values[both].astype(int), b.values[both].astype(int), first[1].regimes.sizes["cluster"], n_clusters
    )
    rest = [(None, j) for j in range(n_clusters) if j not in [j for _, j in found]]
    return [*sorted(found), *rest]


def _correlations(one, other):
    """Name and area-weighted correlation of the composites of variables that both runs have on one grid."""
    import numpy as np

    for name in one.data_vars:
        if "latitude" not in one[name].dims or name not in other or one[name].shape != other[name].shape:
            continue
        if not all(np.allclose(one[axis], other[axis]) for axis in ("latitude", "longitude")):
            continue
        weight = np.broadcast_to(np.cos(np.deg2rad(one["latitude"].values))[:, None], one[name].shape)
        x, y = one[name].values, other[name].values
        known = np.isfinite(x) & np.isfinite(y)
        if known.any():
            covariance = np.cov(x[known], y[known], aweights=weight[known])
            scale = np.sqrt(covariance[0, 0] * covariance[1, 1])
            yield name, float(covariance[0, 1] / scale) if scale > 0 else float("nan")


def _clusters(path, regimes):
    return [
        {
            "run": path,
            "cluster": j,
            "frequency": float(regimes["frequency"][j]),
            "mean_run_length": float(regimes["mean_run_length"][j]),
        }
        for j in range(regimes.sizes["cluster"])
    ]


def page(tables, titles=TITLES, heading="Comparison of runs", pictures=()):
    """Tables as one HTML page that needs no other file.

    Parameters
    ----------
    tables : dict of str to list of dict
        Rows of each table.
    titles : dict of str to str, default=TITLES
        Title of each table.
    heading : str, default="Comparison of runs"
        Heading of the page.
    pictures : sequence of tuple of str, default=()
        Title and content (PNG in base64) of each picture.

    Returns
    -------
    str
    """
    about = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    parts = [f"<!doctype html><html lang='en'>{about}<title>{heading}</title>"]
    parts += [f"<style>{STYLE}</style><h1>{heading}</h1>"]
    for name, rows in tables.items():
        if rows:
            head = "".join(f"<th>{escape(column)}</th>" for column in rows[0])
            body = "".join(
                "<tr>" + "".join(f"<td>{escape(_text(value))}</td>" for value in row.values()) + "</tr>"
                for row in rows
            )
            parts.append(f"<h2>{titles[name]}</h2><table><tr>{head}</tr>{body}</table>")
    if pictures:
        parts.append("<h2>Composites, clusters in the order of the first run</h2>")
    for title, content in pictures:
        image = f"<img alt='Maps of {escape(title)}' src='data:image/png;base64,{content}'>"
        parts.append(f"<figure>{image}<figcaption>{escape(title)}</figcaption></figure>")
    return "\n".join(parts) + "\n</html>\n"


def _text(value):
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(CompareConfig, run, argv, epilog=EXAMPLES, again=cli.REPEAT)
