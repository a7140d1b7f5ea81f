import errno
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.reporting import open_run


def names(folder):
    """Files of an open run folder, without the lock."""
    return sorted(p.name for p in folder.iterdir() if p.name != ".lock")


def test_a_finished_run_is_whole(tmp_path):
    folder = open_run(tmp_path / "deep" / "run")
    folder.write_json("a.json", {"a": [1, None]})
    folder.write_csv("b.csv", [{"x": 1, "y": "two"}])
    folder.write_netcdf("c.nc", xr.Dataset({"v": ("t", np.arange(3, dtype=np.int8))}))
    assert not (tmp_path / "deep" / "run").exists()
    path = folder.finish()
    assert sorted(p.name for p in path.iterdir()) == ["a.json", "b.csv", "c.nc"]
    assert json.loads((path / "a.json").read_text()) == {"a": [1, None]}
    assert (path / "b.csv").read_text() == "x,y\n1,two\n"
    assert not (tmp_path / "deep" / "run.partial").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])
def test_a_file_is_written_whole_or_not_at_all(error, tmp_path):
    folder = open_run(tmp_path / "run")
    folder.write_text("a.txt", "before")
    with pytest.raises((KeyboardInterrupt, DscTfError)), folder.atomic_write("a.txt") as path:
        path.write_text("half")
        raise error
    assert names(folder.path) == ["a.txt"]
    assert (folder.path / "a.txt").read_text() == "before"


def test_finished_run_is_not_overwritten(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(DscTfError, match="is there already"):
        open_run(tmp_path / "run")


def test_interrupted_run_is_resumed_only_on_demand(tmp_path):
    open_run(tmp_path / "run").write_text("a.txt", "kept")
    (tmp_path / "run.partial" / "b.nc.tmp").write_text("stale")
    with pytest.raises(DscTfError, match="Add --resume"):
        open_run(tmp_path / "run")
    folder = open_run(tmp_path / "run", resume=True)
    assert names(folder.path) == ["a.txt"]
    assert open_run(tmp_path / "new", resume=True).path.exists()


def test_unwritable_places_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DscTfError, match="cannot be written"):
        open_run(tmp_path / "file" / "run")


def test_a_full_disk_is_told_whatever_a_library_says(tmp_path, monkeypatch):
    """netCDF and HDF5 report a full disk as RuntimeError("NetCDF: HDF error")."""
    folder = open_run(tmp_path / "run")
    with pytest.raises(RuntimeError, match="HDF error"), folder.atomic_write("a.nc"):
        raise RuntimeError("NetCDF: HDF error")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(DscTfError, match="no space left.*--resume"), folder.atomic_write("a.nc"):
        raise RuntimeError("NetCDF: HDF error")
