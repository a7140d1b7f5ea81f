"""The paper's file from a stand-in for the Climate Data Store; interruptions; one line for what can be wrong."""

import json

import numpy as np
import pytest
from servers import KEY, FakeClimateDataStore, apart, daily_truth, serve_cds

import dsc_tf
from dsc_tf.commands import download
from dsc_tf.datasets.era5.paper_file import PAPER_FILE
from dsc_tf.experiments.paper_file import differences

SMALL = "--variables t2m slhf --region 43 -33 42 -32.5 --period 2021-01-30 2021-03-02".split()


@pytest.fixture
def service(tmp_path, monkeypatch):
    apart(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    fake = FakeClimateDataStore()
    fake.looks = 0
    with serve_cds(fake) as address:
        monkeypatch.setenv("CDSAPI_URL", address + "/api")
        monkeypatch.setenv("CDSAPI_KEY", KEY)
        yield fake


def run(*arguments):
    return download.main([str(a) for a in arguments])


def test_by_default_the_papers_file(service, tmp_path, capsys):
    assert run() == 0
    assert "written: era5_2021.nc" in capsys.readouterr().out and len(service.submitted) == 12
    with dsc_tf.open_dataset(tmp_path / "era5_2021.nc") as ds:
        assert list(ds.data_vars) == list(PAPER_FILE.variables)
        found = differences(ds)
        assert all(" from " in text for text in found), "all but ranges, which are the stand-in's own"
        some = ds.isel(time=[0, 100, 364])
        for name in ds.data_vars:
            expected = daily_truth(name, some.time.values, some.latitude.values, some.longitude.values)
            np.testing.assert_allclose(some[name], expected, rtol=1e-5)


def test_interrupted_download_goes_on_where_it_was(service, tmp_path, monkeypatch, capsys):
    from dsc_tf.datasets.era5.cds import ClimateDataStore

    fetch = ClimateDataStore.fetch

    def interrupted(self, piece, store, note):
        if piece.name == "2021-03":
            raise KeyboardInterrupt
        return fetch(self, piece, store, note)

    monkeypatch.setattr(ClimateDataStore, "fetch", interrupted)
    assert run(*SMALL, "--output", "a.nc") == 130
    assert (
        "Run the same command again to continue" in capsys.readouterr().err
        and not (tmp_path / "a.nc").exists()
    )
    monkeypatch.setattr(ClimateDataStore, "fetch", fetch)
    assert run(*SMALL, "--output", "a.nc", "--quiet") == 0
    assert [asked["month"] for asked in service.submitted] == [["01"], ["02"], ["03"]]
    with dsc_tf.open_dataset("a.nc") as ds:
        assert ds.sizes["time"] == 32
    assert capsys.readouterr().out == ""


def test_a_file_that_is_there_is_not_fetched_again(service, capsys):
    assert run(*SMALL, "--output", "a.nc") == 0
    asked = len(service.submitted)
    assert run(*SMALL, "--output", "a.nc") == 0
    assert "there already, and whole" in capsys.readouterr().out and len(service.submitted) == asked
    assert run("--config", "a.nc.json", "--output", "b.nc", "--quiet") == 0
    with dsc_tf.open_dataset("a.nc") as one, dsc_tf.open_dataset("b.nc") as other:
        np.testing.assert_array_equal(one["slhf"], other["slhf"])
    assert run("--output", "a.nc") == 2
    assert "of other settings" in capsys.readouterr().err


def test_dry_run_needs_neither_network_nor_account(tmp_path, monkeypatch, capsys):
    apart(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("reached for the network"))
    for chosen in ("cds", "arco", "google"):
        assert run("--dry-run", "--source", chosen) == 0
        plan = json.loads(capsys.readouterr().out)
        assert plan["output"] == "era5_2021.nc" and plan["file_megabytes"] == 17.2 and plan["requests"]
    assert plan["transfer_megabytes"] == pytest.approx(254659.5)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--variables", "2m_temprature"], "Did you mean 2m_temperature"),
        (["--region", 33, -33, 43, -23], "Give north, west, south, east"),
        (["--period", "2021-01-01", "yesterday"], "2001-01-31"),
        (["--source", "google"], "254.7 GB to transfer"),
        (["--limit", 0.001], "above 0.001"),
        ([], "credentials: no key"),
    ],
)
def test_what_is_refused(wrong, message, tmp_path, monkeypatch, capsys):
    apart(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run("--quiet", *wrong) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_refusals_of_the_service_are_one_line(service, capsys):
    service.refusal = (403, {"title": "required licences not accepted"})
    assert run("--quiet") == 2
    err = capsys.readouterr().err
    assert "accept" in err.lower() and "manage-licences" in err and err.count("\n") == 1


def test_commands_are_listed(capsys):
    from dsc_tf.__main__ import main

    assert main(["--help"]) == 0
    assert "download" in capsys.readouterr().out
