"""The ladder of labelled regimes: every method on every rung, the ceiling of known parameters, gates, table, figure."""

import json
import time
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import xarray as xr
from sklearn.metrics import adjusted_rand_score

from ..clusterers import build
from ..clusterers.registry import parameters
from ..clusterers.switching_chain import Priors, infer, maximise, segment_starts
from ..datasets import ladder
from ..datasets.regime_ladder import RUNGS, YEAR
from ..evaluation.diagnostics import mean_run_length
from ..preprocessing.as_samples import as_samples
from ..preprocessing.samples import Samples
from ..preprocessing.windows import window_ends

HARMONICS = 2
RUNS = "fits"
CEILING = "ceiling"
FRAME_WISE = ("kmeans", "eof_kmeans", "spherical_kmeans", "hierarchical", "gaussian_mixture", "consensus")
LINEAR = (*FRAME_WISE, "persistent_kmeans", "predictive_kmeans", "switching")
GATED = {"switching_dsc": (1, 2, 3, 4, 5, 6), "switching": (1, 2, 3, 4, 6)}  # rungs of each gated method
MEAN_GATE, HIGH_GATE, RECORD_GATE, BLIND_GATE, CHOICE_GATE = 0.90, 0.95, 0.85, 0.05, 0.02
HIGH_RUNGS = (1, 3, 4)


@dataclass(frozen=True)
class Row:
    """A method of the ladder.

    Parameters
    ----------
    name : str
        Key of its fits.
    title : str
        As printed.
    method : str
        Name in the registry.
    options : dict, default={}
        Parameters other than the defaults.
    deep : bool, default=False
        Whether a network is trained on every record.
    window : int, default=1
        Days of a sample, whose label is compared with the regime of its last day.
    """

    name: str
    title: str
    method: str
    options: dict = field(default_factory=dict)
    deep: bool = False
    window: int = 1


# Small networks and a short training: a fit takes a minute. Windows reach as far back as the lags of rung 6.
SHORT = {"recipe": "trained", "pretrain_epochs": 2, "epochs": 1}
SMALL_DSC = SHORT | {"filters": (16, 32, 64), "units": 64, "latent_size": 32}
SMALL_B_TGAT = SHORT | {"filters": (8, 16), "units": 32, "latent_size": 32}
SMALL_CNN = SHORT | {"filters": (16, 32), "dense": (256, 32)}
ROWS = (
    Row("random_partition", "random partition", "random_partition"),
    Row("kmeans", "k-means", "kmeans"),
    Row("spherical_kmeans", "spherical k-means", "spherical_kmeans"),
    Row("hierarchical", "Ward", "hierarchical"),
    Row("eof_kmeans", "EOF + k-means", "eof_kmeans"),
    Row("gaussian_mixture", "EOF 12 + Gaussian mixture", "gaussian_mixture", {"n_components": 12}),
    Row("persistent_kmeans", "persistent k-means, penalty 0.5", "persistent_kmeans", {"penalty": 0.5}),
    Row("consensus", "consensus of four methods", "consensus"),
    Row("predictive_kmeans", "predictive k-means", "predictive_kmeans"),
    Row("switching", "switching autoregression", "switching"),
    Row("switching_dsc", "SwitchingDSC", "switching_dsc", deep=True),
    Row("dsc", "DSC, trained", "dsc", {"recipe": "trained"}, deep=True),
    Row("dsc_small", "DSC, small network, windows of 4 days", "dsc", SMALL_DSC, deep=True, window=4),
    Row("b_tgat", "B-TGAT, trained, windows of 7 days", "b_tgat", {"recipe": "trained"}, deep=True, window=7),
    Row(
        "b_tgat_small",
        "B-TGAT, small network, windows of 4 days",
        "b_tgat",
        SMALL_B_TGAT,
        deep=True,
        window=4,
    ),
    Row("dec", "DEC, trained", "dec", {"recipe": "trained"}, deep=True),
    Row("cnn_autoencoder", "CNN autoencoder, trained", "cnn_autoencoder", {"recipe": "trained"}, deep=True),
    Row("cnn_small", "CNN autoencoder, small network", "cnn_autoencoder", SMALL_CNN, deep=True),
    Row(
        "dtc_short", "DTC, means of areas, short training", "dtc", SHORT | {"sequence_length": 200}, deep=True
    ),
)
BY_NAME = {row.name: row for row in ROWS}


def samples_of(ds):
    """Samples of a record of the ladder: anomalies divided by the smooth seasonal standard deviation.

    Parameters
    ----------
    ds : xr.Dataset
        As `ladder` returns it.

    Returns
    -------
    Samples
        Of unit variance for each variable.
    """
    values = ds.to_dataarray("variable").transpose("time", "latitude", "longitude", "variable")
    phase = 2 * np.pi * (ds.time.dt.dayofyear.values - 1) / YEAR
    waves = [wave(h * phase) for h in range(1, HARMONICS + 1) for wave in (np.cos, np.sin)]
    design = np.stack([np.ones_like(phase), *waves], axis=1)
    cells = values.values.reshape(len(phase), -1).astype(np.float64)
    anomalies = (cells - design @ np.linalg.lstsq(design, cells, rcond=None)[0]).reshape(values.shape)
    variance = (anomalies**2).mean(axis=(1, 2))
    smooth = design @ np.linalg.lstsq(design, variance, rcond=None)[0]
    anomalies /= np.sqrt(np.maximum(smooth, 1e-3 * variance.mean(axis=0)))[:, None, None, :]
    anomalies /= anomalies.std(axis=(0, 1, 2), keepdims=True)
    scaled = xr.DataArray(anomalies.astype(np.float32), values.coords, values.dims)
    return as_samples(scaled.drop_vars("regime"))


def fit_one(name, rung, data_seed, random_state=0):
    """Fit a method to one record and compare its labels with the true regimes.

    Parameters
    ----------
    name : str
        A name in `BY_NAME`, or "ceiling".
    rung : int
        Rung.
    data_seed : int
        Seed of the record.
    random_state : int, default=0
        Seed of the method.

    Returns
    -------
    dict
        ari, seconds (of the processor), mean_run_length; for the switching methods also causal_ari (labels by past
        days alone), branch, information and candidates (adjusted Rand index of each branch as fitted for the choice).
    """
    X, truth, n_regimes = _labelled(rung, data_seed)
    record = {"method": name, "rung": rung, "data_seed": data_seed}
    if name == CEILING:
        return record | {"ari": _ceiling(X, truth)}
    row = BY_NAME[name]
    X, truth = _windows(X, truth, row.window)
    began = time.process_time()
    seed = {"random_state": random_state} if "random_state" in parameters(row.method) else {}
    method = build(row.method, n_regimes, **row.options, **seed).fit(X)
    record["seconds"] = round(time.process_time() - began, 1)
    record["ari"] = _agreement(truth, method.labels_)
    record["mean_run_length"] = round(float(mean_run_length(method.labels_)), 2)
    if hasattr(method, "information_"):
        record |= _choice(method, X, truth)
    return record


@lru_cache(maxsize=1)
def _labelled(rung, data_seed):
    """Samples of a record, its true regimes and their number; kept for the next method."""
    ds = ladder(rung, data_seed)
    return samples_of(ds), ds.regime.values, int(ds.attrs["n_regimes"])


def _windows(X, truth, window):
    """Samples of several days each, and the regime of their last day."""
    if window == 1:
        return X, truth
    ends = window_ends(X.segment, window)
    metadata = {name: getattr(X, name) for name in ("latitude", "longitude", "variables", "weighted")}
    metadata |= {"time": X.time[ends], "segment": X.segment[ends]}
    return Samples(X.rows, X.grid, ends=ends, window=window, **metadata), truth[ends]


def _agreement(truth, labels):
    return round(float(adjusted_rand_score(truth, labels)), 4)


def _choice(method, X, truth):
    """The branch that was chosen, what spoke for it, and what the others would have found."""
    candidates = {
        str(branch): _agreement(truth, probabilities.argmax(axis=1))
        for branch, probabilities in method.candidate_probabilities(X).items()
    }
    method.causal = True
    return {
        "causal_ari": _agreement(truth, method.predict(X)),
        "branch": str(method.branch_),
        "information": {str(branch): round(value, 3) for branch, value in method.information_.items()},
        "candidates": candidates,
    }


def _ceiling(X, truth):
    """Largest agreement of linear chains whose parameters are estimated from the true regimes."""
    method = build("switching", int(truth.max()) + 1, random_state=0)
    latent = method.fit_projection(X)
    starts = segment_starts(X.segment)
    known = np.eye(int(truth.max()) + 1)[truth]
    best = 0.0
    for size, lags in method.branches:
        chain = maximise(latent[:, :size], starts, known, lags, Priors())
        posterior, _ = infer(chain, latent[:, :size], starts)
        best = max(best, _agreement(truth, posterior.smoothed.argmax(axis=1)))
    return best


def run_ladder(folder, names, rungs, data_seeds, follow=iter):
    """Fit what is not in the folder yet; each result is stored when it is there.

    Parameters
    ----------
    folder : RunFolder
        An open run folder.
    names : sequence of str
        Methods, and "ceiling".
    rungs, data_seeds : sequence of int
        Records.
    follow : callable, default=iter
        Wraps the list of fits to do, such as a progress bar.

    Returns
    -------
    list of dict
        As `fit_one` returns them; `error` in place of `ari` where a fit failed.
    """
    (folder.path / RUNS).mkdir(exist_ok=True)
    planned = [(name, rung, seed) for rung in rungs for seed in data_seeds for name in names]

    def stored(fit):
        return folder.read_json(f"{RUNS}/{'-'.join(map(str, fit))}.json")

    for fit in follow([fit for fit in planned if stored(fit) is None]):
        try:
            record = fit_one(*fit)
        except Exception as error:  # the failure of one method is a result, and ends no other fit
            name, rung, seed = fit
            record = {
                "method": name,
                "rung": rung,
                "data_seed": seed,
                "error": f"{type(error).__name__}: {error}",
            }
        folder.write_text(f"{RUNS}/{'-'.join(map(str, fit))}.json", json.dumps(record) + "\n")
    return [stored(fit) for fit in planned]


def values_of(records, name, rung, key="ari"):
    """Values of one method on one rung, in the order of the data seeds."""
    return [r[key] for r in records if r["method"] == name and r["rung"] == rung and key in r]


def gates(records):
    """Conditions that the ladder has to fulfil: of the gated method, and of the ladder itself.

    Parameters
    ----------
    records : list of dict
        As `run_ladder` returns them.

    Returns
    -------
    list of (str, bool or None, str)
        Condition, whether it holds (None if it was not measured), and the deciding value.
    """
    found = []
    for name, rungs in GATED.items():
        title = BY_NAME[name].title
        single = {r: values_of(records, name, r) for r in rungs}
        means = {r: [np.mean(values)] if values else [] for r, values in single.items()}
        high = {r: means[r] for r in HIGH_RUNGS}
        losses = {r: _losses(records, name, r) for r in rungs}
        found += [
            _gate(f"{title}: mean of the data seeds on each of rungs {_listed(rungs)}", means, MEAN_GATE),
            _gate(f"{title}: mean on rungs {_listed(HIGH_RUNGS)}", high, HIGH_GATE),
            _gate(f"{title}: each record of these rungs", single, RECORD_GATE),
            _gate(f"{title}: loss against the best branch", losses, CHOICE_GATE, least=False),
        ]
    methods = {r["method"] for r in records}
    blind = {(n, r): values_of(records, n, r) for n in FRAME_WISE for r in (4, 6) if n in methods}
    linear = {(n, 5): values_of(records, n, 5) for n in LINEAR if n in methods}
    found.append(_gate("frame-wise methods on rungs 4 and 6", blind, BLIND_GATE, least=False))
    found.append(_gate("linear methods on rung 5", linear, BLIND_GATE, least=False))
    return found


def _losses(records, name, rung):
    """Index of the best branch less that of the chosen one, both as fitted for the choice, by record."""
    return [
        max(r["candidates"].values()) - r["candidates"][r["branch"]]
        for r in records
        if r["method"] == name and r["rung"] == rung and r.get("candidates")
    ]


def _gate(text, values, limit, *, least=True):
    """A condition and its verdict: it can fail on a part of what it needs, and holds only on all of it.

    Parameters
    ----------
    text : str
        Condition without its limit.
    values : dict to list of float
        Values on each rung, or of each method on each rung, that the condition needs; empty where it was not run.
    limit : float
        Limit of the values.
    least : bool, default=True
        Whether the limit is the least value, or else the largest.
    """
    text = f"{text}: at {'least' if least else 'most'} {limit}"
    measured = [v for some in values.values() for v in some]
    if not measured:
        return text, None, "not measured"
    worst = min(measured) if least else max(measured)
    shown = f"{'smallest' if least else 'largest'} {worst:.3f}"
    if worst < limit if least else worst > limit:
        return text, False, shown
    missing = sum(not some for some in values.values())
    return (
        (text, None, f"{shown}, {missing} of {len(values)} parts not run") if missing else (text, True, shown)
    )


def _listed(rungs):
    return ", ".join(map(str, rungs[:-1])) + f" and {rungs[-1]}"


def report(records, names, rungs, data_seeds):
    """The results as Markdown: table, chosen branches, seconds, gates.

    Parameters
    ----------
    records : list of dict
        As `run_ladder` returns them.
    names : sequence of str
        Methods, in the order of the rows.
    rungs, data_seeds : sequence of int
        Columns, and the seeds of the records.
    """
    seeds = ", ".join(map(str, data_seeds))
    lines = [
        "# The ladder of regimes\n",
        f"Adjusted Rand index of the labels of all days, records of 3600 days with data seeds {seeds}: mean, and the "
        "smallest in parentheses. The number of regimes is given. Values are anomalies divided by the smooth seasonal "
        "standard deviation. The ceiling is the best linear chain with parameters estimated from the true regimes; "
        "on rungs 5 and 7 no linear chain applies.\n",
        _row(["", *(f"{r} {RUNGS[r].name}" for r in rungs)]),
        _row(["---"] * (len(rungs) + 1)),
    ]
    for name in names:
        title = "ceiling (true regimes)" if name == CEILING else BY_NAME[name].title
        lines.append(_row([title, *(_cell(values_of(records, name, r)) for r in rungs)]))
        causal = [values_of(records, name, r, "causal_ari") for r in rungs]
        if any(causal):
            lines.append(_row([f"{title}, labels by past days", *map(_cell, causal)]))
    lines += ["", "Processor seconds of a fit, mean over the data seeds:\n"]
    lines += [_row(["", *map(str, rungs)]), _row(["---"] * (len(rungs) + 1))]
    for name in names:
        if name != CEILING:
            seconds = (values_of(records, name, r, "seconds") for r in rungs)
            lines.append(_row([BY_NAME[name].title, *(f"{np.mean(s):.0f}" if s else "" for s in seconds)]))
    lines += ["", "Conditions:\n"]
    lines += [f"- {_verdict(holds)}: {text} ({value})" for text, holds, value in gates(records)]
    lines += ["", *_branches(records)]
    lines += [
        f"- failed: {r['method']}, rung {r['rung']}, data seed {r['data_seed']}: {r['error']}"
        for r in records
        if "error" in r
    ]
    return "\n".join(lines) + "\n"


def _branches(records):
    chosen = [r for r in records if "branch" in r]
    if not chosen:
        return []
    lines = [
        "Chosen branches (components, lags): information in nats, index of the labels; the best other branch:\n"
    ]
    lines += [
        _row(["method", "rung", "data seed", "branch", "information", "index", "best other by information"])
    ]
    lines += [_row(["---"] * 7)]
    for r in chosen:
        others = {b: i for b, i in r["information"].items() if b != r["branch"]}
        other = max(others, key=others.get) if others else ""
        shown = f"{other}: {others[other]:.2f}, {r['candidates'].get(other, np.nan):.2f}" if others else ""
        information = r["information"].get(r["branch"], np.nan)
        cells = [
            r["method"],
            r["rung"],
            r["data_seed"],
            r["branch"],
            f"{information:.2f}",
            f"{r['ari']:.3f}",
            shown,
        ]
        lines.append(_row(map(str, cells)))
    return [*lines, ""]


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def _cell(values):
    return f"{np.mean(values):.2f} ({min(values):.2f})" if values else ""


def _verdict(holds):
    return {True: "holds", False: "does not hold", None: "open"}[holds]


def ladder_figure(records, names, rungs):
    """Mean index of each method on each rung as shaded cells with numbers.

    Parameters
    ----------
    records : list of dict
        As `run_ladder` returns them.
    names : sequence of str
        Methods, in the order of the rows.
    rungs : sequence of int
        Columns.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from ..reporting.style import new_figure

    means = np.full((len(names), len(rungs)), np.nan)
    for i, name in enumerate(names):
        for j, rung in enumerate(rungs):
            if values := values_of(records, name, rung):
                means[i, j] = np.mean(values)
    figure = new_figure(3 + 0.95 * len(rungs), 1.2 + 0.34 * len(names), "synthetic data")
    axes = figure.subplots()
    axes.imshow(means, vmin=0, vmax=1, cmap="Blues", aspect="auto")
    for i, j in np.argwhere(np.isfinite(means)):
        colour = "white" if means[i, j] > 0.6 else "black"
        axes.text(j, i, f"{means[i, j]:.2f}", ha="center", va="center", fontsize=8, color=colour)
    titles = ["ceiling (true regimes)" if name == CEILING else BY_NAME[name].title for name in names]
    axes.set_yticks(range(len(names)), titles, fontsize=8)
    axes.set_xticks(range(len(rungs)), [f"{r}\n{RUNGS[r].name}" for r in rungs], fontsize=8)
    axes.set_title("Adjusted Rand index with the true regimes, mean over data seeds", fontsize=9)
    return figure
