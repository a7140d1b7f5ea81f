"""`python -m dsc_tf`: the version, and where the commands are."""

import argparse

from . import __version__

parser = argparse.ArgumentParser(
    prog="python -m dsc_tf", description=__doc__, epilog="commands: python -m dsc_tf.train --help"
)
parser.add_argument("--version", action="version", version=f"dsc_tf {__version__}")

if __name__ == "__main__":
    parser.parse_args()
    parser.print_help()
