"""A record on disk gives the samples that it gives in memory, and leaves nothing behind."""

import dataclasses
import itertools

import numpy as np
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing import samples as stored
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.preprocessing.protocols import PAPER, PROTOCOLS
from dsc_tf.preprocessing.samples import Samples, overlapping
from dsc_tf.preprocessing.windows import gather_windows
from dsc_tf.records.memory import available_memory, memory_limit

LITTLE = 2**20  # the least that may be asked for
DAYS = 1200  # 8 x 9 x 2 values of four bytes: 0.7 MB, over half of it


def both(tmp_path, *args, **options):
    ds = options.pop("ds", None)
    ds = mock_dataset(days=DAYS, nan_policy="isolated", gaps=True) if ds is None else ds
    X, prep = prepare(ds, *args, **options)
    stored_X, stored_prep = prepare(ds, *args, **options, memory=LITTLE, scratch=tmp_path)
    assert stored_X.is_stored and isinstance(X, np.ndarray)
    return X, prep, stored_X, stored_prep


@pytest.mark.parametrize(("protocol", "window"), list(itertools.product(PROTOCOLS, (1, 4))))
def test_disk_and_memory_give_the_same(protocol, window, tmp_path):
    X, prep, on_disk, disk_prep = both(tmp_path, protocol, window)
    assert on_disk.shape == X.shape and on_disk.dtype == X.dtype and len(on_disk) == len(X)
    at = np.random.default_rng(0).permutation(len(X))[:50]
    for index in (slice(None), slice(7, 90, 3), at, at.tolist(), 5, X[:, 0, 0, 0, 0] > 0.5):
        np.testing.assert_allclose(on_disk[index], X[index], atol=2e-7 * max(1, np.abs(X).max()))
    np.testing.assert_allclose(on_disk[at, -1], X[at, -1], atol=1e-6)
    np.testing.assert_array_equal(disk_prep.sample_index, prep.sample_index)
    for name, value in prep.state().items():
        np.testing.assert_array_equal(disk_prep.state()[name], value)


@pytest.mark.parametrize("scale", ["variable", "cell", "standard"])
@pytest.mark.parametrize("deseasonalise", [False, True])
def test_any_protocol_gives_the_same(scale, deseasonalise, tmp_path):
    own = dataclasses.replace(PAPER, scale=scale, deseasonalise=deseasonalise, pad_multiple=4)
    X, _, on_disk, _ = both(tmp_path, own)
    np.testing.assert_allclose(on_disk[:], X, atol=1e-6 * np.abs(X).max())


def test_chunks_of_any_length_give_the_same(tmp_path, monkeypatch):
    from dsc_tf.records import chunks as blocks

    ds = mock_dataset(days=DAYS, nan_policy="coast")
    whole, _ = prepare(ds, "anomaly")
    for slab, chunk in ((20_000, 70), (100_000, 311), (2**26, 5000)):
        monkeypatch.setattr(blocks.field_blocks, "__kwdefaults__", {"slab": slab})
        lazy, _ = prepare(ds.chunk(time=chunk), "anomaly", memory=LITTLE, scratch=tmp_path)
        np.testing.assert_array_equal(lazy[:], whole)


def test_every_value_is_read_once(tmp_path):
    from dask import array

    ds = mock_dataset(days=DAYS)
    read = []

    def reading(block, block_info=None):
        read.append((block_info[0]["array-location"], block.shape))
        return block

    lazy = ds.assign({n: (v.dims, array.map_blocks(reading, array.from_array(v.values, chunks=(100, 8, 9)),
                                                   dtype="f4", meta=np.empty((0, 0, 0), "f4")))
                      for n, v in ds.data_vars.items()})  # fmt: skip
    prepare(lazy, "anomaly", memory=LITTLE, scratch=tmp_path)
    assert sum(shape[0] for _, shape in read) == 2 * DAYS


def test_windows_over_gaps_are_views_where_copies_would_be_large(monkeypatch):
    from dsc_tf.preprocessing import preprocessor as preprocessing

    ds = mock_dataset(days=DAYS, gaps=True)
    copied, _ = prepare(ds, window=5)
    monkeypatch.setattr(preprocessing, "MOST_COPIED", 1000)
    views, _ = prepare(ds, window=5)
    assert isinstance(views, Samples) and not views.is_stored and views.rows.nbytes < copied.nbytes / 4
    np.testing.assert_array_equal(np.asarray(views), copied)
    np.testing.assert_array_equal(views.last_step()[:], copied[:, -1:])
    without_gaps, _ = prepare(mock_dataset(days=DAYS), window=5)
    assert without_gaps.base is not None  # a view


def test_stored_samples_do_not_become_an_array_by_accident(tmp_path):
    *_, on_disk, _ = both(tmp_path)
    with pytest.raises(DscTfError, match="kept on disk.*more memory"):
        np.asarray(on_disk)


def test_nothing_is_left_on_disk(tmp_path):
    *_, on_disk, _ = both(tmp_path)
    on_disk.close()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="closed"):
        on_disk[:3]


@pytest.mark.parametrize("end", [KeyboardInterrupt, DscTfError])
def test_an_end_halfway_closes_the_file(end, tmp_path, monkeypatch):
    files = []

    def append(self, block):
        files.append(self._file)
        raise end("now")

    monkeypatch.setattr(stored.StoredRows, "append", append)
    with pytest.raises(end):
        prepare(mock_dataset(days=DAYS), memory=LITTLE, scratch=tmp_path)
    assert files[0].closed and not list(tmp_path.iterdir())


def test_a_disk_too_small_is_told_in_one_line(tmp_path, monkeypatch):
    full = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(stored.shutil, "disk_usage", lambda path: full)
    with pytest.raises(DscTfError, match="scratch: 0.0 GB do not fit into .*TMPDIR") as caught:
        prepare(mock_dataset(days=DAYS), memory=LITTLE, scratch=tmp_path)
    assert "\n" not in str(caught.value)


def test_a_window_too_long_closes_the_file(tmp_path):
    with pytest.raises(DscTfError, match="window: 5000"):
        prepare(mock_dataset(days=DAYS), window=5000, memory=LITTLE, scratch=tmp_path)


def test_new_data_are_stored_as_well(tmp_path):
    ds = mock_dataset(days=DAYS, nan_policy="isolated")
    _, prep = prepare(mock_dataset(days=400), "anomaly")
    np.testing.assert_array_equal(
        prep.transform(ds, memory=LITTLE, scratch=tmp_path)[:100], prep.transform(ds)[:100]
    )
    ds["msl"][700] = np.inf
    with pytest.raises(DscTfError, match="msl: infinite"):
        prep.transform(ds, memory=LITTLE, scratch=tmp_path)


def test_damage_is_told_of_stored_records(tmp_path):
    ds = mock_dataset(days=DAYS, latitudes=20, longitudes=20)
    phase = np.arange(DAYS)[:, None, None] / 5 + np.arange(20)[:, None] / 4 + np.arange(20) / 4
    ds["msl"].values[:] = (3 * np.sin(phase) + 10) % 4
    with pytest.warns(UserWarning, match="msl.*16-bit"):
        prepare(ds, memory=LITTLE, scratch=tmp_path)


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2e9), ("2 GiB", 2**31), ("1.5e9", 1.5e9), (3_000_000, 3e6), ("500m", 5e8), ("1MB", 1e6)],
)
def test_sizes_are_read(text, size):
    assert memory_limit(text) == size


@pytest.mark.parametrize("text", ["much", "2PB", "", "-1GB", "1kB", 0])
def test_bad_sizes_are_refused(text):
    with pytest.raises(DscTfError, match="memory: .*2GB"):
        memory_limit(text)


def test_a_scheduler_may_leave_less_than_the_machine_has(tmp_path):
    def file(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    file("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable: 4000 kB\n")
    assert available_memory(tmp_path) == 4000 * 1024
    file("proc/self/cgroup", "0::/job/step\n")
    file("sys/fs/cgroup/job/step/memory.max", "max\n")
    file("sys/fs/cgroup/job/memory.max", "3000000\n")
    file("sys/fs/cgroup/job/memory.current", "1000000\n")
    assert available_memory(tmp_path) == 2_000_000


def test_files_are_read_in_chunks_of_time(tmp_path, monkeypatch):
    from dsc_tf.records import open as opening
    from dsc_tf.records.open import open_dataset

    monkeypatch.setattr(opening, "SLAB", 4 * 72 * 50)
    wide = mock_dataset(days=300).astype("float64")
    wide.to_netcdf(tmp_path / "wide.nc", encoding={"t2m": {"chunksizes": (20, 8, 9)}})
    with open_dataset(tmp_path / "wide.nc") as ds:
        assert ds["t2m"].chunks[0][0] == 40  # whole chunks of the file, fifty steps at most
        assert ds["t2m"].dtype == np.float32
        xr.testing.assert_allclose(ds["t2m"].drop_vars("regime", errors="ignore"),
                                   mock_dataset(days=300)["t2m"].drop_vars("regime", errors="ignore"))  # fmt: skip


def test_windows_that_are_views_are_samples_of_their_fields():
    fields = np.random.default_rng(0).random((9, 3, 4, 2), dtype="float32")
    X = gather_windows(fields, np.arange(2, 9), 3)
    samples = overlapping(X[1:])
    assert np.shares_memory(samples.rows, fields) and samples.shape == (6, 3, 3, 4, 2)
    np.testing.assert_array_equal(samples[:], X[1:])
    assert overlapping(X.copy()) is None and overlapping(X[::2]) is None and overlapping(X[:, :1]) is None


def test_samples_of_one_step_share_nothing():
    rows = np.zeros((5, 4), np.float32)
    assert overlapping(Samples(rows, np.arange(5), 1, (2, 2, 1))) is None
    longer = Samples(rows, np.arange(1, 5), 2, (2, 2, 1))
    assert overlapping(longer) is longer
