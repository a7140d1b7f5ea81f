"""Entry point of `python -m dsc_tf` and of the console script `dsc-tf`: the version, and every command by its name."""

import sys
from importlib import import_module

from . import __version__
from .commands import COMMANDS

LIST = "\n".join(f"  {name:<13}{summary}" for name, summary in COMMANDS.items())
HELP = f"""usage: dsc-tf COMMAND [OPTIONS]      or      python -m dsc_tf COMMAND [OPTIONS]

Deep spatiotemporal clustering of gridded climate records.

commands, each with --help:
{LIST}

options:
  --help      show this text
  --version   show the version

`python -m dsc_tf.train` is the same as `dsc-tf train`, and so on for every command.

exit status: 0 done; 2 bad input or a full disk, and one line says what to do; 130 ctrl-C; 143 SIGTERM
"""


def main(argv=None):
    """Run the command that the first argument names; return its exit status."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in COMMANDS:
        return import_module(f"dsc_tf.commands.{name}").main(rest)
    from .commands import cli

    if name in ("--help", "-h", "help"):
        return cli.run_command(lambda: cli.make_echo(False)(HELP.rstrip()))
    if name == "--version":
        return cli.run_command(lambda: cli.make_echo(False)(f"dsc_tf {__version__}"))
    return cli.run_command(lambda: cli.refuse_command(name, COMMANDS))


if __name__ == "__main__":
    raise SystemExit(main())
