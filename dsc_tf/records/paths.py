"""Paths of the files that a name or pattern stands for, found without importing xarray."""

import glob
import os
import re
import stat
from pathlib import Path

from ..errors import DscTfError

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)(://|::)", re.I)
MAX_NAME = 255  # bytes of one part of a path


def paths_of(text):
    """Paths that a name or pattern stands for.

    Raises
    ------
    DscTfError
        If there is none, or it is neither a regular file nor a folder.
    """
    _refuse_address(text)
    expanded = os.path.expanduser(text)
    shown = _shortened(text)
    if not text:
        raise DscTfError("data: an empty name. Give the path of a file.")
    if any(len(os.fsencode(part)) > MAX_NAME for part in Path(expanded).parts):
        raise DscTfError(f"data: a name of more than {MAX_NAME} letters: {shown}. Check the path.")
    try:
        if Path(expanded).exists():
            _refuse_special(Path(expanded), shown)
            return [Path(expanded)]
        found = sorted(glob.glob(expanded, recursive=True))
    except (OSError, ValueError) as error:
        raise DscTfError(f"data: {shown} cannot be opened ({reason(error)}). Check the path.") from error
    if not found:
        raise DscTfError(f"data: no such file: {shown}. Check the path, or quote a pattern.")
    for path in found:
        _refuse_special(Path(path), path)
    return [Path(path) for path in found]


def _refuse_address(text):
    """Refuse what is to be fetched over a network, without showing a password in it."""
    found = ADDRESS.match(text)
    if found and not os.path.lexists(text):
        raise DscTfError(
            f"data: an address ({found[1]}), not a file. Download it first, or open it with xarray and give the "
            "Dataset."
        )


def _shortened(text):
    return text if len(text) <= 200 else f"{text[:80]}...{text[-40:]}"


def _refuse_special(path, shown):
    try:
        mode = path.stat().st_mode
    except OSError as error:  # a link to nothing or to itself, a folder that may not be entered
        why = error.strerror or reason(error)
        raise DscTfError(f"data: {shown} cannot be opened ({why}). Check the path.") from error
    kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
    kinds += ((stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))
    for test, kind in kinds:
        if test(mode):
            raise DscTfError(f"data: {shown} is {kind}, not a file. Write its contents to a file first.")


def reason(error):
    """First line of an error, shortened, or the name of its type."""
    lines = str(error).splitlines()
    return lines[0][:120] if lines else type(error).__name__
