"""The command that evaluates methods on held-out years."""

import csv

import numpy as np
import pytest
import xarray as xr

from dsc_tf.commands import evaluate, train
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.interpolation import GapFiller
from dsc_tf.reporting.finished import NEEDED
from dsc_tf.reporting.run_folder import RunFolder

METHODS = ["--methods", "predictive_kmeans,n_init=1,window=2", "--reference", "eof_kmeans,n_init=1"]
QUICK = [*METHODS, *"--n-clusters 3 --test-years 1 --seeds 0 --leads 0 1 --quiet".split()]


@pytest.fixture(scope="module")
def record():
    return mock_dataset(days=1095, latitudes=4, longitudes=5)


@pytest.fixture
def file(record, tmp_path, monkeypatch):
    monkeypatch.setattr(RunFolder, "save_figure", lambda self, name, figure: (self.path / name).touch())
    record.to_netcdf(tmp_path / "days.nc")
    return str(tmp_path / "days.nc")


def rows(path):
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def test_folder_holds_tables_and_sentence(file, record, tmp_path):
    days = record.indexes["time"].strftime("%Y-%m-%d")
    (tmp_path / "nao.csv").write_text("time,nao\n" + "".join(f"{d},{i % 7}.5\n" for i, d in enumerate(days)))
    out = tmp_path / "out"
    more = ["--terciles", "t2m", "--series", str(tmp_path / "nao.csv"), "--draws", "1"]
    assert evaluate.main(["--data", file, *QUICK, *more, "--output", str(out)]) == 0
    table = xr.load_dataset(out / "evaluation.nc")
    assert table.target.values.tolist() == ["class of eof_kmeans,n_init=1", "terciles of t2m", "nao"]
    explained = rows(out / "explained.csv")
    assert [row["lead"] for row in explained] == ["0", "1"] * 2
    for row in explained[2:]:
        base = next(r for r in explained[:2] if r["lead"] == row["lead"])
        ratio = float(row["explained_variation"]) / float(base["explained_variation"])
        assert float(row["ratio"]) == pytest.approx(ratio, abs=1e-4)
    assert -1 <= float(rows(out / "stability.csv")[1]["of_even_and_odd_years"]) <= 1
    text = (out / "conclusion.txt").read_text()
    assert text.startswith(
        "predictive_kmeans,n_init=1,window=2 on 365 held-out steps: explained variation relative to"
    )


def test_gaps_are_filled_by_constants_of_the_training_years(record, file, tmp_path, monkeypatch):
    holes = record.where(np.random.default_rng(0).random(record.t2m.shape) > 0.1)
    holes.to_netcdf(tmp_path / "holes.nc")
    fitted = []
    fit = GapFiller.fit

    def remember(self, ds, *arguments, **options):
        fitted.append((self.steps, ds.sizes["time"]))
        return fit(self, ds, *arguments, **options)

    monkeypatch.setattr(GapFiller, "fit", remember)
    out = tmp_path / "filled"
    data = ["--data", str(tmp_path / "holes.nc"), "--fill", "kriging"]
    assert evaluate.main([*data, *QUICK, "--draws", "0", "--output", str(out)]) == 0
    assert fitted == [(0, 730)]


def test_run_is_evaluated_with_its_method_record_and_preparation(file, tmp_path):
    settings = ["--data", file, "--method", "kmeans", "--n-clusters", "4", "--window", "3", "--quiet"]
    assert train.main([*settings, "--protocol", "anomaly", "--output", str(tmp_path / "run")]) == 0
    config = evaluate.EvaluateConfig(runs=(str(tmp_path / "run"),), draws=0)
    found, candidates = evaluate._candidates(config)
    assert found.data == (file,)
    one = candidates[str(tmp_path / "run")]
    assert (one.method, one.n_clusters, one.protocol, one.window) == ("kmeans", 4, "anomaly", 3)
    assert candidates["eof_kmeans"].n_clusters == 4
    arguments = [str(tmp_path / "run"), "--seeds", "0", "--test-years", "1", "--draws", "0", "--quiet"]
    assert evaluate.main([*arguments, "--output", str(tmp_path / "out")]) == 0
    assert xr.load_dataset(tmp_path / "out/evaluation.nc").attrs["held_out_steps"] == 365


def test_classes_of_a_series_are_matched_by_date(record, tmp_path):
    time, train_steps = record["time"][:4], np.array([True, True, True, False])
    days = time.indexes["time"].strftime("%Y-%m-%d")
    path = tmp_path / "lamb.csv"
    path.write_text(f"date,type\n{days[2]},W\n{days[0]},N\n{days[3]},W\n")
    assert evaluate.series_classes(path, time, train_steps).tolist() == [0, -1, 1, 1]
    path.write_text("date,type\n1800-01-01,W\n")
    with pytest.raises(DscTfError, match="no value on a date of the record"):
        evaluate.series_classes(path, time, train_steps)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--methods", "kmedoids"], "methods: 'kmedoids'. Choose from"),
        (
            ["--methods", "kmeans,n_init"],
            "methods: 'n_init' in 'kmeans,n_init'. Write parameters as name=value",
        ),
        (["--leads", "-1"], "leads: -1"),
        (["--methods", "hierarchical"], "hierarchical cannot label new samples"),
        (["--terciles", "sst"], "terciles: 'sst' is not in the data"),
        (["--test-years", "3"], "test_years: 3 of 3 years"),
        (["none"], "run"),
    ],
)
def test_bad_input_is_one_line(arguments, words, file, tmp_path, capsys):
    base = [
        "--data",
        file,
        "--test-years",
        "1",
        "--draws",
        "0",
        "--seeds",
        "0",
        "--output",
        str(tmp_path / "o"),
    ]
    assert evaluate.main([*base, *arguments]) == 2
    line = capsys.readouterr().err
    assert words in line and line.startswith("error: ") and line.count("\n") == 1


@pytest.mark.parametrize(
    "content", ["", "[]", '{"config": {"method": 3}, "software": {}}', '{"config": null}']
)
def test_a_hostile_run_folder_is_one_line(content, tmp_path, capsys):
    for name in NEEDED:
        (tmp_path / name).touch()
    (tmp_path / "config.json").write_text(content)
    assert evaluate.main([str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
