"""The tables end to end on a small file, and one line for everything that can be wrong."""

import csv
import json
import shutil

import numpy as np
import pytest
from small_networks import build_small

from dsc_tf.commands import reproduce
from dsc_tf.commands.cli import parse
from dsc_tf.commands.reproduce import ReproduceConfig
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError

CLASSICAL = "kmeans hierarchical spherical_kmeans eof_kmeans random_partition".split()
SETTINGS = ["--n-clusters", 3, "--runs", 2, "--trained-runs", 1, "--quiet"]


small = pytest.mark.usefixtures("one_test_eagerly", "small_networks")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "days.nc"
    mock_dataset(days=40, gaps=True, nan_policy="coast").to_netcdf(path)
    return str(path)


@pytest.fixture
def small_networks(monkeypatch):
    """Runs build small networks; `tests/clusterers` and `tests/models` test the published sizes."""
    monkeypatch.setattr("dsc_tf.experiments.runs.build", build_small)


def run(*arguments):
    return reproduce.main([str(a) for a in arguments])


def table(path):
    with open(path) as text:
        return list(csv.DictReader(text))


def test_table2_without_networks(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("table2", "--data", file, *SETTINGS, "--methods", *CLASSICAL, "--output", out) == 0
    rows = table(out / "table2.csv")
    assert [row["method"] for row in rows][:2] == ["k-means", "hierarchical (Ward)"]
    assert rows[0]["silhouette: published"] == "0.2540"
    page = (out / "report.md").read_text()
    assert "another dataset" in page and "Identities that the printed figures break" in page
    names = {p.name for p in out.iterdir()}
    assert {
        "table2.md",
        "table2.tex",
        "table2_guards.csv",
        "table2_runs.png",
        "runs.csv",
        "config.json",
    } <= names
    assert len(table(out / "runs.csv")) == 2 * 4 + 1
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1  # the warning of cells without values


@small
def test_all_with_networks_and_two_protocols(file, tmp_path):
    out = tmp_path / "out"
    chosen = ["--methods", "dec", "dsc", "random_network", "--recipes", "notebook", "--shortcut", "--jobs", 1]
    assert (
        run("all", "--data", file, *SETTINGS, *chosen, "--protocols", "paper", "anomaly", "--output", out)
        == 0
    )
    assert {"figure1.png", "table1.md", "figure2_paper.png", "table3_anomaly.csv"} <= {
        p.name for p in out.iterdir()
    }
    labels = {
        name: json.loads((out / f"runs/paper-{name}-001.json").read_text())["labels"]
        for name in ("dsc-notebook", "random_network-untrained")
    }
    assert labels["dsc-notebook"] == labels["random_network-untrained"]
    assert "By the shortcut" in (out / "report.md").read_text()


@small
def test_shortcut_gives_the_labels_of_the_whole_training(file, tmp_path):
    one = [
        "table3",
        "--data",
        file,
        *SETTINGS,
        "--recipes",
        "notebook",
        "--methods",
        "cnn_encoder",
        "--jobs",
        1,
    ]
    assert run(*one, "--output", tmp_path / "whole") == 0
    assert run(*one, "--shortcut", "--output", tmp_path / "short") == 0
    for seed in ("000", "001"):
        whole, short = (
            json.loads((tmp_path / kind / f"runs/notebook-cnn_encoder-notebook-{seed}.json").read_text())
            for kind in ("whole", "short")
        )
        assert whole["labels"] == short["labels"]


def test_interrupted_table_is_resumed(file, tmp_path, monkeypatch, capsys):
    out, arguments = tmp_path / "out", ["table2", "--data", file, *SETTINGS, "--methods", "kmeans"]
    calls = []

    def stop(*_, **__):
        calls.append(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("dsc_tf.experiments.report.write_report", stop)
        assert run(*arguments, "--output", out) == 130
    assert "--resume" in capsys.readouterr().err
    assert run(*arguments, "--output", out) == 2
    assert "interrupted run" in capsys.readouterr().err
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out.partial/runs").iterdir()}
    assert run(*arguments, "--output", out, "--resume") == 0
    assert {p.name: p.stat().st_mtime_ns for p in (out / "runs").iterdir()} == before


def test_resuming_with_other_settings_is_refused(file, tmp_path, monkeypatch, capsys):
    (tmp_path / "out.partial").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(reproduce, "_run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        run("table2", "--data", file, *SETTINGS, "--output", tmp_path / "out", "--resume")
    capsys.readouterr()
    assert run("table3", "--data", file, *SETTINGS, "--output", tmp_path / "out", "--resume") == 2
    assert "started with other what" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "nowhere.nc"], "nowhere.nc"),
        (["--runs", "0"], "runs: 0"),
        (["--protocols", "raw"], "protocols: 'raw'"),
        (["--recipes", "fast"], "recipes: 'fast'"),
        (["--methods", "kmedoids"], "methods: 'kmedoids'"),
        (["--n-clusters", "400", "--methods", "kmeans"], "400 for 365 samples"),
    ],
)
def test_bad_input_is_one_line(arguments, words, tmp_path, capsys):
    assert run("table2", *arguments, "--output", tmp_path / "out") == 2
    *notes, line = capsys.readouterr().err.splitlines()
    assert (
        words in line and line.startswith("error: ") and all(note.startswith("warning: ") for note in notes)
    )
    assert not (tmp_path / "out").exists()


@small
@pytest.mark.parametrize(
    ("what", "left"), [("table1", "table1.tex"), ("figure1", "figure1.png"), ("figure2", "figure2.png")]
)
def test_one_table_or_figure_alone(what, left, file, tmp_path):
    out = tmp_path / "out"
    chosen = ["--recipes", "untrained", "--jobs", 1, "--output", out]
    assert run(what, "--data", file, *SETTINGS, *chosen) == 0
    assert (out / left).exists()
    runs = {p.suffix: p for p in (out / "runs").iterdir()}
    assert set(runs) == ({".json", ".npz"} if what == "figure2" else set())


def test_what_is_positional_and_checked():
    assert parse(ReproduceConfig, ["table3"], program="", epilog="").what == "table3"
    assert parse(ReproduceConfig, [], program="", epilog="").what == "all"
    with pytest.raises(DscTfError, match="what: 'table9'"):
        ReproduceConfig(what="table9")


def test_estimate_is_said_before_the_start(file, tmp_path, capsys):
    arguments = [a for a in SETTINGS if a != "--quiet"]
    assert run("table2", "--data", file, *arguments, "--methods", "kmeans", "--output", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "2 of 2 runs to do: about" in said and np.char.startswith(said.splitlines()[-1], "results in")
    shutil.rmtree(tmp_path / "out")


def test_comparison_has_a_column_for_each_protocol(file, tmp_path):
    out = tmp_path / "out"
    chosen = ["--methods", "kmeans", "hierarchical", "--protocols", "anomaly", "paper", "--jobs", 1]
    assert run("comparison", "--data", file, *SETTINGS, *chosen, "--output", out) == 0
    rows = table(out / "comparison.csv")
    assert [(row["method"], row["protocol"], row["runs"]) for row in rows] == [
        ("k-means", "anomaly", "2"),
        ("hierarchical (Ward)", "anomaly", "1"),
        ("k-means", "paper", "2"),
        ("hierarchical (Ward)", "paper", "1"),
    ]
    assert "| method | seeds | `anomaly` | `paper` |" in (out / "report.md").read_text()


def test_a_finished_table_gets_more_seeds_and_methods(file, tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    common = ["table2", "--data", file, "--n-clusters", 3]
    assert run(*common, "--runs", 1, "--methods", "kmeans", "--quiet", "--output", first) == 0
    more = ["--runs", 2, "--methods", "kmeans", "eof_kmeans", "--extend", first, "--jobs", 1]
    assert run(*common, *more, "--output", second) == 0
    shown = capsys.readouterr().out
    assert "1 runs taken over" in shown and "3 of 4 runs to do" in shown
    names = {path.name for path in (first / "runs").iterdir()}
    (name,) = [n for n in names if n.endswith(".json")]
    assert (second / "runs" / name).read_text() == (first / "runs" / name).read_text()
    assert len(table(second / "runs.csv")) == 4
    other = ["table2", "--data", file, "--n-clusters", 4, "--extend", first, "--output", tmp_path / "x"]
    assert run(*other) == 2
    assert "extend: " in (error := capsys.readouterr().err) and "another n_clusters" in error
    assert run(*common, "--extend", tmp_path, "--output", tmp_path / "y") == 2
    assert "holds no runs" in capsys.readouterr().err


def test_a_record_in_a_scratch_file_gives_the_same_table(tmp_path, capsys):
    file = tmp_path / "days.nc"
    mock_dataset(days=1200, nan_policy="none").to_netcdf(file)
    outputs = {name: tmp_path / name for name in ("memory", "disk", "processes")}
    call = ["table2", "--data", file, *SETTINGS, "--methods", "kmeans"]
    assert run(*call, "--jobs", 1, "--output", outputs["memory"]) == 0
    assert run(*call, "--memory", "1MiB", "--output", outputs["disk"]) == 0
    for in_memory, on_disk in zip(
        *(table(outputs[name] / "runs.csv") for name in ("memory", "disk")), strict=True
    ):
        assert on_disk["error"] == "" and on_disk["mean_run_length"] == in_memory["mean_run_length"]
        for name in (
            "rmse_mean",
            "silhouette_cosine",
            "descent_rmse_mean",
            "descent_moved",
            "descent_iterations",
        ):
            assert float(on_disk[name]) == pytest.approx(float(in_memory[name]), rel=1e-6)
    capsys.readouterr()
    assert run(*call, "--memory", "1MiB", "--jobs", 2, "--output", outputs["processes"]) == 2
    assert "which other processes cannot read" in capsys.readouterr().err
    assert not outputs["processes"].exists()
