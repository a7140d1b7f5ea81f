"""Answers of the Climate Data Store: transferred, unpacked, and checked as netCDF."""

import shutil
import time
import zipfile
import zlib

import xarray as xr

from ...errors import DscTfError
from ...records.open import open_dataset
from .files import room_for

ZIP = b"PK\x03\x04"
MAX_RATIO = 100  # unpacked size of a zip over its own; netCDF is compressed already
MIN_SUSPICIOUS = 2**24  # bytes; smaller contents may have any ratio
BLOCK = 2**16  # bytes read at a time; a block that breaks off is lost
MERGED = {"join": "exact", "compat": "no_conflicts", "combine_attrs": "drop_conflicts"}
WAIT = 300  # seconds without a byte before a connection counts as broken


class Damaged(Exception):
    """An answer that did not arrive as it was sent."""


def fetched(url, path, n_bytes, *, tries, pause):
    """Transfer a file, going on where an earlier call was broken off.

    Parameters
    ----------
    url : str
        Where it is.
    path : pathlib.Path
        Where to put it; what is there already is kept.
    n_bytes : int
        Its size.
    tries : int
        How often a connection is made.
    pause : float
        Seconds between.

    Raises
    ------
    requests.RequestException
        If the server refuses, or the connection breaks each time.
    Damaged
        If the size is another in the end.
    """
    import requests

    for left in reversed(range(tries)):
        try:
            _append(url, path, n_bytes)
            break
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            if not left:
                raise
            time.sleep(pause)
    if path.stat().st_size != n_bytes:
        raise Damaged(f"{path.stat().st_size} bytes instead of {n_bytes}")


def _append(url, path, n_bytes):
    import requests

    there = path.stat().st_size if path.exists() else 0
    if there == n_bytes:
        return
    headers = {"Range": f"bytes={there}-"} if 0 < there < n_bytes else {}
    with requests.get(url, headers=headers, stream=True, timeout=WAIT) as response:
        response.raise_for_status()
        goes_on = response.status_code == requests.codes.partial_content
        with room_for(path), open(path, "ab" if goes_on else "wb") as file:
            for block in response.iter_content(BLOCK):
                file.write(block)


def unpacked(path, names):
    """The variables in an answer, which is one netCDF file or several in a zip.

    Accumulated and instantaneous fields come in files of their own, daily statistics in one for each variable.

    Parameters
    ----------
    path : pathlib.Path
        The answer.
    names : list of str
        Short names of the variables asked for.

    Returns
    -------
    xr.Dataset
        In memory, over (time, latitude, longitude); its attribute `expver` holds the versions of ERA5 in it.

    Raises
    ------
    Damaged
        If it is cut off or altered.
    DscTfError
        If a variable is not in it.
    """
    folder = path.with_name(path.name + ".d")
    try:
        parts = [_read(file) for file in _members(path, folder)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    versions = {version for part in parts for version in _versions(part)}
    try:
        ds = xr.merge([open_dataset(part) for part in parts], **MERGED)
    except ValueError as error:
        raise DscTfError(
            f"download: the files of an answer do not fit together ({str(error).splitlines()[0]}). "
            "Ask for fewer variables at a time."
        ) from error
    lacking = [name for name in names if name not in ds]
    if lacking:
        raise DscTfError(
            f"variables: the answer lacks {', '.join(lacking)}; it holds {', '.join(map(str, ds.data_vars))}. "
            "Leave them out, or take another --source."
        )
    return ds[list(names)].assign_attrs(expver=" ".join(sorted(versions)))


def _members(path, folder):
    """The netCDF files of an answer, each of which opens."""
    with open(path, "rb") as file:
        is_zip = file.read(len(ZIP)) == ZIP
    if not is_zip:
        return [path]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with zipfile.ZipFile(path) as archive, room_for(folder / "member"):
            n_bytes = sum(member.file_size for member in archive.infolist())
            if n_bytes > max(MIN_SUSPICIOUS, MAX_RATIO * path.stat().st_size):
                raise DscTfError(
                    f"download: an answer of {path.stat().st_size / 1e6:.1f} MB would unpack to "
                    f"{n_bytes / 1e6:.0f} MB. Ask for fewer variables at a time, or report it to the service."
                )
            archive.extractall(folder)  # checks each member's sum
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Damaged(f"zip: {error}") from error
    return sorted(folder.rglob("*.nc"))


def _read(path):
    """A file in memory: every value is read, so that damage shows."""
    try:
        with xr.open_dataset(path) as ds:
            return ds.load()
    except (OSError, RuntimeError, ValueError) as error:
        raise Damaged(f"netCDF: {str(error).splitlines()[0][:80]}") from error


def _versions(ds):
    """Versions of ERA5 in a file: 0001 is final, 0005 preliminary."""
    return [f"{int(version):04d}" for version in ds["expver"].values.ravel()] if "expver" in ds else []
