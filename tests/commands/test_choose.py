"""The command that computes criteria for the number of clusters."""

import csv

import numpy as np
import pytest
import xarray as xr
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from dsc_tf import open_dataset, prepare
from dsc_tf.commands import choose
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.reporting.run_folder import RunFolder

QUICK = "--max-clusters 3 --partitions 2 --surrogates 2 --bootstrap 1 --n-components 2 --quiet".split()


def test_folder_holds_table_figure_and_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(RunFolder, "save_figure", lambda self, name, figure: (self.path / name).touch())
    mock_dataset(days=60).to_netcdf(tmp_path / "days.nc")
    out = tmp_path / "out"
    assert choose.main(["--data", str(tmp_path / "days.nc"), *QUICK, "--output", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    assert names == set("README.txt choice.csv choice.nc choice.png conclusion.txt config.json".split())
    with open(out / "choice.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["k"] for row in rows] == ["2", "3"]
    # the share of the variance between clusters, as k-means of scikit-learn gives it
    X, _ = prepare(open_dataset(str(tmp_path / "days.nc")), "anomaly")
    scores = PCA(2, random_state=0).fit_transform(X.last_step()).astype(float)
    labels = KMeans(3, n_init=10, random_state=0).fit_predict(scores)
    means = np.stack([scores[labels == j].mean(axis=0) for j in range(3)])[labels]
    share = ((means - scores.mean(axis=0)) ** 2).sum() / ((scores - scores.mean(axis=0)) ** 2).sum()
    assert float(rows[1]["explained_variation"]) == pytest.approx(share, abs=1e-6)


def test_sentence_names_the_numbers_that_pass_or_says_that_none_does():
    values = {"passes": ("k", [0, 1]), "silhouette": ("k", [0.5, 0.4]), "p_family": ("k", [0.4, 0.03])}
    choice = xr.Dataset(values, {"k": [2, 3]}, {"level": 0.9})
    text = choose.conclusion(choice)
    assert text.startswith("The record supports 3 clusters (smallest family-wise p 0.03)")
    assert "90 % level over all numbers tried (2 to 3 clusters); the silhouette is largest for 2." in text
    none = choose.conclusion(choice.assign(passes=("k", [0, 0])))
    assert none.startswith("No number of clusters is classifiable")


def test_bad_numbers_are_one_line(capsys):
    assert choose.main(["--min-clusters", "5", "--max-clusters", "3"]) == 2
    assert capsys.readouterr().err == "error: max_clusters: 3 below min_clusters 5. Give a larger number.\n"
