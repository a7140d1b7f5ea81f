"""Gap filling on fields whose hidden values are known."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import dsc_tf
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.evaluation import gaussian_coverage
from dsc_tf.geostatistics import sphere_points
from dsc_tf.interpolation import GapFiller, fill_gaps

SST = Path(__file__).parents[3] / "shared/data/sst_pacific_1970-2003.nc"


@pytest.fixture(scope="module")
def smooth():
    """Fields with exponential correlation in space and 0.8 from day to day; a corner is land."""
    rng = np.random.default_rng(0)
    latitude, longitude = np.arange(60.0, 40, -2), np.arange(-10.0, 14, 2)
    points = sphere_points(*(g.ravel() for g in np.meshgrid(latitude, longitude, indexing="ij")))
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    root = np.linalg.cholesky(np.exp(-((distance / 900) ** 1.5)) + 1e-9 * np.eye(len(points)))
    fields = rng.normal(size=(120, len(points))) @ root.T
    for t in range(1, 120):
        fields[t] = 0.8 * fields[t - 1] + 0.6 * fields[t]
    values = 280 + 2 * fields.reshape(120, 10, 12)
    values[:, :2, :3] = np.nan
    time = np.datetime64("2001-01-01") + np.arange(120)
    coords = {"time": time, "latitude": latitude, "longitude": longitude}
    return xr.Dataset({"t2m": (("time", "latitude", "longitude"), values, {"units": "K"})}, coords)


@pytest.fixture(scope="module")
def hidden(smooth):
    """Discs of cells, another place every day."""
    rng = np.random.default_rng(1)
    row, column = np.meshgrid(np.arange(10), np.arange(12), indexing="ij")
    centre = np.stack([rng.integers(0, 10, 120), rng.integers(0, 12, 120)])
    far = np.hypot(row - centre[0][:, None, None], column - centre[1][:, None, None])
    return far < 3.2


@pytest.fixture(scope="module")
def filled(smooth, hidden):
    return fill_gaps(smooth.where(~hidden), neighbours=24)


def test_known_values_come_back_exactly_and_land_stays(smooth, hidden, filled):
    known = ~hidden & np.isfinite(smooth.t2m.values)
    assert (filled.t2m.values[known] == smooth.t2m.values[known]).all()
    assert (filled.t2m_fill_sd.values[known] == 0).all()
    assert np.isnan(filled.t2m.values[:, :2, :3]).all()
    assert np.isnan(filled.t2m_fill_sd.values[:, :2, :3]).all()
    assert not np.isnan(filled.t2m.values[:, 2:]).any()
    assert filled.t2m.attrs["units"] == "K" == filled.t2m_fill_sd.attrs["units"]
    assert filled.t2m.attrs["dsc_tf_filled"] == pytest.approx(hidden[:, np.isfinite(smooth.t2m[0])].mean())


def test_hidden_values_are_closer_than_the_mean_and_their_deviations_are_calibrated(smooth, hidden, filled):
    where = hidden & np.isfinite(smooth.t2m.values)
    error = (filled.t2m - smooth.t2m).values[where]
    anomaly = (smooth.t2m - smooth.t2m.where(~hidden).mean("time")).values[where]
    assert np.sqrt(np.mean(error**2)) < 0.5 * anomaly.std()
    cover = gaussian_coverage(
        filled.t2m.values[where], filled.t2m_fill_sd.values[where], smooth.t2m.values[where]
    )
    assert 0.85 < cover < 0.95


def test_time_helps(smooth, hidden, filled):
    where = hidden & np.isfinite(smooth.t2m.values)
    alone = fill_gaps(smooth.where(~hidden), neighbours=24, steps=0)
    errors = [np.sqrt(np.mean((f.t2m - smooth.t2m).values[where] ** 2)) for f in (filled, alone)]
    assert errors[0] < errors[1]


def test_a_lazy_record_stays_lazy_and_gets_the_same_values(smooth, hidden, filled):
    lazy = fill_gaps(smooth.where(~hidden).chunk(time=50), neighbours=24)
    assert lazy.t2m.chunks is not None
    xr.testing.assert_allclose(lazy.compute(), filled)


def test_hidden_values_themselves_change_nothing(smooth, hidden, filled):
    nonsense = smooth.where(~hidden, 1e6).where(~hidden)
    xr.testing.assert_identical(fill_gaps(nonsense, neighbours=24), filled)


def test_another_record_is_filled_with_the_constants_learned(smooth, hidden):
    filler = GapFiller(neighbours=16).fit(smooth.where(~hidden).isel(time=slice(80)))
    later = smooth.where(~hidden).isel(time=slice(80, 83))
    alone = filler.transform(later)
    changed = GapFiller.from_state(filler.state()).transform(later)
    xr.testing.assert_identical(alone, changed)
    assert not np.isnan(alone.t2m.values[:, 2:]).any()


def test_neighbours_do_not_come_from_across_a_gap_in_time(smooth):
    ds = smooth.isel(time=[*range(40), *range(80, 120)])
    holes = ds.copy(deep=True)
    holes.t2m[40, 3:, :] = np.nan  # first step after the gap
    other = holes.copy(deep=True)
    other.t2m[38:40] += 50.0  # the last steps before the gap
    filler = GapFiller(neighbours=12).fit(holes)
    one, two = filler.transform(holes), filler.transform(other)
    np.testing.assert_array_equal(one.t2m[40], two.t2m[40])


def test_a_step_without_values_is_filled_from_its_neighbours(smooth):
    holes = smooth.copy(deep=True)
    holes.t2m[60] = np.nan
    result = fill_gaps(holes, neighbours=16)
    error = (result.t2m - smooth.t2m).values[60]
    assert np.nanstd(error) < 0.8 * np.nanstd(smooth.t2m.values)


def test_a_long_gap_stays_missing_with_a_warning(smooth):
    holes = smooth.copy(deep=True)
    holes.t2m[50:60] = np.nan
    with pytest.warns(UserWarning, match="6 steps have no known value"):
        result = fill_gaps(holes, neighbours=8)
    assert np.isnan(result.t2m[55]).all() and not np.isnan(result.t2m[51, 2:]).any()


def test_rarely_known_cells_are_named(smooth):
    holes = smooth.copy(deep=True)
    holes.t2m[5:, 5, 5] = np.nan
    with pytest.warns(UserWarning, match="1 cells are known at less than 10%"):
        result = fill_gaps(holes, neighbours=8)
    assert not np.isnan(result.t2m[:, 5, 5]).any()


def test_nothing_missing_is_returned_as_it_is(caplog):
    ds = mock_dataset()
    with caplog.at_level("INFO", logger="dsc_tf"):
        xr.testing.assert_identical(fill_gaps(ds), ds)
    assert "nothing to fill" in caplog.text


def test_a_constant_field_is_filled_with_its_constant():
    ds = mock_dataset(constant="msl")
    ds.msl[3, 2, 2] = np.nan
    result = fill_gaps(ds, variables=["msl"])
    assert result.msl[3, 2, 2] == 5 and result.msl_fill_sd[3, 2, 2] == 0


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (lambda ds: ds.t2m.__setitem__((2, 3, 3), np.inf), {}, "infinite"),
        (lambda ds: ds.t2m.__setitem__(slice(None), np.nan), {}, "every value is missing"),
        (lambda ds: None, {"variables": ["sst"]}, "sst not in the record"),
        (lambda ds: None, {"neighbours": 0}, "neighbours: 0"),
        (lambda ds: None, {"steps": -1}, "steps: -1"),
    ],
)
def test_bad_input(spoil, options, message):
    ds = mock_dataset(nan_policy="isolated")
    spoil(ds)
    with pytest.raises(DscTfError, match=message):
        fill_gaps(ds, **options)


def test_another_grid_and_an_unfitted_filler_are_refused():
    with pytest.raises(DscTfError, match="not fitted"):
        GapFiller().transform(mock_dataset())
    filler = GapFiller(neighbours=8).fit(mock_dataset(nan_policy="isolated"))
    with pytest.raises(DscTfError, match="longitude"):
        filler.transform(mock_dataset(longitudes=5))


@pytest.mark.real
@pytest.mark.skipif(not SST.exists(), reason="needs ../shared/data")
def test_hidden_sea_surface_temperatures():
    """A tenth of the record with discs hidden: kriging is far closer than the mean."""
    sst = dsc_tf.open_dataset(SST).isel(time=slice(300, 340))
    whole = sst.sst.values
    rng = np.random.default_rng(0)
    row, column = np.meshgrid(np.arange(whole.shape[1]), np.arange(whole.shape[2]), indexing="ij")
    centre = rng.integers(0, 25, 40), rng.integers(10, 60, 40)
    hidden = np.hypot(row - centre[0][:, None, None], column - centre[1][:, None, None]) < 6
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        filled = fill_gaps(sst.where(~hidden).load(), neighbours=24, steps=1)
    where = hidden & np.isfinite(whole)
    error = np.sqrt(np.mean((filled.sst.values - whole)[where] ** 2))
    assert error < 0.45 * whole[where].std()
