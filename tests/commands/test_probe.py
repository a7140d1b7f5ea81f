"""Probes on small records: the table, the comparison with raw data, and one line for what can be wrong."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.commands import probe
from dsc_tf.datasets.mock import mock_dataset

QUICK = "--size 6 --grid 0 --filters 2 --window 6 --batch-size 4 --steps 1 --seeds 2 --gap 7 --quiet".split()


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "days.nc"
    mock_dataset(days=120).to_netcdf(path)
    return str(path)


def run(*arguments):
    return probe.main([str(a) for a in arguments])


def table(folder):
    with open(folder / "probe.csv") as file:
        return {row["encoder"]: row for row in csv.DictReader(file)}


def test_field_probe_sets_encoders_beside_raw_data(eagerly, days, tmp_path):
    out = tmp_path / "probe"
    assert run("field", "--data", days, *QUICK, "--encoders", "untrained", "variogram", "--output", out) == 0
    rows = table(out)
    assert list(rows) == ["raw", "pca", "untrained", "untrained + raw", "variogram", "variogram + raw"]
    assert rows["raw"]["seeds"] == "1" and rows["variogram"]["seeds"] == "2"
    assert {"msl +1", "all +7"} <= set(rows["raw"]) and "±" in rows["variogram"]["all +1"]
    assert (out / "probe.md").read_text().count("|") > 20 and (out / "config.json").exists()


def test_interrupted_probe_repeats_no_encoder(days, tmp_path, monkeypatch):
    from dsc_tf.downstream import tasks as probing

    asked = ["clusters", "--data", days, *QUICK, "--encoders", "untrained", "--output", tmp_path / "probe"]
    whole, made = probing.represent, []

    def breaks(record, name, seed, **settings):
        if (name, seed) == ("untrained", 1) and ("untrained", 1) not in made:
            made.append((name, seed))
            raise KeyboardInterrupt
        made.append((name, seed))
        return whole(record, name, seed, **settings)

    monkeypatch.setattr(probing, "represent", breaks)
    assert run(*asked) == 130
    assert run(*asked, "--resume") == 0
    assert made.count(("untrained", 0)) == 1 and made.count(("untrained", 1)) == 2
    assert "ARI, layer" in table(tmp_path / "probe")["untrained"]


def test_drought_of_a_grid_and_of_divisions(tmp_path):
    random = np.random.default_rng(0)
    months = pd.date_range("1900-01-01", periods=700, freq="MS")
    slow = np.zeros((700, 3, 4), np.float32)
    for t in range(1, 700):
        slow[t] = 0.9 * slow[t - 1] + random.normal(size=(3, 4))
    axes = {"time": months, "latitude": [10.0, 12, 14], "longitude": [0.0, 2, 4, 6]}
    grid = xr.Dataset({"SPI3": (("time", "latitude", "longitude"), slow / slow.std())}, axes)
    grid.to_netcdf(tmp_path / "spi.nc")
    out = tmp_path / "grid"
    small = [*QUICK, "--encoders", "untrained", "--gap", "12"]
    assert run("drought", "--data", tmp_path / "spi.nc", *small, "--output", out) == 0
    rows = {row["measure"]: row["value"] for row in json.loads((out / "rows.json").read_text())}
    assert {"linear +1", "trees +12"} <= set(rows)
    raw = [r["value"] for r in json.loads((out / "rows.json").read_text()) if r["measure"] == "linear +1"][0]
    assert raw > 0.7  # what lasts can be foretold


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["forecast", "--data", "nowhere.csv"], "not an ETT table"),
        (["lamb"], "no sea-level pressure"),
        (["field", "--gap", "200"], "leave an empty block"),
        (["field", "order", "--gap", "6"], "gap: 6 steps, but field reaches 7 ahead."),
        (["drought", "--gap", "11"], "gap: 11 steps, but drought reaches 12 ahead."),
        (["field", "--encoders", "magic"], "magic"),
        (["field", "--seeds", "0"], "seeds: 0"),
    ],
)
def test_what_probe_refuses(wrong, message, capsys, tmp_path):
    data = [] if "--data" in wrong else ["--data", "sample"]
    assert run(*wrong, *data, "--output", tmp_path / "probe") == 2
    err = capsys.readouterr().err
    assert (
        message in err.splitlines()[-1] and err.count("error:") == 1
    )  # months of later blocks may be warned of
