"""Pieces in the cache and the finished file: each whole or not at all, each with its checksum."""

import hashlib
import json
import warnings
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import xarray as xr

from ... import __version__
from ...atomic_write import atomic_write, raise_on_full_disk
from ...errors import DscTfError
from ..cache import cache_folder
from .record import finished

JOINED = {
    "join": "outer",
    "compat": "no_conflicts",
    "data_vars": "minimal",
    "coords": "minimal",
    "combine_attrs": "override",
}
ADVICE = "run the same command again: it goes on where it was"


def room_for(path):
    """Tell a full disk while `path` is written, as one clear line."""
    return raise_on_full_disk(path.parent, advice=ADVICE)


class PieceStore:
    """Pieces that earlier runs fetched, in the cache.

    Parameters
    ----------
    folder : pathlib.Path, default=None
        Where; None takes the cache.
    """

    def __init__(self, folder=None):
        self.folder = folder or cache_folder("download")

    def path(self, piece):
        """Where a piece lies."""
        return self.folder / f"{piece.key}.nc"

    def scratch(self, piece, ending):
        """Where something that belongs to an unfinished piece lies."""
        return self.folder / (piece.key + ending)

    def holds(self, piece):
        """Whether a piece is there as it was written; a damaged one is removed, with a warning."""
        path, manifest = self.path(piece), manifest_path(self.path(piece))
        if not (path.exists() and manifest.exists()):
            return False
        if json.loads(manifest.read_text())["sha256"] == sha256(path):
            return True
        warnings.warn(f"{path}: its checksum is wrong, so it is fetched again", UserWarning, stacklevel=2)
        self.remove(piece)
        return False

    def save(self, piece, ds):
        """Keep a piece; what its making needed is removed."""
        path = self.path(piece)
        write_netcdf(path, ds)
        write_json(manifest_path(path), {"sha256": sha256(path), "about": piece.about})
        for ending in (".job", ".answer"):
            self.scratch(piece, ending).unlink(missing_ok=True)

    def remove(self, piece):
        """Forget a piece."""
        self.path(piece).unlink(missing_ok=True)
        manifest_path(self.path(piece)).unlink(missing_ok=True)

    @contextmanager
    def opened(self, pieces):
        """All pieces as one, read lazily within the block.

        Parameters
        ----------
        pieces : list of Piece
            Of one request, all held.

        Yields
        ------
        xr.Dataset
            `expver` in its attributes is the versions of ERA5 in all of them.

        Raises
        ------
        DscTfError
            If they do not fit together.
        """
        with ExitStack() as stack:
            parts = [stack.enter_context(xr.open_dataset(self.path(piece), chunks={})) for piece in pieces]
            versions = {version for part in parts for version in part.attrs.get("expver", "").split()}
            try:
                ds = xr.combine_by_coords(parts, **JOINED)
            except ValueError as error:
                raise DscTfError(
                    f"download: the pieces in {self.folder} do not fit together ({error}). Remove them."
                ) from error
            yield ds.assign_attrs(expver=" ".join(sorted(versions)))


def write_netcdf(path, ds):
    """Write a dataset whole or not at all, compressed."""
    encoding = {name: {"zlib": True, "complevel": 1, "dtype": "float32"} for name in ds.data_vars}
    encoding["time"] = {"units": "hours since 1900-01-01", "dtype": "int32"}
    with atomic_write(path, advice=ADVICE) as temporary:
        ds.to_netcdf(temporary, engine="netcdf4", encoding=encoding)


def write_json(path, content):
    """Write JSON whole or not at all."""
    with atomic_write(path, advice=ADVICE) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n")


def write_result(path, kept, pieces, source, settings):
    """Write the downloaded data and a manifest: checksum, settings, requests, licence, version.

    Parameters
    ----------
    path : pathlib.Path
        The file to be; `kept` forgets the pieces when it is there.
    kept : PieceStore
        Holds all pieces.
    pieces : list of Piece
        Of one request.
    source : ClimateDataStore or ZarrStore
        Where they come from.
    settings : dict
        Of the command; `--config` takes the manifest to repeat it.

    Raises
    ------
    DscTfError
        If something is missing, or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DscTfError(
            f"output: {path} cannot be written ({error.strerror}). Choose another place."
        ) from error
    with kept.opened(pieces) as ds:
        write_netcdf(path, finished(ds, source))
    about = {
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "config": settings,
        "dataset": source.dataset,
        "license": source.licence,
        "requests": source.requests(),
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        "dsc_tf": __version__,
    }
    write_json(manifest_path(path), about)
    for piece in pieces:
        kept.remove(piece)


def is_whole(path, settings):
    """Whether a finished file of these settings is there already, as it was written.

    Parameters
    ----------
    path : pathlib.Path
        The file asked for.
    settings : dict
        Of the command.

    Returns
    -------
    bool
        False if there is no such file.

    Raises
    ------
    DscTfError
        If there is one that is another's, or that was altered since.
    """
    if not path.exists():
        return False
    manifest = manifest_path(path)
    if not manifest.exists():
        raise DscTfError(
            f"output: {path} is there already, without a manifest. Choose another --output, or remove it."
        )
    known = json.loads(manifest.read_text())
    if known["config"] != settings:
        raise DscTfError(
            f"output: {path} is there already, of other settings. Choose another --output, or remove it."
        )
    if known["sha256"] != sha256(path):
        raise DscTfError(
            f"output: {path} has another checksum than {manifest} says. Remove both, and run again."
        )
    return True


def manifest_path(path):
    """Where the manifest of a file is."""
    return path.with_name(path.name + ".json")


def sha256(path):
    """Checksum of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
