"""What every command shares: options from a dataclass, one line for an error, exit statuses.

Process-wide settings (log levels, warnings) are made here, never at import.
"""

import argparse
import dataclasses
import errno
import inspect
import json
import logging
import os
import re
import sys
import types
import typing
import warnings
from contextlib import contextmanager

from .. import __version__
from ..errors import DscTfError
from ..logging import suppress_stderr

BAD_INPUT, INTERRUPTED = 2, 130
LEVELS = ("debug", "info", "warning", "error")

log = logging.getLogger(__name__)


def parse(config_class, argv, *, program, epilog):
    """Build a config from command-line arguments.

    Options are made from the fields of `config_class`, their help from its docstring, their types and
    defaults from the field itself: nothing is typed twice.

    Parameters
    ----------
    config_class : type
        A dataclass with a NumPy docstring.
    argv : list of str or None
        Arguments; None takes the process's.
    program : str
        How the command is called.
    epilog : str
        Examples for `--help`.

    Returns
    -------
    object
        An instance of `config_class`.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        description=config_class.__doc__.splitlines()[0],
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dsc_tf {__version__}")
    parser.add_argument(
        "--config", metavar="FILE", help="config.json of a run to repeat; options override it"
    )
    parser.add_argument(
        "--log-level",
        choices=LEVELS,
        default="warning",
        help="what is said on standard error; info tells how long stages take, debug what is read and chosen as well",
    )
    texts = parameter_texts(config_class)
    for field in dataclasses.fields(config_class):
        options = {"default": argparse.SUPPRESS, "help": texts[field.name]} | _options(field)
        if field.metadata.get("positional"):
            several = "*" if "nargs" in options else "?"
            parser.add_argument(field.name, **options | {"nargs": several, "default": None})
        else:
            parser.add_argument("--" + field.name.replace("_", "-"), **options)
    given = {
        name: v
        for name, v in vars(parser.parse_args(argv)).items()
        if name == "config" or v not in (None, [])
    }
    logging.getLogger("dsc_tf").setLevel(given.pop("log_level").upper())
    file = given.pop("config")
    return config_class(**(_read_config(file, config_class) if file else {}) | given)


def parameter_texts(documented):
    """Descriptions of the parameters in NumPy docstrings, by name, each as one line; a class inherits its bases'."""
    texts = {}
    for owner in reversed(documented.__mro__):
        section = inspect.cleandoc(owner.__doc__ or "").partition("Parameters\n")[
            2
        ]  # Python 3.13 indents less
        entries = re.findall(r"^(\w+) : [^\n]*\n((?:    [^\n]*\n?)+)", section, re.M)
        texts |= {name: " ".join(text.split()).replace("%", "%%") for name, text in entries}
    return texts


def speaker(quiet):
    """What says a line on standard output, or nothing."""
    return (lambda text: None) if quiet else (lambda text: print(text, flush=True))


def guarded(command, again="Run the same command with --resume to go on."):
    """Run `command()`; turn what the user can mend into one line and an exit status.

    Parameters
    ----------
    command : callable
        Takes nothing.
    again : str
        What to do after ctrl-C.

    Returns
    -------
    int
        0, 2 for bad input or a full disk, 130 for ctrl-C.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings(), _log_on_stderr():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = lambda message, *_, **__: log.warning("%s", message)
        try:
            command()
        except DscTfError as error:
            return _fail(error, BAD_INPUT)
        except KeyboardInterrupt:
            print(file=sys.stderr)  # leave the line of the progress bar
            return _fail(f"interrupted. {again}", INTERRUPTED)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
                raise
            where = f": {error.filename}" if error.filename else ""
            return _fail(f"{error.strerror}{where}. Make room or choose another --output.", BAD_INPUT)
    return 0


def load_keras():
    """Import Keras and its backend without their chatter on standard error.

    Raises
    ------
    DscTfError
        If Keras finds no backend.
    """
    with suppress_stderr():
        try:
            import keras

            keras.ops.zeros(1)
        except ImportError as error:
            raise DscTfError(
                f"backend: {error}. Install TensorFlow: python -m pip install 'dsc_tf[cpu]'."
            ) from error
    log.debug("Keras %s on %s", keras.__version__, keras.backend.backend())


@contextmanager
def _log_on_stderr():
    """The package's log on standard error, one line a record, at the level that `parse` sets."""
    package, handler = logging.getLogger("dsc_tf"), logging.StreamHandler()
    handler.setFormatter(_Lines())
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(logging.NOTSET)


class _Lines(logging.Formatter):
    """As errors look; who says it only where a developer asks."""

    def format(self, record):
        who = f"{record.name}: " if record.levelno < logging.WARNING else ""
        return f"{record.levelname.lower()}: {who}{record.getMessage()}"


def _read_config(file, config_class):
    try:
        with open(file) as text:
            settings = json.load(text)["config"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DscTfError(f"config: {file} is not the config.json of a run ({error}). Give one.") from error
    unknown = set(settings) - {field.name for field in dataclasses.fields(config_class)}
    if unknown:
        raise DscTfError(f"config: {file} has unknown settings {', '.join(sorted(unknown))}. Remove them.")
    return settings


def _fail(message, status):
    print(f"error: {message}", file=sys.stderr)
    return status


def _options(field):
    kind = field.type
    if kind is bool:
        return {"action": "store_true"}
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if typing.get_origin(kind) is tuple:
        parts = typing.get_args(kind)
        many = "+" if parts[-1] is Ellipsis else len(parts)
        return {"type": parts[0], "nargs": many, "metavar": field.metadata.get("metavar")}
    choices = field.metadata.get("choices")
    return {"type": kind, "choices": choices, "metavar": None if choices else field.name.upper()}
