"""How a run that is read back says when its steps are."""

import json

import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.reporting import labels_dataset
from dsc_tf.reporting.finished import read_run


def finished(folder, time):
    """A run folder that holds little more than its times."""
    labels = np.arange(len(time)) % 2
    time = xr.DataArray(time, dims="time", name="time")
    labels_dataset(labels, time, n_clusters=2).to_netcdf(folder / "labels.nc")
    xr.Dataset({"size": ("cluster", [1, 1])}).to_netcdf(folder / "regimes.nc")
    (folder / "metrics.json").write_text(json.dumps({"measures": {}, "training": {}}))
    (folder / "config.json").write_text(json.dumps({"config": {}, "data": {}, "software": {}}))
    return read_run(folder)


@pytest.mark.parametrize(
    ("freq", "options", "step", "first"),
    [
        ("1D", {}, "daily", "2001-01-01"),
        ("1MS", {}, "monthly", "2001-01-01"),
        ("1h", {}, "hourly", "2001-01-01 00:00"),
        ("6h", {}, "6-hourly", "2001-01-01 00:00"),
        ("7D", {}, "weekly", "2001-01-01"),
        ("1D", {"calendar": "noleap", "use_cftime": True}, "daily", "2001-01-01"),
        ("1MS", {"calendar": "360_day", "use_cftime": True}, "monthly", "2001-01-01"),
    ],
)
def test_steps_in_words(freq, options, step, first, tmp_path):
    run = finished(tmp_path, xr.date_range("2001-01-01", periods=30, freq=freq, **options))
    assert (run.step, run.first) == (step, first)


def test_years_have_no_name(tmp_path):
    assert finished(tmp_path, xr.date_range("2001-01-01", periods=5, freq="1YS")).step == ""


def test_statistics_without_clusters_are_refused(tmp_path):
    finished(tmp_path, xr.date_range("2001-01-01", periods=5))
    (tmp_path / "regimes.nc").unlink()
    xr.Dataset({"other": ("x", [1, 2])}).to_netcdf(tmp_path / "regimes.nc")
    with pytest.raises(DscTfError, match="is damaged .regimes.nc has no clusters"):
        read_run(tmp_path)


def test_labels_of_other_clusters_than_the_statistics_are_refused(tmp_path):
    finished(tmp_path, xr.date_range("2001-01-01", periods=5))
    with xr.open_dataset(tmp_path / "labels.nc") as stored:
        labels = stored.load()
    labels["labels"][0] = 99
    labels.to_netcdf(tmp_path / "labels.nc")
    with pytest.raises(DscTfError, match="is damaged .labels.nc has other clusters than regimes.nc"):
        read_run(tmp_path)
