from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.interpolate import RegularGridInterpolator

from dsc_tf.errors import DscTfError
from dsc_tf.records.open import open_dataset
from dsc_tf.regimes.weather_types import MERGED_TYPES, OFFSETS, TYPES, _constants, flow_indices, weather_types

RECORD = Path(__file__).parents[3] / "shared" / "data" / "ncep_slp_north_atlantic_2001-2010.nc"
LATITUDE = np.arange(70, 39, -2.5)
LONGITUDE = np.arange(-25, 16, 2.5)
NORTH, EAST = LATITUDE[:, None] - 55, LONGITUDE - -5.0


def pressure(*fields, units="hPa"):
    """Departures from 1010 hPa over (latitude, longitude), one a day."""
    values = 1010 + np.stack([field + 0 * (NORTH + EAST) for field in fields])
    time = pd.date_range("2001-01-01", periods=len(fields))
    coords = {"time": time, "latitude": LATITUDE, "longitude": LONGITUDE}
    return xr.DataArray(values, coords, attrs={"units": units}, name="msl")


def straight(direction, flow=20.0):
    """Uniform flow of so many hPa from so many degrees: high pressure lies to the right of the wind."""
    high = np.radians(direction - 90)
    return flow / 10 * (np.cos(high) * NORTH + np.sin(high) * np.cos(np.radians(55)) * EAST)


def trough(vorticity):
    """A valley along the central latitude: no flow through the centre, Z = k (b + c) for k hPa at 10 degrees."""
    _, b, c, _ = _constants(55.0)
    return vorticity / (b + c) * (NORTH / 10) ** 2


def names(types):
    words = dict(zip(types.flag_values.tolist(), types.flag_meanings.split(), strict=True))
    return [words[code] for code in types.values.tolist()]


def test_constants_at_55_north():
    assert [round(float(value), 2) for value in _constants(55.0)] == [1.74, 1.07, 0.95, 1.52]


def test_twenty_seven_types_and_eleven():
    assert len(TYPES) == len(set(TYPES.values())) == 27 and len(MERGED_TYPES) == 11
    assert TYPES["U"] == -1 and TYPES["A"] == 0 and TYPES["AN"] == 8
    assert TYPES["W"] == 16 and TYPES["C"] == 20 and TYPES["CN"] == 28


@pytest.mark.parametrize(
    ("direction", "name"),
    [(0, "N"), (45, "NE"), (90, "E"), (135, "SE"), (180, "S"), (225, "SW"), (270, "W"), (315, "NW")],
)
def test_flow_from_each_side(direction, name):
    field = pressure(straight(direction), straight(direction - 22), straight(direction + 22))
    assert names(weather_types(field)) == names(weather_types(field, merged=False)) == [name] * 3
    indices = flow_indices(field)
    np.testing.assert_allclose(indices["flow"], 20)
    np.testing.assert_allclose(np.cos(np.radians(indices["direction"][0] - direction)), 1)


def test_westerly_and_southerly_are_positive_from_west_and_south():
    indices = flow_indices(pressure(straight(270), straight(180)))
    np.testing.assert_allclose(indices["westerly"], [20, 0], atol=1e-9)
    np.testing.assert_allclose(indices["southerly"], [0, 20], atol=1e-9)
    assert all(indices[name].attrs["units"] == "hPa" for name in ("westerly", "flow", "vorticity"))


def test_lows_highs_and_calm():
    far = 1 - np.exp(-((NORTH / 8) ** 2) - (EAST / 14) ** 2)
    assert names(weather_types(pressure(30 * far, -30 * far, 0 * far, 2 * far))) == ["C", "A", "U", "U"]


@pytest.mark.parametrize(
    ("vorticity", "whole", "merged"),
    [
        (8, "W", "W"),  # |Z| < F = 10, with the 1.2 that a straight westerly adds: Z = W (b - c)
        (13, "CW", "W"),
        (-16, "AW", "W"),
        (20, "C", "C"),
        (-23, "A", "A"),
    ],
)
def test_between_flow_and_vorticity_lies_the_hybrid(vorticity, whole, merged):
    field = pressure(straight(270, flow=10) + trough(vorticity))
    _, b, c, _ = _constants(55.0)
    assert float(flow_indices(field)["vorticity"][0]) == pytest.approx(vorticity + 10 * (b - c))
    assert names(weather_types(field, merged=False)) == [whole]
    assert names(weather_types(field)) == [merged]


def test_weak_flow_with_strong_vorticity_is_classified():
    assert names(weather_types(pressure(trough(5.9), trough(6.1), trough(-6.1)))) == ["U", "C", "A"]


def loop_twin(field, latitude, longitude):
    """The scheme point by point and day by day, with SciPy's interpolation."""
    phi = np.radians(latitude)
    result = []
    for day in field.values:
        at = RegularGridInterpolator((LATITUDE[::-1], LONGITUDE), day[::-1])
        p = [None, *(float(at((latitude + n, longitude + e))) for n, e in OFFSETS)]
        w = 0.5 * (p[12] + p[13]) - 0.5 * (p[4] + p[5])
        s = (0.25 * (p[5] + 2 * p[9] + p[13]) - 0.25 * (p[4] + 2 * p[8] + p[12])) / np.cos(phi)
        zw = np.sin(phi) / np.sin(phi - np.radians(5)) * (0.5 * (p[15] + p[16]) - 0.5 * (p[8] + p[9]))
        zw -= np.sin(phi) / np.sin(phi + np.radians(5)) * (0.5 * (p[8] + p[9]) - 0.5 * (p[1] + p[2]))
        zs = 0.25 * (p[6] + 2 * p[10] + p[14]) - 0.25 * (p[5] + 2 * p[9] + p[13])
        zs += -0.25 * (p[4] + 2 * p[8] + p[12]) + 0.25 * (p[3] + 2 * p[7] + p[11])
        z, f = zw + zs / (2 * np.cos(phi) ** 2), np.sqrt(w**2 + s**2)
        angle = np.degrees(np.arctan(w / s)) + (180 if s > 0 else 0)
        side = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"][int(((angle + 22.5) % 360) // 45)]
        if f < 6 and abs(z) < 6:
            result.append("U")
        elif abs(z) < f:
            result.append(side)
        elif abs(z) > 2 * f:
            result.append("C" if z > 0 else "A")
        else:
            result.append(("C" if z > 0 else "A") + side)
    return result


@pytest.mark.parametrize("centre", [(55.0, -5.0), (56.2, -6.7), (50.0, 0.0)])
def test_as_the_loop_says(centre):
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=3, size=(800, len(LATITUDE), len(LONGITUDE)))
    flows = [straight(rng.uniform(0, 360), rng.uniform(0, 15)) for _ in noise]
    field = pressure(*(noise + flows))
    expected = loop_twin(field, *centre)
    assert len(set(expected)) == 27
    assert names(weather_types(field, *centre, merged=False)) == expected
    merged = [name if name in MERGED_TYPES else name[1:] for name in expected]
    assert names(weather_types(field, *centre)) == merged


def test_form_of_the_record_does_not_matter():
    rng = np.random.default_rng(1)
    field = pressure(*rng.normal(scale=3, size=(30, len(LATITUDE), len(LONGITUDE))))
    expected = flow_indices(field)
    eastern = field.assign_coords(longitude=field.longitude % 360).sortby("longitude")
    pascal = (field * 100).assign_attrs(units="Pa")
    others = [
        eastern,
        pascal,
        field[:, ::-1],
        field.transpose("longitude", "time", "latitude"),
        field.chunk(),
    ]
    for other in others:
        xr.testing.assert_allclose(flow_indices(other), expected)
    xr.testing.assert_allclose(flow_indices(field, 55.0, 355.0), expected)


def test_result_follows_cf():
    types = weather_types(pressure(straight(270), straight(90)), merged=False)
    assert types.dims == ("time",) and types.dtype == types.flag_values.dtype == np.int8
    assert len(types.flag_values) == len(types.flag_meanings.split()) == 27
    assert list(types.coords) == ["time"]


def with_hole():
    field = pressure(straight(270), straight(180))
    return field.where((field.time.dt.day == 1) | (field.latitude != 55))


BAD = {
    "kilopascal": (lambda: pressure(straight(0), units="kPa"), {}, "units kPa.*Pa or hPa"),
    "no unit": (lambda: pressure(straight(0)).drop_attrs(), {}, "units none"),
    "a dataset": (lambda: pressure(straight(0)).to_dataset(), {}, "one variable over time, latitude"),
    "other names": (lambda: pressure(straight(0)).rename(latitude="lat"), {}, "'lat'.*open_dataset"),
    "too far north": (lambda: pressure(straight(0)), {"latitude": 62}, "does not cover 72 -20 52 10"),
    "too far east": (lambda: pressure(straight(0)), {"longitude": 5}, "does not cover 65 -10 45 20"),
    "one meridian": (lambda: pressure(straight(0))[..., :1], {}, "does not cover"),
    "gap inside": (lambda: pressure(straight(0))[..., [0, 1, 2, -3, -2, -1]], {}, "does not cover"),
    "southern hemisphere": (lambda: pressure(straight(0)), {"latitude": -55}, "latitude: -55.*30 and 70"),
    "tropics": (lambda: pressure(straight(0)), {"latitude": 10}, "latitude: 10"),
    "missing values": (with_hole, {}, "1 steps miss values.*2001-01-02"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    field, options, words = BAD[case]
    with pytest.raises(DscTfError, match=words) as caught:
        weather_types(field(), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.real
@pytest.mark.skipif(not RECORD.exists(), reason=f"no ../shared/data/{RECORD.name} beside the checkout")
def test_ten_real_years():
    with open_dataset(RECORD) as ds:
        whole, merged = weather_types(ds["slp"], merged=False), weather_types(ds["slp"])
    assert set(whole.values.tolist()) == set(TYPES.values())
    assert set(merged.values.tolist()) == set(MERGED_TYPES.values())
    westerly = (merged == TYPES["W"]).groupby("time.season").mean()
    assert float(westerly.sel(season="DJF")) > 1.2 * float(westerly.sel(season="JJA"))
    # As over the British Isles at large: anticyclonic days near a fifth, W the commonest direction, U rare.
    assert 0.15 < float((whole == TYPES["A"]).mean()) < 0.25
    assert 0.10 < float((whole == TYPES["C"]).mean()) < 0.20
    assert float((merged == TYPES["U"]).mean()) < 0.05
    counts = {
        name: int((merged == TYPES[name]).sum()) for name in ("NE", "E", "SE", "S", "SW", "W", "NW", "N")
    }
    assert max(counts, key=counts.get) == "W"
