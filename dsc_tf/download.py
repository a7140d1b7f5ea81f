"""Download ERA5: the paper's file by default, or any region, period and variables."""

import sys
from pathlib import Path

from tqdm.auto import tqdm

from . import cli
from .config import DownloadConfig
from .sources import check_size, files, new_request, plan, source

EXAMPLES = """examples:
  python -m dsc_tf.download                                  the paper's file: era5_2021.nc
  python -m dsc_tf.download --dry-run                        what would be asked for, and its size
  python -m dsc_tf.download --variables msl t2m --region 70 -30 30 40 --period 2011-01-01 2020-12-31
  python -m dsc_tf.download --source arco                    without a queue
  python -m dsc_tf.download --source google --period 2021-01-01 2021-01-03     without an account: few days

An interrupted download goes on when the same command runs again.
"""


def run(config):
    """Download as `config` says.

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
        If settings, account, network or disk are at fault.
    """
    say = cli.speaker(config.quiet)
    wanted = new_request(config.variables, config.region, config.period, config.statistic)
    store = source(config.source, wanted)
    path = Path(config.output or wanted.file_name)
    if config.dry_run:
        print(plan(store, path))
        return None
    if files.is_whole(path, config.science()):
        say(f"{path} is there already, and whole")
        return path
    check_size(store, config.limit)
    pieces, kept = store.pieces(), files.PieceStore()
    _fetch(store, kept, pieces, config.quiet)
    files.write_result(path, kept, pieces, store, config.science())
    say(f"written: {path} ({path.stat().st_size / 1e6:.4g} MB)")
    return path


def _fetch(store, kept, pieces, is_quiet):
    """Fetch the pieces that are not kept from an earlier run."""
    waiting = [piece for piece in pieces if not kept.holds(piece)]
    if waiting:
        store.connect()
    with tqdm(total=len(pieces), initial=len(pieces) - len(waiting), unit="piece", disable=is_quiet) as bar:
        for piece in waiting:
            kept.save(piece, store.fetch(piece, kept, bar.set_postfix_str))
            bar.update()


def main(argv=None):
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C."""
    return cli.guarded(
        lambda: run(cli.parse(DownloadConfig, argv, program="python -m dsc_tf.download", epilog=EXAMPLES)),
        again="Run the same command again to go on.",
    )


if __name__ == "__main__":
    sys.exit(main())
