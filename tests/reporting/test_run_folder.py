import errno
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.reporting import fingerprint, open_run, run_fingerprint, write_config
from dsc_tf.reporting.run_folder import part_of_file_name


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


def test_a_second_process_on_one_folder_is_refused_until_the_first_ends(tmp_path):
    code = """
import sys
from dsc_tf.reporting import open_run
folder = open_run(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
    arguments = [sys.executable, "-c", code, str(tmp_path / "run")]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(DscTfError, match="another process writes"):
            open_run(tmp_path / "run", resume=True)
        other.kill()  # SIGKILL: no cleanup of its own
        other.wait()
    assert open_run(tmp_path / "run", resume=True).path.is_dir()


def test_one_process_may_continue_what_it_began(tmp_path):
    first = open_run(tmp_path / "run")
    second = open_run(tmp_path / "run", resume=True)
    del first
    assert second.finish() == tmp_path / "run"
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("what", ["folder", "full folder", "file", "link"])
def test_output_that_appears_during_the_run_is_kept_and_so_are_the_results(what, tmp_path):
    folder = open_run(tmp_path / "run")
    folder.write_text("a.txt", "result")
    output = tmp_path / "run"
    if what == "file":
        output.write_text("precious")
    elif what == "link":
        output.symlink_to("nowhere")
    else:
        output.mkdir()
        if what == "full folder":
            (output / "b.txt").write_text("precious")
    with pytest.raises(DscTfError, match="appeared during the run.*complete in"):
        folder.finish()
    assert (tmp_path / "run.partial/a.txt").read_text() == "result"
    assert what != "file" or output.read_text() == "precious"


def test_a_config_that_was_removed_during_the_run_is_written_again(tmp_path):
    folder = open_run(tmp_path / "run")
    folder.write_json("config.json", {"config": {"seed": 0}})
    (folder.path / "config.json").unlink()
    with pytest.raises(DscTfError, match="config.json was removed from .* and has been written again"):
        folder.finish(warnings=["constant"])
    assert json.loads((folder.path / "config.json").read_text())["config"] == {"seed": 0}


def test_warnings_of_a_run_are_stored_in_its_metrics_or_config(tmp_path):
    folder = open_run(tmp_path / "one")
    folder.write_json("metrics.json", {"measures": {}})
    path = folder.finish(warnings=["a gap"])
    assert json.loads((path / "metrics.json").read_text()) == {"measures": {}, "warnings": ["a gap"]}
    path = open_run(tmp_path / "two").finish(warnings=[])
    assert json.loads((path / "config.json").read_text()) == {"warnings": []}


def test_text_files_are_utf8_whatever_the_locale(tmp_path):
    folder = open_run(tmp_path / "run")
    folder.write_text("a.txt", "température \udcff")
    assert (folder.path / "a.txt").read_bytes() == "température \\udcff".encode()


def test_a_damaged_file_of_an_interrupted_run_is_one_line(tmp_path):
    folder = open_run(tmp_path / "run")
    (folder.path / "a.json").write_text("{")
    with pytest.raises(DscTfError, match="is damaged. Delete that file"):
        folder.read_json("a.json")


def test_names_too_long_for_a_disk_are_refused(tmp_path):
    with pytest.raises(DscTfError, match="a name of 250 letters"):
        open_run(tmp_path / ("o" * 250))


def test_a_run_of_other_versions_is_not_resumed(tmp_path, monkeypatch):
    ds = mock_dataset(days=4, latitudes=2, longitudes=2)
    write_config(open_run(tmp_path / "run"), {"seed": 0}, ds)
    versions = fingerprint.software_versions() | {"numpy": "0.1"}
    monkeypatch.setattr(fingerprint, "software_versions", lambda: versions)
    with pytest.raises(DscTfError, match="started with other version of numpy"):
        write_config(open_run(tmp_path / "run", resume=True), {"seed": 0}, ds)
    with pytest.raises(DscTfError, match="started with other seed, version of numpy"):
        write_config(open_run(tmp_path / "run", resume=True), {"seed": 1}, ds)


def test_a_fingerprint_changes_with_settings_data_and_versions(tmp_path):
    ds = mock_dataset(days=4, latitudes=2, longitudes=2)
    found = set()
    for name, settings, data in (("a", {"seed": 0}, ds), ("b", {"seed": 1}, ds), ("c", {"seed": 0}, ds + 1)):
        folder = open_run(tmp_path / name)
        write_config(folder, settings, data)
        found.add(run_fingerprint(folder.path))
        write_config(folder, settings, data)
        found.add(run_fingerprint(folder.path))
    assert len(found) == 3


@pytest.mark.parametrize("output", ["/", ".", "..", "runs/.."])
def test_an_output_that_is_no_name_is_refused(output):
    with pytest.raises(DscTfError, match="is there already. Give the name of a new folder"):
        open_run(output)


@pytest.mark.parametrize("name", ["température", "a/b", "v" * 250, "a b"])
def test_variables_of_any_name_give_a_file_name(name, tmp_path):
    part = part_of_file_name(name)
    assert part.isascii() and len(part) < 120 and part_of_file_name("t2m-850.hPa") == "t2m-850.hPa"
    (tmp_path / f"composite_{part}.png").touch()
