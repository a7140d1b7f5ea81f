"""A file is the old one or the new one, whatever happens while it is written."""

import os

import pytest

from dsc_tf import atomic_write as module
from dsc_tf.atomic_write import atomic_write
from dsc_tf.errors import DscTfError


def test_file_and_folder_reach_the_disk_before_and_after_the_rename(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(module, "sync", lambda path: calls.append(os.path.basename(path)))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("rename"), replace(a, b)))
    with atomic_write(tmp_path / "a.txt", advice="x") as path:
        path.write_text("new")
    assert calls == ["a.txt.tmp", "rename", tmp_path.name]


def test_an_error_keeps_the_old_file_and_removes_the_temporary_one(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(tmp_path / "a.txt", advice="x") as path:
        path.write_text("half")
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_folder_that_disappears_is_no_full_disk(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    with pytest.raises(FileNotFoundError), atomic_write(folder / "a.txt", advice="x"):
        folder.rmdir()


def test_full_disk_is_one_line_with_the_advice(tmp_path):
    with pytest.raises(DscTfError, match="no space left.*then try again"):
        with atomic_write(tmp_path / "a.txt", advice="try again"):
            raise OSError(28, "No space left on device")
