"""Values that count as missing, and warnings about them."""

import json
import pickle
import shutil
import warnings

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr
from scipy.ndimage import gaussian_filter

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.records.field_statistics import FieldStatistics
from dsc_tf.records.open import open_dataset
from dsc_tf.records.validation import check_dataset


@pytest.fixture
def ds():
    return mock_dataset(days=20, latitudes=6, longitudes=7, variables=("t2m",)).drop_vars("regime")


@pytest.mark.parametrize("kind", ["f4", "f8", "i2", "i4", "u2"])
def test_default_fill_values_count_as_missing(kind, tmp_path):
    """As netCDF4-python reads them, whatever the type."""
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", 4), ("lat", 2), ("lon", 3)):
            file.createDimension(name, size)
            file.createVariable(name, "f8", (name,))[:] = np.arange(size)
        file["time"].units = "days since 2001-01-01"
        values = file.createVariable("v", kind, ("time", "lat", "lon"))
        values[:] = 5
        values[1, 0, 0] = netCDF4.default_fillvals[kind]
        expected = values[:].filled(0)
    opened = open_dataset(path).v
    assert int(np.isnan(opened).sum()) == 1 and np.isnan(opened[1, 0, 0])
    known = np.isfinite(opened.values)
    np.testing.assert_array_equal(opened.values[known], expected[known])


@pytest.mark.parametrize("attrs", [{"valid_min": 0.0, "valid_max": 10.0}, {"valid_range": [0.0, 10.0]}])
def test_values_outside_the_valid_range_count_as_missing(ds, attrs, tmp_path):
    ds["t2m"].values[:] = 5
    ds["t2m"].values[3, 2, 1], ds["t2m"].values[4, 2, 1] = -1, 11
    ds["t2m"].attrs |= attrs
    ds.to_netcdf(tmp_path / "a.nc")
    for source in (ds, tmp_path / "a.nc"):
        opened = open_dataset(source).t2m
        assert np.flatnonzero(np.isnan(opened).any(("latitude", "longitude"))).tolist() == [3, 4]


def test_a_valid_range_of_packed_values_is_in_the_packed_unit(ds, tmp_path):
    ds["t2m"].attrs["valid_range"] = np.array([0, 100], dtype="i2")
    ds["t2m"].values[:] = 20
    ds["t2m"].values[0, 0, 0] = 60.5  # 101 when packed
    packed = {"dtype": "i2", "scale_factor": 0.5, "add_offset": 10.0, "_FillValue": -1}
    ds.to_netcdf(tmp_path / "a.nc", encoding={"t2m": packed})
    opened = open_dataset(tmp_path / "a.nc").t2m
    assert int(np.isnan(opened).sum()) == 1 and np.isnan(opened[0, 0, 0])


@pytest.mark.parametrize(
    "attrs",
    [
        {"missing_value": np.float64(-9999.9)},
        {"missing_value": np.float64(1e20)},
        {"missing_value": "-9999."},
        {"missing_value": "1.e+20f"},
        {"fill_value": np.float32(-777)},
        {"missing_value": np.array([-888.8, -9999.9])},
    ],
)
def test_fill_values_of_another_type_or_name_count_as_missing(ds, attrs, tmp_path):
    """-9999.9 in double precision differs from the value in single precision that it stands for."""
    numbers = {"-9999.": -9999.0, "1.e+20f": 1e20}
    stated = np.ravel(next(iter(attrs.values())))[-1]
    ds["t2m"] = ds.t2m.astype("float32")
    ds["t2m"].values[1, 0, 0] = numbers.get(str(stated), stated)
    ds.to_netcdf(tmp_path / "a.nc", encoding={"t2m": {"_FillValue": None}})
    with netCDF4.Dataset(tmp_path / "a.nc", "a") as file:
        file["t2m"].setncatts(attrs)
    opened = open_dataset(tmp_path / "a.nc").t2m
    assert int(np.isnan(opened).sum()) == 1 and np.isnan(opened[1, 0, 0])


def test_a_fill_value_in_text_of_packed_numbers_counts_as_missing(ds, tmp_path):
    numbers = np.full(ds.t2m.shape, 20, dtype="i2")
    numbers[0, 0, 0] = -9999
    ds.assign(t2m=ds.t2m.copy(data=numbers)).to_netcdf(tmp_path / "a.nc")
    with netCDF4.Dataset(tmp_path / "a.nc", "a") as file:
        file["t2m"].setncatts({"scale_factor": 0.5, "add_offset": 10.0, "missing_value": "-9999"})
    opened = open_dataset(tmp_path / "a.nc").t2m
    assert int(np.isnan(opened).sum()) == 1 and np.isnan(opened[0, 0, 0])


def test_a_fill_value_of_zero_is_named_and_no_coordinate(ds, tmp_path):
    """Zarr stores of format 2 have it unless another one is given."""
    rain = np.random.default_rng(0).integers(0, 2, ds.t2m.shape).astype("f4")
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    columns = np.arange(7.0)
    for name, values, dims in (
        ("time", np.arange(20), ["time"]),
        ("lat", np.arange(6.0), ["lat"]),
        ("lon", columns, ["lon"]),
        ("rain", rain, ["time", "lat", "lon"]),
    ):
        array = group.create_array(name, shape=values.shape, dtype=values.dtype, fill_value=0)
        array[...] = values
        array.attrs["_ARRAY_DIMENSIONS"] = dims
    group["time"].attrs["units"], group["rain"].attrs["units"] = "days since 2001-01-01", "mm"
    with pytest.warns(UserWarning, match="rain: 0 counts as missing, as its _FillValue states"):
        opened = open_dataset(tmp_path / "a.zarr")
    np.testing.assert_array_equal(opened.longitude, columns)
    assert str(opened.time.values[0])[:10] == "2001-01-01"
    np.testing.assert_array_equal(np.isnan(opened.rain), rain == 0)


def test_a_variable_of_an_enumeration_is_left_out(ds, tmp_path):
    ds.to_netcdf(tmp_path / "a.nc")
    with netCDF4.Dataset(tmp_path / "a.nc", "a") as file:
        kinds = file.createEnumType("u1", "kinds", {"clear": 0, "cloudy": 1})
        file.createVariable("cloud", kinds, ("time", "latitude", "longitude"))[:] = 1
    with pytest.warns(UserWarning, match="flags rather than a quantity: cloud"):
        assert list(open_dataset(tmp_path / "a.nc")) == ["t2m"]


def test_flags_of_a_quantity_count_as_missing(ds):
    ds["t2m"].values[2] = 251
    ds["t2m"].attrs |= {"flag_values": [251.0, 252.0], "flag_meanings": "land missing"}
    assert np.isnan(open_dataset(ds).t2m[2]).all()


def test_categories_are_left_out(ds):
    quality = (
        (ds.t2m * 0).astype("int8").assign_attrs(units="1", flag_values=[0, 1], flag_meanings="good bad")
    )
    with pytest.warns(UserWarning, match="flags rather than a quantity: quality"):
        assert list(open_dataset(ds.assign(quality=quality))) == ["t2m"]


@pytest.mark.parametrize("code", [-9999.0, -999.0, 1e20, -32767.0, 9.969209968386869e36, 3e38])
def test_codes_that_a_file_does_not_state_are_refused(ds, code):
    ds["t2m"].values[::3, 2, 2] = code
    with pytest.raises(DscTfError, match="t2m: .* occurs far from all other values"):
        check_dataset(ds)


def test_values_that_look_like_codes_but_are_none(ds):
    """Depths of an ocean may well be 9999 m."""
    ds["t2m"].values[:] = np.random.default_rng(0).uniform(9000, 9999, ds.t2m.shape)
    ds["t2m"].values[0, 0, 0] = 9999
    check_dataset(ds)


def test_steps_that_are_missing_are_named(ds):
    ds["t2m"].values[[4, 7]] = np.nan
    with pytest.warns(UserWarning, match="t2m: 2 of 20 steps are missing entirely, the first 2001-01-05"):
        check_dataset(ds)


def test_scattered_missing_values_are_reported(ds):
    ds["t2m"].values[np.random.default_rng(0).random(ds.t2m.shape) < 0.8] = np.nan
    with pytest.warns(UserWarning, match="t2m: [78]. % of the values are missing"):
        check_dataset(ds)


def test_any_missing_value_is_reported_with_its_share(ds):
    ds["t2m"].values[3, 2, 2] = np.nan
    with pytest.warns(UserWarning, match="t2m: 0.1 % of the values are missing in cells that have others"):
        check_dataset(ds)  # 1 of 20 x 6 x 7 values


def test_cells_without_any_value_are_reported(ds):
    ds["t2m"].values[:, 2, 2:4] = np.nan
    with pytest.warns(UserWarning, match="t2m: 2 of 42 cells are missing at all steps. They are filled"):
        check_dataset(ds)


def test_a_variable_without_values_is_refused_with_the_others_named():
    ds = mock_dataset(days=5)
    ds["t2m"].values[:] = np.nan
    with pytest.raises(
        DscTfError, match="t2m: every value is missing. Leave it out, as with --variables msl"
    ):
        check_dataset(ds)


def test_a_grid_with_one_cell_left_is_reported(ds):
    ds["t2m"].values[:, np.arange(42).reshape(6, 7) != 3] = np.nan
    with pytest.warns(UserWarning, match="41 of 42 cells are missing at all steps"):
        check_dataset(ds)


def smooth(seed=0):
    field = gaussian_filter(np.random.default_rng(seed).normal(size=(200, 24, 30)), (2, 3, 3))
    return field / field.std()


FIELDS = {
    "cloud cover": lambda: 1 / (1 + np.exp(-6 * smooth())),
    "sharp cloud cover": lambda: (smooth() > 0).astype(float),
    "sea ice": lambda: np.clip(100 * (smooth() + 0.5), 0, 100),
    "wave direction": lambda: np.degrees(np.arctan2(smooth(1), smooth(2))) % 360,
    "direction in radians": lambda: np.arctan2(smooth(1), smooth(2)),
    "coarse rain": lambda: np.random.default_rng(0).gamma(0.1, 10, (200, 24, 30)),
    "white noise": lambda: np.random.default_rng(0).normal(size=(200, 24, 30)),
}


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_of_nature_is_called_damaged(name):
    ds = mock_dataset(days=200, latitudes=24, longitudes=30, variables=("v",))
    ds["v"].values[:] = FIELDS[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_dataset(ds)


def store(ds, tmp_path):
    pytest.importorskip("zarr")
    path = tmp_path / "a.zarr"
    ds.chunk(time=5).to_zarr(path, zarr_format=2, consolidated=False)
    return path


@pytest.mark.parametrize("fill", ["NaN", 0.0])
@pytest.mark.filterwarnings("ignore:t2m. 0 counts as missing:UserWarning")
def test_an_absent_chunk_is_reported(ds, tmp_path, fill):
    path = store(ds, tmp_path)
    described = json.loads((path / "t2m" / ".zarray").read_text())
    (path / "t2m" / ".zarray").write_text(json.dumps(described | {"fill_value": fill}))
    attrs = json.loads((path / "t2m" / ".zattrs").read_text())
    (path / "t2m" / ".zattrs").write_text(json.dumps({k: v for k, v in attrs.items() if k != "_FillValue"}))
    (path / "t2m" / "1.0.0").unlink()
    with pytest.warns(UserWarning, match="missing entirely|1 of 4 chunks are not in the store"):
        check_dataset(open_dataset(path))


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("where", ["filters", "compressor"])
@pytest.mark.parametrize("kind", ["|O", "<f4"])
def test_a_store_with_pickles_runs_no_code(ds, tmp_path, where, kind):
    path = store(ds, tmp_path)
    codec = {"id": "pickle", "protocol": 5}
    described = json.loads((path / "t2m" / ".zarray").read_text()) | {"dtype": kind, "filters": None}
    described |= {"compressor": None, "fill_value": None} | {where: [codec] if where == "filters" else codec}
    (path / "t2m" / ".zarray").write_text(json.dumps(described))
    for chunk in (path / "t2m").glob("?.?.?"):
        chunk.write_bytes(pickle.dumps(Evil(tmp_path / "ran")))
    with pytest.raises(DscTfError, match="codec 'pickle', which can run any code"):
        open_dataset(path)
    assert not (tmp_path / "ran").exists()


def test_the_pickle_codec_itself_refuses():
    numcodecs = pytest.importorskip("numcodecs")
    codec = numcodecs.get_codec({"id": "pickle"})
    with pytest.raises(Exception, match="[Dd]isabled"):
        codec.decode(pickle.dumps(1))


def test_a_damaged_chunk_is_refused_in_one_line(ds, tmp_path):
    path = store(ds, tmp_path)
    (path / "t2m" / "1.0.0").write_bytes(b"garbage" * 20)
    with pytest.raises(DscTfError, match="^t2m: ") as caught:
        check_dataset(open_dataset(path))
    assert "\n" not in str(caught.value)


def test_a_codec_that_is_not_there_is_named(ds, tmp_path):
    path = store(ds, tmp_path)
    described = json.loads((path / "t2m" / ".zarray").read_text())
    (path / "t2m" / ".zarray").write_text(json.dumps(described | {"compressor": {"id": "nosuch"}}))
    with pytest.raises(DscTfError, match="nosuch"):
        check_dataset(open_dataset(path))


def test_what_is_no_file_is_refused(tmp_path):
    import os
    import socket

    os.mkfifo(tmp_path / "fifo.nc")
    with socket.socket(socket.AF_UNIX) as one:
        shutil.rmtree(tmp_path / "none", ignore_errors=True)
        here = os.getcwd()
        os.chdir(tmp_path)
        try:
            one.bind("socket.nc")
        finally:
            os.chdir(here)
        cases = {
            tmp_path / "fifo.nc": "named pipe",
            tmp_path / "socket.nc": "socket",
            "/dev/null": "device",
            tmp_path / ("a" * 300 + ".nc"): "more than 255 letters",
            "": "empty name",
        }
        for path, words in cases.items():
            with pytest.raises(DscTfError, match=words) as caught:
                open_dataset(str(path))
            assert "\n" not in str(caught.value)


def test_numbers_in_days_stay_numbers(ds, tmp_path):
    ds["t2m"].attrs["units"] = "days"
    ds.to_netcdf(tmp_path / "wet.nc")
    np.testing.assert_array_equal(open_dataset(tmp_path / "wet.nc").t2m, ds.t2m)


def test_a_variable_of_truth_values_is_left_out(ds):
    with pytest.warns(UserWarning, match="left out.*dry"):
        assert list(open_dataset(ds.assign(dry=ds.t2m > 280))) == ["t2m"]


def test_missing_values_survive_a_file(ds, tmp_path):
    ds["t2m"].values[3, 2, 1] = np.nan
    ds.to_netcdf(tmp_path / "a.nc", encoding={"t2m": {"_FillValue": -1.0}})
    xr.testing.assert_equal(open_dataset(tmp_path / "a.nc").t2m.reset_coords(drop=True), ds.t2m)


def test_a_lone_value_far_from_all_others_is_named(ds):
    ds["t2m"].values[3, 2, 2] = 1e5
    with pytest.warns(UserWarning, match="t2m: 100000 lies far from all other values") as caught:
        check_dataset(ds)
    assert len(caught) == 1  # and no alarm of damaged packing


@pytest.mark.parametrize("code", [999.0, -99.0, -888.0])
def test_codes_of_three_digits_are_refused(ds, code):
    ds["t2m"].values[::3, 2, 2] = code
    with pytest.raises(DscTfError, match=f"t2m: {code:g} occurs far from all other values"):
        check_dataset(ds)


def pack(path, **attrs):
    """A file of two steps with values 1, 2, ..., 12 as 16-bit integers."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", 2), ("lat", 2), ("lon", 3)):
            file.createDimension(name, size)
            file.createVariable(name, "f8", (name,))[:] = np.arange(size)
        file["time"].units = "days since 2001-01-01"
        values = file.createVariable("t", "i2", ("time", "lat", "lon"))
        values.set_auto_maskandscale(False)
        values[:] = np.arange(1, 13).reshape(2, 2, 3)
        values.setncatts({"units": "K"} | attrs)
    return path


@pytest.mark.parametrize("attrs", [{"scale_factor": s} for s in ("0.1", 0.0, np.nan, np.array([1.0, 2.0]))])
def test_scale_factors_that_are_no_number_are_refused(tmp_path, attrs):
    with pytest.raises(DscTfError, match="scale_factor of t is .* so its values are unknown"):
        open_dataset(pack(tmp_path / "a.nc", **attrs))


@pytest.mark.parametrize("scale", [0.5, -0.5])
def test_valid_range_of_packed_integers(tmp_path, scale):
    """In the packed unit, also where a negative scale factor reverses it."""
    attrs = {"scale_factor": scale, "valid_range": np.array([3, 9], "i2")}
    opened = open_dataset(pack(tmp_path / "a.nc", **attrs))
    expected = np.arange(1, 13) * scale
    expected[[0, 1, 9, 10, 11]] = np.nan
    np.testing.assert_array_equal(opened.t.values.ravel(), expected)
    assert "count as missing, as its attributes state" in opened.attrs["dsc_tf_notes"]


@pytest.mark.parametrize("value", [0.0, 285.0])
def test_steps_with_one_value_everywhere_are_named(ds, value):
    """As a field that was never written, or a value that stands for missing ones."""
    ds["t2m"].values[[4, 7]] = value
    with pytest.warns(
        UserWarning, match="t2m: 2 of 20 steps have one value everywhere, the first 2001-01-05"
    ):
        check_dataset(ds)


def test_steps_without_rain_are_no_fault(ds):
    ds["t2m"].values[:] = np.maximum(0, np.random.default_rng(0).normal(0, 5, ds.t2m.shape))
    ds["t2m"].values[[4, 5, 7]] = 0
    check_dataset(ds)
    check_dataset(ds.isel(latitude=slice(2), longitude=slice(2)))


def test_repeated_steps_are_named(ds):
    ds["t2m"].values[8:11] = ds["t2m"].values[7]
    with pytest.warns(UserWarning, match="t2m: 3 of 20 steps repeat all values .*, the first 2001-01-09"):
        check_dataset(ds)


def test_repeated_steps_are_found_across_blocks_and_missing_cells():
    values = np.random.default_rng(0).normal(size=(6, 30)).astype("f4")
    values[:, 3] = np.nan
    values[3] = values[2]
    for cut in (1, 2, 3, 6):
        known = FieldStatistics(30)
        for begin in range(0, 6, cut):
            known.add(values[begin : begin + cut])
        assert known.repeated == [3] and known.uniform == []
