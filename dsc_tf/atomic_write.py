"""Files that are there whole or not at all, and one clear line when a disk is full."""

import errno
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from .errors import DscTfError

LEAST_ROOM = 2**20  # bytes below which a disk counts as full


@contextmanager
def whole(path, *, advice):
    """Give a temporary path, renamed to `path` if the block ends well and removed if not.

    Parameters
    ----------
    path : path
        The file to be.
    advice : str
        What to do after making room, for the message.

    Raises
    ------
    DscTfError
        If the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    with told_when_full(path.parent, advice=advice):
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def told_when_full(folder, *, advice):
    """Turn a write that failed for lack of room into one clear line.

    Parameters
    ----------
    folder : path
        Where the block writes.
    advice : str
        What to do after making room, for the message.

    Raises
    ------
    DscTfError
        If the disk is full. Libraries in C report this as any error, so the disk itself is asked.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        known = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        if known or shutil.disk_usage(folder).free < LEAST_ROOM:
            raise DscTfError(
                f"output: no space left on the disk of {folder}. Make room, then {advice}."
            ) from error
        raise
