"""Maps from stations: exactness, calibration, leaks, and bad input."""

import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.geostatistics import Semivariogram, SpaceTimeKriging, sphere_points
from dsc_tf.geostatistics.kriging import kriging_system_errors
from dsc_tf.interpolation import cross_validate_stations, krige, pseudo_labels
from dsc_tf.interpolation.stations import StationInterpolator, inverse_distance


@pytest.fixture(scope="module")
def stations():
    """Forty stations over 60 dates with exponential correlation in space; some values are missing."""
    rng = np.random.default_rng(0)
    latitude, longitude = rng.uniform(40, 52, 40), rng.uniform(0, 15, 40)
    places = sphere_points(latitude, longitude)
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    root = np.linalg.cholesky(np.exp(-distance / 600))
    values = 10 + 3 * rng.normal(size=(60, 40)) @ root.T
    values[rng.random(values.shape) < 0.05] = np.nan
    values[7] = np.nan
    place = {"latitude": ("station", latitude), "longitude": ("station", longitude)}
    time = np.datetime64("2001-01-01") + np.arange(60)
    return xr.Dataset({"tas": (("time", "station"), values, {"units": "degC"})}, place | {"time": time})


@pytest.fixture
def grid():
    return xr.Dataset(coords={"latitude": [50.0, 45.0, 41.0], "longitude": [2.0, 7.0, 12.0, 14.0]})


def covariate_of(stations):
    """A field that explains most of the station values: a plane that moves from date to date."""
    rng = np.random.default_rng(1)
    latitude, longitude = np.arange(38.0, 55.0), np.arange(-2.0, 18.0)
    slope = rng.normal(size=(60, 2))
    field = slope[:, :1, None] * (latitude[:, None] - 46) + slope[:, 1:, None] * (longitude - 7)
    coords = {"time": stations.time, "latitude": latitude, "longitude": longitude}
    covariates = xr.Dataset({"slp": (("time", "latitude", "longitude"), field)}, coords)
    at = covariates.slp.interp(latitude=stations.latitude, longitude=stations.longitude)
    return covariates, stations.assign(tas=stations.tas + 3 * at)


def test_a_station_gets_its_own_value(stations):
    places = xr.Dataset(coords={n: ("place", stations[n].values[:5]) for n in ("latitude", "longitude")})
    found = krige(stations, places)
    known = stations.tas.notnull().values[:, :5]
    np.testing.assert_allclose(found.tas.values[known], stations.tas.values[:, :5][known], rtol=1e-4)
    assert found.tas_sd.values[known].max() < 0.05
    assert found.tas.dims == ("time", "place") and found.tas.attrs["units"] == "degC"


def test_a_date_without_data_is_missing(stations, grid):
    found = krige(stations, grid)
    assert np.isnan(found.tas[7]).all() and found.tas.notnull().sum() == 59 * 12
    assert found.tas.shape == (60, 3, 4)


def test_kriging_is_better_than_the_simple_methods_and_its_deviations_are_calibrated(stations):
    rows = {row["method"]: row for row in cross_validate_stations(stations)}
    assert rows["kriging"]["rmse"] < min(rows[m]["rmse"] for m in ("nearest", "mean of the day"))
    assert rows["kriging"]["rmse"] < 1.03 * rows["inverse distance"]["rmse"]
    assert 0.85 < rows["kriging"]["coverage"] < 0.95
    assert rows["nearest"]["coverage"] is None


def test_leave_one_out_errors_equal_leaving_out_one_by_one():
    gamma, rng = Semivariogram(0.1, 0.9, 500.0, 1.0), np.random.default_rng(2)
    places, values = sphere_points(rng.uniform(40, 50, 12), rng.uniform(0, 10, 12)), rng.normal(size=12)
    errors, variances = kriging_system_errors(gamma, places, values)
    kriging = SpaceTimeKriging(gamma, neighbours=11)
    for i in range(12):
        others = np.arange(12) != i
        mean, variance = kriging.estimate(
            places[others], np.zeros(11, int), values[others], places[i : i + 1]
        )
        assert errors[i] == pytest.approx(values[i] - mean[0], abs=1e-6)
        assert variances[i] == pytest.approx(variance[0], abs=1e-6)


def test_covariates_help_and_residuals_help_the_model(stations):
    covariates, with_slope = covariate_of(stations)
    part = with_slope.isel(time=slice(30))
    rows = {
        row["method"]: row["rmse"] for row in cross_validate_stations(part, covariates=covariates, folds=3)
    }
    assert rows["model + kriged residuals"] < rows["model"]
    assert rows["model + kriged residuals"] < rows["mean of the day"]


def test_values_of_a_station_left_out_change_nothing(stations):
    covariates, with_slope = covariate_of(stations)
    features = np.stack([np.broadcast_to(with_slope.latitude, (60, 40))], axis=-1)
    train, target = (
        np.arange(39),
        sphere_points(with_slope.latitude.values[39:], with_slope.longitude.values[39:]),
    )
    results = []
    for nonsense in (False, True):
        values = with_slope.tas.values.copy()
        if nonsense:
            values[:, 39] = 1e6
        one = StationInterpolator().fit(values[:, train], with_slope.isel(station=train), features[:, train])
        results.append(one.estimate(values[:, train], target, features[:, 39:]))
    np.testing.assert_array_equal(*results)


def test_logarithm_maps_medians(stations, grid):
    positive = stations.assign(tas=np.exp((stations.tas - 10) / 3))
    positive.tas[0, :3] = 0.0
    found = krige(positive, grid, log=True)
    assert (found.tas.isel(time=slice(8, None)) > 0).all()


def test_inverse_distance_by_hand():
    places = np.array([[0.0, 0, 0], [3.0, 0, 0], [9.0, 0, 0]])
    values = np.array([[1.0, 4.0, 100.0], [np.nan, 4.0, np.nan], [np.nan] * 3])
    found = inverse_distance(values, places, np.array([[1.0, 0, 0]]), 2)
    np.testing.assert_allclose(found, [[(1 + 4 / 4) / (1 + 1 / 4)], [4.0], [np.nan]])


def test_pseudo_labels_weigh_less_than_observations(stations, grid):
    labels = pseudo_labels(stations, grid)
    weights = labels.tas_weight.values
    known = np.isfinite(weights)
    assert 0 < weights[known].min() and weights[known].max() <= 0.2
    assert np.nanmedian(weights) == pytest.approx(0.1, rel=0.01)


def test_stations_at_one_place_are_averaged_with_a_warning(stations, grid):
    twice = xr.concat(
        [stations, stations.isel(station=[3]) + 2], "station", data_vars="minimal", coords="minimal"
    )
    twice = twice.assign_coords(
        latitude=("station", np.append(stations.latitude, stations.latitude[3])),
        longitude=("station", np.append(stations.longitude, stations.longitude[3])),
    )
    with pytest.warns(UserWarning, match="1 stations are at the place of another"):
        found = krige(twice, grid)
    mean = stations.copy(deep=True)
    mean.tas[:, 3] += 1
    np.testing.assert_allclose(found.tas, krige(mean, grid).tas, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda ds: ds.isel(station=slice(7)), {}, "stations: 7 with values"),
        (lambda ds: ds.assign_coords(latitude=ds.longitude + 90), {}, "exchanged"),
        (lambda ds: ds.drop_vars("longitude"), {}, "no longitude"),
        (lambda ds: ds.rename(time="day"), {}, "no variable over time and station"),
        (lambda ds: ds.assign(tas=ds.tas.where(ds.tas < 12, np.inf)), {}, "infinite"),
        (lambda ds: ds - 20, {"log": True}, "negative"),
    ],
)
def test_bad_input(stations, grid, change, options, message):
    with pytest.raises(DscTfError, match=message):
        krige(change(stations), grid, **options)


def test_covariates_must_have_the_dates(stations, grid):
    covariates, _ = covariate_of(stations)
    with pytest.raises(DscTfError, match="10 dates of the stations are missing, the first 2001-01-01"):
        krige(stations, grid, covariates=covariates.isel(time=slice(10, None)))
    numbered = covariates.assign_coords(time=np.arange(covariates.sizes["time"]))
    with pytest.raises(DscTfError, match="covariates: times of type int64, datetime64.* in the stations"):
        krige(stations, grid, covariates=numbered)
    with pytest.raises(DscTfError, match="covariates: no latitude"):
        krige(stations, grid, covariates=covariates.rename(latitude="lat"))
