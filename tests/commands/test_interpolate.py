"""The command that fills gaps, and the option of the other commands."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from dsc_tf.commands import choose, interpolate, pretrain, probe, train
from dsc_tf.commands.data_settings import DataConfig
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.preprocessing.gap_filling import GapFiller, load_gap_filler
from dsc_tf.reporting.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture
def holes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mock_dataset(days=40, nan_policy="isolated").to_netcdf("holes.nc")
    rng = np.random.default_rng(0)
    place = {
        "latitude": ("station", rng.uniform(46, 59, 30)),
        "longitude": ("station", rng.uniform(-9, 5, 30)),
    }
    time = mock_dataset(days=40).time.values
    values = np.sin(place["latitude"][1] / 3) * rng.normal(size=(40, 1)) + 0.1 * rng.normal(size=(40, 30))
    stations = xr.Dataset({"tas": (("time", "station"), values, {"units": "degC"})}, place | {"time": time})
    stations.to_netcdf("stations.nc")


def test_gaps_are_filled_and_named(holes, capsys):
    assert interpolate.main(["gaps", "--data", "holes.nc", "--output", "out/whole.nc"]) == 0
    said = capsys.readouterr().out
    assert "t2m: 4.8 % missing, filled" in said and "msl: nothing is missing" in said
    with xr.open_dataset("out/whole.nc") as whole, xr.open_dataset("holes.nc") as before:
        known = before.t2m.notnull()
        assert (
            whole.t2m.notnull().all()
            and (whole.t2m.where(known) == before.t2m.where(known)).sum() == known.sum()
        )
        assert (whole.t2m_fill_sd.values > 0).sum() == (~known).sum()
        assert "msl_fill_sd" not in whole and "task gaps" in whole.attrs["history"]


def test_quiet_prints_nothing(holes, capsys):
    arguments = ["gaps", "--data", "holes.nc", "--neighbours", "4", "--steps", "0", "--quiet"]
    assert interpolate.main(arguments) == 0
    assert capsys.readouterr().out == "" == capsys.readouterr().err
    with xr.open_dataset("holes_filled.nc") as whole:
        assert whole.t2m.notnull().all()


def test_a_long_record_is_filled_in_parts_and_resumed(holes, monkeypatch, capsys):
    arguments = ["gaps", "--data", "holes.nc", "--neighbours", "8", "--quiet", "--output"]
    assert interpolate.main([*arguments, "whole.nc"]) == 0
    monkeypatch.setattr(interpolate, "VALUES_OF_A_PART", 16 * 72)

    def interrupted(path, **options):
        if Path(path).name == "00000032.nc":
            raise KeyboardInterrupt
        return write(path, **options)

    write = interpolate.atomic_write
    with monkeypatch.context() as patch:
        patch.setattr(interpolate, "atomic_write", interrupted)
        assert interpolate.main([*arguments, "cut.nc"]) == 130
    assert sorted(p.name for p in Path("cut.nc.parts").glob("*.nc")) == ["00000000.nc", "00000016.nc"]
    assert interpolate.main([*arguments, "cut.nc"]) == 2
    assert "Add --resume" in capsys.readouterr().err
    assert interpolate.main([*arguments, "cut.nc", "--resume", "--steps", "1"]) == 2
    assert "of other settings" in capsys.readouterr().err
    monkeypatch.setattr(GapFiller, "fit", None)
    assert interpolate.main([*arguments, "cut.nc", "--resume"]) == 0
    with xr.open_dataset("whole.nc") as one, xr.open_dataset("cut.nc") as other:
        xr.testing.assert_allclose(one, other)
        assert one.t2m.attrs == other.t2m.attrs and (one.t2m == other.t2m).all()
    assert not Path("cut.nc.parts").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "task"),
        (["gaps", "--data", "none.nc"], "no such file"),
        (["gaps", "--data", "holes.nc", "--neighbours", "0"], "neighbours: 0"),
        (["gaps", "--data", "holes.nc", "--steps", "-1"], "steps: -1"),
        (["gaps", "--data", "holes.nc", "--seed", "-1"], "seed: -1"),
        (["gaps", "--data", "holes.nc", "--log"], "takes no grid"),
        (["stations", "--data", "stations.nc"], "grid: None"),
        (["stations", "--grid", "1"], "one file"),
        (["stations", "--data", "none.nc", "--grid", "1"], "no such file"),
        (["stations", "--data", "holes.nc", "--grid", "1"], "over the dimension station"),
        (["stations", "--data", "stations.nc", "--grid", "1", "--season", "DJF"], "season: not for stations"),
        (["stations", "--data", "stations.nc", "--grid", "1", "--variables", "pr"], "pr not in"),
        (["stations", "--data", "stations.nc", "--grid", "1", "--period", "1990", "1991"], "no date of"),
        (["stations", "--data", "stations.nc", "--grid", "1", "--log"], "negative values"),
    ],
)
def test_bad_input_is_one_line(holes, capsys, arguments, message):
    assert interpolate.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize("more", [[], ["--covariates", "holes.nc"], ["--method", "field"]])
def test_stations_are_mapped_and_scored(holes, capsys, more):
    period = ["--period", "2001-01-01", "2001-01-10"]
    arguments = ["stations", "--data", "stations.nc", "--grid", "4", *more, *period, "--output", "out/map.nc"]
    assert interpolate.main(arguments) == 0
    said = capsys.readouterr().out
    assert "stations that were left out" in said and "inverse distance" in said
    with xr.open_dataset("out/map.nc") as found:
        assert found.tas.dims == ("time", "latitude", "longitude") and found.tas.notnull().all()
        assert found.tas.attrs["units"] == "degC" and (found.latitude % 4 == 0).all()
        assert ("tas_sd" in found) == ("field" not in more)
    rows = (Path("out") / "map_scores.csv").read_text().splitlines()
    assert (
        rows[0].startswith("variable,method,rmse")
        and len(rows) == {0: 5, 2: 6 + (more[:1] == ["--covariates"])}[len(more)]
    )


def test_train_fills_before_it_prepares_and_stores_the_filler(holes):
    common = ["--data", "holes.nc", "--method", "kmeans", "--n-clusters", "3", "--quiet"]
    assert train.main([*common, "--fill", "kriging", "--output", "kriged"]) == 0
    assert train.main([*common, "--output", "constant"]) == 0
    assert load_gap_filler("constant") is None
    filler = load_gap_filler("kriged")
    again = filler.transform(mock_dataset(days=40, nan_policy="isolated"))
    filled = DataConfig(data=("holes.nc",), fill="kriging").open()
    np.testing.assert_allclose(again.t2m, filled.t2m, rtol=1e-6)
    with xr.open_dataset("kriged/regimes.nc") as one, xr.open_dataset("constant/regimes.nc") as other:
        assert not np.allclose(one.t2m, other.t2m)


def test_other_commands_fill_before_they_prepare(holes, monkeypatch):
    monkeypatch.setattr(RunFolder, "save_figure", lambda *_: None)
    quick = "--max-clusters 3 --partitions 2 --surrogates 1 --bootstrap 1 --quiet".split()
    for fill in ("kriging", "constant"):
        more = ["--data", "holes.nc", "--fill", fill, "--output", fill]
        assert choose.main([*quick, *more]) == 0
    with xr.open_dataset("kriging/choice.nc") as one, xr.open_dataset("constant/choice.nc") as other:
        assert not np.allclose(one.explained_variation, other.explained_variation)


def test_a_record_without_a_grid_is_not_filled(holes, capsys):
    assert probe.main(["forecast", "--fill", "kriging", "--data", "ETTh1.csv"]) == 2
    assert "fill: forecast reads tables without a grid" in capsys.readouterr().err


def test_an_encoder_brings_its_filler(holes, eagerly):
    small = [
        "--data",
        "holes.nc",
        "--size",
        "4",
        "--grid",
        "0",
        "--filters",
        "2",
        "--window",
        "4",
        "--steps",
        "1",
    ]
    assert (
        pretrain.main([*small, "--batch-size", "2", "--fill", "kriging", "--output", "enc", "--quiet"]) == 0
    )
    config = DataConfig(data=("holes.nc",))
    ds, filler = config.open_filled("enc")
    assert filler is not None and ds.t2m.notnull().all()
    assert config.open_filled("elsewhere")[1] is None
