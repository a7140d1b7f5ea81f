"""The Climate Data Store, by its real client, against a local server that speaks as it does."""

import sys

import numpy as np
import pytest
from servers import (
    ACCUMULATED,
    KEY,
    FakeClimateDataStore,
    apart,
    daily_truth,
    delivered,
    hourly_truth,
    serve_cds,
    zipped,
    zipped_answer,
)

from dsc_tf.datasets.era5 import new_request, source
from dsc_tf.datasets.era5.cds import AHEAD
from dsc_tf.datasets.era5.files import PieceStore
from dsc_tf.errors import DscTfError

REGION = (43.0, -33.0, 42.0, -32.5)
LICENCE = {
    "title": "required licences not accepted",
    "detail": "Not all the required licences have been accepted; please visit "
    "https://cds.example/datasets/that-one?tab=download#manage-licences to accept the required licence(s).",
}


@pytest.fixture
def service(tmp_path, monkeypatch):
    apart(monkeypatch, tmp_path)
    fake = FakeClimateDataStore()
    with serve_cds(fake) as address:
        monkeypatch.setenv("CDSAPI_URL", address + "/api")
        monkeypatch.setenv("CDSAPI_KEY", KEY)
        yield fake


def connected(variables=("t2m", "sshf"), period=("2021-01-30", "2021-01-31"), statistic="mean"):
    store = source("cds", new_request(variables, REGION, period, statistic))
    store.connect()
    return store


def first_piece(store, notes=None):
    notes = [] if notes is None else notes
    return store.fetch(store.pieces()[0], PieceStore(), notes.append)


def axes(ds):
    return ds["time"].values, ds["latitude"].values, ds["longitude"].values


def test_daily_means_of_both_kinds_of_variable(service):
    notes = []
    ds = first_piece(connected(), notes)
    assert ds["t2m"].sizes == {"time": 2, "latitude": 5, "longitude": 3} and set(ds.coords) == set(ds.dims)
    for name in ("t2m", "sshf"):
        np.testing.assert_allclose(ds[name], daily_truth(name, *axes(ds)), rtol=1e-5)
    assert service.submitted[0]["dataset"].startswith("derived-era5")
    assert any("running" in note for note in notes)


def test_files_of_instants_and_accumulations_become_one(service):
    ds = first_piece(connected(("tp", "u10", "sst"), statistic="hourly"))
    assert list(ds.data_vars) == ["tp", "u10", "sst"] and ds.sizes["time"] == 48
    for name in ds.data_vars:
        np.testing.assert_array_equal(ds[name], hourly_truth(name, *axes(ds)))
    assert ds.attrs["expver"] == "0001" and ds["tp"].attrs["units"] == "m"


def test_one_variable_comes_without_a_zip(service):
    ds = first_piece(connected(("v10",)))
    np.testing.assert_allclose(ds["v10"], daily_truth("v10", *axes(ds)), rtol=1e-5)


def test_preliminary_days_are_told(service):
    def answer(dataset, request):
        days = np.array(["2021-01-30", "2021-01-31"], "datetime64[D]")
        grid = np.arange(43.0, 41.9, -0.25), np.arange(-33.0, -32.4, 0.25)
        return delivered({"t2m": daily_truth("t2m", days, *grid)}, days, *grid, versions="0005")

    service.answer = answer
    assert first_piece(connected(("t2m",))).attrs["expver"] == "0005"


def test_damaged_answers_are_fetched_again(service):
    service.damaged = 2
    ds = first_piece(connected())
    np.testing.assert_allclose(ds["t2m"], daily_truth("t2m", *axes(ds)), rtol=1e-5)
    assert len(service.submitted) == 1 and service.seen["files/job-"] == 3


def test_answers_that_stay_damaged_are_given_up(service):
    service.damaged = 9
    with pytest.raises(DscTfError, match="damaged 3 times"):
        first_piece(connected())


def test_a_broken_transfer_goes_on_where_it_was(service, monkeypatch):
    monkeypatch.setattr("dsc_tf.datasets.era5.answers.BLOCK", 64)
    service.cut = 1
    ds = first_piece(connected())
    assert set(ds.data_vars) == {"t2m", "sshf"}
    assert service.seen["files/job-"] == 2
    assert service.seen["bytes"] < len(service.answers["job-0"]) + 64, "only the last block came twice"


def test_a_job_in_the_queue_is_waited_for_by_the_next_run(service):
    service.looks = 10**6
    store = connected()

    def impatient(note):
        if "running" in note:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fetch(store.pieces()[0], PieceStore(), impatient)
    service.jobs["job-0"] = 0
    first_piece(connected())
    assert len(service.submitted) == 1


def test_the_next_pieces_wait_in_the_queue_at_the_same_time(service):
    store = connected(("t2m",), period=("2021-01-30", "2021-08-02"))
    months, kept = [f"{month:02d}" for month in range(1, 9)], PieceStore()
    for i, piece in enumerate(store.pieces()[:2]):
        kept.save(piece, store.fetch(piece, kept, lambda note: None))
        assert [asked["month"][0] for asked in service.submitted] == months[: AHEAD + i]


def test_a_full_queue_is_told_only_when_it_is_a_pieces_turn(service):
    service.room, service.refusal = 1, (429, {"title": "too many queued"})
    store = connected(("t2m",), period=("2021-01-30", "2021-02-02"))
    assert first_piece(store).sizes["time"] == 2
    with pytest.raises(DscTfError, match="later"):
        store.fetch(store.pieces()[1], PieceStore(), lambda note: None)


def test_a_job_that_was_forgotten_is_submitted_anew(service):
    store = connected()
    PieceStore().scratch(store.pieces()[0], ".job").write_text("job-of-last-year")
    first_piece(store)
    assert len(service.submitted) == 1


def test_an_answer_that_expired_is_asked_for_anew(service):
    store = connected()
    piece = store.pieces()[0]
    service.looks = 0
    name = service.submit("derived", piece.about["request"])
    service.answers[name] = b"expired"
    results = store._results

    def expire(*arguments):
        found = results(*arguments)
        service.answers.pop("job-0", None)
        return found

    PieceStore().scratch(piece, ".job").write_text(name)
    store._results = expire
    first_piece(store)
    assert len(service.submitted) == 2


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (
            (403, LICENCE),
            "Accept it once, signed in, at https://cds.example/datasets/that-one.*licences, then",
        ),
        ((403, {"title": "user didn't accept all required site policies"}), "licence: .*tab=download#manage"),
        (
            (403, {"title": "cost limits exceeded", "detail": "Your request is too large"}),
            "request: too large",
        ),
        ((429, {"title": "too many requests"}), "Run the same command later"),
        (
            (400, {"title": "invalid request", "detail": "no data is available"}),
            "refused it .*no data is available",
        ),
        ((503, {"title": "maintenance"}), r"service: .*fails \(503\)"),
    ],
)
def test_refusals_say_in_one_line_what_to_do(service, refusal, message):
    service.refusal = refusal
    with pytest.raises(DscTfError, match=message) as caught:
        first_piece(connected())
    assert "\n" not in str(caught.value)


def test_a_failed_job_tells_why_and_is_submitted_anew_by_the_next_run(service):
    service.failure = "MARS has no data"
    with pytest.raises(DscTfError, match="MARS has no data"):
        first_piece(connected())
    service.failure = None
    first_piece(connected())
    assert len(service.submitted) == 2


def test_a_wrong_key_is_told(service, monkeypatch):
    monkeypatch.setenv("CDSAPI_KEY", "of-somebody-else")
    with pytest.raises(DscTfError, match="does not know this key"):
        first_piece(connected())


@pytest.mark.parametrize(
    "content", [None, "url: https://cds.example/api\n", "url: https://cds.example/api\nkey: 12:ab\n"]
)
def test_a_missing_or_old_key_is_told(content, tmp_path, monkeypatch):
    apart(monkeypatch, tmp_path)
    if content:
        (tmp_path / "no-such-file").write_text(content)
    with pytest.raises(DscTfError, match="credentials: .*how-to-api"):
        connected()


def test_a_missing_package_is_told(service, monkeypatch):
    monkeypatch.setitem(sys.modules, "cdsapi.api", None)
    with pytest.raises(DscTfError, match=r"cdsapi is missing.*dsc_tf\[download\]"):
        connected()


def test_no_network_is_told_at_once(service, monkeypatch):
    monkeypatch.setenv("CDSAPI_URL", "http://127.0.0.1:9/api")
    with pytest.raises(DscTfError, match="network: "):
        connected()


def test_days_that_do_not_come_yet_are_asked_for_anew_by_the_next_run(service):
    def early(dataset, request):
        return zipped_answer(dataset, request | {"day": request["day"][:1]})

    service.answer = early
    with pytest.raises(DscTfError, match="time: 1 values"):
        first_piece(connected())
    service.answer = zipped_answer
    assert first_piece(connected()).sizes["time"] == 2


def test_a_variable_that_does_not_come_is_told(service):
    service.answer = lambda dataset, request: zipped(
        {
            "a.nc": delivered(
                {"t2m": np.zeros((2, 5, 3))}, ["2021-01-30", "2021-01-31"], np.arange(5.0), np.arange(3.0)
            )
        }
    )
    with pytest.raises(DscTfError, match="lacks sshf; it holds t2m"):
        first_piece(connected())


def test_the_stand_in_knows_which_variables_accumulate():
    from dsc_tf.datasets.era5.variables import VARIABLES

    assert all(VARIABLES[name].is_accumulated for name in ACCUMULATED)
