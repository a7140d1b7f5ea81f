"""`python -m dsc_tf`: the version, and what the commands are for."""

import argparse

from . import __version__

COMMANDS = """commands, each with --help:
  python -m dsc_tf.train        cluster the steps of a gridded record into regimes
  python -m dsc_tf.reproduce    the published tables and figures on any record
  python -m dsc_tf.pretrain     learn an encoder of fields without labels
  python -m dsc_tf.probe        set frozen representations beside raw data
  python -m dsc_tf.report       one page about a finished run
  python -m dsc_tf.download     fetch ERA5: the paper's file, or any region and period

exit status: 0 done; 2 bad input or a full disk, and one line says what to do; 130 ctrl-C
"""

parser = argparse.ArgumentParser(
    prog="python -m dsc_tf",
    description=__doc__,
    epilog=COMMANDS,
    formatter_class=argparse.RawDescriptionHelpFormatter,
)
parser.add_argument("--version", action="version", version=f"dsc_tf {__version__}")

if __name__ == "__main__":
    parser.parse_args()
    parser.print_help()
