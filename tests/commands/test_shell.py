"""What a shell sees of every command: exit statuses, the log, the list of commands."""

import errno
import importlib.util
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import dsc_tf
from dsc_tf.__main__ import main
from dsc_tf.commands import COMMANDS, cli, pretrain, train
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.logging import record_warnings

pytestmark = pytest.mark.usefixtures("no_figures")

ROOT = Path(dsc_tf.__file__).parent
QUICK = "--method dec --n-clusters 2 --pretrain-epochs 1 --epochs 1 --precision float32 --quiet".split()


@pytest.fixture
def file(tmp_path):
    mock_dataset(days=12, latitudes=4, longitudes=4, variables=("t2m",)).to_netcdf(tmp_path / "days.nc")
    return str(tmp_path / "days.nc")


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True)


def test_version_and_the_list_of_all_commands():
    assert python("-m", "dsc_tf", "--version").stdout == f"dsc_tf {dsc_tf.__version__}\n"
    listed = set(re.findall(r"^  (\w+)  ", python("-m", "dsc_tf").stdout, re.M))
    entries = {path.stem for path in ROOT.glob("*.py") if "import main" in path.read_text()}
    assert listed == entries == set(COMMANDS)


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("0", "0")])
def test_one_dnn_is_on_unless_the_environment_decides(given, expected, monkeypatch):
    name = "TF_ENABLE_ONEDNN_OPTS"
    monkeypatch.setenv(name, "1")  # so that the value of before is restored
    monkeypatch.delenv(name) if given is None else monkeypatch.setenv(name, given)
    assert cli.run_command(lambda: None) == 0
    assert os.environ[name] == expected


@pytest.mark.parametrize(
    ("happens", "status"), [(None, 0), (DscTfError("k: 1. Give 2."), 2), (KeyboardInterrupt(), 130)]
)
def test_exit_statuses(happens, status, capsys):
    def command():
        if happens:
            raise happens

    assert cli.run_command(command) == status
    assert capsys.readouterr().err.count("error: ") == (status != 0)


def test_a_shell_sees_the_statuses():
    assert python("-m", "dsc_tf.train", "--data", "nowhere.nc").returncode == 2
    assert python("-m", "dsc_tf.train", "--no-such-option").returncode == 2


def test_a_fault_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.run_command(lambda: 1 / 0)


def test_debug_tells_what_is_read_and_chosen_and_how_long_it_took(file, tmp_path, capsys, eagerly):
    arguments = ["--data", file, *QUICK, "--batch-size", "6", "--output", str(tmp_path / "run")]
    assert train.main([*arguments, "--log-level", "debug"]) == 0
    said = capsys.readouterr()
    assert said.out == ""  # --quiet
    for words in ("12 time, 4 latitude, 4 longitude", "precision float32 is float32; batch size 6", "Keras "):
        assert words in said.err
    timed = r"^info: dsc_tf.clusterers.deep: joint, epochs 1 to \d+ of \d+ batches: \d+\.\d\d s$"
    assert re.search(timed, said.err, re.M)
    assert logging.getLogger("dsc_tf").level == logging.NOTSET


def test_levels_choose_what_is_said(capsys):
    def command(level):
        cli.parse(train.TrainConfig, ["--log-level", level], program="", epilog="")
        for at in cli.LEVELS:
            logging.getLogger("dsc_tf.records").log(getattr(logging, at.upper()), "at %s", at)

    for count, level in enumerate(reversed(cli.LEVELS), start=1):
        assert cli.run_command(lambda level=level: command(level)) == 0
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == count and lines[-1] == "error: at error"


def test_the_library_is_silent_unless_asked():
    code = "import dsc_tf; dsc_tf.open_dataset(dsc_tf.mock_dataset(days=12))"
    done = python("-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_tensorboard_gets_a_folder_a_stage_and_is_no_science(file, tmp_path, eagerly):
    pytest.importorskip("tensorboard")
    watched = ["--output", str(tmp_path / "watched"), "--tensorboard", str(tmp_path / "board")]
    assert train.main(["--data", file, *QUICK, *watched]) == 0
    stages = {path.parent.parent.name for path in (tmp_path / "board").rglob("events.*")}
    assert stages == {"autoencoder", "dsc"}  # callbacks are called in both
    assert "tensorboard" not in json.loads((tmp_path / "watched/config.json").read_text())["config"]
    small = "--size 4 --grid 0 --filters 1 --window 3 --steps 1 --batch-size 2 --quiet".split()
    out = ["--output", str(tmp_path / "pretrained"), "--tensorboard", str(tmp_path / "other")]
    assert pretrain.main(["--data", file, *small, *out]) == 0
    assert len(list((tmp_path / "other/contrastive").rglob("events.*"))) == 1


@pytest.mark.parametrize("below", ["", "/board"])
def test_a_file_in_place_of_the_tensorboard_folder_is_one_line(below, tmp_path, capsys):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").touch()
    assert train.main(["--tensorboard", f"{tmp_path / 'file'}{below}"]) == 2
    line = capsys.readouterr().err
    assert line.startswith("error: tensorboard: ") and line.count("\n") == 1


def test_tensorboard_not_installed_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert train.main(["--tensorboard", "board"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "dsc_tf[tensorboard]" in line


def test_callbacks_are_called_in_both_stages(eagerly):
    import keras
    from small_networks import build_small

    class Remember(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_epoch_end(self, epoch, logs=None):
            self.seen.append(self.model.name)

    X = np.random.default_rng(0).random((12, 1, 4, 4, 1), dtype=np.float32)
    for method, stages in {"dec": ["autoencoder"] * 2 + ["dsc"], "dtcr": ["dtcr"]}.items():
        mine = Remember()
        build_small(method, callbacks=(mine,), random_state=0, pretrain_epochs=2, epochs=1).fit(X)
        assert mine.seen == stages


def test_sigterm_ends_like_ctrl_c_with_status_143(capsys):
    before = signal.getsignal(signal.SIGTERM)

    def command():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    assert cli.run_command(command) == 143
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: terminated. Run the same command")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_reader_that_leaves_is_no_error():
    code = "import dsc_tf.__main__ as m, sys; sys.exit(m.main(['--help']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_the_table_of_commands_dispatches(capsys):
    assert main(["train", "--n-clusters", "1"]) == 2
    assert "n_clusters: 1" in capsys.readouterr().err
    assert main(["trian"]) == 2
    assert "Did you mean train?" in capsys.readouterr().err
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dsc_tf {dsc_tf.__version__}\n"
    assert main([]) == 0
    assert set(COMMANDS) <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENAMETOOLONG, errno.EACCES])
def test_faults_of_the_machine_are_one_line(number, capsys):
    def command():
        raise OSError(number, os.strerror(number), "x.nc")

    assert cli.run_command(command) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {os.strerror(number)}: x.nc. ") and error.count("\n") == 1


def test_warnings_are_shown_on_one_line_and_recorded(capsys):
    with record_warnings() as outside:

        def command():
            with record_warnings() as messages:
                warnings.warn("two\nlines", UserWarning, stacklevel=1)
                assert messages == ["two\nlines"]

        assert cli.run_command(command) == 0
    assert capsys.readouterr().err == "warning: two lines\n" and outside == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_full_standard_output_is_one_line(capfd, monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert cli.run_command(lambda: print("text")) == 2
        monkeypatch.undo()
    assert capfd.readouterr().err == (
        "error: standard output: it cannot be written (No space left on device). Redirect it elsewhere.\n"
    )
