"""One HTML page about a finished run."""

import dataclasses
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from ..clusterers.registry import summary
from ..errors import DscTfError, refuse_damaged
from . import cli
from .settings import Settings, from_mapping
from .train import TrainConfig

EXAMPLES = """examples:
  python -m dsc_tf.report runs/mine                          writes runs/mine/report.html
  python -m dsc_tf.report runs/mine --output regimes.html
"""
TRAIN = "python -m dsc_tf.train"
NOT_PACKAGES = ("python", "machine", "dsc_tf")  # dsc_tf itself comes from its repository


@dataclass(frozen=True)
class ReportConfig(Settings):
    """Write one HTML page about a finished run of dsc_tf.train.

    Parameters
    ----------
    run : str
        Folder that dsc_tf.train wrote.
    output : str
        File to write, report.html in that folder by default; an existing one is replaced.
    quiet : bool
        Print nothing but errors.
    """

    run: str | None = field(default=None, metadata={"positional": True})
    output: str | None = None
    quiet: bool = False

    def __post_init__(self):
        super().__post_init__()
        if not self.run:
            raise DscTfError("run: no folder given. Give one that dsc_tf.train wrote.")


def run(config):
    """Write the page of a run.

    Parameters
    ----------
    config : ReportConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The page: one HTML file that needs no other and no network.

    Raises
    ------
    DscTfError
        If the run is missing, unfinished or damaged, or the page cannot be written there.
    """
    from ..reporting.finished import check_finished
    from ..reporting.page import write_page

    echo = cli.make_echo(config.quiet)
    folder = Path(config.run)
    check_finished(folder)
    trained, software = _trained(folder)
    path = write_page(
        folder,
        config.output or folder / "report.html",
        method={"name": trained.method, "summary": summary(trained.method)},
        settings=settings(trained),
        commands=commands(trained, folder, software),
    )
    echo(f"report in {path} ({path.stat().st_size / 1e6:.1f} MB)")
    return path


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
    """Settings that are not at their defaults, by name."""
    values = {
        entry.name: (getattr(trained, entry.name), entry.default) for entry in dataclasses.fields(trained)
    }
    return {name: value for name, (value, default) in values.items() if value != default}


def commands(trained, folder, software):
    """Commands that repeat the run."""
    again = f"{TRAIN} --config {shlex.quote(str(folder / 'config.json'))} --output {shlex.quote(f'{folder}-again')}"
    versions = [
        shlex.quote(f"{name}=={version}") for name, version in software.items() if name not in NOT_PACKAGES
    ]
    return [
        {"what": "From the run folder", "command": again},
        {"what": "From nothing, where the data lie", "command": command(trained)},
        {"what": "The same versions", "command": "python -m pip install " + " ".join(versions)},
    ]


def _trained(folder):
    """The settings of the run and the versions that it ran with."""
    file = folder / "config.json"
    with refuse_damaged("run", file, "Repeat the run with this version."):
        record = json.loads(file.read_text(encoding="utf-8"))
        software = {str(name): str(version) for name, version in record["software"].items()}
        return from_mapping(TrainConfig, record["config"], file), software


def _words(value):
    if value is None:
        return "default"
    return " ".join(map(_plain, value)) or "none" if isinstance(value, list) else _plain(value)


def _plain(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def main(argv=None):
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.run_command(
        lambda: run(cli.parse(ReportConfig, argv, program="python -m dsc_tf.report", epilog=EXAMPLES)),
        again="Run the same command again.",
    )
