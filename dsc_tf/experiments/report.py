"""Writes what `reproduce` leaves: tables, figures, the audit."""

from ..clusterers import DEEP_METHODS, build
from ..clusterers.registry import parameters
from ..evaluation.registry import EXTERNAL, MEASURES
from ..preprocessing.preprocessor import prepare
from . import audit, figures, tables
from .comparison import comparison_page
from .methods import BY_NAME, ROWS, rows_of
from .paper_file import fingerprint_page
from .published import PROPERTIES
from .runs import Run, RunStore

SHORTCUT = (
    'By the shortcut: the recipe "notebook" of DSC and the ablations moves no label, so its training is left out and '
    "k-means is applied to the latent vectors of the randomly initialised networks (`--shortcut`).\n"
)


def write_report(folder, config, ds, samples, records):
    """Write every table and figure that `config.what` asks for.

    Parameters
    ----------
    folder : RunFolder
        An open run folder.
    config : ReproduceConfig
        Settings.
    ds : xr.Dataset
        The record.
    samples : dict of str to PreparedRecord
        Prepared data by protocol.
    records : list of dict
        As `run_table` returns them.
    """
    if config.what == "comparison":
        _write_comparison(folder, config, ds, samples, records)
        return
    X = next(iter(samples.values())).X
    note = "synthetic data" if "synthetic" in str(ds.attrs.get("title", "")).lower() else ""
    page = _head(config, ds, X)
    if config.what in ("table1", "all"):
        table = tables.properties(_weights(X.shape[1:], config))
        _write_table(folder, "table1", table)
        page.append("# Table 1\n\n" + tables.as_markdown(*table))
    if config.what in ("figure1", "all"):
        folder.save_figure("figure1.png", _network(X.shape[1:], config.n_clusters, note))
    for protocol in config.protocols if records else ():
        page += _protocol(folder, config, samples[protocol], records, protocol, note)
    folder.write_text("report.md", "\n".join(page))


def _write_comparison(folder, config, ds, samples, records):
    """Tables of every method under every protocol, next to each other."""
    anomalies = samples["anomaly"].X if "anomaly" in samples else prepare(ds, protocol="anomaly")[0]
    page, table = comparison_page(records, anomalies, sequence_length=config.longest_sequence)
    _write_table(folder, "comparison", table)
    folder.write_csv("runs.csv", [_flat(record) for record in records])
    title = tables.escape_markdown(ds.attrs.get("title") or config.data_stem)
    size = " x ".join(map(str, anomalies.shape[1:]))
    head = (
        f"# Methods and protocols on {title}\n\n{len(anomalies)} steps of {size} (window, latitude, longitude, "
        f"variable), k = {config.n_clusters}.\n"
    )
    folder.write_text("report.md", "\n".join([head, SHORTCUT if config.shortcut else "", *page]))


def _head(config, ds, X):
    size = " x ".join(map(str, X.shape[1:]))
    return [
        f"# {config.what} on {tables.escape_markdown(ds.attrs.get('title') or config.data_stem)}\n",
        f"{len(X)} steps of {size} (window, latitude, longitude, variable), k = {config.n_clusters}. Best is the run "
        "of the largest cosine silhouette, as the notebooks' loops keep it; its other figures are of the same run.\n",
        fingerprint_page(ds),
        SHORTCUT if config.shortcut else "",
    ]


def _protocol(folder, config, samples, records, protocol, note):
    """Tables, figures and audit of one protocol; their Markdown."""
    records = [record for record in records if record["protocol"] == protocol]
    summaries = tables.summarise(records)
    suffix = "" if len(config.protocols) == 1 else f"_{protocol}"
    length = {"sequence_length": config.longest_sequence}
    page = []
    for name in ("table2", "table3"):
        if config.what not in (name, "all"):
            continue
        held = {row.name for row in rows_of(name)}
        mine = [s for s in summaries if s["row"] in held]
        by_notebook = tables.comparison(mine, **length)
        by_equation = tables.comparison(mine, by_equation=True, **length)
        guards = tables.guards(mine, **length)
        _write_table(folder, name + suffix, by_notebook)
        _write_table(folder, f"{name}{suffix}_by_equation", by_equation)
        _write_table(folder, f"{name}{suffix}_guards", guards)
        page += [
            f"# Table {name[-1]}, protocol {protocol}\n",
            "By the definitions of the notebooks, one for all rows:\n",
            tables.as_markdown(*by_notebook),
            "By the equations of the paper; the printed distance and variance were not computed by them:\n",
            tables.as_markdown(*by_equation),
            "Before believing any of it:\n",
            tables.as_markdown(*guards),
            "\\* not comparable with the other rows of its column:\n\n" + audit.not_comparable_notes(),
        ]
        mine_too = [r for r in records if r["row"] in held]
        figure = figures.runs_figure(mine_too, mine, note=note, **length)
        folder.save_figure(f"{name}{suffix}_runs.png", figure)
    panels = _latent_panels(RunStore(folder), config, protocol)
    if config.what in ("figure2", "all") and panels:
        folder.save_figure(f"figure2{suffix}.png", figures.latent_figure(panels, note=note))
    if any("best" in s for s in summaries) and config.what != "figure2":
        page += [f"# Audit, protocol {protocol}\n", audit.audit_page(summaries, samples, **length)]
    failed = [(tables.title(s), tables.escape_markdown(error)) for s in summaries for error in s["errors"]]
    page += [f"- failed: {title}: {error}\n" for title, error in failed]
    folder.write_csv(f"runs{suffix}.csv", [_flat(record) for record in records])
    return page


def _write_table(folder, name, table):
    for ending, write in (("csv", tables.as_csv), ("md", tables.as_markdown), ("tex", tables.as_latex)):
        folder.write_text(f"{name}.{ending}", write(*table))


def _flat(record):
    """A record without labels, as one row of numbers and words."""
    names = ("row", "protocol", "recipe", "seed", "seconds", "stopped_by", "mean_run_length", "error")
    flat = {name: record.get(name, "") for name in names}
    measured = record.get("measures", {})
    every = [*MEASURES, *EXTERNAL]
    return flat | {name: measured.get(name, "") for name in every} | _descent(record)


def _descent(record):
    return {
        f"descent_{k}": record.get("descent", {}).get(k, "") for k in ("rmse_mean", "moved", "iterations")
    }


def _latent_panels(store, config, protocol):
    panels = {}
    for recipe in config.recipes:
        for name in ("dec", "dsc"):
            if (found := store.latent(Run(name, protocol, recipe, 0))) is not None:
                panels[f"{BY_NAME[name].title}, {recipe}, seed 0"] = found
    return panels


def _weights(shape, config):
    """Size of each network of Table 1 on this grid."""
    return {
        row.name: _size(row, shape, config)
        for row in ROWS
        if row.name in PROPERTIES and row.method in DEEP_METHODS
    }


def _size(row, shape, config):
    length = config.longest_sequence
    options = {"sequence_length": length} if "sequence_length" in parameters(row.method) else {}
    network = build(row.method, config.n_clusters, **options)
    count = network.count_weights(shape)
    return f"{count / 1e6:.1f} million" if count >= 1e6 else f"{count / 1e3:.0f} thousand"


def _network(shape, n_clusters, note):
    from ..models import dsc_autoencoder, joint_clustering_model
    from .network_figure import network_figure

    return network_figure(joint_clustering_model(dsc_autoencoder(shape), n_clusters), note=note)
