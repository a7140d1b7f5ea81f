import json

import numpy as np
import pytest
import xarray as xr

from dsc_tf.commands import downscale
from dsc_tf.commands.downscale import main
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.downscaling import Downscaler, coarsen


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A coarse record of 200 days, and a fine one of the first 180."""
    monkeypatch.chdir(tmp_path)
    coarse, fine = coarsen(mock_dataset(days=200, latitudes=8, longitudes=12, variables=("t2m",)), 4)
    coarse.to_netcdf("low.nc")
    fine.isel(time=slice(180)).to_netcdf("high.nc")
    coarse.isel(time=slice(150, 170)).to_netcdf("low_later.nc")
    coarse.isel(time=slice(2)).rename(t2m="sp").to_netcdf("other.nc")
    return tmp_path


def test_days_without_fine_fields_are_drawn_and_the_test_days_scored(files, capsys):
    assert main(["--coarse", "low.nc", "--fine", "high.nc", "--members", "3", "--output", "run"]) == 0
    assert "180 common days" in capsys.readouterr().out
    with xr.open_dataset("run/downscaled.nc") as members, xr.open_dataset("low.nc") as low:
        assert dict(members.sizes) == {"member": 3, "time": 20, "latitude": 8, "longitude": 12}
        np.testing.assert_array_equal(members.time, low.time[180:])
    scores = json.loads((files / "run" / "scores.json").read_text())["t2m"]
    assert set(scores) == {"bilinear", "bilinear, corrected", "analogues", "mean", "drawn"}
    figures = {path.name for path in (files / "run").glob("*.png")}
    assert figures == {"variogram_t2m.png", "spectrum_t2m.png", "rank_histogram_t2m.png", "day_t2m.png"}
    assert Downscaler.load(files / "run").method == "regression"
    assert (files / "run" / "config.json").exists()


def test_another_coarse_record_is_applied(files):
    arguments = "--coarse low.nc --fine high.nc --apply low_later.nc --members 2 --output run --quiet".split()
    assert main([*arguments, "--conserve"]) == 0
    with xr.open_dataset("run/downscaled.nc") as members, xr.open_dataset("low_later.nc") as low:
        again = coarsen(members.isel(member=1, drop=True), 4)[0]
        np.testing.assert_allclose(again.t2m, low.t2m, rtol=1e-5)


def test_coarse_half_is_made_from_the_fine_record(files):
    assert main(["--fine", "high.nc", "--coarsen", "2", "--members", "2", "--output", "run", "--quiet"]) == 0
    with xr.open_dataset("run/downscaled.nc") as members:
        assert members.sizes["latitude"] == 8


def test_an_interrupted_run_is_resumed_without_a_second_fit(files, monkeypatch):
    arguments = "--coarse low.nc --fine high.nc --members 2 --quiet --output".split()
    monkeypatch.setattr(downscale, "_write_figures", lambda *_: None)
    assert main([*arguments, "whole"]) == 0

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(downscale, "_write_members", stop)
        assert main([*arguments, "cut"]) == 130
    assert main([*arguments, "cut"]) == 2
    with monkeypatch.context() as patch:
        patch.setattr(Downscaler, "fit", stop)
        patch.setattr(downscale, "_write_scores", stop)
        assert main([*arguments, "cut", "--resume"]) == 0
    with xr.open_dataset("whole/downscaled.nc") as one, xr.open_dataset("cut/downscaled.nc") as other:
        xr.testing.assert_identical(one, other)
    assert (files / "whole/scores.json").read_text() == (files / "cut/scores.json").read_text()


def test_lazy_members_are_those_drawn_at_once(files):
    with xr.open_dataset("low.nc") as coarse, xr.open_dataset("high.nc") as fine:
        fitted = Downscaler().fit(coarse, fine)
        lazy = fitted.predict(coarse, 2, lazy=True)
        assert lazy.t2m.chunks[0] == (1, 1)
        xr.testing.assert_identical(lazy.compute(), fitted.predict(coarse, 2))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--coarse low.nc", "fine: no file given"),
        ("--fine high.nc", "coarse: give either"),
        ("--fine high.nc --coarse low.nc --coarsen 2", "coarse: give either"),
        ("--fine high.nc --coarsen 1", "coarsen: 1"),
        ("--fine high.nc --coarsen 2 --members 0", "members: 0"),
        ("--fine absent.nc --coarsen 2", "no such file: absent.nc"),
        ("--fine low.nc --coarse high.nc", "Exchange the records"),
        ("--fine high.nc --coarsen 2 --seed -1", "seed"),
        ("--fine high.nc --coarsen 2 --split soon later", "split: soon later. Give two dates in order"),
        (
            "--fine high.nc --coarse low.nc --split 2031-01-01 2032-01-01",
            "split: 180 training and 0 validation",
        ),
        ("--fine high.nc --coarse low.nc --apply high.nc", "apply: 8 values of latitude"),
        ("--fine high.nc --coarse low.nc --apply other.nc", "apply: no t2m, which the coarse record has"),
        ("--fine high.nc --coarsen 2 --encoder next_day", "encoder: regression takes none"),
        ("--fine high.nc --coarsen 2 --method unet --encoder absent", "encoder: no encoder.json in absent"),
    ],
)
def test_bad_input_is_one_line_and_status_2(files, capsys, arguments, words):
    assert main(arguments.split()) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not list(files.glob("runs/*")) and not list(files.glob("*.partial"))
