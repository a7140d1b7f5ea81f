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
from dsc_tf.preprocessing.samples import Samples, true_labels
from dsc_tf.records.memory import available_memory, memory_limit

LITTLE = 2**20  # the least that may be asked for
DAYS = 1200  # 8 x 9 x 2 values of four bytes: 0.7 MB, over half of it


def both(tmp_path, *args, **options):
    ds = options.pop("ds", None)
    ds = mock_dataset(days=DAYS, nan_policy="isolated", gaps=True) if ds is None else ds
    X, prep = prepare(ds, *args, **options)
    stored_X, stored_prep = prepare(ds, *args, **options, memory=LITTLE, scratch=tmp_path)
    assert stored_X.is_stored and not X.is_stored
    return X, prep, stored_X, stored_prep


@pytest.mark.parametrize(("protocol", "window"), list(itertools.product(PROTOCOLS, (1, 4))))
def test_disk_and_memory_give_the_same(protocol, window, tmp_path):
    X, prep, on_disk, disk_prep = both(tmp_path, protocol, window)
    assert on_disk.shape == X.shape and on_disk.dtype == X.dtype and len(on_disk) == len(X)
    at = np.random.default_rng(0).permutation(len(X))[:50]
    for index in (slice(None), slice(7, 90, 3), at, at.tolist(), [5], X[:, 0, 0, 0, 0] > 0.5):
        np.testing.assert_allclose(on_disk.read(index), X.read(index), atol=2e-7 * max(1, np.abs(X).max()))
    np.testing.assert_allclose(on_disk[at, -1], X[at, -1], atol=1e-6)
    np.testing.assert_array_equal(on_disk.sample_index, X.sample_index)
    for name, value in prep.state().items():
        np.testing.assert_array_equal(disk_prep.state()[name], value)


@pytest.mark.parametrize("scale", ["variable", "cell", "standard"])
@pytest.mark.parametrize("deseasonalise", [False, True])
def test_any_protocol_gives_the_same(scale, deseasonalise, tmp_path):
    own = dataclasses.replace(PAPER, scale=scale, deseasonalise=deseasonalise, pad_multiple=4)
    X, _, on_disk, _ = both(tmp_path, own)
    np.testing.assert_allclose(on_disk.read(), X, atol=1e-6 * np.abs(X).max())


def test_chunks_of_any_length_give_the_same(tmp_path, monkeypatch):
    from dsc_tf.records import chunks as blocks

    ds = mock_dataset(days=DAYS, nan_policy="coast")
    whole, _ = prepare(ds, "anomaly")
    for slab, chunk in ((20_000, 70), (100_000, 311), (2**26, 5000)):
        monkeypatch.setattr(blocks.field_blocks, "__kwdefaults__", {"slab": slab})
        lazy, _ = prepare(ds.chunk(time=chunk), "anomaly", memory=LITTLE, scratch=tmp_path)
        np.testing.assert_array_equal(lazy.read(), whole)


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


def test_stored_samples_do_not_become_an_array_by_accident(tmp_path):
    *_, on_disk, _ = both(tmp_path)
    with pytest.raises(DscTfError, match="kept on disk.*more memory"):
        np.asarray(on_disk)


def test_nothing_is_left_on_disk(tmp_path):
    *_, on_disk, _ = both(tmp_path)
    on_disk.close()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="closed"):
        on_disk.read([1])


@pytest.mark.parametrize("end", [KeyboardInterrupt, DscTfError])
def test_an_end_halfway_closes_the_file(end, tmp_path, monkeypatch):
    files = []

    def append(self, block):
        files.append(self._file)
        raise end("now")

    monkeypatch.setattr(stored.ScratchArray, "append", append)
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
    _, prep = prepare(mock_dataset(days=400, nan_policy="isolated"), "anomaly")
    in_memory = prep.transform(ds)
    prep.set_params(memory=LITTLE, scratch=tmp_path)
    on_disk = prep.transform(ds)
    assert on_disk.is_stored and not in_memory.is_stored
    np.testing.assert_array_equal(on_disk.read(slice(100)), in_memory[:100])
    ds["msl"][700] = np.inf
    with pytest.raises(DscTfError, match="msl: infinite"):
        prep.transform(ds)


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

    monkeypatch.setattr(opening, "SLAB", 4 * 72 * 50 * 2)  # of two variables
    wide = mock_dataset(days=300).astype("float64")
    wide.to_netcdf(tmp_path / "wide.nc", encoding={"t2m": {"chunksizes": (20, 8, 9)}})
    with open_dataset(tmp_path / "wide.nc") as ds:
        assert ds["t2m"].chunks[0][0] == 40  # whole chunks of the file, fifty steps at most
        assert ds["t2m"].dtype == np.float32
        xr.testing.assert_allclose(ds["t2m"].drop_vars("regime", errors="ignore"),
                                   mock_dataset(days=300)["t2m"].drop_vars("regime", errors="ignore"))  # fmt: skip


@pytest.mark.parametrize("slab", [1000, 4 * 72 * 2 * 50, 10**6])
def test_chunks_of_joined_files_are_read_once_and_in_blocks_of_one_length(slab):
    from dask import array

    from dsc_tf.records.chunks import field_blocks

    ds = mock_dataset(days=97)
    read = []

    def reading(block, block_info=None):
        read.append(block_info[0]["array-location"][0])
        return block

    chunks = ((20, 20, 13, 20, 20, 4), 8, 9)  # files of 53 and 44 steps
    values = array.from_array(ds["t2m"].values, chunks=chunks)
    lazy = array.map_blocks(reading, values, dtype="f4", meta=np.empty((0, 0, 0), "f4"))
    found = list(field_blocks(ds[["t2m"]].assign(t2m=(ds["t2m"].dims, lazy)), ["t2m"], 7, slab=slab))
    assert [steps.start for steps, _ in found] == list(range(0, 97, 7))
    assert [len(field) for _, (field,) in found] == [7] * 13 + [6]
    np.testing.assert_array_equal(np.concatenate([f for _, (f,) in found]).ravel(), ds["t2m"].values.ravel())
    assert len(read) == len(set(map(tuple, read))) == 6


def windows_by_loops(fields, ends, window):
    return np.stack([fields[end - window + 1 : end + 1] for end in ends])


@pytest.fixture
def fields():
    return np.random.default_rng(0).random((9, 3, 4, 2), dtype="float32")


@pytest.fixture
def samples(fields):
    """Windows of three of nine steps with a gap after the fifth."""
    time = np.arange("2001-01-01", "2001-01-10", dtype="M8[D]")
    return Samples(
        fields.reshape(9, -1),
        fields.shape[1:],
        ends=[2, 3, 4, 7, 8],
        window=3,
        time=time[[2, 3, 4, 7, 8]],
        latitude=[1.0, 2.0, 3.0],
        longitude=[1.0, 2.0, 3.0, 4.0],
        variables=("a", "b"),
        segment=[0, 0, 0, 1, 1],
        member=["x"] * 5,
        weighted=True,
        sample_index=[2, 3, 4, 7, 8],
    )


def test_windows_are_those_of_a_loop(samples, fields):
    expected = windows_by_loops(fields, [2, 3, 4, 7, 8], 3)
    assert samples.shape == expected.shape and len(samples) == 5 and samples.nbytes == expected.nbytes
    np.testing.assert_array_equal(samples, expected)
    np.testing.assert_array_equal(samples[:, -1], expected[:, -1])
    np.testing.assert_array_equal(samples[..., 1], expected[..., 1])
    np.testing.assert_array_equal(samples[3], expected[3])
    np.testing.assert_array_equal(samples[3, -1, 0], expected[3, -1, 0])
    np.testing.assert_array_equal(samples.last_step(), expected[:, -1].reshape(5, -1))


@pytest.mark.parametrize("at", [slice(1, 4), [4, 0], np.array([True, False, True, True, False])])
def test_metadata_follow_an_index(samples, at):
    part, index = samples[at], np.arange(5)[at]
    np.testing.assert_array_equal(part, np.asarray(samples)[index])
    for name in ("time", "member", "sample_index"):
        np.testing.assert_array_equal(getattr(part, name), getattr(samples, name)[index])
    for name in ("latitude", "longitude", "variables", "weighted", "window", "grid"):
        assert getattr(part, name) is getattr(samples, name) or getattr(part, name) == getattr(samples, name)
    np.testing.assert_array_equal(samples[at, ...], part)  # as scikit-learn indexes
    assert isinstance(samples[at, ...], Samples)


def test_samples_that_are_not_neighbours_are_not_in_one_segment(samples):
    assert samples.segment_starts.tolist() == [0, 3]
    assert samples[[0, 1, 3, 4]].segment.tolist() == [0, 0, 1, 1]
    assert samples[[0, 2, 3]].segment.tolist() == [0, 1, 2]
    assert samples[::2].segment.tolist() == [0, 0, 1]  # every second day is a coarser record
    assert samples[::-1].segment.tolist() == [0, 1, 2, 3, 4]
    assert samples[:0].segment.tolist() == []


def test_fields_that_windows_share_are_given_once(samples, fields):
    found, positions = samples.unique_fields(slice(1, 4))
    np.testing.assert_array_equal(found, fields[1:8])
    assert positions.tolist() == [[0, 1, 2], [1, 2, 3], [4, 5, 6]]
    np.testing.assert_array_equal(found[positions], samples[1:4])
    assert samples.overlaps
    assert not Samples(fields.reshape(9, -1), fields.shape[1:]).overlaps
    assert not Samples(fields.reshape(9, -1), fields.shape[1:], ends=[2, 5, 8], window=3).overlaps


def test_consecutive_windows_are_views(samples):
    assert np.shares_memory(samples.read(slice(0, 3)), samples.rows)
    assert np.shares_memory(samples[:3].last_step(), samples.rows)
    assert not np.shares_memory(samples.read([0, 3]), samples.rows)


def test_samples_become_a_dataarray(samples):
    named = samples.to_xarray()
    assert named.dims == ("time", "window", "latitude", "longitude", "variable")
    assert named.window.values.tolist() == [-2, -1, 0] and named["variable"].values.tolist() == ["a", "b"]
    assert named.member.dims == ("time",) and named.attrs == {"area_weighted": 1}
    np.testing.assert_array_equal(named.time, samples.time)


def test_features_of_samples_keep_times_and_segments(samples):
    other = samples.with_features(np.arange(10.0).reshape(5, 2))
    assert other.shape == (5, 1, 1, 1, 2) and other.latitude is None and not other.weighted
    assert other.segment.tolist() == samples.segment.tolist() and other.time is not None


def test_known_regimes_of_samples():
    ds = mock_dataset(days=30, gaps=True)
    X, _ = prepare(ds, window=3)
    np.testing.assert_array_equal(true_labels(ds, X), ds.regime.values[X.sample_index])
    np.testing.assert_array_equal(true_labels(ds, X[5:9]), ds.regime.values[X.sample_index[5:9]])
    assert true_labels(ds.drop_vars("regime"), X) is None


def test_members_of_an_ensemble_are_further_samples():
    one, other = mock_dataset(days=20), mock_dataset(days=20, seed=1)
    ds = xr.concat([one, other], "time").assign_coords(member=("time", np.repeat([3, 7], 20)))
    X, _ = prepare(ds, "paper", 4)
    assert len(X) == 2 * 17 and X.segment_starts.tolist() == [0, 17]
    assert X.member.tolist() == [3] * 17 + [7] * 17
