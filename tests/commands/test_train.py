"""The main command on small files: what it leaves, and one line for everything that can be wrong."""

import dataclasses
import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from dsc_tf.clusterers.registry import parameters
from dsc_tf.commands import train
from dsc_tf.commands.cli import parse
from dsc_tf.commands.objective import choose_objective
from dsc_tf.commands.train import TrainConfig
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.reporting import load_run

QUICK = "--n-clusters 3 --pretrain-epochs 1 --epochs 1 --precision float32".split()

RUN_FILES = """README.txt clusters.nc labels.csv
calendar.png composite_msl.png composite_t2m.png config.json history.csv labels.nc latent.png
metrics.json model.json model.weights.h5 preprocessing.npz regimes.nc significance.nc training.png""".split()


without_figures = pytest.mark.usefixtures("one_test_without_figures")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "days.nc"
    mock_dataset(days=40, gaps=True, nan_policy="coast").to_netcdf(path)
    return str(path)


def run(*arguments):
    return train.main([str(a) for a in arguments])


def test_run_folder_holds_all_that_it_should(tmp_path, capsys, one_test_eagerly):
    """The published sizes of DSC, and every figure."""
    mock_dataset(days=16, gaps=True, nan_policy="coast").to_netcdf(tmp_path / "days.nc")
    out = tmp_path / "run"
    assert run("--data", tmp_path / "days.nc", *QUICK, "--window", 3, "--output", out) == 0
    assert {p.name for p in out.iterdir()} == set(RUN_FILES)
    with xr.open_dataset(out / "labels.nc") as labels:
        assert labels.sizes["time"] == 16
        # Two stretches of eight days, windows of three: two days of each stay unassigned.
        assert int((labels.labels == -1).sum()) == 4
        assert labels.labels.dtype == np.int8 and "true_regime" in labels
        assert np.isnan(labels.soft_assignment[0]).all() and labels.latent.sizes["feature"] == 256
    record = json.loads((out / "config.json").read_text())
    assert (
        record["config"]["window"] == 3
        and record["software"]["keras"]
        and len(record["data"]["sha256"]) == 64
    )
    assert str(out) in capsys.readouterr().out


@without_figures
@pytest.mark.usefixtures("small_train", "one_test_eagerly")
def test_saved_run_labels_new_data(file, tmp_path):
    from dsc_tf.clusterers.dsc import DSC
    from dsc_tf.preprocessing.preprocessor import Preprocessor
    from dsc_tf.records.open import open_dataset

    assert run("--data", file, *QUICK, "--output", tmp_path / "run", "--quiet") == 0
    with np.load(tmp_path / "run" / "preprocessing.npz") as state:
        prep = Preprocessor.from_state(state)
    labels = DSC.load(tmp_path / "run").predict(prep.transform(open_dataset(file)))
    with xr.open_dataset(tmp_path / "run" / "labels.nc") as saved:
        np.testing.assert_array_equal(labels, saved.labels)


@without_figures
@pytest.mark.usefixtures("small_train", "one_test_eagerly")
def test_interrupted_run_resumes_to_the_same_labels(file, tmp_path, monkeypatch, capsys):
    from dsc_tf.training import Checkpoint
    from dsc_tf.training import checkpoint as resume

    steps = [
        "--data",
        file,
        *"--n-clusters 3 --pretrain-epochs 2 --epochs 1 --precision float32 --quiet".split(),
    ]
    assert run(*steps, "--output", tmp_path / "whole") == 0
    monkeypatch.setattr(Checkpoint, "is_due", lambda self: True)
    save = Checkpoint.save

    def save_and_stop(self, stage, epoch, *rest):
        save(self, stage, epoch, *rest)
        if epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(resume.Checkpoint, "save", save_and_stop)
    assert run(*steps, "--output", tmp_path / "cut") == 130
    assert "--resume" in capsys.readouterr().err
    assert not (tmp_path / "cut").exists()
    assert run(*steps, "--output", tmp_path / "cut") == 2
    monkeypatch.setattr(resume.Checkpoint, "save", save)
    assert run(*steps, "--output", tmp_path / "cut", "--resume", "--n-clusters", 4) == 2
    assert "other n_clusters" in capsys.readouterr().err
    assert run(*steps, "--output", tmp_path / "cut", "--resume") == 0
    with (
        xr.open_dataset(tmp_path / "whole/labels.nc") as whole,
        xr.open_dataset(tmp_path / "cut/labels.nc") as cut,
    ):
        xr.testing.assert_identical(whole, cut)


@without_figures
def test_measures_are_printed_and_kept(file, tmp_path, capsys):
    assert run("--data", file, "--method", "kmeans", "--n-clusters", 3, "--output", tmp_path / "run") == 0
    measures = json.loads((tmp_path / "run/metrics.json").read_text())["measures"]
    assert measures["adjusted_rand_index"] == 1
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines()[1:-1])
    assert printed == {name: f"{value:.4f}" for name, value in measures.items()}


@without_figures
def test_config_of_a_run_repeats_it(file, tmp_path):
    assert run("--data", file, "--method", "kmeans", "--seed", 3, "--output", tmp_path / "a", "--quiet") == 0
    assert run("--config", tmp_path / "a/config.json", "--output", tmp_path / "b", "--quiet") == 0
    with xr.open_dataset(tmp_path / "a/labels.nc") as a, xr.open_dataset(tmp_path / "b/labels.nc") as b:
        xr.testing.assert_identical(a, b)


@without_figures
@pytest.mark.parametrize("objective", ["fields", "dynamics"])
def test_other_objectives_of_dsc_are_trained_saved_and_predict(objective, file, tmp_path, monkeypatch):
    """The networks are left out by their parameters: no time is spent on training."""
    from dsc_tf.clusterers import predictive_dsc, switching_dsc
    from dsc_tf.commands import predict

    monkeypatch.setattr(predictive_dsc.PredictiveDSC, "_fit_networks", lambda *_: None)
    monkeypatch.setattr(predictive_dsc.PredictiveDSC, "_mix", no_share)
    monkeypatch.setattr(predictive_dsc.PredictiveDSC, "_choose_leads", all_leads)
    monkeypatch.setattr(switching_dsc, "MIN_GRID", 100)
    out, again = tmp_path / "run", tmp_path / "again"
    arguments = ["--data", file, "--n-clusters", 3, "--objective", objective, "--quiet"]
    assert run(*arguments, "--output", out) == 0
    settings = json.loads((out / "config.json").read_text())["config"]
    assert settings["method"] == "dsc" and settings["objective"] == objective
    assert settings["protocol"] == "standardised_anomaly"
    assert run("--config", out / "config.json", "--output", again, "--quiet") == 0
    assert predict.main([str(out), "--data", file, "--output", str(tmp_path / "new"), "--quiet"]) == 0
    with xr.open_dataset(out / "labels.nc") as first, xr.open_dataset(again / "labels.nc") as second:
        xr.testing.assert_identical(first, second)
        with xr.open_dataset(tmp_path / "new/labels.nc") as new:
            np.testing.assert_array_equal(new["labels"], first["labels"])


@without_figures
def test_interrupted_fit_of_forecasts_is_repeated_by_resume(file, tmp_path, monkeypatch, capsys):
    """Such a fit takes minutes and has no checkpoint: a resumed run starts it again, with the same labels."""
    from dsc_tf.clusterers.predictive_dsc import PredictiveDSC

    monkeypatch.setattr(PredictiveDSC, "_fit_networks", lambda *_: None)
    monkeypatch.setattr(PredictiveDSC, "_mix", no_share)
    monkeypatch.setattr(PredictiveDSC, "_choose_leads", all_leads)
    arguments = ["--data", file, "--n-clusters", 3, "--objective", "fields", "--quiet"]
    assert run(*arguments, "--output", tmp_path / "whole") == 0
    with monkeypatch.context() as patch:
        patch.setattr(PredictiveDSC, "_mix", interrupted)
        assert run(*arguments, "--output", tmp_path / "cut") == 130
    assert "--resume" in capsys.readouterr().err
    assert not (tmp_path / "cut").exists()
    assert run(*arguments, "--output", tmp_path / "cut", "--resume") == 0
    with (
        xr.open_dataset(tmp_path / "whole/labels.nc") as whole,
        xr.open_dataset(tmp_path / "cut/labels.nc") as cut,
    ):
        xr.testing.assert_identical(whole, cut)


def interrupted(self, *_):
    raise KeyboardInterrupt


def no_share(self, *_):
    self.networks_, self.mixing_, self.linear_r2_ = [], dict.fromkeys(self.leads, 0.0), {}


def all_leads(self):
    self.leads_ = tuple(self.leads)
    self._choose_today_weight()


@without_figures
def test_objective_is_chosen_by_the_record(tmp_path, capsys, monkeypatch):
    """Three years get forecasts, one line and settings that repeat the run say so."""
    from dsc_tf.clusterers import predictive_dsc

    monkeypatch.setattr(predictive_dsc.PredictiveDSC, "_fit_networks", lambda *_: None)
    monkeypatch.setattr(predictive_dsc.PredictiveDSC, "_mix", no_share)
    mock_dataset(days=1096, latitudes=4, longitudes=5).to_netcdf(tmp_path / "years.nc")
    assert run("--data", tmp_path / "years.nc", "--n-clusters", 3, "--output", tmp_path / "run") == 0
    assert "objective fields: the record spans 3.0 years\n" in capsys.readouterr().out
    settings = json.loads((tmp_path / "run/config.json").read_text())["config"]
    assert (settings["objective"], settings["protocol"]) == ("fields", "standardised_anomaly")
    training = json.loads((tmp_path / "run/metrics.json").read_text())["training"]
    assert set(training["forecast_r2"]) == {"1", "3"}
    trained = load_run(tmp_path / "run")
    assert trained.clusterer.labels_.shape == (1096,)
    with pytest.raises(DscTfError, match="run: dsc with objective fields has no soft assignments"):
        trained.predict_proba(tmp_path / "years.nc")


DAYS = mock_dataset(days=1096, latitudes=2, longitudes=2)
RECORDS = {
    "three years": (DAYS, None, "fields", "the record spans 3.0 years"),
    "two years": (DAYS.isel(time=slice(731)), None, "published", "the record spans 2.0 years, and forecasts need 3"),
    "memory": (DAYS.isel(longitude=[0, 1] * 100), "1MB", "published", "forecasts need about 0.028 GB of memory"),
    "hours": (
        DAYS.isel(time=np.repeat(np.arange(1096), 2)).assign_coords(
            time=DAYS.time.values[0] + np.arange(2192) * np.timedelta64(12, "h")
        ),
        None,
        "published",
        "the steps are shorter than a day",
    ),
    "gaps": (
        DAYS.isel(time=np.flatnonzero(np.arange(1096) % 5 < 4)),
        None,
        "published",
        "at most 4 steps are consecutive, and forecasts need 10",
    ),
    "months": (
        DAYS.isel(time=slice(36)).assign_coords(time=np.arange("2001-01", "2004-01", dtype="M8[M]").astype("M8[ns]")),
        None,
        "fields",
        "the record spans 2.9 years",
    ),
    "calendar of 360 days": (
        DAYS.isel(time=slice(1080)).assign_coords(
            time=xr.date_range("2001-01-01", periods=1080, calendar="360_day", use_cftime=True)
        ),
        None,
        "fields",
        "the record spans 3.0 years",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_objective_of_a_record(name):
    record, memory, expected, reason = RECORDS[name]
    found, told = choose_objective(record, memory)
    assert found == expected and told.startswith(reason)


@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        ({}, False),
        ({"epochs": 3, "seed": 1, "protocol": "anomaly", "smooth": 5, "smoothing": "causal"}, False),
        ({"recipe": "notebook"}, True),
        ({"cell": "convlstm"}, True),
        ({"batch_size": 8}, True),
        ({"window": 5}, True),
        ({"protocol": "paper"}, True),
        ({"gpus": "all"}, True),
        ({"smooth": 5}, True),
    ],
)
def test_options_of_the_published_network_choose_its_objective(settings, asks):
    config = TrainConfig(**settings)
    assert config.objective == ("published" if asks else None)
    assert config.with_objective(DAYS, lambda line: None).objective == ("published" if asks else "fields")
    named = TrainConfig(**settings | {"objective": "published"})
    assert named.with_objective(DAYS, pytest.fail) is named


def test_configuration_of_an_earlier_version_means_the_published_objective(file, tmp_path):
    out, names = tmp_path / "run", {"program": "train", "epilog": ""}
    earlier = {"method": "dsc", "data": [file], "n_clusters": 3, "recipe": "notebook", "protocol": "paper"}
    (tmp_path / "config.json").write_text(json.dumps({"config": earlier}))
    config = parse(TrainConfig, ["--config", str(tmp_path / "config.json"), "--output", str(out)], **names)
    assert (config.objective, config.fitted_method, config.protocol) == ("published", "dsc", "paper")
    switched = parse(
        TrainConfig,
        ["--config", str(tmp_path / "config.json"), "--objective", "fields", "--output", str(out)],
        **names,
    )
    assert (switched.fitted_method, switched.recipe) == ("predictive_dsc", "trained")
    with pytest.raises(DscTfError, match="recipe: predictive_dsc has no such option"):
        TrainConfig(data=(file,), objective="fields", recipe="notebook")
    with pytest.raises(DscTfError, match="objective: kmeans has no such option"):
        TrainConfig(data=(file,), method="kmeans", objective="fields")


@without_figures
def test_default_names_never_collide(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert run("--data", file, "--method", "kmeans", "--quiet") == 0
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == [
        "kmeans-days-k7-seed0",
        "kmeans-days-k7-seed0-2",
    ]


CHANGES = {
    "data": ["sample"], "variables": ["msl"], "region": [58, -8, 48, 4], "period": ["2001-01-01", "2001-01-20"],
    "season": "DJ", "aggregate": "5D", "accumulated": ["t2m"], "method": "hierarchical", "n_clusters": 2, "window": 2,
    "protocol": "anomaly", "seed": 5,
}  # fmt: skip
# Tested with DSC, and with DTC, themselves.
NETWORK = {
    "recipe",
    "cell",
    "pretrain_epochs",
    "epochs",
    "batch_size",
    "precision",
    "sequence_length",
    "objective",
}
PLACE = {"output", "resume", "quiet", "memory", "tensorboard"}  # tested above, and test_memory.py
# test_pretrain.py, test_devices.py; tests of dsc_tf.records; test_interpolate.py
ELSEWHERE = {
    "encoder",
    "gpus",
    "member",
    "level",
    "grib_filter",
    "fill",
    "transform",
    "detrend",
    "weights",
    "smoothing",
    "n_components",
    "smooth",
}


def test_every_setting_has_a_test():
    assert set(CHANGES) | NETWORK | PLACE | ELSEWHERE == {
        field.name for field in dataclasses.fields(TrainConfig)
    }


@pytest.fixture(scope="module")
def finished():
    """Folders of finished runs by their settings, so that the tests share those before a change."""
    return {}


@without_figures
@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_changes_the_result(name, file, finished, tmp_path_factory):
    base = {"data": [file], "method": "kmeans", "n_clusters": 4, "quiet": True}
    base |= {"aggregate": "2D"} if name == "accumulated" else {}
    base |= {"method": "random_partition"} if name == "seed" else {}  # k-means finds the same clusters
    paths, measures = [], []
    for settings in (base, base | {name: CHANGES[name]}):
        key = repr(settings)
        if key not in finished:
            output = tmp_path_factory.mktemp("runs") / "run"
            finished[key] = train.run(TrainConfig(**settings, output=str(output)))
        paths.append(finished[key])
        measures.append(json.loads((finished[key] / "metrics.json").read_text())["measures"])
    # The embedded noise makes two k-means runs agree at times; the regimes file then differs.
    with xr.open_dataset(paths[0] / "regimes.nc") as one, xr.open_dataset(paths[1] / "regimes.nc") as two:
        assert measures[0] != measures[1] or not one.identical(two)


def damaged(kind, d):
    ds = mock_dataset(days=20)
    if kind == "duplicated":
        ds = ds.isel(time=[0, 1, 1, 2, 3])
    elif kind == "one point":
        ds = ds.isel(latitude=[0], longitude=[0])
    elif kind == "missing":
        ds = mock_dataset(days=20, nan_policy="all")
    elif kind == "constant":
        ds = mock_dataset(days=20, variables=("t2m",), constant="t2m")
    elif kind == "infinite":
        ds["t2m"][1, 1, 1] = np.inf
    elif kind == "timeless":
        ds = ds.isel(time=0, drop=True)
    path = d / f"{kind.replace(' ', '-')}.nc"
    ds.to_netcdf(path)
    return path


BAD = {
    "no such file": (lambda d: ["--data", d / "no.nc"], "no such file"),
    "not a climate file": (lambda d: ["--data", __file__], "cannot be read as a climate file"),
    "missing variable": (
        lambda d: ["--data", damaged("good", d), "--variables", "sst"],
        "'sst' is not in the data",
    ),
    "no time axis": (lambda d: ["--data", damaged("timeless", d)], "no time axis"),
    "one grid point": (lambda d: ["--data", damaged("one point", d)], "grid of 1 x 1"),
    "all missing": (lambda d: ["--data", damaged("missing", d)], "every value is missing"),
    "constant": (lambda d: ["--data", damaged("constant", d)], "constant in time"),
    "infinite": (lambda d: ["--data", damaged("infinite", d)], "1 infinite values"),
    "duplicated times": (lambda d: ["--data", damaged("duplicated", d)], "1 duplicated steps"),
    "k = 1": (lambda d: ["--n-clusters", 1], "n_clusters: 1. Give an integer of at least 2"),
    "k > days": (lambda d: ["--data", damaged("good", d), "--n-clusters", 21], "21 for 20 samples"),
    "window = 0": (lambda d: ["--window", 0], "window: 0"),
    "long window": (lambda d: ["--data", damaged("good", d), "--window", 21], "window: 21 steps"),
    "epochs of a method without a network": (lambda d: ["--epochs", 5], "epochs: kmeans has no such option"),
    "epochs = 0": (lambda d: ["--method", "dsc", "--epochs", 0], "epochs: 0"),
    "negative seed": (lambda d: ["--seed", -1], "seed: -1"),
    "output is a file": (
        lambda d: ["--data", damaged("good", d), "--output", damaged("other", d)],
        "is there already",
    ),
    "unwritable": (
        lambda d: ["--data", damaged("good", d), "--output", damaged("other", d) / "x"],
        "cannot be written",
    ),
    "proc": (lambda d: ["--data", damaged("good", d), "--output", "/proc/run"], "cannot be written"),
    "no config": (lambda d: ["--config", d / "no.json"], "is not the config.json of a run"),
    "no objective": (
        lambda d: ["--method", "dsc", "--objective", "fieldz"],
        "objective: 'fieldz'. Choose one",
    ),
    "no region": (lambda d: ["--region", 1, 0, 0, 1], "holds no grid point"),
    "no period": (lambda d: ["--period", "1900", "1901"], "no step from 1900 to 1901"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_status_2(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments, words = BAD[case]
    arguments = arguments(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run("--method", "kmeans", "--n-clusters", 3, *arguments) == 2
    line = capsys.readouterr().err
    assert line.startswith("error: ") and words in line and line.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before, "nothing is left behind"


@without_figures
def test_unsorted_times_are_no_fault(tmp_path):
    mock_dataset(days=20).isel(time=slice(None, None, -1)).to_netcdf(tmp_path / "a.nc")
    assert run("--data", tmp_path / "a.nc", "--method", "kmeans", "--output", tmp_path / "r", "--quiet") == 0


def test_full_disk_is_one_line_and_leaves_no_result(file, tmp_path, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    assert run("--data", file, "--method", "kmeans", "--output", tmp_path / "run") == 2
    *_, line = capsys.readouterr().err.splitlines()  # after a warning of cells without values
    assert "no space left" in line and "--resume" in line
    assert not (tmp_path / "run").exists()
    assert not list((tmp_path / "run.partial").glob("*.tmp"))


@without_figures
@pytest.mark.usefixtures("small_train", "one_test_eagerly")
@pytest.mark.parametrize("method", ["dtc", "eof_kmeans", "gaussian_mixture", "persistent_kmeans"])
def test_every_kind_of_method_leaves_a_run(method, file, tmp_path):
    out = tmp_path / "run"
    options = {"pretrain_epochs": 1, "epochs": 1, "precision": "float32", "sequence_length": 40}
    known = [[f"--{n.replace('_', '-')}", v] for n, v in options.items() if n in parameters(method)]
    arguments = [
        "--data",
        file,
        "--n-clusters",
        3,
        "--method",
        method,
        *sum(known, []),
        "--output",
        out,
        "--quiet",
    ]
    assert run(*arguments) == 0
    with xr.open_dataset(out / "labels.nc") as labels:
        assert labels.sizes["time"] == 40
    assert (out / "latent.png").exists() == (method != "persistent_kmeans")


@without_figures
def test_one_cluster_for_all_is_told_not_hidden(file, tmp_path, monkeypatch, capsys):
    from dsc_tf.clusterers.kmeans import KMeans

    def fit(self, X):
        self.cluster_centers_ = np.zeros((self.n_clusters, X.last_step().shape[1]))
        return np.zeros(len(X))

    monkeypatch.setattr(KMeans, "_fit", fit)
    assert run("--data", file, "--method", "kmeans", "--output", tmp_path / "run") == 0
    assert "all samples fell into one cluster" in capsys.readouterr().err
    assert json.loads((tmp_path / "run/metrics.json").read_text())["measures"] == {}


@pytest.mark.parametrize(
    ("saved", "words"),
    [({"method": ["kmeans"]}, "method"), ({"method": "kmeans", "epochs": "many"}, "epochs: 'many'")],
)
def test_settings_that_the_method_does_not_have_are_checked_too(saved, words, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": {"data": ["sample"]} | saved}))
    with pytest.raises(DscTfError, match=words):
        parse(TrainConfig, ["--config", str(tmp_path / "config.json")], program="", epilog="")


def test_unknown_settings_of_a_config_are_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"config": {"clusters": 3}}')
    with pytest.raises(DscTfError, match="unknown settings clusters"):
        parse(TrainConfig, ["--config", str(tmp_path / "config.json")], program="", epilog="")


@pytest.mark.parametrize(
    "arguments", [["-m", "dsc_tf.train", "--help"], ["-m", "dsc_tf.train", "--data", "no.nc"]]
)
def test_help_and_bad_input_answer_without_tensorflow(arguments):
    code = f"""import sys, runpy
sys.argv[1:] = {arguments[2:]!r}
try:
    runpy.run_module('dsc_tf.train', run_name='__main__')
except SystemExit:
    print([m for m in ('keras', 'tensorflow') if m in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_and_help():
    done = subprocess.run(
        [sys.executable, "-m", "dsc_tf", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("dsc_tf 0.1")
    done = subprocess.run(
        [sys.executable, "-m", "dsc_tf.train", "--help"], capture_output=True, text=True, check=True
    )
    assert "--n-clusters" in done.stdout and "examples:" in done.stdout


def test_longitudes_west_are_read_as_numbers():
    config = parse(TrainConfig, "--region 60 -30 35 20".split(), program="", epilog="")
    assert tuple(config.region) == (60, -30, 35, 20)


@without_figures
def test_resume_finds_the_interrupted_run_by_its_default_name(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs/kmeans-days-k7-seed0").mkdir(parents=True)
    (tmp_path / "runs/kmeans-days-k7-seed0-2.partial").mkdir()
    assert run("--data", file, "--method", "kmeans", "--quiet", "--resume") == 0
    assert (tmp_path / "runs/kmeans-days-k7-seed0-2/labels.nc").exists()


def test_further_steps_of_the_preparation_are_stored_and_applied_again(tmp_path):
    ds = mock_dataset(days=60, variables=("t2m", "tp"))
    ds.to_netcdf(tmp_path / "days.nc")
    given = (
        "--method eof_kmeans --n-components 3 --n-clusters 3 --protocol anomaly --transform tp=sqrt --detrend"
    )
    steps = "--smooth 3 --weights tp=0.5 --quiet"
    asked = ["--data", str(tmp_path / "days.nc"), "--output", str(tmp_path / "run"), *given.split()]
    assert train.main([*asked, *steps.split()]) == 0
    run = load_run(tmp_path / "run")
    assert set(run.preprocessor.steps_) > {"transform", "trend", "smooth", "weights"}
    np.testing.assert_array_equal(run.predict(tmp_path / "days.nc"), run.fitted_labels["labels"])
    with xr.open_dataset(tmp_path / "run" / "clusters.nc") as clusters:
        assert clusters.sizes["component"] == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("--weights tp", "weights: 'tp'. Write VARIABLE=0.5."),
        ("--transform tp=cube", "transform: tp=cube. Choose sqrt or log1p."),
        ("--weights tp=1 tp=2", "weights: a variable is given twice."),
        ("--smooth 0", "smooth: 0. Give an integer of at least 1."),
        ("--n-components 3", "n_components: dsc has no such option."),
        ("--method eof_kmeans --n-components 1.5", "n_components: 1.5. Give a whole number"),
        ("--method predictive_kmeans --smooth 5", "smoothing: centred uses later steps"),
        ("--encoder runs/x --method kmeans --detrend", "detrend: the preparation is that of the encoder."),
    ],
)
def test_further_steps_that_are_refused(given, message, capsys):
    assert train.main(given.split()) == 2
    assert message in capsys.readouterr().err
