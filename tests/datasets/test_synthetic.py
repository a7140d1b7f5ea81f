import numpy as np
import pytest
import xarray as xr
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from dsc_tf.datasets.synthetic import sample_dataset, write_sample
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.records.open import open_dataset


@pytest.fixture(scope="module")
def ds():
    return sample_dataset()


def test_layout_is_the_papers(ds):
    assert dict(ds.sizes) == {"time": 365, "latitude": 41, "longitude": 41}
    assert list(ds) == ["sp", "sst", "u10", "v10", "sshf", "slhf", "t2m"]
    assert (ds.latitude[0], ds.latitude[-1], ds.longitude[0], ds.longitude[-1]) == (43, 33, -33, -23)
    assert "SYNTHETIC" in ds.attrs["title"]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sst", 285, 300), ("t2m", 281, 300), ("sp", 97000, 106000), ("sshf", -7e5, 6e5), ("slhf", -1.9e6, 1.5e5),
        ("u10", -22, 22), ("v10", -22, 22),
    ],
)  # fmt: skip
def test_values_are_physical(ds, name, low, high):
    assert low < float(ds[name].min()) < float(ds[name].max()) < high


def test_only_sst_misses_islands(ds):
    missing = {name: int(np.isnan(ds[name]).sum()) for name in ds}
    assert missing.pop("sst") > 0 and not any(missing.values())
    assert (np.isnan(ds["sst"]).all("time") == np.isnan(ds["sst"]).any("time")).all()


def test_regimes_all_occur_and_last(ds):
    changes = int((ds.regime.values[1:] != ds.regime.values[:-1]).sum())
    assert set(ds.regime.values.tolist()) == set(range(7))
    assert 3 < 365 / changes < 8


def test_same_seed_same_record(ds):
    xr.testing.assert_identical(ds, sample_dataset())
    assert not np.array_equal(sample_dataset(seed=1)["sp"], ds["sp"])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_kmeans_finds_the_regimes_in_part(seed):
    record = sample_dataset(seed)
    X, _ = prepare(record)
    labels = KMeans(7, n_init=10, random_state=0).fit_predict(X.last_step())
    assert 0.45 < adjusted_rand_score(record.regime, labels) < 0.85


def test_file_reads_back_the_same(ds, tmp_path):
    write_sample(tmp_path / "sample.nc")
    with open_dataset(tmp_path / "sample.nc") as back:
        xr.testing.assert_allclose(back, open_dataset(ds))
        assert back.regime.dtype == np.int8
    assert [p.name for p in tmp_path.iterdir()] == ["sample.nc"]


def test_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "sample.nc"
    path.write_bytes(b"old")

    def fail_halfway(self, target, **options):
        target.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail_halfway)
    with pytest.raises(OSError, match="no space"):
        write_sample(path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["sample.nc"]


def test_fields_carry_cf_attributes(ds):
    units = {
        "sp": "Pa",
        "sst": "K",
        "u10": "m s-1",
        "v10": "m s-1",
        "sshf": "J m-2",
        "slhf": "J m-2",
        "t2m": "K",
    }
    assert {name: ds[name].attrs["units"] for name in ds} == units
    for name in ds:
        assert {"standard_name", "long_name", "cell_methods"} <= set(ds[name].attrs)
        assert ds[name].dtype == np.float32
    assert ds.regime.attrs["flag_values"].dtype == np.int8
    assert len(ds.regime.attrs["flag_meanings"].split()) == 7


def test_calendar_goes_on_past_the_year():
    assert str(sample_dataset(days=366).time.values[-1])[:10] == "2022-01-01"


@pytest.mark.parametrize("days", [0, -3, 2.5, "365"])
def test_days_must_be_a_positive_whole_number(days):
    with pytest.raises(DscTfError, match="days"):
        sample_dataset(days=days)


def test_a_shorter_record_is_the_beginning_of_the_sample_and_a_copy(ds):
    short = sample_dataset(days=60)
    xr.testing.assert_identical(short, ds.isel(time=slice(60)))
    short["sp"][:] = 0
    xr.testing.assert_identical(sample_dataset(days=60), ds.isel(time=slice(60)))
    assert sample_dataset(days=370).sizes["time"] == 370
