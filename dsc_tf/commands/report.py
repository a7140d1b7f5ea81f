"""One HTML page about a finished run."""

import dataclasses
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from ..atomic_write import atomic_write
from ..clusterers.registry import summary
from ..errors import DscTfError
from ..records.paths import paths_of
from . import cli
from .settings import Settings
from .train import TrainConfig, trained_settings

EXAMPLES = """examples:
  python -m dsc_tf.report runs/mine                          writes runs/mine/report.html
  python -m dsc_tf.report runs/mine --output regimes.html
  python -m dsc_tf.report runs/mine --reference runs/published --impact rain.nc
"""
TRAIN = "python -m dsc_tf.train"
REQUIREMENT = re.compile(r"[\w.-]+==[\w.!+-]+")  # a damaged config.json may hold anything
NOT_PACKAGES = ("python", "machine", "dsc_tf")  # dsc_tf itself comes from its repository


@dataclass(frozen=True)
class ReportConfig(Settings):
    """Write one HTML page about a finished run of dsc_tf.train, and its statistics as netCDF and CSV next to it.

    Parameters
    ----------
    run : str
        Folder that dsc_tf.train wrote.
    output : str
        File to write, report.html in that folder by default; an existing one is replaced.
    reference : str
        Another run, or a netCDF file of patterns over (any dimension, latitude, longitude): clusters get the names of
        the patterns that they match.
    impact : tuple of str
        Record of other variables, such as rain.nc: its composites and odds ratios of events in each cluster.
    impact_variables : tuple of str
        Variables of that record; all by default.
    impact_quantile : float
        An event is a value above this quantile of the cell in the same calendar month.
    impact_block : int
        Number of steps of a block of the confidence interval; it should exceed the length of a spell.
    quiet : bool
        Print nothing but errors.
    """

    run: str | None = field(default=None, metadata={"positional": True})
    output: str | None = None
    reference: str | None = None
    impact: tuple[str, ...] | None = None
    impact_variables: tuple[str, ...] | None = None
    impact_quantile: float = 0.9
    impact_block: int = 10
    quiet: bool = False

    minimum: ClassVar[dict[str, int]] = {"impact_block": 1}

    def __post_init__(self):
        super().__post_init__()
        if not self.run:
            raise DscTfError("run: no folder given. Give one that dsc_tf.train wrote.")
        if not 0 < self.impact_quantile < 1:
            raise DscTfError(
                f"impact_quantile: {self.impact_quantile:g}. Give a number between 0 and 1, such as 0.9."
            )
        for text in self.impact or ():
            paths_of(text)  # a missing file is reported before xarray and pandas are imported


def run(config: ReportConfig) -> Path:
    """Write the page of a run.

    Parameters
    ----------
    config : ReportConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The page: one HTML file that needs no other and no network. Next to it, with its name in front:
        `_statistics.nc`, `_life_cycles.csv` if the run has a regime index, `_impact.nc` and `_impact.csv`.

    Raises
    ------
    DscTfError
        If the run is missing, unfinished or damaged, or the page cannot be written there.
    """
    from ..reporting.finished import check_finished
    from ..reporting.page import write_page
    from ..reporting.run_statistics import run_statistics

    echo = cli.make_echo(config.quiet)
    folder = Path(config.run or "")  # refused by the settings if none is given
    check_finished(folder)
    trained, software = trained_settings(folder)
    statistics = run_statistics(
        folder,
        reference=config.reference,
        impact=config.impact,
        variables=config.impact_variables,
        quantile=config.impact_quantile,
        block=config.impact_block,
    )
    path = write_page(
        folder,
        config.output or folder / "report.html",
        statistics=statistics,
        method={"name": _method_name(trained), "summary": summary(trained.fitted_method)},
        settings=settings(trained),
        commands=commands(trained, folder, software),
    )
    for written in write_statistics(statistics, path):
        echo(f"statistics in {written}")
    echo(f"report in {path} ({path.stat().st_size / 1e6:.1f} MB)")
    return path


def write_statistics(statistics: Any, page: Path) -> list[Path]:
    """Write statistics as netCDF and CSV next to a page.

    Parameters
    ----------
    statistics : RunStatistics
        Statistics of a run.
    page : pathlib.Path
        The page.

    Returns
    -------
    list of pathlib.Path
        The files.
    """
    stem = page.with_suffix("")
    files = {"statistics.nc": statistics.dataset().to_netcdf}
    if statistics.cycles is not None:
        files["life_cycles.csv"] = partial(statistics.cycles.to_csv, index=False)
    if statistics.impact:
        import pandas as pd

        files["impact.nc"] = statistics.impact_dataset().to_netcdf
        files["impact.csv"] = partial(pd.DataFrame(statistics.impact_rows()).to_csv, index=False)
    written = []
    for name, write in files.items():
        written.append(stem.with_name(f"{stem.name}_{name}"))
        with atomic_write(written[-1], advice="run the same command again") as temporary:
            write(temporary)
    return written


def settings(trained):
    """Every setting that results depend on, as texts: name, value, meaning, and whether it differs from the default."""
    texts, chosen = cli.parameter_texts(TrainConfig), _chosen(trained)
    return [
        {
            "name": name,
            "value": _words(value),
            "meaning": texts[name],
            "chosen": name in chosen,
        }
        for name, value in trained.result_settings().items()
    ]


def command(trained):
    """The command line of these settings, without those at their defaults."""
    parts = [TRAIN]
    for name, value in _chosen(trained).items():
        if name in ("output", "resume", "quiet"):
            continue
        values = value if isinstance(value, tuple) else (value,)
        parts.append(f"--{name.replace('_', '-')} " + " ".join(shlex.quote(_plain(v)) for v in values))
    return " ".join(parts)


def _chosen(trained):
    """Settings that are not at their defaults, by name; some defaults depend on the method and on its objective."""
    usual = TrainConfig(method=trained.method, objective=trained.objective)
    values = {entry.name: getattr(trained, entry.name) for entry in dataclasses.fields(trained)}
    defaults = {name: getattr(usual, name) for name in values} | {
        "method": TrainConfig.method,
        "objective": TrainConfig.objective,
    }
    return {name: value for name, value in values.items() if value != defaults[name]}


def _method_name(trained):
    """Name of the method with its objective, where it has another than the published one."""
    other = trained.fitted_method != trained.method
    return f"{trained.method}, objective {trained.objective}" if other else trained.method


def commands(trained, folder, software):
    """Commands that repeat the run."""
    again = f"{TRAIN} --config {shlex.quote(str(folder / 'config.json'))} --output {shlex.quote(f'{folder}-again')}"
    packages = [f"{name}=={version}" for name, version in software.items() if name not in NOT_PACKAGES]
    versions = [shlex.quote(package) for package in packages if REQUIREMENT.fullmatch(package)]
    return [
        {"what": "From the run folder", "command": again},
        {"what": "From nothing, where the data lie", "command": command(trained)},
        {"what": "The same versions", "command": "python -m pip install " + " ".join(versions)},
    ]


def _words(value):
    if value is None:
        return "default"
    return " ".join(map(_plain, value)) or "none" if isinstance(value, list) else _plain(value)


def _plain(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(ReportConfig, run, argv, epilog=EXAMPLES, again=cli.REPEAT)
