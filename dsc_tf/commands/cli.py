"""What the commands share: options made from a dataclass, one line for an error, exit statuses.

Process-wide settings (log levels, warnings, signals) are made here, never at import.
"""

import argparse
import dataclasses
import errno
import inspect
import json
import logging
import os
import re
import signal
import sys
import typing
import warnings
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__
from ..errors import DscTfError
from ..logging import suppress_stderr
from .settings import base_type, from_mapping, suggest, text_to_value

BAD_INPUT, INTERRUPTED, TERMINATED = 2, 130, 143
RESUME, REPEAT = "Run the same command with --resume to continue.", "Run the same command again."
LEVELS = ("debug", "info", "warning", "error")
MAX_CONFIG_BYTES = 10**6
# Faults of the machine or of a path, not of the program; each has a text of its own in `strerror`.
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)
TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)

log = logging.getLogger(__name__)


class Terminated(BaseException):
    """Raised in the main thread by SIGTERM, so that cleanup runs as it does for ctrl-C."""


def parse(config_class, argv, *, program, epilog):
    """Build settings from command-line arguments.

    Options are made from the fields of `config_class`: their types and defaults from the field itself, their help
    from its metadata or from the docstring of the class.

    Parameters
    ----------
    config_class : type
        A subclass of `Settings`.
    argv : list of str or None
        Arguments; None takes those of the process.
    program : str
        How the command is called.
    epilog : str
        Examples for `--help`.

    Returns
    -------
    object
        An instance of `config_class`.

    Raises
    ------
    DscTfError
        If an option is unknown or a value is invalid.
    """
    parser = _parser(config_class, program, epilog)
    found, extra = parser.parse_known_args(argv)
    if extra:
        _refuse_arguments(extra, parser)
    given = {name: v for name, v in vars(found).items() if v not in (None, [])}
    logging.getLogger("dsc_tf").setLevel(_level(given.pop("log_level")))
    file = given.pop("config", None)
    entries = {entry.name: entry for entry in dataclasses.fields(config_class)}
    given = {name: text_to_value(entries[name], texts) for name, texts in given.items()}
    saved = _read_config(file) if file is not None else {}
    return from_mapping(config_class, config_class.merge(saved, given), file)


def parameter_texts(documented: type) -> dict[str, str]:
    """Help texts of the fields of a dataclass, by name, each as one line.

    They come from the metadata of a field, else from the section Parameters of the class and its bases; without
    docstrings (`python -OO`) they are empty.
    """
    texts: dict = {}
    for owner in reversed(documented.__mro__):
        # cleandoc, because Python 3.13 removes the indentation of docstrings and older versions do not
        section = inspect.cleandoc(owner.__doc__ or "").partition("Parameters\n")[2]
        entries = re.findall(r"^(\w+) : [^\n]*\n((?:    [^\n]*\n?)+)", section, re.M)
        texts |= {name: " ".join(text.split()) for name, text in entries}
    fields = dataclasses.fields(documented)
    return {entry.name: entry.metadata.get("help", texts.get(entry.name, "")) for entry in fields}


def make_echo(quiet: bool) -> Callable[[str], None]:
    """Return a function that prints a line, or does nothing if `quiet` or if nobody reads standard output any more."""

    def echo(text):
        try:
            print(text, flush=True)
        except OSError:  # a reader that left, or a full disk: the results matter more
            _discard_stdout()

    return (lambda text: None) if quiet else echo


def main(config_class, run, argv, *, epilog, program=None, again=RESUME):
    """Run a command with settings from command-line arguments.

    Parameters
    ----------
    config_class : type
        A subclass of `Settings`.
    run : callable
        Takes the settings.
    argv : list of str or None
        Arguments; None takes those of the process.
    epilog : str
        Examples for `--help`.
    program : str, default=None
        How the command is called; None is `python -m dsc_tf.` and the name of the module of `run`.
    again : str, default="Run the same command with --resume to continue."
        What to do after an interruption.

    Returns
    -------
    int
        Exit status, see `run_command`.
    """
    program = program or f"python -m dsc_tf.{run.__module__.rpartition('.')[2]}"
    return run_command(lambda: run(parse(config_class, argv, program=program, epilog=epilog)), again)


def run_command(command: Callable[[], Any], again: str = RESUME) -> int:
    """Run `command()`; turn what the user can fix into one line and an exit status.

    Parameters
    ----------
    command : callable
        Takes nothing.
    again : str, default="Run the same command with --resume to continue."
        What to do after an interruption.

    Returns
    -------
    int
        0; 2 for bad input or a full disk; 130 for ctrl-C; 143 for SIGTERM.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow convolves by oneDNN, about 1.5 times as fast, only on processors with instructions for small integers.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's stream has no encoding
            stream.reconfigure(errors="backslashreplace")  # for a locale without accents
    with _shown_warnings(), _log_on_stderr(), _termination_as_exception():
        try:
            with _flushed_stdout():
                command()
        except DscTfError as error:
            return _fail(error, BAD_INPUT)
        except (KeyboardInterrupt, Terminated) as error:
            print(file=sys.stderr)  # leave the line of the progress bar
            terminated = isinstance(error, Terminated)
            word, status = ("terminated", TERMINATED) if terminated else ("interrupted", INTERRUPTED)
            return _fail(f"{word}. {again}", status)
        except OSError as error:
            return _fail_of_system(error)
    return 0


def refuse_command(name: str, known: Iterable[str]) -> NoReturn:
    """Raise for a command that does not exist.

    Raises
    ------
    DscTfError
        With the list of commands.
    """
    raise DscTfError(f"command: {name!r}. Choose one of {', '.join(known)}.{suggest(name, known)}")


def load_keras() -> None:
    """Import Keras and its backend without what they write to standard error.

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


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are `DscTfError`, without the usage text."""

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument (--)?(\S+?):", r"\2:", message)
        raise DscTfError(f"{message}. See {self.prog} --help.")


def _parser(config_class, program, epilog):
    parser = _Parser(
        prog=program,
        description=(config_class.__doc__ or "").partition("\n")[0],
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dsc_tf {__version__}")
    parser.add_argument(
        "--config", metavar="FILE", help="config.json of a run to repeat; options override it"
    )
    parser.add_argument(
        "--log-level",
        metavar="{" + ",".join(LEVELS) + "}",
        default="warning",
        help="verbosity on standard error: info adds durations of stages, debug adds data and parameter choices "
        "(default: warning)",
    )
    texts = parameter_texts(config_class)
    for entry in dataclasses.fields(config_class):
        options = {"default": argparse.SUPPRESS, "help": _help(entry, texts[entry.name])} | _options(entry)
        if entry.metadata.get("positional"):
            several = "*" if "nargs" in options else "?"
            parser.add_argument(entry.name, **options | {"nargs": several, "default": None})
        else:
            parser.add_argument("--" + entry.name.replace("_", "-"), **options)
    return parser


def _options(entry):
    """How argparse reads a field: always as text, which `Settings` converts and checks."""
    kind, _ = base_type(entry.type)
    if kind is bool:
        return {"action": "store_true"}
    choices = entry.metadata.get("choices")
    name = entry.name if entry.metadata.get("positional") else entry.name.upper()
    metavar = "{" + ",".join(map(str, choices)) + "}" if choices else entry.metadata.get("metavar", name)
    if typing.get_origin(kind) is not tuple:
        return {"metavar": metavar}
    parts = typing.get_args(kind)
    return {"nargs": "+" if parts[-1] is Ellipsis else len(parts), "metavar": metavar}


def _help(entry, text):
    """The text of an option with its default."""
    default = entry.default
    if isinstance(default, tuple):
        default = " ".join(map(str, default)) or None
    if base_type(entry.type)[0] is bool or (default is None and "default" in text):
        return text.replace("%", "%%")
    return f"{text} (default: {'none' if default is None else default})".strip().replace("%", "%%")


def _refuse_arguments(extra, parser):
    """Raise for arguments that no option takes, with the nearest option."""
    option = next((text for text in extra if text.startswith("-")), None)
    if option is None:
        raise DscTfError(f"arguments: {extra[0]!r} belongs to no option. See {parser.prog} --help.")
    known = [name for action in parser._actions for name in action.option_strings]
    name = option.partition("=")[0]
    raise DscTfError(f"option: {name} is unknown. See {parser.prog} --help.{suggest(name, known)}")


def _level(text):
    if text not in LEVELS:
        raise DscTfError(f"log_level: {text!r}. Choose one of {', '.join(LEVELS)}.{suggest(text, LEVELS)}")
    return text.upper()


def _read_config(file):
    """Settings of the config.json of a run; a warning if another version wrote it."""
    try:
        if Path(file).stat().st_size > MAX_CONFIG_BYTES:
            raise ValueError("larger than 1 MB")
        record = json.loads(Path(file).read_text(encoding="utf-8"))
        settings, version = record["config"], record.get("software", {}).get("dsc_tf", __version__)
        if not isinstance(settings, dict):
            raise ValueError("its settings are no mapping")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0][:100]
        raise DscTfError(f"config: {file} is not the config.json of a run ({reason}). Give one.") from error
    if version != __version__:
        warnings.warn(
            f"config: {file} was written by dsc_tf {version}; this is {__version__}, whose results may differ",
            UserWarning,
            stacklevel=2,
        )
    return settings


@contextmanager
def _shown_warnings():
    """Every user warning as one line of the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = lambda message, *_, **__: log.warning("%s", " ".join(str(message).split()))
        yield


@contextmanager
def _log_on_stderr():
    """The package's log on standard error, one line a record, at the level that `parse` sets."""
    package, handler = logging.getLogger("dsc_tf"), logging.StreamHandler()
    handler.setFormatter(_LineFormatter())
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(logging.NOTSET)


class _LineFormatter(logging.Formatter):
    """Format records like error messages; include the logger name only below WARNING."""

    def format(self, record: logging.LogRecord) -> str:
        name = f"{record.name}: " if record.levelno < logging.WARNING else ""
        return f"{record.levelname.lower()}: {name}{record.getMessage()}"


@contextmanager
def _termination_as_exception():
    """SIGTERM raises `Terminated`; in another thread than the main one, signals stay as they are."""

    def stop(signum, frame):
        raise Terminated

    try:
        previous = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _fail(message, status):
    print(f"error: {' '.join(str(message).splitlines())}", file=sys.stderr)
    return status


def _fail_of_system(error):
    """One line for faults of the machine or a path; other errors are faults of the program and keep their traceback."""
    where = f": {error.filename}" if error.filename else ""
    if error.errno == errno.EPIPE:
        _discard_stdout()
        return 0
    if error.errno in NO_SPACE:
        return _fail(f"{error.strerror}{where}. Make room or choose another --output.", BAD_INPUT)
    if error.errno in TOO_MANY_FILES:
        return _fail(
            f"{error.strerror}{where}. Raise the limit (ulimit -n) or join the files first.", BAD_INPUT
        )
    if error.errno == errno.ENAMETOOLONG:
        return _fail(f"{error.strerror}{where[:80]}. Choose a shorter name.", BAD_INPUT)
    raise error


@contextmanager
def _flushed_stdout():
    """Flush standard output at the end; a reader that left, as in `| head`, is no error.

    Raises
    ------
    DscTfError
        If it cannot be written for another reason, such as a full disk.
    """
    problem = None
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except OSError as error:
            _discard_stdout()
            problem = None if error.errno == errno.EPIPE else error
    if problem is not None:
        raise DscTfError(
            f"standard output: it cannot be written ({problem.strerror}). Redirect it elsewhere."
        ) from problem


def _discard_stdout():
    """Point standard output to the null device, so that no later write or flush fails."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
