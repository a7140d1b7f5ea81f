"""Atomic writes, and a clear error when the disk is full."""

import errno
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from .errors import DscTfError

MIN_FREE_BYTES = 2**20  # a disk with less counts as full


@contextmanager
def atomic_write(path, *, advice):
    """Give a temporary path that is renamed to `path` if the block succeeds, and removed if not.

    File and folder are synchronised with the disk, so that after a power failure there is either the old file or the
    whole new one.

    Parameters
    ----------
    path : path
        The file to write.
    advice : str
        What to do after making room, for the message.

    Yields
    ------
    pathlib.Path
        The temporary path, in the same folder.

    Raises
    ------
    DscTfError
        If the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(Path(folder) / "a.txt", advice="try again") as temporary:
    ...         _ = temporary.write_text("all of it")
    ...     os.listdir(folder)
    ['a.txt']
    """
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    with raise_on_full_disk(path.parent, advice=advice):
        try:
            yield temporary
            sync(temporary)
            os.replace(temporary, path)
            sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def sync(path):
    """Synchronise a file or folder with the disk; file systems that cannot do this are left alone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


@contextmanager
def raise_on_full_disk(folder, *, advice):
    """Raise `DscTfError` if a write in the block fails because the disk is full.

    Libraries in C report a full disk as any error, so the free space is checked as well.

    Parameters
    ----------
    folder : path
        Where the block writes.
    advice : str
        What to do after making room, for the message.

    Raises
    ------
    DscTfError
        If the disk is full.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or _is_full(folder):
            raise DscTfError(
                f"output: no space left on the disk of {folder}. Make room, then {advice}."
            ) from error
        raise


def _is_full(folder):
    try:
        return shutil.disk_usage(folder).free < MIN_FREE_BYTES
    except OSError:  # the folder has disappeared
        return False
