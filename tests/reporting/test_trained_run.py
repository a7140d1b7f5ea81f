"""A finished run labels other records: the same labels for its own record, and one line where it cannot."""

import shutil

import numpy as np
import pytest
import xarray as xr
from small_networks import build_small

from dsc_tf import DscTfError, load_run, open_dataset, prepare
from dsc_tf.clusterers import DEEP_METHODS, METHODS
from dsc_tf.commands import predict, train
from dsc_tf.commands.train import TrainConfig
from dsc_tf.datasets.mock import mock_dataset

pytestmark = pytest.mark.usefixtures("no_figures")
CLASSICAL = [name for name in METHODS if name not in DEEP_METHODS]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    ds = mock_dataset(days=90)
    ds.to_netcdf(folder / "days.nc")
    return folder


def trained(place, method="kmeans", name=None, **settings):
    output = place / (name or method)
    config = TrainConfig(
        data=(str(place / "days.nc"),),
        method=method,
        n_clusters=3,
        output=str(output),
        quiet=True,
        **settings,
    )
    return train.run(config)


def small_build(method, n_clusters, **options):
    """`build` with a small network, the progress of which nobody watches."""
    return build_small(
        method, n_clusters, **{k: v for k, v in options.items() if k not in ("precision", "cell")}
    )


@pytest.mark.slow
@pytest.mark.parametrize("method", DEEP_METHODS)
def test_networks_label_the_record_of_the_run_as_in_the_run(place, method, monkeypatch):
    monkeypatch.setattr(train, "build", small_build)
    short = {"epochs": 1} if "epochs" in METHODS[method].options else {}
    run = load_run(trained(place, method, name=f"network-{method}", **short))
    fitted = run.fitted_labels["labels"].values
    found = run.predict(str(place / "days.nc"))
    np.testing.assert_array_equal(found.values, fitted[fitted >= 0])
    assert run.transform(str(place / "days.nc")).sizes["time"] == len(found)


@pytest.mark.parametrize("method", CLASSICAL)
def test_labels_of_the_record_of_the_run_are_those_of_the_run(place, method):
    run = load_run(trained(place, method, protocol="anomaly"))
    fitted = run.fitted_labels["labels"].values
    if not hasattr(run.clusterer, "predict"):
        with pytest.raises(DscTfError, match="cannot label new samples"):
            run.predict(str(place / "days.nc"))
        return
    found = run.predict(str(place / "days.nc"))
    np.testing.assert_array_equal(found.values, fitted[fitted >= 0])
    np.testing.assert_array_equal(found["time"].values, run.fitted_labels["time"].values[fitted >= 0])


@pytest.fixture(scope="module")
def kmeans(place):
    return trained(place, name="window", window=3, region=(60.0, -30.0, 30.0, 20.0))


def test_settings_of_the_run_are_applied_again(place, kmeans):
    run, ds = load_run(kmeans), xr.open_dataset(place / "days.nc")
    expected = run.predict(str(place / "days.nc"))
    assert len(expected) == 88  # the first two days end no window of three
    for same in (ds, ds.isel(latitude=slice(None, None, -1)), run.open(ds), ds.assign(more=ds["t2m"])):
        np.testing.assert_array_equal(run.predict(same), expected)
    celsius = ds.assign(t2m=(ds["t2m"] - 273.15).assign_attrs(ds["t2m"].attrs | {"units": "degC"}))
    with pytest.warns(UserWarning, match="converted from degC to K"):
        found = run.predict(celsius)
    assert (found.values == expected.values).mean() > 0.98  # rounding


def test_far_steps_are_left_unassigned(place, kmeans):
    run = load_run(kmeans)
    found = run.predict(str(place / "days.nc"), unassigned=0.75)
    assert (found == -1).sum() == 22  # a quarter of 88
    distance = run.fitted_labels["distance"].values
    far = distance[2:] > np.quantile(distance[2:], 0.75)
    np.testing.assert_array_equal(found.values == -1, far)


def test_samples_unlike_those_of_the_run_are_reported(place, kmeans):
    run, ds = load_run(kmeans), xr.open_dataset(place / "days.nc")
    with pytest.warns(
        UserWarning,
        match="90 are in months 6, 7, 8, 9, the preprocessing was fitted to months 1, 2, 3",
    ):
        run.predict(ds.assign_coords(time=ds["time"] + np.timedelta64(180, "D")))
    hot = ds.assign(t2m=(ds["t2m"] + 50).assign_attrs(ds["t2m"].attrs))
    with pytest.warns(UserWarning, match="t2m of 90 steps is far outside the fitted range"):
        run.predict(hot)


def test_other_grids_and_variables_are_refused(place, kmeans):
    run, ds = load_run(kmeans), xr.open_dataset(place / "days.nc")
    with pytest.raises(DscTfError, match="the model was fitted to"):
        run.predict(ds.isel(latitude=slice(4)))
    with pytest.raises(DscTfError, match="variables: t2m"):
        run.predict(ds.drop_vars("t2m"))


def test_command_writes_labels(place, kmeans):
    other = mock_dataset(days=30, start="2021-02-01")
    other.to_netcdf(place / "other.nc")
    arguments = [str(kmeans), "--data", str(place / "other.nc"), "--output", str(place / "labels"), "--quiet"]
    assert predict.main(arguments) == 0
    with xr.open_dataset(place / "labels" / "labels.nc") as stored:
        labels = stored["labels"].load()
    assert labels.attrs["flag_meanings"].split()[0] == "unassigned" and labels.dtype == np.int8
    rows = (place / "labels" / "labels.csv").read_text().splitlines()
    assert rows[0] == "time,label,distance" and len(rows) == 31
    assert [int(row.split(",")[1]) for row in rows[1:]] == labels.values.tolist()
    assert labels.values[:2].tolist() == [-1, -1]


def test_composites_of_the_protocol_anomaly_are_of_departures_from_the_seasonal_cycle(place):
    with xr.open_dataset(trained(place, name="anomaly", protocol="anomaly") / "regimes.nc") as stored:
        regimes = stored.load()
    ds = open_dataset(str(place / "days.nc"))
    anomalies = prepare(ds, "anomaly")[1].anomalies(ds)["t2m"]
    labels = regimes["labels"].values
    expected = anomalies.values[labels == 0].mean(axis=0) - anomalies.values.mean(axis=0)
    np.testing.assert_allclose(regimes["t2m"][0], expected, atol=1e-4)
    assert "standard_name" not in regimes["t2m"].attrs
    assert regimes["t2m"].attrs["long_name"].startswith("mean anomaly of ")
    assert regimes.attrs["Conventions"] == "CF-1.8"


def test_run_folder_holds_centres_eofs_and_a_list_of_its_files(place):
    run = trained(place, "eof_kmeans", name="eofs", protocol="anomaly")
    with xr.open_dataset(run / "clusters.nc") as stored:
        clusters = stored.load()
    eof = clusters["eof"].values.reshape(clusters.sizes["component"], -1)
    np.testing.assert_allclose(eof @ eof.T, np.eye(len(eof)), atol=1e-5)
    assert 0.9 <= float(clusters["explained_variance_ratio"].sum()) <= 1
    assert clusters["centre"].shape == (3, len(eof))
    assert clusters["eof"].sizes["latitude"] == 8 and list(clusters["variable"].values) == ["t2m", "msl"]
    lines = (run / "README.txt").read_text().splitlines()
    listed = {line.split()[0] for line in lines[: lines.index("")]}
    assert listed == {path.name for path in run.iterdir()} - {"README.txt"}


@pytest.mark.parametrize("given", [["missing"], []])
def test_bad_input_is_one_line(given, capsys):
    assert predict.main([*given, "--data", "x.nc"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_steps_with_a_weak_membership_are_left_unassigned(place, kmeans):
    run = load_run(trained(place, "gaussian_mixture", name="mixture", protocol="anomaly"))
    found = run.predict(str(place / "days.nc"), unassigned=0.8, by="membership")
    largest = run.predict_proba(str(place / "days.nc")).max("cluster").values.astype("float32")
    np.testing.assert_array_equal(found.values == -1, largest < np.float32(np.quantile(largest, 0.2)))
    with pytest.raises(DscTfError, match="by: kmeans has no soft assignments"):
        load_run(kmeans).predict(str(place / "days.nc"), unassigned=0.8, by="membership")
    with pytest.raises(DscTfError, match="by: 'x'"):
        run.predict(str(place / "days.nc"), by="x")


@pytest.mark.parametrize(
    ("file", "name", "value"),
    [
        ("model.npz", "cluster_centers_", np.array("text")),
        ("model.npz", "cluster_centers_", np.zeros(3)),
        ("preprocessing.npz", "fill_", np.array("text")),
        ("preprocessing.npz", "offset_", np.zeros((3, 3, 3))),
        ("preprocessing.npz", "text", np.array("{}")),
    ],
)
def test_arrays_of_other_types_and_shapes_are_one_line(place, kmeans, file, name, value, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(kmeans, run)
    with np.load(run / file) as stored:
        arrays = dict(stored)
    np.savez(run / file, **arrays | {name: value})
    arguments = [str(run), "--data", str(place / "days.nc"), "--output", str(tmp_path / "labels")]
    assert predict.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1


@pytest.mark.parametrize("damage", ["empty", "one cluster", "other features"])
def test_damaged_centres_are_one_line(place, kmeans, damage, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(kmeans, run)
    centres = xr.load_dataset(run / "clusters.nc")
    (run / "clusters.nc").write_bytes(b"")
    if damage != "empty":
        dim = "cluster" if damage == "one cluster" else centres["centre"].dims[-1]
        (run / "clusters.nc").unlink()
        centres[["centre"]].isel({dim: slice(1)}).drop_vars(dim, errors="ignore").to_netcdf(
            run / "clusters.nc"
        )
    arguments = [str(run), "--data", str(place / "days.nc"), "--output", str(tmp_path / "labels")]
    assert predict.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: run: ") and "clusters.nc is damaged" in error and error.count("\n") == 1
