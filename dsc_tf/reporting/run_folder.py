"""Run folders: results that are complete or not there.

A run writes into "<output>.partial", each file under a temporary name that is renamed; the folder gets its own name
when everything is written. While a process writes, it holds a lock on the file ".lock" of that folder.
"""

import csv
import hashlib
import json
import os
import re
import shutil
import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic_write import atomic_write, raise_on_full_disk, sync
from ..errors import DscTfError

try:
    import fcntl
except ImportError:  # Windows has other locks; there, nothing refuses a second process
    fcntl = None  # type: ignore[assignment]

ADVICE = "add --resume to continue"
CONFIG = "config.json"  # settings, data and versions, which every command needs that reads the run
LOCK = ".lock"
MAX_PART = 100  # letters of a variable in a file name
MAX_NAME = 255  # bytes of one part of a path
_held: dict[Path, int] = {}  # open lock files of this process, by folder


class RunFolder:
    """An open run folder; `open_run` makes one.

    Parameters
    ----------
    output : path
        Where the finished folder will be.

    Attributes
    ----------
    path : pathlib.Path
        Where files are until `finish`.
    """

    def __init__(self, output):
        self.output = Path(output)
        self.path = partial_path(self.output)
        self._config = None

    def write_json(self, name: str, content: Any) -> None:
        """Write `content` as indented JSON."""
        if name == CONFIG:
            self._config = content
        self.write_text(name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def read_json(self, name: str) -> Any:
        """Read what `write_json` wrote; None if there is no such file.

        Raises
        ------
        DscTfError
            If the file is damaged.
        """
        path = self.path / name
        if not path.exists():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise DscTfError(f"resume: {path} is damaged. Delete that file, then resume.") from error

    def write_arrays(self, name: str, arrays: dict[str, Any]) -> None:
        """Write arrays by name, as `numpy.savez` does."""
        with self.atomic_write(name) as path, open(path, "wb") as file:
            np.savez(file, **arrays)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, in UTF-8."""
        with self.atomic_write(name) as path:
            path.write_text(text, encoding="utf-8", errors="backslashreplace")

    def write_csv(self, name: str, rows: Sequence[dict]) -> None:
        """Write dicts of the same keys as rows."""
        with self.atomic_write(name) as path, open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    def write_netcdf(self, name: str, ds: Any) -> None:
        """Write an xr.Dataset, compressed; integers stay integers."""
        encoding = {
            v: {"zlib": True, "complevel": 1}
            for v in ds.data_vars
            if ds[v].dtype.kind in "fiu" and ds[v].ndim
        }
        with self.atomic_write(name) as path:
            ds.to_netcdf(path, engine="netcdf4", encoding=encoding)

    def save_figure(self, name: str, figure: Any) -> None:
        """Write a matplotlib Figure as PNG."""
        with self.atomic_write(name) as path:
            figure.savefig(path, format="png")

    def atomic_write(self, name: str) -> AbstractContextManager[Path]:
        """Give a temporary path, renamed to `name` if the block succeeds and removed if not."""
        return atomic_write(self.path / name, advice=ADVICE)

    def raise_on_full_disk(self) -> AbstractContextManager[None]:
        """Raise `DscTfError` if a write in the block fails because the disk is full."""
        return raise_on_full_disk(self.path, advice=ADVICE)

    def finish(self, *, warnings: Sequence[str] | None = None) -> Path:
        """Give the folder its own name.

        Parameters
        ----------
        warnings : list of str, default=None
            Warnings that were shown during the run, added to metrics.json, or to config.json if there is none.

        Returns
        -------
        pathlib.Path
            The finished folder.

        Raises
        ------
        DscTfError
            If something of that name has appeared during the run, or its config.json has been removed; the results
            stay where they are.
        """
        is_removed = self._config is not None and not (self.path / CONFIG).exists()
        if is_removed:
            self.write_json(CONFIG, self._config)
        if warnings is not None:
            name = "metrics.json" if (self.path / "metrics.json").exists() else CONFIG
            self.write_json(name, (self.read_json(name) or {}) | {"warnings": warnings})
        if is_removed:
            raise DscTfError(
                f"output: {CONFIG} was removed from {self.path} during the run and has been written again. The results "
                "are complete: rename that folder."
            )
        if os.path.lexists(self.output):
            raise DscTfError(
                f"output: {self.output} appeared during the run. The results are complete in {self.path}: "
                "rename that folder."
            )
        (self.path / LOCK).unlink(missing_ok=True)
        sync(self.path)
        self.path.rename(self.output)
        sync(self.output.parent)
        _release(self.path)
        return self.output


def open_run(output: str | PathLike, *, resume: bool = False) -> RunFolder:
    """Begin a run folder, or continue an interrupted one.

    Parameters
    ----------
    output : path
        Where the finished folder will be; parents are made.
    resume : bool, default=False
        Continue in "<output>.partial", if it is there.

    Returns
    -------
    RunFolder

    Raises
    ------
    DscTfError
        If a finished run is there, an interrupted one is and `resume` is false, another process writes it, or the
        place cannot be written.
    """
    folder = RunFolder(output)
    if len(os.fsencode(folder.path.name)) + len(".tmp") > MAX_NAME:
        raise DscTfError(f"output: a name of {len(folder.output.name)} letters. Choose a shorter one.")
    try:
        if os.path.lexists(folder.output):
            raise DscTfError(f"output: {output} is there already. Choose another name, or remove it.")
        _make(folder.path, resume)
        (folder.path / ".writable").touch()
        (folder.path / ".writable").unlink()
    except OSError as error:
        raise DscTfError(
            f"output: {output} cannot be written ({error.strerror}). Choose another place."
        ) from error
    _lock(folder)
    for stale in folder.path.glob("*.tmp"):
        stale.unlink() if stale.is_file() else shutil.rmtree(stale)
    return folder


def part_of_file_name(text):
    """A text that every file system and locale accepts as part of a file name.

    Parameters
    ----------
    text : str
        Such as the name of a variable.

    Returns
    -------
    str
        The text itself if it has at most 100 ASCII letters, digits, "_", "-" and "."; otherwise the first of them and
        a hash.

    Examples
    --------
    >>> part_of_file_name("t2m"), part_of_file_name("a/b")
    ('t2m', 'a_b-c14cddc0')
    """
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", text)[:MAX_PART]
    return plain if plain == text else f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def partial_path(output: str | PathLike) -> Path:
    """Folder of an unfinished run with this output.

    Raises
    ------
    DscTfError
        If the output is no name of a folder.
    """
    output = Path(output)
    if output.name in ("", ".."):
        raise DscTfError(f"output: {output} is there already. Give the name of a new folder.")
    return output.with_name(output.name + ".partial")


def _make(path, resume):
    """Make the partial folder; without `resume` it must be new, so that of two processes only one succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if resume and path.is_dir():
        return
    try:
        path.mkdir()
    except FileExistsError as error:
        if not path.is_dir():
            raise DscTfError(f"output: {path} is no folder. Remove it or choose another name.") from error
        raise DscTfError(
            f"output: an interrupted run is in {path}. Add --resume to continue it, or remove that folder."
        ) from error


def _lock(folder):
    """Lock a partial folder for this process; the system releases the lock when the process ends."""
    path = folder.path.absolute()
    _release(path)  # an earlier run of this process that failed
    descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The holder may have finished between opening and locking: then the file has gone.
        is_same = os.path.samestat(os.fstat(descriptor), os.stat(path / LOCK))
    except BlockingIOError as error:
        os.close(descriptor)
        raise DscTfError(
            f"output: another process writes {folder.path}. Wait for it, or choose another name."
        ) from error
    except FileNotFoundError:
        is_same = False
    except OSError:  # a file system without locks
        is_same = True
    if not is_same:
        os.close(descriptor)
        raise DscTfError(f"output: another process has just finished {folder.output}. Choose another name.")
    _held[path] = descriptor
    weakref.finalize(folder, _release, path, descriptor)


def _release(path, descriptor=None):
    """Give a lock of this process up, if it is (still) held."""
    path = path.absolute()
    if path in _held and descriptor in (None, _held[path]):
        os.close(_held.pop(path))
