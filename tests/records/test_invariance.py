"""Reordering, splitting and packing a record again does not change what is read, and so not its labels."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsc_tf.clusterers.kmeans import KMeans
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.records.open import open_dataset

FAST = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NAMES = [
    ("time", "latitude", "longitude"),
    ("valid_time", "lat", "lon"),
    ("date", "nav_lat", "nav_lon"),
    ("t", "j", "i"),
]
UNITS = {"Pa": (1.0, 0.0), "hPa": (100.0, 0.0), "mbar": (100.0, 0.0), "kPa": (1000.0, 0.0)}
CALENDARS = ["standard", "noleap", "360_day"]


@st.composite
def records(draw):
    """A record in canonical form: axes, calendar, missing values and dtype vary."""
    steps, rows, columns = draw(st.integers(8, 16)), draw(st.integers(2, 4)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    values = rng.integers(0, 2**14, (steps, rows, columns)).astype(
        "float32"
    )  # exact in every unit and packing
    if draw(st.booleans()):
        values[:, rng.integers(rows), rng.integers(columns)] = np.nan
    first, spacing = draw(st.sampled_from([(-60.0, 2.5), (0.0, 0.25), (170.0, 5.0)]))
    latitude = draw(st.sampled_from([60.0, 10.0])) - 2.5 * np.arange(rows)
    calendar = draw(st.sampled_from(CALENDARS))
    time = xr.date_range("2001-01-20", periods=steps, calendar=calendar, use_cftime=calendar != "standard")
    coords = {
        "time": ("time", time),
        "latitude": ("latitude", latitude, {"standard_name": "latitude", "units": "degrees_north"}),
        "longitude": ("longitude", first + spacing * np.arange(columns), {"units": "degrees_east"}),
    }
    return xr.Dataset({"msl": (("time", "latitude", "longitude"), values, {"units": "Pa"})}, coords)


def same(opened, ds):
    np.testing.assert_array_equal(opened.msl.values, ds.msl.values)
    np.testing.assert_array_equal(opened.latitude, ds.latitude)
    np.testing.assert_allclose((opened.longitude - ds.longitude) % 360, 0, atol=1e-9)
    assert (opened.indexes["time"] == ds.indexes["time"]).all()


@FAST
@given(
    records(),
    st.permutations(range(3)),
    st.sampled_from(NAMES),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_order_of_dimensions_names_and_steps_do_not_matter(ds, order, names, wraps, random):
    dims = ("time", "latitude", "longitude")
    steps = list(range(ds.sizes["time"]))
    random.shuffle(steps)
    changed = ds.isel(time=steps).transpose(*(dims[i] for i in order))
    if wraps:
        changed = changed.assign_coords(
            longitude=("longitude", ds.longitude.values % 360, ds.longitude.attrs)
        )
    changed["time"].attrs["standard_name"] = "time"
    same(open_dataset(changed.rename({a: b for a, b in zip(dims, names, strict=True) if a != b})), ds)


@FAST
@given(records(), st.data())
def test_splitting_and_packing_again_do_not_matter(ds, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, ds.sizes["time"] - 1), max_size=2)))
    bounds = list(zip([0, *cuts], [*cuts, ds.sizes["time"]], strict=True))
    packings = [
        {"dtype": "int16", "scale_factor": 1.0, "_FillValue": -1},
        {"dtype": "float64"},
        {"zlib": True},
        {"dtype": "int32", "_FillValue": -9},
    ]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, (begin, end) in enumerate(data.draw(st.permutations(bounds))):
            part = ds.isel(time=slice(begin, end))
            if data.draw(st.booleans()):
                part = part.isel(latitude=slice(None, None, -1)) if i else part
            part.to_netcdf(Path(folder) / f"{i}.nc", encoding={"msl": data.draw(st.sampled_from(packings))})
            paths.append(Path(folder) / f"{i}.nc")
        opened = open_dataset(paths).load()
    if opened.latitude.values[0] != ds.latitude.values[0]:
        opened = opened.isel(latitude=slice(None, None, -1))
    same(opened, ds)


@FAST
@given(records(), st.sampled_from(list(UNITS)), st.integers(2, 6))
@pytest.mark.filterwarnings("ignore:msl of .*converted:UserWarning")
def test_units_of_a_file_do_not_matter(ds, unit, cut):
    factor, offset = UNITS[unit]
    late = ds.isel(time=slice(cut, None))
    late = late.assign(msl=((late.msl.astype("float64") - offset) / factor).assign_attrs(units=unit))
    with tempfile.TemporaryDirectory() as folder:
        ds.isel(time=slice(cut)).to_netcdf(Path(folder) / "a.nc")
        late.to_netcdf(Path(folder) / "b.nc")
        opened = open_dataset([Path(folder) / "a.nc", Path(folder) / "b.nc"]).load()
    np.testing.assert_allclose(opened.msl, ds.msl, rtol=1e-6)


@settings(FAST, max_examples=4)
@given(records(), st.permutations(range(3)))
def test_labels_stay(ds, order):
    dims = ("time", "latitude", "longitude")
    changed = ds.isel(time=slice(None, None, -1)).transpose(*(dims[i] for i in order))
    labels = [KMeans(2, random_state=0).fit_predict(prepare(open_dataset(one))[0]) for one in (ds, changed)]
    np.testing.assert_array_equal(np.asarray(labels[0]), np.asarray(labels[1]))


def test_members_in_any_order_of_dimensions():
    ds = xr.Dataset(
        {
            "v": (
                ("number", "time", "latitude", "longitude"),
                np.random.default_rng(0).normal(size=(2, 5, 3, 4)),
            )
        },
        {
            "number": [0, 1],
            "time": pd.date_range("2001", periods=5),
            "latitude": [3.0, 2, 1],
            "longitude": np.arange(4.0),
        },
    )
    expected = open_dataset(ds, member="all").v
    for order in (("time", "number"), ("latitude", "number"), ("longitude", "latitude")):
        np.testing.assert_array_equal(open_dataset(ds.transpose(*order, ...), member="all").v, expected)
