"""Samples with their metadata: windows of fields in memory or in a scratch file."""

import errno
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import DscTfError
from ..records.chunks import block_length

if TYPE_CHECKING:
    import xarray as xr

DIMS = ("time", "window", "latitude", "longitude", "variable")
AREA_WEIGHTED = "area_weighted"  # attribute of a DataArray of samples that are weighted by area already


class Samples:
    """Windows of fields with the metadata of each sample.

    An array-like object of shape (time, window, latitude, longitude, variable). The fields of all steps are stored
    once, in memory or in a scratch file; a window is assembled when it is read. A slice, an array of positions or a
    boolean mask along time gives `Samples` with their metadata; one position or a tuple of indices gives an array.

    Parameters
    ----------
    rows : array of shape (step, value) or ScratchArray
        Flattened fields of all steps.
    grid : tuple of int
        Shape of a field: (latitude, longitude, variable).
    ends : array of int, shape (time,), default=None
        Row of the last step of each sample; every row by default.
    window : int, default=1
        Number of steps of a sample.
    time : array of datetime64 or cftime, shape (time,), default=None
        Time of the last step of each sample.
    latitude : array of shape (latitude,), default=None
        Degrees north.
    longitude : array of shape (longitude,), default=None
        Degrees east.
    variables : sequence of str, default=None
        Names of the variables.
    segment : array of int, shape (time,), default=None
        Number of the gap-free segment of each sample: samples of different segments are not consecutive. One segment
        by default.
    member : array of shape (time,), default=None
        Ensemble member of each sample.
    weighted : bool, default=False
        Whether values are multiplied by sqrt(cos latitude) already.
    sample_index : array of int, shape (time,), default=None
        Position of the last step of each sample in the record that was prepared; 0, 1, 2, ... by default.

    Attributes
    ----------
    shape, dtype, ndim, size, nbytes
        Same as those of an array that holds all windows.

    Examples
    --------
    Three windows of two steps share four fields of one cell:

    >>> rows = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
    >>> X = Samples(rows, (1, 1, 1), ends=[1, 2, 3], window=2)
    >>> X.shape
    (3, 2, 1, 1, 1)
    >>> np.asarray(X)[:, :, 0, 0, 0].tolist()
    [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]
    >>> X[1:].last_step().tolist()
    [[2.0], [3.0]]
    """

    ndim = 5

    def __init__(
        self,
        rows: "np.ndarray | ScratchArray",
        grid: Sequence[int],
        *,
        ends: npt.ArrayLike | None = None,
        window: int = 1,
        time: npt.ArrayLike | None = None,
        latitude: npt.ArrayLike | None = None,
        longitude: npt.ArrayLike | None = None,
        variables: Sequence[str] | None = None,
        segment: npt.ArrayLike | None = None,
        member: npt.ArrayLike | None = None,
        weighted: bool = False,
        sample_index: npt.ArrayLike | None = None,
    ):
        self.rows = rows
        self.grid = tuple(map(int, grid))
        self.ends = np.arange(len(rows)) if ends is None else np.asarray(ends, dtype=np.intp)
        self.window = int(window)
        self.time = _optional_array(time)
        self.latitude = _optional_array(latitude)
        self.longitude = _optional_array(longitude)
        self.variables = None if variables is None else tuple(map(str, variables))
        self.segment = np.zeros(len(self.ends), np.intp) if segment is None else np.asarray(segment)
        self.member = _optional_array(member)
        self.weighted = bool(weighted)
        self.sample_index = np.arange(len(self.ends)) if sample_index is None else np.asarray(sample_index)
        self.shape = (len(self.ends), self.window, *self.grid)
        self.dtype = rows.dtype
        self.size = int(np.prod(self.shape))
        self.nbytes = self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self.ends)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {size}" for name, size in zip(DIMS, self.shape, strict=True))
        return f"Samples({sizes}; {self.dtype}, {'on disk' if self.is_stored else 'in memory'})"

    def __getitem__(self, at: Any) -> "Samples | np.ndarray":
        if isinstance(at, tuple):
            first, *others = at
            if others == [Ellipsis]:  # as scikit-learn indexes
                return self[first]
            if first is Ellipsis:
                return np.asarray(self)[at]
            if np.ndim(first) == 0 and not isinstance(first, slice):
                return self[first][tuple(others)]
            return self.read(first)[(slice(None), *others)]
        if at is Ellipsis:
            return self
        if not isinstance(at, slice) and np.ndim(at) == 0:
            return self.read(np.asarray(at)[None])[0]
        return self._select(at)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        if self.is_stored:
            raise DscTfError(
                f"X: {self.nbytes / 1e9:.1f} GB are kept on disk, and this needs them in memory. Take a method that "
                "reads samples batch by batch, or prepare them with more memory."
            )
        values = self.read()
        return values.astype(dtype or self.dtype, copy=bool(copy))

    @property
    def is_stored(self) -> bool:
        """Whether fields are in a scratch file, or on the workers of Dask, rather than in memory."""
        return not isinstance(self.rows, np.ndarray)

    @property
    def overlaps(self) -> bool:
        """Whether windows share fields."""
        return self.window > 1 and bool((np.diff(np.sort(self.ends)) < self.window).any())

    @property
    def segment_starts(self) -> np.ndarray:
        """Positions of the samples at which a segment begins; the first is 0."""
        return np.concatenate([[0], np.flatnonzero(np.diff(self.segment)) + 1])

    def read(self, at: Any = slice(None)) -> np.ndarray:
        """Values of some samples as an array.

        Parameters
        ----------
        at : slice, array of int or array of bool, default=slice(None)
            Positions in time.

        Returns
        -------
        array of shape (time, window, latitude, longitude, variable)
            A view where samples are consecutive and in memory, else a copy.
        """
        ends = self.ends[at]
        if self.window == 1:
            return self._fields(ends).reshape(len(ends), 1, *self.grid)
        if not self.is_stored and len(ends) and _are_consecutive(ends):
            fields = self._fields(np.arange(ends[0] - self.window + 1, ends[-1] + 1))
            windows = np.lib.stride_tricks.sliding_window_view(fields, self.window, axis=0)
            return np.moveaxis(windows, -1, 1)
        if not self.is_stored:
            steps = ends[:, None] + np.arange(1 - self.window, 1)
            return self.rows[steps].reshape(len(ends), self.window, *self.grid)
        fields, places = self.unique_fields(at)
        return fields[places]

    def last_step(self) -> "np.ndarray | RowView":
        """Features of the labelled step, the last one of each sample.

        Returns
        -------
        array of shape (time, feature)
            For samples in a scratch file a `RowView`, whose rows are read when it is indexed.
        """
        if hasattr(self.rows, "over_blocks") and np.array_equal(self.ends, np.arange(len(self.rows))):
            return self.rows  # type: ignore[return-value]
        if self.is_stored:
            return RowView(self.rows, self.ends)  # type: ignore[arg-type]
        return self._fields(self.ends).reshape(len(self), -1)

    def unique_fields(self, at: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Fields of some samples without repetition, and the position of each step of each sample among them.

        Parameters
        ----------
        at : slice, array of int or array of bool, default=slice(None)
            Positions in time.

        Returns
        -------
        fields : array of shape (field, latitude, longitude, variable)
            Each field once, in the order of the rows.
        positions : array of int, shape (sample, window)
            `fields[positions]` are the windows.
        """
        steps = self.ends[at][:, None] + np.arange(1 - self.window, 1)
        once, positions = np.unique(steps, return_inverse=True)
        return self._fields(once), positions.reshape(steps.shape)

    def to_xarray(self) -> "xr.DataArray":
        """The samples as a DataArray, which clusterers take as well.

        Returns
        -------
        xr.DataArray
            `window` counts steps back from the sample's time. A padded axis has no coordinate.
        """
        coords: dict = {"window": ("window", np.arange(1 - self.window, 1))}
        for name in ("latitude", "longitude"):
            values = getattr(self, name)
            if values is not None and len(np.unique(values)) == len(values):
                coords[name] = (name, values)
        if self.variables is not None:
            coords["variable"] = ("variable", list(self.variables))
        coords |= self.time_coordinates()
        attrs = {AREA_WEIGHTED: int(self.weighted)}
        import xarray as xr

        return xr.DataArray(np.asarray(self), coords, DIMS, "samples", attrs)

    def time_coordinates(self) -> dict[str, tuple[str, np.ndarray]]:
        """Coordinates along time for a result with a value for each sample."""
        found = {"time": self.time, "member": self.member}
        return {name: ("time", values) for name, values in found.items() if values is not None}

    def with_features(self, features: npt.ArrayLike) -> "Samples":
        """Samples of the same times with other values, such as a representation of each.

        Parameters
        ----------
        features : array of shape (time, feature)
            One row for each sample.

        Returns
        -------
        Samples of shape (time, 1, 1, 1, feature)
        """
        rows = np.asarray(features)
        along_time = {name: getattr(self, name) for name in ("time", "segment", "member", "sample_index")}
        return Samples(rows, (1, 1, rows.shape[1]), **along_time)

    def close(self) -> None:
        """Free the space on disk; samples in a scratch file cannot be read afterwards."""
        if isinstance(self.rows, ScratchArray):
            self.rows.close()

    def _select(self, at):
        """Some samples with their metadata; consecutive ones stay in one segment."""
        index = np.arange(len(self))[at]
        step = (at.step or 1) if isinstance(at, slice) else 1
        apart = (np.diff(index) != max(step, 1)) | (np.diff(self.segment[index]) != 0)

        def along_time(values):
            return None if values is None else values[index]

        return Samples(
            self.rows,
            self.grid,
            ends=self.ends[index],
            window=self.window,
            time=along_time(self.time),
            latitude=self.latitude,
            longitude=self.longitude,
            variables=self.variables,
            segment=np.concatenate([[0], np.cumsum(apart)])[: len(index)],
            member=along_time(self.member),
            weighted=self.weighted,
            sample_index=self.sample_index[index],
        )

    def _fields(self, steps):
        """Fields at some rows, shape (step, latitude, longitude, variable); a view where they are consecutive."""
        if not self.is_stored and len(steps) and _are_consecutive(steps):
            return self.rows[steps[0] : steps[-1] + 1].reshape(len(steps), *self.grid)
        return self.rows[steps].reshape(len(steps), *self.grid)


class RowView:
    """Some rows of a scratch file as a matrix that is read when it is indexed.

    Parameters
    ----------
    rows : ScratchArray of shape (step, value)
        Fields of all steps.
    index : array of int, shape (time,)
        Rows of the view.
    """

    ndim = 2

    def __init__(self, rows: "ScratchArray", index: npt.ArrayLike):
        self.rows, self.index = rows, np.asarray(index)
        self.shape = (len(self.index), rows.shape[1])
        self.dtype = rows.dtype

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, at: Any) -> np.ndarray:
        return self.rows[self.index[at]]

    def select(self, at: npt.ArrayLike) -> "RowView":
        """A view of fewer rows, without reading any."""
        return RowView(self.rows, self.index[at])  # type: ignore[index]


class ScratchArray:
    """Fields of all steps in a scratch file; they are prepared when they are read.

    The file is unlinked, so its space is freed when the process ends for any reason.

    Parameters
    ----------
    shape : tuple of int
        (step, value).
    folder : path
        Folder of the file.

    Raises
    ------
    DscTfError
        If the folder cannot be written or has too little space.
    """

    def __init__(self, shape: tuple[int, int], folder: str | os.PathLike):
        self.shape = tuple(shape)
        self.dtype = np.dtype(np.float32)
        self.folder = Path(folder)
        self.prepare_block: Callable[[np.ndarray, np.ndarray], None] | None = None
        self._lock = threading.Lock()
        need = 4 * self.shape[0] * self.shape[1]
        with self._raise_on_full_disk():
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
            if free < need:
                raise OSError(errno.ENOSPC, f"{free / 1e9:.1f} GB free")
            self._file = tempfile.TemporaryFile(dir=self.folder, buffering=0)
        self._finalizer = weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self.shape[0]

    def append(self, block: np.ndarray) -> None:
        """Write the next steps, shape (step, ...), float32."""
        left = memoryview(np.ascontiguousarray(block)).cast("B")  # type: ignore[arg-type]
        with self._raise_on_full_disk():
            while left:
                left = left[self._file.write(left) :]

    def read_unscaled(self, start: int, stop: int) -> np.ndarray:
        """Steps as they were written, shape (step, value)."""
        stop = min(stop, len(self))
        block = np.empty((stop - start, self.shape[1]), np.float32)
        self._read_into(block, start)
        return block

    def _read_into(self, block, start):
        """Fill `block` (step, value) with the steps from `start` on, as they were written."""
        view = memoryview(block).cast("B")  # type: ignore[arg-type]
        with self._lock:
            self._file.seek(start * self.shape[1] * 4)
            while view:
                count = self._file.readinto(view)
                if not count:
                    raise OSError(f"scratch file ends early, in {self.folder}")
                view = view[count:]

    def __getitem__(self, at: Any) -> np.ndarray:
        """Prepared fields at rows `at`, non-negative, shape (step, value)."""
        at = np.arange(len(self))[at] if isinstance(at, slice) else np.asarray(at)
        fields = np.empty((len(at), self.shape[1]), np.float32)
        begins = np.flatnonzero(np.diff(at, prepend=-2) != 1)
        length = block_length(self.shape[1])
        for begin, end in zip(begins, [*begins[1:], len(at)], strict=True):
            for start in range(begin, end, length):  # in blocks that stay in the cache
                part = slice(start, min(end, start + length))
                self._read_into(fields[part], at[start])
                if self.prepare_block is not None:
                    self.prepare_block(fields[part], at[part])
        return fields

    def close(self) -> None:
        """Free the space on disk."""
        self._finalizer()

    @contextmanager
    def _raise_on_full_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            size = 4 * self.shape[0] * self.shape[1] / 1e9
            raise DscTfError(
                f"scratch: {size:.1f} GB do not fit into {self.folder} ({error.strerror}). Name another folder by "
                "the variable TMPDIR, or give more memory."
            ) from error


def scratch_folder() -> str:
    """Default folder of scratch files: TMPDIR if it is set, else the working directory.

    The temporary folder of the system is kept in memory on many machines.
    """
    return os.environ.get("TMPDIR") or os.getcwd()


def true_labels(ds: "xr.Dataset", samples: Samples) -> np.ndarray | None:
    """Known regimes of samples, shape (time,), or None if the record has no coordinate `regime`.

    Parameters
    ----------
    ds : xr.Dataset
        The record that was prepared.
    samples : Samples
        Its samples.
    """
    return ds["regime"].values[samples.sample_index] if "regime" in ds.coords else None


def _optional_array(values):
    return None if values is None else np.asarray(values)


def _are_consecutive(steps):
    return steps[-1] - steps[0] == len(steps) - 1 and bool((np.diff(steps) == 1).all())
