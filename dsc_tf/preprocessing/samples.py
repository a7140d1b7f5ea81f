"""Samples that are not in memory, or not each in its own place there."""

import contextlib
import errno
import os
import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np

from ..errors import DscTfError

BATCH = 2**24  # bytes of the blocks that `blocks` yields


class StoredRows:
    """Fields of every step in a scratch file, scaled as they are read.

    The file has no name: whatever ends the process, its room is free again.

    Parameters
    ----------
    shape : tuple of int
        (time, value).
    folder : path
        Where the file is to be.

    Raises
    ------
    DscTfError
        If the folder cannot be written or has no room for it.
    """

    def __init__(self, shape, folder):
        self.shape = tuple(shape)
        self.dtype = np.dtype(np.float32)
        self.folder = Path(folder)
        self.scaling = None
        self._lock = threading.Lock()
        self._file = None
        need = 4 * self.shape[0] * self.shape[1]
        with self._told():
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
            if free < need:
                raise OSError(errno.ENOSPC, f"{free / 1e9:.1f} GB free")
            self._file = tempfile.TemporaryFile(dir=self.folder, buffering=0)

    def __len__(self):
        return self.shape[0]

    def append(self, block):
        """Write the next steps, shape (time, value), float32."""
        left = memoryview(np.ascontiguousarray(block)).cast("B")
        with self._told():
            while left:
                left = left[self._file.write(left) :]

    def raw(self, start, stop):
        """Steps as they were written, shape (time, value)."""
        stop = min(stop, len(self))
        block = np.empty((stop - start, self.shape[1]), np.float32)
        view = memoryview(block).cast("B")
        with self._lock:
            self._file.seek(start * self.shape[1] * 4)
            while view:
                count = self._file.readinto(view)
                if not count:
                    raise OSError(f"scratch file ends early, in {self.folder}")
                view = view[count:]
        return block

    def __getitem__(self, at):
        """Scaled fields at positions `at`, which count from 0, shape (time, value)."""
        at = np.arange(len(self))[at] if isinstance(at, slice) else np.asarray(at)
        fields = np.empty((len(at), self.shape[1]), np.float32)
        begins = np.flatnonzero(np.diff(at, prepend=-2) != 1)
        for begin, end in zip(begins, [*begins[1:], len(at)], strict=True):
            fields[begin:end] = self.raw(at[begin], at[begin] + end - begin)
        self.scaling.apply(fields, at)
        return fields

    def close(self):
        """Give the room on disk back."""
        if self._file is not None:
            self._file.close()

    __del__ = close

    @contextlib.contextmanager
    def _told(self):
        try:
            yield
        except OSError as error:
            size = 4 * self.shape[0] * self.shape[1] / 1e9
            raise DscTfError(
                f"scratch: {size:.1f} GB do not fit into {self.folder} ({error.strerror}). Name another folder by "
                "the variable TMPDIR, or give more memory."
            ) from error


class Samples:
    """Windows of fields as an array to index, made when they are asked for.

    Stands for an array of shape (time, window, latitude, longitude, variable). Slices, positions and masks along
    time give NumPy arrays.

    Parameters
    ----------
    rows : array of shape (step, value) or StoredRows
        Fields of every step.
    ends : array of int, shape (time,)
        Last step of each sample.
    window : int
        Steps of a sample.
    grid : tuple of int
        (latitude, longitude, variable).

    Attributes
    ----------
    shape, dtype, ndim, size, nbytes
        As of an array.
    """

    ndim = 5

    def __init__(self, rows, ends, window, grid):
        self.rows = rows
        self.ends = np.asarray(ends)
        self.window = window
        self.grid = tuple(grid)
        self.shape = (len(self.ends), window, *self.grid)
        self.dtype = rows.dtype
        self.size = int(np.prod(self.shape))
        self.nbytes = self.size * self.dtype.itemsize

    def __len__(self):
        return len(self.ends)

    def __getitem__(self, at):
        if isinstance(at, tuple):
            return self[at[0]][(slice(None), *at[1:])]
        ends = self.ends[at]
        if ends.ndim == 0:
            return self[[at]][0]
        if self.window == 1:
            return self.rows[ends].reshape(len(ends), *self.shape[1:])
        fields, places = self.distinct(at)
        return fields[places]

    def distinct(self, at):
        """The fields of the samples at `at`, each once, and where each step of each sample is among them.

        Returns
        -------
        fields : array of shape (field, latitude, longitude, variable)
        places : array of int, shape (sample, window)
        """
        steps = self.ends[at][:, None] + np.arange(1 - self.window, 1)
        once, places = np.unique(steps, return_inverse=True)
        return self.rows[once].reshape(len(once), *self.grid), places.reshape(steps.shape)

    def __array__(self, dtype=None, copy=None):
        if self.is_stored:
            raise DscTfError(
                f"X: {self.nbytes / 1e9:.1f} GB are kept on disk, and this needs them in memory. Take a method that "
                "reads samples batch by batch, or prepare them with more memory."
            )
        return self[:].astype(dtype or self.dtype, copy=False)

    @property
    def is_stored(self):
        """Whether fields are on disk rather than in memory."""
        return isinstance(self.rows, StoredRows)

    def last_step(self):
        """The same samples without the steps before their last."""
        return Samples(self.rows, self.ends, 1, self.grid)

    @property
    def labelled(self):
        """Fields of the last step of each sample, a `Rows` of shape (time, value)."""
        return Rows(self.rows, self.ends)

    def close(self):
        """Give the room on disk back; samples cannot be read any more."""
        if self.is_stored:
            self.rows.close()


def overlapping(X):
    """Samples that share fields as `Samples`, without a copy; None where each has its own.

    Parameters
    ----------
    X : array or Samples of shape (time, window, latitude, longitude, variable)
        As `prepare` returns it: windows of a record without gaps are views of its fields.
    """
    if isinstance(X, Samples):
        return X if X.window > 1 else None
    if X.ndim != 5 or X.shape[1] == 1 or X.strides[0] != X.strides[1]:
        return None
    window, *grid = X.shape[1:]
    steps = len(X) + window - 1
    fields = np.lib.stride_tricks.as_strided(X, (steps, *grid), X.strides[1:], writeable=False)
    return Samples(fields.reshape(steps, -1), np.arange(window - 1, steps), window, grid)


class Rows:
    """Some steps of a record as a matrix to index by position.

    Parameters
    ----------
    rows : array of shape (step, value) or StoredRows
        Fields of every step.
    at : array of int, shape (time,)
        The steps.
    """

    ndim = 2

    def __init__(self, rows, at):
        self.rows, self.at = rows, np.asarray(at)
        self.shape = (len(self.at), rows.shape[1])
        self.dtype = rows.dtype

    def __len__(self):
        return len(self.at)

    def __getitem__(self, at):
        return self.rows[self.at[at]]

    def select(self, at):
        """Fewer of them, none read."""
        return Rows(self.rows, self.at[at])


def scratch_folder():
    """Where scratch files go unless a caller says: TMPDIR where it is set, else the working directory.

    The system's own temporary folder is memory on many machines.
    """
    return os.environ.get("TMPDIR") or os.getcwd()
