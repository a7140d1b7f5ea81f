"""Text, arrays and weights of run folders, read with limits: a folder of unknown origin may contain anything."""

import json
import zipfile
from pathlib import Path

import numpy as np

MAX_TEXT = 10**7  # bytes of JSON or CSV, far above what a run writes
MAX_RATIO = 20  # unpacked bytes per stored byte, far above that of arrays of numbers
FREE_BYTES = 10**6  # that may be unpacked at any ratio
MAX_LAYERS = 1000  # networks of more layers are not built


def read_text(path):
    """Content of a text file.

    Parameters
    ----------
    path : path
        File in UTF-8.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it has more than 10 MB or is no text.
    OSError
        If it cannot be read.
    """
    size = Path(path).stat().st_size
    if size > MAX_TEXT:
        raise ValueError(f"{Path(path).name} has {size / 1e6:.0f} MB")
    return Path(path).read_text(encoding="utf-8")


def read_json(path):
    """Content of a JSON file, as `read_text` limits it."""
    return json.loads(read_text(path))


def read_arrays(path):
    """Arrays of an `.npz` file by name; pickled objects are refused.

    Parameters
    ----------
    path : path
        File that `numpy.savez` wrote.

    Returns
    -------
    dict of str to array

    Raises
    ------
    ValueError
        If it is no such file, or its arrays are far larger than the file.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/a.npz", values=np.arange(3))
    ...     read_arrays(f"{folder}/a.npz")["values"].tolist()
    [0, 1, 2]
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(path, sum(member.file_size for member in archive.infolist()))
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, MemoryError) as error:
        raise ValueError((str(error).splitlines() or [type(error).__name__])[0]) from error


def check_weights(path):
    """Refuse a weights file whose arrays are far larger than the file.

    Parameters
    ----------
    path : path
        HDF5 file.

    Raises
    ------
    ValueError
        In this case.
    OSError
        If it is no HDF5 file.
    """
    import h5py

    sizes = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: sizes.append(item.nbytes) if hasattr(item, "nbytes") else None)
    _refuse_bomb(path, sum(sizes))


def check_sizes(settings, path):
    """Refuse settings of a network that would need more weights than its weights file holds.

    Parameters
    ----------
    settings : dict
        Numbers of filters, units, features and layers, by name; lists of such; other values are ignored.
    path : path
        File of its weights.

    Raises
    ------
    ValueError
        If a number of units is larger than the number of bytes of the file, or there are more than 1000 layers.
    """
    limit = Path(path).stat().st_size
    for name, value in settings.items():
        numbers = value if isinstance(value, (list, tuple)) else [value]
        if len(numbers) > MAX_LAYERS or name == "depth" and value > MAX_LAYERS:
            raise ValueError(f"{name} has too many layers")
        for number in numbers:
            if isinstance(number, int) and number > limit:
                raise ValueError(f"{name} of {number} for a weights file of {limit} bytes")


def _refuse_bomb(path, unpacked):
    if unpacked > max(FREE_BYTES, MAX_RATIO * Path(path).stat().st_size):
        raise ValueError(f"{Path(path).name} unpacks to {unpacked / 1e6:.0f} MB")
