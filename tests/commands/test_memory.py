"""The command on a record larger than the memory it may take."""

import json

import numpy as np
import pytest
import xarray as xr

from dsc_tf.commands import train
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing import samples as stored

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "days.nc"
    mock_dataset(days=1200, gaps=True, nan_policy="coast").to_netcdf(path)
    return str(path)


@pytest.fixture
def files(monkeypatch):
    """Scratch files that were made."""
    made = []
    init = stored.ScratchArray.__init__

    def noting(self, *args):
        init(self, *args)
        made.append(self._file)

    monkeypatch.setattr(stored.ScratchArray, "__init__", noting)
    return made


def run(file, output, *arguments):
    options = [
        "--data",
        file,
        "--method",
        "kmeans",
        "--n-clusters",
        3,
        "--quiet",
        "--output",
        output,
        *arguments,
    ]
    return train.main([str(a) for a in options])


def test_disk_and_memory_leave_the_same_run(file, files, tmp_path):
    assert run(file, tmp_path / "memory", "--window", 2) == 0 and not files
    assert run(file, tmp_path / "disk", "--window", 2, "--memory", "1MiB") == 0
    assert len(files) == 1 and files[0].closed
    assert sorted(p.name for p in tmp_path.iterdir()) == ["disk", "memory"]
    with (
        xr.open_dataset(tmp_path / "memory/labels.nc") as one,
        xr.open_dataset(tmp_path / "disk/labels.nc") as two,
    ):
        np.testing.assert_array_equal(one.labels, two.labels)
    one, two = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("memory", "disk"))
    assert two["measures"] == pytest.approx(one["measures"], rel=1e-4)
    one, two = (json.loads((tmp_path / name / "config.json").read_text()) for name in ("memory", "disk"))
    assert one == two  # memory is no setting that results depend on


@pytest.mark.parametrize(("end", "status"), [(KeyboardInterrupt(), 130), (DscTfError("method: no."), 2)])
def test_scratch_is_gone_however_a_run_ends(end, status, file, files, tmp_path, monkeypatch, capsys):
    from dsc_tf.clusterers.kmeans import KMeans

    def stop(self, X):
        assert len(files) == 1 and not files[0].closed
        raise end

    monkeypatch.setattr(KMeans, "_fit", stop)
    assert run(file, tmp_path / "run", "--memory", "1MiB") == status
    assert files[0].closed and [p.name for p in tmp_path.iterdir()] == ["run.partial"]
    assert capsys.readouterr().err.count("error: ") == 1


def test_a_method_that_cannot_stream_says_which_can(file, tmp_path, capsys):
    assert run(file, tmp_path / "run", "--method", "hierarchical", "--memory", "1MiB") == 2
    assert "memory: Hierarchical needs all 0.0 GB" in capsys.readouterr().err


def test_bad_memory_is_refused(file, tmp_path, capsys):
    assert run(file, tmp_path / "run", "--memory", "much") == 2
    assert "memory: 'much'. Give at least 1MB, such as 2GB." in capsys.readouterr().err
