"""A folder of results that is there whole or not at all.

Work goes on in "<output>.partial"; every file is written under a temporary name and renamed; the folder gets its
own name when all is done.
"""

import csv
import json
import shutil
from pathlib import Path

import numpy as np

from ..atomic_write import told_when_full, whole
from ..errors import DscTfError

ADVICE = "add --resume to go on"


class RunFolder:
    """An open run folder.

    Parameters
    ----------
    output : path
        The folder to be.

    Attributes
    ----------
    path : pathlib.Path
        Where files are until `finish`.
    """

    def __init__(self, output):
        self.output = Path(output)
        self.path = partial_path(self.output)

    def write_json(self, name, content):
        """Write `content` as indented JSON."""
        self.write_text(name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def read_json(self, name):
        """What `write_json` or `write_text` wrote, or None where there is nothing yet."""
        path = self.path / name
        return json.loads(path.read_text()) if path.exists() else None

    def write_arrays(self, name, arrays):
        """Write arrays by name, as `numpy.savez` does."""
        with self.whole(name) as path, open(path, "wb") as file:
            np.savez(file, **arrays)

    def write_text(self, name, text):
        """Write a text file."""
        with self.whole(name) as path:
            path.write_text(text)

    def write_csv(self, name, rows):
        """Write dicts of the same keys as rows."""
        with self.whole(name) as path, open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    def write_netcdf(self, name, ds):
        """Write an xr.Dataset, compressed; integers stay integers."""
        encoding = {
            v: {"zlib": True, "complevel": 1}
            for v in ds.data_vars
            if ds[v].dtype.kind in "fiu" and ds[v].ndim
        }
        with self.whole(name) as path:
            ds.to_netcdf(path, engine="netcdf4", encoding=encoding)

    def save_figure(self, name, figure):
        """Write a matplotlib Figure as PNG."""
        with self.whole(name) as path:
            figure.savefig(path, format="png")

    def whole(self, name):
        """Give a temporary path, renamed to `name` if the block ends well and removed if not."""
        return whole(self.path / name, advice=ADVICE)

    def told_when_full(self):
        """Turn a write that failed for lack of room into one clear line."""
        return told_when_full(self.path, advice=ADVICE)

    def finish(self):
        """Give the folder its own name.

        Returns
        -------
        pathlib.Path
            The finished folder.
        """
        self.path.rename(self.output)
        return self.output


def open_run(output, *, resume=False):
    """Begin a run folder, or go on with an interrupted one.

    Parameters
    ----------
    output : path
        The folder to be; parents are made.
    resume : bool, default=False
        Go on where "<output>.partial" stopped, if it is there.

    Returns
    -------
    RunFolder

    Raises
    ------
    DscTfError
        If a finished run is there, an interrupted one is and `resume` is false, or the place cannot be written.
    """
    folder = RunFolder(output)
    if folder.output.exists():
        raise DscTfError(f"output: {output} is there already. Choose another name, or remove it.")
    if folder.path.exists() and not resume:
        raise DscTfError(
            f"output: an interrupted run is in {folder.path}. Add --resume to go on with it, or remove that folder."
        )
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        (folder.path / ".writable").touch()
        (folder.path / ".writable").unlink()
    except OSError as error:
        raise DscTfError(
            f"output: {output} cannot be written ({error.strerror}). Choose another place."
        ) from error
    for stale in folder.path.glob("*.tmp"):
        stale.unlink() if stale.is_file() else shutil.rmtree(stale)
    return folder


def partial_path(output):
    """Where an unfinished run of this name lives."""
    output = Path(output)
    return output.with_name(output.name + ".partial")
