"""Pieces and files: whole, checked, and known by their manifests."""

import errno
import json
import os

import numpy as np
import pytest
import xarray as xr
from servers import apart

from dsc_tf.datasets.cache import cache_folder
from dsc_tf.datasets.era5 import files, new_request, source
from dsc_tf.datasets.era5.record import checked
from dsc_tf.errors import DscTfError

REGION = (43.0, -33.0, 42.0, -32.5)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    apart(monkeypatch, tmp_path)


@pytest.fixture
def store():
    return source("cds", new_request(["t2m", "tp"], REGION, ("2021-01-30", "2021-02-02")))


@pytest.fixture
def kept(store):
    """All pieces, January and February, with values that tell their places."""
    kept = files.PieceStore()
    for piece, days in zip(
        store.pieces(), (["2021-01-30", "2021-01-31"], ["2021-02-01", "2021-02-02"]), strict=True
    ):
        kept.save(piece, piece_of(store.request, days))
    return kept


def piece_of(request, days):
    times = np.array(days, "datetime64[ns]")
    place = request.latitude[:, None] + request.longitude
    values = (np.arange(len(times))[:, None, None] + place).astype("float32")
    axes = {"time": times, "latitude": request.latitude, "longitude": request.longitude}
    fields = {"t2m": (tuple(axes), values, {"units": "K"}), "tp": (tuple(axes), values, {"units": "m"})}
    return xr.Dataset(fields, axes, {"expver": "0001"})


def write(path, store, kept, settings=None):
    files.write_result(path, kept, store.pieces(), store, settings or {"source": "cds"})


def test_cache_is_where_the_variables_say(tmp_path, monkeypatch):
    assert cache_folder("a", "b") == tmp_path / "cache/a/b"
    monkeypatch.delenv("DSC_TF_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg/dsc_tf"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder("pieces") == tmp_path / "home/.cache/dsc_tf/pieces"
    assert (tmp_path / "home/.cache/dsc_tf/pieces").is_dir()


def test_a_cache_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DSC_TF_CACHE", str(tmp_path / "file"))
    with pytest.raises(DscTfError, match="DSC_TF_CACHE"):
        cache_folder("download")


def test_result_is_one_cf_file_beside_its_manifest(store, kept, tmp_path):
    path = tmp_path / "new" / "era5.nc"
    write(path, store, kept, {"source": "cds", "limit": 1.0})
    assert sorted(p.name for p in path.parent.iterdir()) == ["era5.nc", "era5.nc.json"]
    with xr.open_dataset(path) as ds:
        assert ds["t2m"].dims == ("time", "latitude", "longitude") and ds["t2m"].dtype == np.float32
        np.testing.assert_array_equal(ds["time"], store.request.time)
        np.testing.assert_allclose(ds["t2m"][:, 0, 0], [10, 11, 10, 11])
        assert ds["t2m"].attrs["standard_name"] == "air_temperature"
        assert ds["tp"].attrs["cell_methods"] == "time: mean"
        assert ds["latitude"].attrs["units"] == "degrees_north" and ds.attrs["expver"] == "0001"
    manifest = json.loads((path.parent / "era5.nc.json").read_text())
    assert manifest["sha256"] == files.sha256(path) and manifest["license"] == "CC-BY-4.0"
    assert manifest["config"] == {"source": "cds", "limit": 1.0} and len(manifest["requests"]) == 2
    assert not list(kept.folder.iterdir()), "pieces are needed no longer"


def test_a_file_that_is_there_is_known_by_settings_and_checksum(store, kept, tmp_path):
    path, settings = tmp_path / "era5.nc", {"source": "cds"}
    assert not files.is_whole(path, settings)
    write(path, store, kept, settings)
    assert files.is_whole(path, settings)
    with pytest.raises(DscTfError, match="of other settings"):
        files.is_whole(path, {"source": "arco"})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DscTfError, match="another checksum"):
        files.is_whole(path, settings)
    files.manifest_path(path).unlink()
    with pytest.raises(DscTfError, match="without a manifest"):
        files.is_whole(path, settings)


def test_a_damaged_piece_is_told_and_forgotten(store, kept):
    piece = store.pieces()[0]
    assert kept.holds(piece)
    path = kept.path(piece)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="checksum is wrong"):
        assert not kept.holds(piece)
    assert not path.exists() and kept.holds(store.pieces()[1])


def test_a_missing_day_is_told(store, kept, tmp_path):
    kept.save(store.pieces()[1], piece_of(store.request, ["2021-02-01"]))
    with pytest.raises(DscTfError, match="time: 3 values"):
        write(tmp_path / "era5.nc", store, kept)
    assert not (tmp_path / "era5.nc").exists()


@pytest.mark.parametrize(
    ("name", "lost", "message"),
    [
        ("t2m", "last", "no value on 2021-01-31"),
        ("t2m", "all", "no value on 2021-01-30"),
        ("t2m", "west", None),
        ("sst", "last", "no value on 2021-01-31"),
        ("sst", "all", None),  # land
        ("cbh", "last", None),  # no cloud
    ],
)
def test_days_that_are_not_filled_yet(name, lost, message):
    wanted = new_request([name], REGION, ("2021-01-30", "2021-01-31"))
    ds = piece_of(wanted, ["2021-01-30", "2021-01-31"]).rename(t2m=name)
    here = {"last": ds.time < ds.time[-1], "all": ds.time < ds.time[0], "west": ds.longitude > -33}[lost]
    if message:
        with pytest.raises(DscTfError, match=message):
            checked(ds.where(here), wanted)
    else:
        assert list(checked(ds.where(here), wanted)) == [name]


def test_other_grid_points_than_wanted_are_told(store, kept, tmp_path):
    january, february = store.pieces()
    for piece, days, message in (
        (january, ["2021-01-30", "2021-01-31"], "do not fit together"),
        (february, ["2021-02-01", "2021-02-02"], "longitude: "),
    ):
        moved = piece_of(store.request, days)
        kept.save(piece, moved.assign_coords(longitude=moved.longitude + 0.1))
        with pytest.raises(DscTfError, match=message):
            write(tmp_path / "era5.nc", store, kept)


def test_a_full_disk_leaves_no_half_file(store, kept, tmp_path, monkeypatch):
    def full(self, path, **options):
        path.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(DscTfError, match="no space left.*run the same command again"):
        write(tmp_path / "era5.nc", store, kept)
    assert not list(tmp_path.glob("era5*"))
    assert all(kept.holds(piece) for piece in store.pieces()), "pieces are kept for the next run"


def test_units_are_written_as_udunits_has_them(tmp_path):
    store = source("cds", new_request(["t2m"], REGION, ("2021-01-30", "2021-01-31"), "maximum"))
    ds = piece_of(store.request, ["2021-01-30", "2021-01-31"])
    ds["t2m"].attrs["units"] = "J m**-2"
    kept = files.PieceStore()
    kept.save(store.pieces()[0], ds[["t2m"]])
    write(tmp_path / "era5.nc", store, kept)
    with xr.open_dataset(tmp_path / "era5.nc") as found:
        assert (
            found["t2m"].attrs["units"] == "J m-2" and found["t2m"].attrs["cell_methods"] == "time: maximum"
        )
