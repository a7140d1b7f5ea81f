"""Comparison of finished runs: by hand for labels, one folder for a pair of runs."""

import csv

import numpy as np
import pytest
import xarray as xr

from dsc_tf.commands import compare
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.regimes.describe import describe_regimes
from dsc_tf.reporting.labels import labels_dataset
from dsc_tf.reporting.style import new_figure


def finished(folder, ds, labels):
    """The files of a finished run that a comparison reads."""
    folder.mkdir()
    (folder / "config.json").write_text('{"config": {}, "data": {}, "software": {}}')
    (folder / "metrics.json").write_text('{"measures": {}, "training": {}}')
    labels_dataset(labels, ds["time"], n_clusters=2).to_netcdf(folder / "labels.nc")
    describe_regimes(ds, labels).to_netcdf(folder / "regimes.nc")
    return str(folder)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_swapped_numbers_are_matched(tmp_path):
    ds = mock_dataset(days=8)
    labels = np.array([0, 0, 0, 1, 1, 0, 0, 1])
    one, other = finished(tmp_path / "a", ds, labels), finished(tmp_path / "b", ds, 1 - labels)
    out = tmp_path / "out"
    assert compare.main([one, other, "--output", str(out), "--quiet"]) == 0
    (agreement,) = rows(out / "agreement.csv")
    assert float(agreement["adjusted_rand_index"]) == 1 and float(agreement["matched_share"]) == 1
    matched = [r for r in rows(out / "contingency.csv") if r["matched"] == "1"]
    assert [(r["cluster"], r["other_cluster"], r["steps"]) for r in matched] == [
        ("0", "1", "5"),
        ("1", "0", "3"),
    ]
    assert all(float(r["pattern_correlation"]) == pytest.approx(1) for r in rows(out / "composites.csv"))
    clusters = rows(out / "clusters.csv")
    assert [float(r["frequency"]) for r in clusters] == [0.625, 0.375, 0.375, 0.625]
    assert float(clusters[0]["mean_run_length"]) == 2.5  # spells of three and two days
    assert "<h1>Comparison of runs</h1>" in (out / "compare.html").read_text()


def test_correlation_of_composites_weights_area():
    grid = {"latitude": [0.0, 60.0], "longitude": [0.0, 1.0]}
    x = xr.Dataset({"v": (("latitude", "longitude"), [[1.0, -1.0], [1.0, -1.0]])}, grid)
    y = xr.Dataset({"v": (("latitude", "longitude"), [[1.0, -1.0], [-1.0, 1.0]])}, grid)
    ((name, r),) = compare._correlations(x, y)
    # weights 1 and 1/2: (2 - 1) / (2 + 1)
    assert name == "v" and r == pytest.approx(1 / 3)


def test_one_run_is_refused(capsys):
    assert compare.main(["runs/a"]) == 2
    assert capsys.readouterr().err.startswith("error: runs: 1 given.")


def test_composites_stand_side_by_side_in_the_order_of_the_first_run(tmp_path, monkeypatch):
    ds = mock_dataset(days=8, variables=("t2m",))
    labels = np.array([0, 0, 0, 1, 1, 0, 0, 1])
    runs = [finished(tmp_path / "a", ds, labels), finished(tmp_path / "b", ds, 1 - labels)]
    shown = []
    monkeypatch.setattr(
        "dsc_tf.reporting.maps.cluster_maps",
        lambda values, titles, **options: shown.append((values.values, titles)) or new_figure(1, 1),
    )
    assert compare.main([*runs, "--output", str(tmp_path / "out"), "--quiet"]) == 0
    np.testing.assert_allclose(shown[0][0], shown[1][0], atol=1e-6)
    assert [titles for _, titles in shown] == [["cluster 0", "cluster 1"], ["1, matches 0", "0, matches 1"]]
    page = (tmp_path / "out" / "compare.html").read_text()
    assert page.count("data:image/png") == 2 and (tmp_path / "out" / "composite_t2m_2.png").exists()
