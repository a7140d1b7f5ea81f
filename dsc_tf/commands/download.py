"""Download ERA5: the paper's file by default, or any region, period and variables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..datasets.era5 import check_size, new_request, plan, source
from ..datasets.era5.paper_file import PAPER_FILE
from ..datasets.era5.request import SOURCES, STATISTICS
from . import cli
from .settings import Settings

EXAMPLES = """examples:
  python -m dsc_tf.download                                  the paper's file: era5_2021.nc
  python -m dsc_tf.download --dry-run                        what would be asked for, and its size
  python -m dsc_tf.download --variables msl t2m --region 70 -30 30 40 --period 2011-01-01 2020-12-31
  python -m dsc_tf.download --source arco                    without a queue
  python -m dsc_tf.download --source google --period 2021-01-01 2021-01-03     without an account: few days

An interrupted download continues when the same command runs again.
"""


@dataclass(frozen=True)
class DownloadConfig(Settings):
    """Download ERA5: the paper's file by default, or any region, period and variables.

    Parameters
    ----------
    source : str
        "cds" (Climate Data Store: computes daily statistics, has a queue), "arco" (its Zarr store for long series of
        small regions: no queue, the same key, experimental) or "google" (no account, but whole globes hour by hour).
    variables : tuple of str
        Short names such as t2m, or the Climate Data Store's such as 2m_temperature.
    region : tuple of float
        NORTH WEST SOUTH EAST in degrees; WEST above EAST crosses the date line.
    period : tuple of str
        First and last day, such as 2001-01-01 2010-12-31.
    statistic : str
        Statistic over the hours of each day, or "hourly" for all of them.
    output : str
        NetCDF file; era5_PERIOD.nc by default. A manifest is written next to it.
    limit : float
        Maximum number of gigabytes to transfer, uncompressed; more is refused before the download starts.
    dry_run : bool
        Print the requests as JSON and the estimated size, reaching no network.
    quiet : bool
        Print nothing but errors and warnings.
    """

    source: str = field(default="cds", metadata={"choices": SOURCES})
    variables: tuple[str, ...] = tuple(PAPER_FILE.variables)
    region: tuple[float, float, float, float] = field(
        default=PAPER_FILE.region, metadata={"metavar": ("NORTH", "WEST", "SOUTH", "EAST")}
    )
    period: tuple[str, str] = field(default=PAPER_FILE.period, metadata={"metavar": ("START", "END")})
    statistic: str = field(default="mean", metadata={"choices": STATISTICS})
    output: str | None = None
    limit: float = 20.0
    dry_run: bool = False
    quiet: bool = False

    excluded_from_hash = ("output", "limit", "dry_run", "quiet")


def run(config: DownloadConfig) -> Path | None:
    """Download with the settings of `config`.

    Parameters
    ----------
    config : DownloadConfig
        Settings.

    Returns
    -------
    pathlib.Path or None
        The file; None after a dry run.

    Raises
    ------
    DscTfError
        If the settings, the account, the network or the disk fail.
    """
    from ..datasets.era5 import files

    echo = cli.make_echo(config.quiet)
    wanted = new_request(config.variables, config.region, config.period, config.statistic)
    store = source(config.source, wanted)
    path = Path(config.output or wanted.file_name)
    if config.dry_run:
        print(plan(store, path))
        return None
    if files.is_whole(path, config.result_settings()):
        echo(f"{path} is there already, and whole")
        return path
    check_size(store, config.limit)
    pieces, kept = store.pieces(), files.PieceStore()
    _fetch(store, kept, pieces, config.quiet)
    files.write_result(path, kept, pieces, store, config.result_settings())
    echo(f"written: {path} ({path.stat().st_size / 1e6:.4g} MB)")
    return path


def _fetch(store, kept, pieces, is_quiet):
    """Fetch the pieces that are not kept from an earlier run."""
    from tqdm.auto import tqdm

    waiting = [piece for piece in pieces if not kept.holds(piece)]
    if waiting:
        store.connect()
    with tqdm(total=len(pieces), initial=len(pieces) - len(waiting), unit="piece", disable=is_quiet) as bar:
        for piece in waiting:
            kept.save(piece, store.fetch(piece, kept, bar.set_postfix_str))
            bar.update()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(
        DownloadConfig, run, argv, epilog=EXAMPLES, again="Run the same command again to continue."
    )
