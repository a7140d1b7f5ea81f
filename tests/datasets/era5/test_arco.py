"""Zarr stores in the layouts of the real ones, served over HTTP."""

from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from servers import KEY, SHORT, apart, daily_truth, hourly_truth, serve_folder

from dsc_tf.datasets.era5 import new_request
from dsc_tf.datasets.era5.arco import LAYOUTS, ZarrStore
from dsc_tf.datasets.era5.files import PieceStore
from dsc_tf.errors import DscTfError

CORNER = (40.0, -34.0)
REGION = (42.0, -32.75, 40.75, -31.0)
HOURS = pd.date_range("2021-01-01", "2021-01-12 23:00", freq="h")
PERIOD = ("2021-01-03", "2021-01-06")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Both stores, of the globe a part: 12 x 16 points."""
    folder = tmp_path_factory.mktemp("stores")
    rising, columns = CORNER[0] + 0.25 * np.arange(12), CORNER[1] + 0.25 * np.arange(16)
    names = ["t2m", "sshf"]
    fields = {name: hourly_truth(name, HOURS, rising, columns) for name in names}
    axes = ("time", "latitude", "longitude")
    arco = xr.Dataset(
        {name: (axes, values) for name, values in fields.items()},
        {"time": HOURS, "latitude": rising, "longitude": columns},
    )
    encoding = {name: {"chunks": (96, 4, 4)} for name in names}
    encoding["t2m"] |= {"dtype": "int16", "scale_factor": 0.01, "add_offset": 100.0, "_FillValue": -32768}
    encoding["time"] = {"units": "seconds since 1970-01-01", "dtype": "int64"}
    arco.to_zarr(folder / "geo.zarr", zarr_format=2, consolidated=True, encoding=encoding)
    google = arco.isel(latitude=slice(None, None, -1))
    google = google.assign_coords(longitude=google.longitude % 360).rename(
        {short: long for long, short in SHORT.items() if short in names}
    )
    google["latitude"], google["longitude"] = google.latitude.astype("f4"), google.longitude.astype("f4")
    google.attrs = {"valid_time_stop": "2021-01-08", "valid_time_stop_era5t": "2021-01-10"}
    for name in google.data_vars:
        google[name].encoding = {"chunks": (1, 12, 16)}
    google["time"].encoding = {"units": "hours since 1900-01-01", "dtype": "int64"}
    google.to_zarr(folder / "google.zarr", zarr_format=2, consolidated=True)
    return folder


@pytest.fixture
def seen(tmp_path, monkeypatch):
    apart(monkeypatch, tmp_path)
    monkeypatch.setenv("CDSAPI_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CDSAPI_KEY", KEY)
    return Counter()


@pytest.fixture
def layouts(folders, seen):
    with serve_folder(folders, seen, KEY) as closed, serve_folder(folders, seen) as open_to_all:
        yield {
            "arco": replace(
                LAYOUTS["arco"],
                url=f"{closed}/geo.zarr",
                chunks=(96, 4, 4),
                corner=CORNER,
                first_day=date(2021, 1, 1),
            ),
            "google": replace(LAYOUTS["google"], url=f"{open_to_all}/google.zarr", chunks=(1, 12, 16)),
        }


def store_of(layout, variables=("t2m", "sshf"), region=REGION, period=PERIOD, statistic="mean"):
    store = ZarrStore(new_request(variables, region, period, statistic), layout)
    store.connect()
    return store


def all_of(store):
    parts = [store.fetch(piece, PieceStore(), lambda note: None) for piece in store.pieces()]
    return xr.combine_by_coords(parts).sortby("latitude", ascending=False)


def chunks_read(seen):
    return Counter({path: count for path, count in seen.items() if "/t2m/" in path and path[-1].isdigit()})


@pytest.mark.parametrize(
    ("name", "statistic", "reduce", "last"),
    [
        ("arco", "mean", np.mean, "2021-01-06"),
        ("arco", "maximum", np.max, "2021-01-06"),
        ("arco", "sum", np.sum, "2021-01-06"),
        ("google", "mean", np.mean, "2021-01-04"),
    ],
)
def test_daily_statistics(layouts, name, statistic, reduce, last):
    store = store_of(layouts[name], statistic=statistic, period=("2021-01-03", last))
    ds = all_of(store)
    assert ds.sizes == {"time": int(last[-1]) - 2, "latitude": 6, "longitude": 8}
    wanted = store.request.time, store.request.latitude, store.request.longitude
    for short in ("t2m", "sshf"):
        packing = {"atol": 0.006 * (24 if statistic == "sum" else 1)} if short == "t2m" else {"rtol": 1e-5}
        np.testing.assert_allclose(ds[short], daily_truth(short, *wanted, reduce=reduce), **packing)
    np.testing.assert_array_equal(ds["longitude"], wanted[2])


def test_hours_as_they_are_stamped(layouts):
    store = store_of(layouts["google"], ("sshf",), period=("2021-01-03", "2021-01-03"), statistic="hourly")
    ds = all_of(store)
    wanted = store.request.time, store.request.latitude, store.request.longitude
    np.testing.assert_array_equal(ds["sshf"], hourly_truth("sshf", *wanted))
    np.testing.assert_array_equal(ds["time"], wanted[0])


def test_only_chunks_that_are_needed_are_read_and_each_once(layouts, seen):
    """Days 3 to 6 are hours 48 to 143: chunks 0 and 1 of 96; rows 3 to 8 are chunks 0 to 2, columns 5 to 12: 1 to 3."""
    all_of(store_of(layouts["arco"], ("t2m",)))
    wanted = {
        f"/geo.zarr/t2m/{t}.{row}.{column}" for t in (0, 1) for row in (0, 1, 2) for column in (1, 2, 3)
    }
    assert chunks_read(seen) == Counter(dict.fromkeys(wanted, 1))


def test_a_transfer_is_as_large_as_estimated(layouts, seen):
    store = store_of(layouts["arco"], ("t2m",))
    all_of(store)
    assert store.transfer_bytes() == 4 * 96 * 4 * 4 * sum(chunks_read(seen).values())


def test_wide_boxes_are_read_in_tiles_that_memory_bears(layouts, seen, monkeypatch):
    monkeypatch.setattr("dsc_tf.datasets.era5.arco.MOST_BYTES", 4 * 97 * 16 * 2)
    store = store_of(layouts["arco"], ("t2m",))
    assert len(store.pieces()) == 3 * 2
    ds = all_of(store)
    np.testing.assert_allclose(
        ds["t2m"],
        daily_truth("t2m", store.request.time, store.request.latitude, store.request.longitude),
        atol=0.006,
    )
    assert set(chunks_read(seen).values()) == {1}


def test_a_store_for_those_with_an_account(layouts, monkeypatch):
    monkeypatch.setenv("CDSAPI_KEY", "of-somebody-else")
    with pytest.raises(DscTfError, match=r"credentials: .*\(401\)"):
        store_of(layouts["arco"])


def test_a_store_that_moved(layouts):
    with pytest.raises(DscTfError, match="source: there is no store"):
        store_of(replace(layouts["google"], url=layouts["google"].url + "-moved"))


def test_no_network(layouts):
    with pytest.raises(DscTfError, match="network: "):
        store_of(replace(layouts["google"], url="http://127.0.0.1:9/x.zarr"))


def test_what_the_store_does_not_hold_yet(layouts):
    with pytest.raises(DscTfError, match="ends on 2021-01-10"):
        store_of(layouts["google"], period=("2021-01-09", "2021-01-11"))
    with pytest.raises(DscTfError, match="ends on 2021-01-12"):
        store_of(layouts["arco"], period=("2021-01-09", "2021-01-13"))


def test_the_hour_after_the_last_day_must_be_there_for_accumulations(layouts):
    store = store_of(layouts["arco"], ("sshf",), period=("2021-01-11", "2021-01-12"))
    with pytest.raises(DscTfError, match="47 of 48 hours"):
        all_of(store)


def test_a_variable_that_is_not_there(layouts):
    with pytest.raises(DscTfError, match="does not hold sea_surface_temperature"):
        all_of(store_of(layouts["google"], ("sst",)))


def test_a_store_that_fails_is_asked_again_and_then_given_up(layouts, seen):
    seen["broken_after"] = 0
    with pytest.raises(DscTfError, match=r"service: .*\(503\)"):
        all_of(store_of(layouts["google"], ("sshf",)))
