"""The published tables and figures for any record: every method, many seeds, our figures next to the published."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DscTfError, refuse_damaged
from ..experiments import methods
from ..experiments.methods import BY_NAME
from ..logging import record_warnings
from ..preprocessing.protocols import PROTOCOLS
from ..records.memory import memory_limit
from . import cli, ladder
from .data_settings import RECIPES, DataConfig, run_folder, start_run

if TYPE_CHECKING:
    from ..reporting.run_folder import RunFolder

EXAMPLES = """examples:
  python -m dsc_tf.reproduce table2                             the embedded synthetic year
  python -m dsc_tf.reproduce all --data era5_2021.nc --output results/era5
  python -m dsc_tf.reproduce all --data era5_2021.nc --runs 40 --extend results/era5 --output results/more
  python -m dsc_tf.reproduce table3 --recipes notebook --runs 5
  python -m dsc_tf.reproduce table2 --data 'era5_*.nc' --protocols anomaly paper --jobs 8
  python -m dsc_tf.reproduce table2 --methods dtc dtcr --sequence-length 0     as published: days of work
  python -m dsc_tf.reproduce comparison --protocols anomaly paper notebook      every method under each protocol
  python -m dsc_tf.reproduce ladder --help                      synthetic records with known regimes
"""
RUNS = "runs"  # folder of the runs in the folder of a table
DECIDING = ("n_clusters", "sequence_length", "shortcut", "fill")  # settings that runs of one table share
TABLES = ("table1", "table2", "table3", "figure1", "figure2", "all", "comparison")


@dataclass(frozen=True)
class ReproduceConfig(DataConfig):
    """Run every method of a published table on one record and compare the table with the published figures.

    Parameters
    ----------
    what : str
        "table1" (properties), "table2" (baselines), "table3" (ablations), "figure1" (the network), "figure2" (latent
        vectors), "all" of these, or "comparison" (every method under every protocol, the methods without a published
        figure included).
    runs : int
        Number of seeds of methods without a network and of the recipes "notebook" and "untrained".
    trained_runs : int
        Number of seeds of the recipe "trained".
    sequential_runs : int
        Maximum number of seeds of dtc and dtcr, whose training is the most expensive.
    protocols : tuple of str
        How values are prepared: "notebook" (what printed the tables, without padding), "paper", "anomaly".
    recipes : tuple of str
        How networks are trained.
    methods : tuple of str
        Rows to run, by name; all of the table by default.
    sequence_length : int
        Maximum length of the sequences of dtc and dtcr, by means over areas; 0 reads every value, as published.
    shortcut : bool
        Skip the training of the recipe "notebook" where it changes no label (DSC and the ablations); the tables say so.
    extend : str
        Finished folder of this command on the same record: its runs are taken over, so that only further seeds and
        methods are run.
    jobs : int
        Number of processes; as many as processors and memory allow by default.
    scheduler : str
        Address of a Dask scheduler whose workers execute the runs; by default processes of this machine.
    memory : str
        Memory that the record may take, such as 2GB; half of what is available by default. A larger record is
        kept in a scratch file next to the folder of the table.
    """

    what: str = field(default="all", metadata={"choices": TABLES, "positional": True})
    runs: int = 20
    trained_runs: int = 5
    sequential_runs: int = 20
    protocols: tuple[str, ...] = field(default=("notebook",), metadata={"choices": tuple(PROTOCOLS)})
    recipes: tuple[str, ...] = field(default=("notebook", "trained"), metadata={"choices": RECIPES})
    methods: tuple[str, ...] | None = field(default=None, metadata={"choices": tuple(BY_NAME)})
    sequence_length: int = 120
    shortcut: bool = False
    extend: str | None = None
    jobs: int | None = None
    scheduler: str | None = None
    memory: str | None = None

    minimum = DataConfig.minimum | {
        "runs": 1,
        "trained_runs": 1,
        "sequential_runs": 1,
        "sequence_length": 0,
        "jobs": 1,
    }

    def __post_init__(self):
        super().__post_init__()
        memory_limit(self.memory)

    @property
    def longest_sequence(self):
        """Maximum length of a sequence, None if every value is read."""
        return self.sequence_length or None

    excluded_from_hash = (*DataConfig.excluded_from_hash, "extend", "jobs", "memory", "scheduler")


def run(config: ReproduceConfig) -> Path:
    """Reproduce the tables and figures with the settings of `config`.

    Parameters
    ----------
    config : ReproduceConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished folder: tables as CSV, Markdown and LaTeX, figures, the audit, and every run.

    Raises
    ------
    DscTfError
        If settings, data or the output folder are invalid.
    """
    with record_warnings() as messages:
        return _run_recorded(config, messages)


def _run_recorded(config, messages):
    ds = config.open()  # a missing file is reported before the imports
    from ..clusterers.base import check_cluster_count
    from ..experiments import report, runs

    echo = cli.make_echo(config.quiet)
    finished = None if config.extend is None else finished_table(config)
    if config.scheduler is not None:
        with runs.connect(config.scheduler):  # fails before anything is written
            pass
    stem = f"{config.what}-{config.data_stem}-k{config.n_clusters}"
    scratch = run_folder(config.output, stem, resume=config.resume).parent
    samples = {protocol: _samples(ds, protocol, config.memory, scratch) for protocol in config.protocols}
    for one in samples.values():
        check_cluster_count(config.n_clusters, len(one.X))
        _check_sharing(config, one.X)
    folder = start_run(config, stem, ds)
    if finished is not None:
        echo(f"{take_over(config, finished, folder)} runs taken over from {config.extend}")
    rows = methods.rows_of(config.what, config.methods)
    seeds = {"": config.runs, "trained": config.trained_runs} if config.what != "figure2" else {"": 1}
    planned = runs.plan(rows, config.protocols, config.recipes, seeds, config.sequential_runs)
    records = _run(config, folder, samples, planned, echo)
    report.write_report(folder, config, ds, samples, records)
    path = folder.finish(warnings=messages)
    echo(f"results in {path}")
    return path


def finished_table(config: ReproduceConfig) -> dict[str, Any]:
    """Content of config.json of the folder that a table extends.

    Parameters
    ----------
    config : ReproduceConfig
        Settings, with `extend`.

    Raises
    ------
    DscTfError
        If the folder holds no runs, or those of other settings.
    """
    source = Path(config.extend or "")
    if not (source / "config.json").is_file() or not (source / RUNS).is_dir():
        raise DscTfError(f"extend: {source} holds no runs. Give a finished folder of dsc_tf.reproduce.")
    with refuse_damaged("extend", source, "Give another one."):
        old = json.loads((source / "config.json").read_text(encoding="utf-8"))
        other = [name for name in DECIDING if old["config"].get(name) != getattr(config, name)]
        _ = old["data"]["sha256"]
    if other:
        raise DscTfError(
            f"extend: {source} was made with another {other[0]}. Extend it with the same settings."
        )
    return old


def take_over(config: ReproduceConfig, old: dict[str, Any], folder: "RunFolder") -> int:
    """Copy the runs of a finished folder of the same record, and return their number.

    Parameters
    ----------
    config : ReproduceConfig
        Settings, with `extend`.
    old : dict
        As `finished_table` returns it.
    folder : RunFolder
        The folder that has been opened for this command.

    Raises
    ------
    DscTfError
        If the folder holds the runs of another record.
    """
    new = folder.read_json("config.json") or {}
    if old["data"]["sha256"] != new["data"]["sha256"]:
        raise DscTfError(f"extend: {config.extend} was made from another record. Give the same data.")
    files = sorted((Path(config.extend or "") / RUNS).iterdir())
    (folder.path / RUNS).mkdir(exist_ok=True)
    for file in files:
        if not (folder.path / RUNS / file.name).exists():
            shutil.copyfile(file, folder.path / RUNS / file.name)
    return sum(file.suffix == ".json" for file in files)


def _check_sharing(config, X):
    """Refuse several processes for samples in a scratch file, which belongs to this process alone."""
    if X.is_stored and (config.scheduler is not None or (config.jobs or 1) > 1):
        name, value = ("scheduler", config.scheduler) if config.scheduler else ("jobs", config.jobs)
        raise DscTfError(
            f"{name}: {value} for a record in a scratch file, which other processes cannot read. Leave the option "
            "out, or give more --memory."
        )


def _samples(ds, protocol, memory, scratch):
    from ..experiments import runs
    from ..experiments.paper_file import UNPADDED
    from ..preprocessing.preprocessor import prepare
    from ..preprocessing.samples import true_labels

    prepared = UNPADDED if protocol == "notebook" else protocol
    X, _ = prepare(ds, protocol=prepared, memory=memory, scratch=scratch)
    return runs.PreparedRecord(X, true_labels(ds, X))


def _run(config, folder, samples, planned, echo):
    from tqdm.auto import tqdm

    from ..experiments import costs, runs

    store = runs.RunStore(folder)
    waiting = [r for r in planned if store.load(r) is None]
    shape = next(iter(samples.values())).X.shape
    is_stored = any(one.X.is_stored for one in samples.values())
    options = {"sequence_length": config.longest_sequence, "shortcut": config.shortcut}
    hours = costs.estimate(waiting, shape, **options)
    if waiting:
        echo(f"{len(waiting)} of {len(planned)} runs to do: {costs.estimate_text(hours)}")
    if any(methods.BY_NAME[r.row].method in methods.DEEP_METHODS for r in waiting):
        cli.load_keras()
    with tqdm(total=len(waiting), unit="run", disable=config.quiet or not waiting) as bar:

        def follow(records):
            for record in records:
                bar.set_postfix_str(f"{record['row']} {record['recipe']}", refresh=False)
                bar.update()
                yield record

        return runs.run_table(
            planned,
            samples,
            store,
            jobs=1 if is_stored else config.jobs or _jobs(),
            scheduler=config.scheduler,
            follow=follow,
            n_clusters=config.n_clusters,
            **options,
        )


def _jobs(gigabytes=4):
    """Number of processes: as many as processors, each with `gigabytes` of memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(os.cpu_count() or 1, int(memory // gigabytes)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments[:1] == ["ladder"]:
        return ladder.main(arguments[1:])
    return cli.main(ReproduceConfig, run, argv, epilog=EXAMPLES)
