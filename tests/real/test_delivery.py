"""Files as the Climate Data Store delivered them, zipped as it zips them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from servers import zipped

from dsc_tf.datasets.era5.answers import unpacked

DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = {kind: DATA / f"era5_cds_morocco_2024_{kind}.nc" for kind in ("instant", "accum")}

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not FILES["accum"].exists(), reason=f"no real records in {DATA}"),
]


def test_a_real_delivery_is_unpacked_and_joined(tmp_path):
    answer = tmp_path / "answer"
    answer.write_bytes(
        zipped({f"data_stream-oper_stepType-{kind}.nc": file.read_bytes() for kind, file in FILES.items()})
    )
    ds = unpacked(answer, ["tp", "t2m"])
    assert list(ds.data_vars) == ["tp", "t2m"] and set(ds.coords) == {"time", "latitude", "longitude"}
    assert ds.attrs["expver"] == "0001" and not list(tmp_path.glob("*.d"))
    for kind, name in (("instant", "t2m"), ("accum", "tp")):
        with xr.open_dataset(FILES[kind]) as real:
            np.testing.assert_array_equal(ds[name], real[name])


def test_the_stand_in_delivers_what_the_service_delivers(tmp_path):
    """Dimensions, coordinates and their types are those of a real file."""
    from servers import delivered

    with xr.open_dataset(FILES["instant"]) as real:
        real = real.load()
    made = tmp_path / "made.nc"
    made.write_bytes(
        delivered(
            {"t2m": real["t2m"].values},
            real["valid_time"].values,
            real["latitude"].values,
            real["longitude"].values,
        )
    )
    with xr.open_dataset(made) as ours:
        assert ours["t2m"].dims == real["t2m"].dims and set(ours.coords) == set(real.coords)
        assert {name: ours[name].dims for name in ours.coords} == {
            name: real[name].dims for name in real.coords
        }
        assert ours["expver"].values.tolist() == real["expver"].values.tolist()
        assert ours["number"].dtype == real["number"].dtype
