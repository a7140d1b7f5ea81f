"""Learning an encoder, clustering with it, and one line for everything that can be wrong."""

import json

import numpy as np
import pytest
import xarray as xr

from dsc_tf.commands import pretrain, train
from dsc_tf.commands.pretrain import PretrainConfig
from dsc_tf.datasets.mock import mock_dataset

pytestmark = pytest.mark.usefixtures("no_figures")

QUICK = "--size 8 --grid 0 --filters 2 --window 6 --batch-size 4 --quiet".split()
RUN_FILES = """config.json encoder.json encoder.weights.h5 history.csv metrics.json preprocessing.npz
representation.nc""".split()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "days.nc"
    mock_dataset(days=40, gaps=True).to_netcdf(path)
    return str(path)


@pytest.fixture(scope="module")
def pretrained(eagerly, file, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "pretrained"
    assert run("--data", file, *QUICK, "--steps", 2, "--output", out) == 0
    return out


def run(*arguments):
    return pretrain.main([str(a) for a in arguments])


def test_run_folder_holds_encoder_and_representation(pretrained):
    assert {p.name for p in pretrained.iterdir()} == set(RUN_FILES)
    with xr.open_dataset(pretrained / "representation.nc") as found:
        assert found.representation.sizes == {"time": 40, "feature": 8}
        assert np.isfinite(found.representation).all() and "units" in found.time.encoding
    assert 1 <= json.loads((pretrained / "metrics.json").read_text())["effective_rank"] <= 8


def test_same_seed_same_representation_from_its_own_config(pretrained, file, tmp_path):
    assert run("--config", pretrained / "config.json", "--quiet", "--output", tmp_path / "again") == 0
    with (
        xr.open_dataset(pretrained / "representation.nc") as one,
        xr.open_dataset(tmp_path / "again/representation.nc") as other,
    ):
        np.testing.assert_allclose(one.representation, other.representation, atol=1e-5)


@pytest.mark.filterwarnings("ignore:representations fill:UserWarning")
def test_same_representation_from_disk_and_from_memory(eagerly, tmp_path, monkeypatch):
    from dsc_tf import SpaceTimeTS2Vec
    from dsc_tf.preprocessing import preprocessor
    from dsc_tf.representations import spacetime_ts2vec

    for name, value in (("CHUNK", 4), ("ENCODED", 2)):
        monkeypatch.setattr(spacetime_ts2vec, name, value)
    ds = mock_dataset(days=20, gaps=True)
    X, _ = preprocessor.prepare(ds, "anomaly")
    monkeypatch.setattr(preprocessor, "memory_limit", lambda memory: 0)
    stored, _ = preprocessor.prepare(ds, "anomaly", scratch=tmp_path)
    assert stored.is_stored
    options = {"grid": 5, "filters": 1, "depth": 1, "window": 3, "steps": 1, "batch_size": 2}
    found = [SpaceTimeTS2Vec(4, **options, random_state=0).fit(one).transform(one) for one in (X, stored)]
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)
    stored.close()


def test_saved_encoder_gives_the_saved_representation(pretrained, file):
    from dsc_tf import SpaceTimeTS2Vec, open_dataset
    from dsc_tf.preprocessing.preprocessor import Preprocessor

    with np.load(pretrained / "preprocessing.npz") as state:
        prep = Preprocessor.from_state(state)
    X = prep.transform(open_dataset(file))
    again = SpaceTimeTS2Vec.load(pretrained).transform(X)
    with xr.open_dataset(pretrained / "representation.nc") as saved:
        np.testing.assert_allclose(again, saved.representation, atol=1e-5)


@pytest.mark.parametrize("method", ["dsc", "kmeans"])
def test_train_clusters_with_the_encoder(pretrained, file, tmp_path, method):
    quick = "--n-clusters 3 --quiet".split()
    quick += "--epochs 1 --pretrain-epochs 0".split() if method == "dsc" else []  # options of networks only
    out = tmp_path / "run"
    asked = ["--data", file, "--encoder", str(pretrained), "--method", method, "--output", str(out)]
    assert train.main([*asked, *quick]) == 0
    with xr.open_dataset(out / "labels.nc") as found:
        assert set(found.labels.values) == {0, 1, 2}
    if method == "dsc":
        assert json.loads((out / "model.json").read_text())["method"] == "ClusteringHead"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--encoder", "nowhere"], "no encoder.json in nowhere"),
        (["--encoder", "nowhere", "--method", "dtc"], "dtc reads fields"),
    ],
)
def test_what_train_refuses(file, wrong, message, capsys):
    assert train.main(["--data", file, *wrong]) == 2
    assert message in capsys.readouterr().err


def test_another_grid_is_refused(pretrained, tmp_path, capsys):
    mock_dataset(days=20, latitudes=5).to_netcdf(tmp_path / "other.nc")
    asked = ["--data", str(tmp_path / "other.nc"), "--encoder", str(pretrained)]
    assert train.main([*asked, "--output", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--window", 1], "window: 1"),
        (["--seed", -1], "seed: -1"),
        (["--data", "nowhere.nc"], "nowhere.nc"),
    ],
)
def test_what_pretrain_refuses(wrong, message, capsys):
    assert run(*QUICK, *wrong) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_an_encoder_has_no_clusters(capsys):
    assert pretrain.main(["--n-clusters", "3"]) == 2
    assert "n-clusters" in capsys.readouterr().err
    assert PretrainConfig.merge({"n_clusters": 7, "seed": 1}, {}) == {"seed": 1}
