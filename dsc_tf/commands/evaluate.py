"""How well regimes predict held-out years, compared with a reference method."""

import ast
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ..clusterers.registry import METHODS, build, parameters
from ..errors import DscTfError
from ..logging import record_warnings
from ..preprocessing.protocols import PROTOCOLS
from . import cli
from .data_settings import FILLS, RecordConfig, start_run
from .settings import suggest
from .train import trained_settings

EXAMPLES = """examples:
  python -m dsc_tf.evaluate --data 'era5_*.nc'
  python -m dsc_tf.evaluate runs/mine                                     the method and the record of a run
  python -m dsc_tf.evaluate --data 'slp_*.nc' --season NDJFM --n-clusters 4 --terciles msl --series nao.csv
  python -m dsc_tf.evaluate --data 'era5_*.nc' --methods predictive_kmeans,penalty=0.2 persistent_kmeans
"""
TITLES = {
    "explained": "Explained variation of held-out fields by the label of the step, and its paired difference from the "
    "reference (95 % interval)",
    "information": "Information of the label on classes of later steps, nats",
    "stability": "Stability and persistence of the labels on held-out steps",
}
RECORD = tuple(entry.name for entry in dataclasses.fields(RecordConfig))


@dataclass(frozen=True)
class EvaluateConfig(RecordConfig):
    """Fit methods to the first years of a record and measure how well their causal labels predict the last ones.

    Parameters
    ----------
    runs : tuple of str
        Folders that dsc_tf.train wrote: their methods are fitted again, to the training years, with the settings of the
        run; the record is that of the first run if none is given.
    methods : tuple of str
        Methods, with parameters such as persistent_kmeans,penalty=0.2; predictive_kmeans and persistent_kmeans if no
        run is given.
    reference : str
        Method that the others are compared with, written in the same way.
    n_clusters : int
        Number of clusters of methods and reference; by default that of the first run, or 7.
    protocol : str
        How values are prepared for methods and reference, and the fields whose variation is explained.
    fill : str
        How missing values are filled: "constant" (as the protocol does), or "kriging" (each step from its own known
        values, with constants of the training years).
    test_years : int
        Number of years at the end of the record that are held out.
    seeds : tuple of int
        Seeds of the methods.
    leads : tuple of int
        Steps ahead of the explained variation.
    class_lead : int
        Steps ahead of the classes that labels inform about.
    terciles : tuple of str
        Variables: classes by the terciles of their area mean without its seasonal cycle.
    series : tuple of str
        CSV files with a time and a value on each line: terciles of a number with a decimal point, else classes.
    draws : int
        Bootstrap samples that each method is fitted to, with one fit of even and one of odd years; 0 leaves them out.
    output : str
        Folder; a free name under runs/ by default.
    quiet : bool
        Print nothing but errors and warnings.
    """

    runs: tuple[str, ...] = field(default=(), metadata={"positional": True})
    methods: tuple[str, ...] = ()
    reference: str = "eof_kmeans"
    n_clusters: int | None = None
    protocol: str = field(default="standardised_anomaly", metadata={"choices": tuple(PROTOCOLS)})
    fill: str = field(default="constant", metadata={"choices": FILLS})
    test_years: int = 3
    seeds: tuple[int, ...] = (0, 1, 2)
    leads: tuple[int, ...] = (0, 1, 3, 5, 7)
    class_lead: int = 3
    terciles: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    draws: int = 8
    output: str | None = None
    quiet: bool = False

    minimum: ClassVar[dict[str, int]] = {"n_clusters": 2, "test_years": 1, "draws": 0, "class_lead": 0}

    def __post_init__(self):
        super().__post_init__()
        if any(lead < 0 for lead in self.leads):
            raise DscTfError(f"leads: {min(self.leads)}. Give steps ahead of 0 or more.")
        for text in (*self.methods, self.reference):
            parse_method(text)


def parse_method(text):
    """Name and parameters of a method as it is written on the command line.

    Parameters
    ----------
    text : str
        Such as "persistent_kmeans,penalty=0.2".

    Returns
    -------
    name : str
    options : dict

    Raises
    ------
    DscTfError
        If there is no such method, or a parameter has no value.

    Examples
    --------
    >>> parse_method("persistent_kmeans,penalty=0.2")
    ('persistent_kmeans', {'penalty': 0.2})
    """
    name, *given = text.split(",")
    if name not in METHODS:
        raise DscTfError(f"methods: {name!r}. Choose from {', '.join(METHODS)}.{suggest(name, METHODS)}")
    options = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals:
            raise DscTfError(f"methods: {one!r} in {text!r}. Write parameters as name=value.")
        try:
            options[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[key] = value
    return name, options


@dataclass(frozen=True)
class Candidate:
    """A method that is evaluated: its name, parameters, number of clusters and preparation."""

    method: str
    options: dict[str, Any]
    n_clusters: int
    protocol: str
    window: int = 1

    def __call__(self, seed):
        """The clusterer, not fitted."""
        options = self.options
        if "random_state" in parameters(self.method):
            options = options | {"random_state": seed}
        found = build(self.method, self.n_clusters, **options)
        if not hasattr(found, "predict"):
            raise DscTfError(f"methods: {self.method} cannot label new samples. Choose another method.")
        return found


def run(config: EvaluateConfig) -> Path:
    """Evaluate with the settings of `config`.

    Parameters
    ----------
    config : EvaluateConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished folder: `evaluation.nc`, `explained.csv`, `information.csv`, `stability.csv`, `evaluation.png`,
        `evaluate.html`, `conclusion.txt`.

    Raises
    ------
    DscTfError
        If settings, data, runs or the output folder are invalid, or the record is too short for held-out years.
    """
    with record_warnings() as messages:
        return _run_recorded(config, messages)


def _run_recorded(config, messages):
    config, candidates = _candidates(config)
    season = config.season
    ds = dataclasses.replace(config, season=None).open().load()
    if any(METHODS[one.method].is_deep for one in candidates.values()):
        cli.load_keras()
    for candidate in candidates.values():
        candidate(config.seeds[0])  # wrong parameters are reported before anything is written
    from ..evaluation import predictive_evaluation
    from ..evaluation.predictability import split_years
    from ..reporting.readme import write_readme
    from ..reporting.regime_figures import predictive_figure

    echo = cli.make_echo(config.quiet)
    train, _ = split_years(ds["time"], config.test_years, season)
    classes = {f"terciles of {name}": _terciles(ds, name, train) for name in config.terciles}
    classes |= {Path(path).stem: series_classes(path, ds["time"], train) for path in config.series}
    if config.fill == "kriging":
        from ..preprocessing.gap_filling import GapFiller

        filler = GapFiller(steps=0).fit(ds.isel(time=train.nonzero()[0]))  # no step tells of a later one
        ds = filler.transform(ds, progress=not config.quiet)[list(ds.data_vars)]
    folder = start_run(config, f"evaluate-{config.data_stem}", ds)
    table = predictive_evaluation(
        candidates,
        ds,
        protocol=config.protocol,
        test_years=config.test_years,
        season=season,
        seeds=config.seeds,
        leads=config.leads,
        classes=classes,
        class_lead=config.class_lead,
        preparations={name: (one.protocol, one.window) for name, one in candidates.items()},
        n_draws=config.draws,
    )
    tables, text = tables_of(table), conclusion(table)
    folder.write_netcdf("evaluation.nc", table)
    for name, rows in tables.items():
        folder.write_csv(f"{name}.csv", rows)
    folder.write_text("conclusion.txt", text + "\n")
    folder.save_figure("evaluation.png", predictive_figure(table))
    from .compare import page

    folder.write_text("evaluate.html", page(tables, TITLES, "Predictive evaluation on held-out years"))
    write_readme(folder)
    echo(text)
    path = folder.finish(warnings=messages)
    echo(f"results in {path}")
    return path


def _candidates(config):
    """Settings with the record of the first run, and what is evaluated by name; the reference is first."""
    saved = [(path, _settings_of_run(path)) for path in config.runs]
    if saved and config.data == ("sample",):
        record = {name: getattr(saved[0][1], name) for name in RECORD if hasattr(saved[0][1], name)}
        config = dataclasses.replace(config, **record)
    given = config.n_clusters
    n_clusters = given or (saved[0][1].n_clusters if saved else 7)
    texts = config.methods or (() if saved else ("predictive_kmeans", "persistent_kmeans"))
    found = {
        text: Candidate(*parse_method(text), n_clusters, config.protocol)
        for text in (config.reference, *texts)
    }
    for path, settings in saved:
        found[path] = _candidate_of_run(path, settings, given)
    if len(found) < 2:
        raise DscTfError("methods: none but the reference. Give another one.")
    return config, found


def _settings_of_run(path):
    from ..reporting.finished import check_finished

    check_finished(path)
    settings, _ = trained_settings(path)
    if settings.encoder is not None:
        raise DscTfError(f"runs: {path} is no run of a method on fields. Give one that dsc_tf.train wrote.")
    return settings


def _candidate_of_run(path, settings, n_clusters):
    method = settings.fitted_method
    names = [name for name in METHODS[method].options if name != "objective"]
    options = {name: getattr(settings, name) for name in names if getattr(settings, name) is not None}
    return Candidate(method, options, n_clusters or settings.n_clusters, settings.protocol, settings.window)


def _terciles(ds, name, train):
    import numpy as np

    from ..evaluation.predictability import anomalies_of, terciles

    if name not in ds:
        raise DscTfError(f"terciles: {name!r} is not in the data. Choose from {', '.join(ds.data_vars)}.")
    weight = np.cos(np.deg2rad(ds["latitude"]))
    mean = ds[name].weighted(weight).mean(("latitude", "longitude"))
    return terciles(anomalies_of(mean, train), train)


def series_classes(path, time, train):
    """Classes of the steps of a record from a CSV file of times and values; -1 where it has none.

    Parameters
    ----------
    path : str
        File with a header line; the first column is the time, the last one the value.
    time : xr.DataArray
        Times of the record; dates are compared.
    train : array of bool, shape (time,)
        Steps that the terciles of a number with a decimal point are taken from.

    Returns
    -------
    array of int, shape (time,)

    Raises
    ------
    DscTfError
        If the file cannot be read, or has no value on a date of the record.
    """
    import numpy as np
    import pandas as pd

    from ..evaluation.predictability import terciles

    try:
        table = pd.read_csv(path)
        dates = pd.to_datetime(table.iloc[:, 0]).dt.strftime("%Y-%m-%d")
    except (OSError, ValueError, IndexError, AttributeError) as error:
        reason = str(error).partition("\n")[0][:100]
        raise DscTfError(
            f"series: {path} cannot be read ({reason}). Give a CSV file of times and values."
        ) from error
    values = pd.Series(table.iloc[:, -1].values, index=dates)
    values = values[~values.index.duplicated()].reindex(time.dt.strftime("%Y-%m-%d").values)
    if not values.notna().any():
        raise DscTfError(f"series: {path} has no value on a date of the record. Give another file.")
    if table.iloc[:, -1].dtype.kind == "f":
        return terciles(values.to_numpy(float), train)
    return np.asarray(pd.factorize(values)[0])


def tables_of(table):
    """Rows of the three tables of an evaluation.

    Parameters
    ----------
    table : xr.Dataset
        As `predictive_evaluation` returns it.

    Returns
    -------
    dict of str to list of dict
        explained (a row for each method and lead), information (method and target), stability (method).
    """
    explained = table["explained_variation"].mean("seed")
    base = explained.sel({"method": table.attrs["reference"]})
    rows: dict[str, list] = {"explained": [], "information": [], "stability": []}
    for method in table["method"].values.tolist():
        one = table.sel({"method": method})
        for lead in table["lead"].values.tolist():
            value, other = (float(x.sel({"lead": lead})) for x in (explained.sel({"method": method}), base))
            at = one.sel({"lead": lead})
            rows["explained"].append(
                {
                    "method": method,
                    "lead": lead,
                    "explained_variation": value,
                    "ratio": value / other if other > 0 else float("nan"),
                    **{name: float(at[name]) for name in ("difference", "low", "high")},
                }
            )
        rows["information"] += [
            {"method": method, "class": target, "nats": float(one["information"].sel({"target": target}))}
            for target in table["target"].values.tolist()
        ]
        stable = {"method": method, "adjusted_rand_index_of_seeds": float(one["seed_agreement"])}
        if "bootstrap_agreement" in table:
            stable["of_bootstrap_samples"] = float(one["bootstrap_agreement"].mean())
            stable["standard_deviation"] = float(one["bootstrap_agreement"].std())
            stable["of_even_and_odd_years"] = float(one["split_agreement"])
        stable |= {"mean_stay": float(one["stay"]), "smallest_cluster": float(one["smallest"])}
        rows["stability"].append(stable)
    return rows


def conclusion(table):
    """One sentence on the first method that is not the reference.

    Parameters
    ----------
    table : xr.Dataset
        As `predictive_evaluation` returns it.

    Returns
    -------
    str
    """
    reference = table.attrs["reference"]
    method = next(name for name in table["method"].values.tolist() if name != reference)
    rows = [row for row in tables_of(table)["explained"] if row["method"] == method]
    shares = ", ".join(f"{row['ratio']:.2f} ({row['lead']})" for row in rows)
    above = ", ".join(str(row["lead"]) for row in rows if row["low"] > 0) or "none"
    below = ", ".join(str(row["lead"]) for row in rows if row["high"] < 0) or "none"
    return (
        f"{method} on {table.attrs['held_out_steps']} held-out steps: explained variation relative to {reference} "
        f"(steps ahead) {shares}; the 95 % interval of the difference is above zero at leads {above}, below zero at "
        f"leads {below}."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.run_command(
        lambda: run(cli.parse(EvaluateConfig, argv, program="python -m dsc_tf.evaluate", epilog=EXAMPLES)),
        again="Run the same command again.",
    )
