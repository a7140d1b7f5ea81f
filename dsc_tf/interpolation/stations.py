"""Maps from station records: kriging by date, with covariates if there are any, and leave-stations-out scores."""

import warnings

import numpy as np
import xarray as xr

from ..errors import DscTfError
from ..evaluation.ensembles import gaussian_coverage
from ..geostatistics.kriging import (
    SpaceTimeKriging,
    kriging_system_errors,
    pooled_semivariogram,
    sphere_points,
)

MIN_STATIONS = 8
CALIBRATION_DATES = 100
SAME_PLACE = 1e-4  # degrees within which two stations count as one place
MEAN, NEAREST, DISTANCE, KRIGING = "mean of the day", "nearest", "inverse distance", "kriging"
MODEL, RESIDUALS = "model", "model + kriged residuals"


def krige(stations, to, *, covariates=None, log=False, neighbours=32, random_state=0, progress=False):
    """Map station values to a grid or to other places, date by date.

    Without covariates, each date is interpolated by ordinary kriging of the values of that date; the semivariogram is
    pooled over dates, each divided by its variance. With covariates, gradient boosting predicts the values from the
    covariates and the coordinates, and the residuals are kriged and added. The residual at a station comes from a
    model that was not trained on that station.

    Parameters
    ----------
    stations : xr.Dataset
        Variables over (time, station), NaN where missing, with `latitude` and `longitude` over station.
    to : xr.Dataset
        Grid with one-dimensional `latitude` and `longitude`, or places with both over one common dimension.
    covariates : xr.Dataset, default=None
        Fields over (time, latitude, longitude) at the dates of the stations. They are interpolated bilinearly to
        places; outside their grid the nearest value counts.
    log : bool, default=False
        Interpolate the logarithm, for skewed positive values. Zeros count as half the smallest positive value; the
        exponential is not corrected, so that the map shows medians.
    neighbours : int, default=32
        Number of nearest stations that an estimate is made from.
    random_state : int, default=0
        Seed of the folds of stations and of gradient boosting.
    progress : bool, default=False
        Show a progress bar.

    Returns
    -------
    xr.Dataset
        Each variable over time and the dimensions of `to`, and `<name>_sd`: its standard deviation, scaled so that it
        agrees with leave-one-out errors at the stations. Dates without any station are missing.

    Raises
    ------
    DscTfError
        If there are fewer than 8 stations, coordinates are missing or no degrees, or dates of covariates are missing.

    References
    ----------
    Cressie (1993), Statistics for Spatial Data, section 3.2; Hengl et al. (2007),
    https://doi.org/10.1016/j.cageo.2007.05.001 (kriged residuals).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> place = {"latitude": ("station", rng.uniform(40, 50, 12)), "longitude": ("station", rng.uniform(0, 9, 12))}
    >>> stations = xr.Dataset({"tas": (("time", "station"), rng.normal(size=(30, 12)))}, place)
    >>> grid = xr.Dataset(coords={"latitude": [41.0, 45.0], "longitude": [1.0, 4.0, 7.0]})
    >>> krige(stations, grid).tas.shape
    (30, 2, 3)
    """
    stations = check_stations(stations)
    latitude, longitude, coords, shape = _target_places(to)
    targets = sphere_points(latitude, longitude)
    result = xr.Dataset(coords={"time": stations["time"], **coords})
    features = None if covariates is None else _features(covariates, stations["time"], latitude, longitude)
    for name in stations.data_vars:
        values = _transformed(stations[name].values, name, log)
        interpolator = StationInterpolator(neighbours, random_state).fit(
            values, stations, _station_features(covariates, stations)
        )
        mean, deviation = interpolator.estimate(values, targets, features, progress=progress)
        if log:
            mean = np.exp(mean)
            deviation = mean * deviation  # to first order
        dims = ("time", *coords) if len(coords) == len(shape) else ("time", *_dims(to))
        full = (len(mean), *shape)
        attributes = dict(stations[name].attrs)
        units = {"units": attributes["units"]} if "units" in attributes else {}
        about = {"long_name": f"standard deviation of interpolated {name}"} | units
        result[str(name)] = (dims, mean.reshape(full).astype(np.float32), attributes)
        result[f"{name}_sd"] = (dims, deviation.reshape(full).astype(np.float32), about)
    return result


def cross_validate_stations(
    stations,
    *,
    covariates=None,
    log=False,
    neighbours=32,
    folds=5,
    field=None,
    random_state=0,
    progress=False,
):
    """Scores of stations that were left out, for each method.

    The stations are divided into `folds` random parts; each part in turn is estimated from the others.

    Parameters
    ----------
    stations, covariates, log, neighbours, random_state, progress
        Same as in `krige`.
    folds : int, default=5
        Number of parts.
    field : {"gp", "network"}, default=None
        Score a `SpaceTimeField` of this kind as well.

    Returns
    -------
    list of dict
        For each variable and method: `variable`, `method`, `rmse`, `mae`, `spatial_r` (correlation over stations, mean
        over dates), `temporal_r` (correlation over dates, mean over stations) and `coverage` (share of values
        in the central 90 % interval; None for methods without a standard deviation).
    """
    stations = check_stations(stations)
    count = stations.sizes["station"]
    fold = np.random.default_rng(random_state).permutation(count) % folds
    rows = []
    for name in map(str, stations.data_vars):
        values = _transformed(stations[name].values, name, log)
        features = _station_features(covariates, stations)
        predictions: dict = {}
        for left_out in _bar(range(folds), f"scoring {name}", progress):
            test, train = np.flatnonzero(fold == left_out), np.flatnonzero(fold != left_out)
            found = _left_out_estimates(values, stations, features, train, test, neighbours, random_state)
            if field is not None:
                found[f"EOFs and {field}"] = _field_estimates(
                    values, stations, train, test, field, random_state
                )
            for method, (mean, deviation) in found.items():
                means, deviations = predictions.setdefault(method, np.full((2, *values.shape), np.nan))
                means[:, test] = mean
                deviations[:, test] = deviation
        for method, (mean, deviation) in predictions.items():
            rows.append({"variable": name, "method": method} | _scores(values, mean, deviation, log))
    return rows


def pseudo_labels(stations, places, *, weight=0.2, neighbours=32):
    """Kriged values at places without a station, as further training data of a model.

    Measured on fields that are known everywhere, they made the model worse in two of three settings; kriging the
    residuals of the model (`krige` with covariates) was better in all of them.

    Parameters
    ----------
    stations : xr.Dataset
        Same as in `krige`.
    places : xr.Dataset
        Places, same as `to` in `krige`.
    weight : float, default=0.2
        Weight of a pseudo-label without uncertainty, relative to an observation.
    neighbours : int, default=32
        Number of nearest stations that an estimate is made from.

    Returns
    -------
    xr.Dataset
        Kriged values and `<name>_weight` = weight / (1 + variance / median variance).

    References
    ----------
    Duan et al.: kriged labels of places without observations.
    """
    kriged = krige(stations, places, neighbours=neighbours)
    names = [name for name in kriged.data_vars if f"{name}_sd" in kriged]
    result = kriged[names]
    for name in names:
        variance = kriged[f"{name}_sd"] ** 2
        median = float(variance.median())
        result[f"{name}_weight"] = weight / (1 + (variance / median if median > 0 else variance * 0))
    return result


class StationInterpolator:
    """Ordinary kriging of station values or of the residuals of a model, on arrays.

    Parameters
    ----------
    neighbours : int, default=32
        Number of nearest stations that an estimate is made from.
    random_state : int, default=0
        Seed of the folds and of gradient boosting.
    sample_weight : array of shape (station,), default=None
        Weights of the stations when the model is trained; None weights all alike.
    folds : int, default=5
        Number of parts of the stations for out-of-fold residuals.

    Attributes
    ----------
    semivariogram_ : Semivariogram or None
        Pooled over dates, of the values or of the residuals; None if they do not vary.
    scale_ : float
        Factor of the standard deviations.
    model_ : HistGradientBoostingRegressor or None
        Trained on all stations; None without features.
    """

    def __init__(self, neighbours=32, random_state=0, sample_weight=None, folds=5):
        self.neighbours = neighbours
        self.random_state = random_state
        self.sample_weight = sample_weight
        self.folds = folds

    def fit(self, values, stations, features=None):
        """Learn from values (time, station) at `stations` and features (time, station, feature)."""
        self.places_ = sphere_points(stations["latitude"].values, stations["longitude"].values)
        self.model_ = None
        if features is not None:
            self._fit_models(values, features)
            values = values - self.out_of_fold(features)
        self._features = features
        self.semivariogram_ = pooled_semivariogram(self.places_, values, random_state=self.random_state)
        self.scale_ = self._calibration(values)
        return self

    def out_of_fold(self, features):
        """Predictions at the stations, each by a model that was not trained on that station."""
        result = np.empty(features.shape[:2])
        for part, model in enumerate(self._fold_models):
            stations = self._fold == part
            result[:, stations] = _predict(model, features[:, stations])
        return result

    def estimate(self, values, targets, features=None, station_features=None, *, progress=False):
        """Means and standard deviations (time, target) from values (time, station).

        Parameters
        ----------
        values : array of shape (time, station)
            Values at the stations that were learned from.
        targets : array of shape (target, 3)
            Places, see `sphere_points`.
        features : array of shape (time, target, feature), default=None
            Features at the targets, for an interpolator with a model.
        station_features : array of shape (time, station, feature), default=None
            Features at the stations, for other dates than those learned from.
        progress : bool, default=False
            Show a progress bar.
        """
        trend = 0.0
        if self.model_ is not None:
            at_stations = self._features if station_features is None else station_features
            values = values - self.out_of_fold(at_stations)
            trend = _predict(self.model_, features)
        mean, deviation = self._krige(values, targets, progress)
        return mean + trend, deviation

    def _fit_models(self, values, features):
        count = values.shape[1]
        self._fold = np.random.default_rng([self.random_state, 1]).permutation(count) % self.folds
        weight = np.ones(count) if self.sample_weight is None else self.sample_weight
        train = [self._fold != part for part in range(self.folds)]
        self._fold_models = [
            _boosted(values[:, t], features[:, t], weight[t], self.random_state) for t in train
        ]
        self.model_ = _boosted(values, features, weight, self.random_state)

    def _krige(self, values, targets, progress):
        mean = np.full((len(values), len(targets)), np.nan)
        deviation = mean.copy()
        known = np.isfinite(values)
        patterns, group = np.unique(known, axis=0, return_inverse=True)
        group = group.ravel()
        for g, pattern in enumerate(_bar(patterns, "kriging", progress)):
            dates, at = np.flatnonzero(group == g), np.flatnonzero(pattern)
            if not len(at):
                continue
            here = values[np.ix_(dates, at)]
            variances = here.var(axis=1)
            if self.semivariogram_ is None or len(at) == 1:
                mean[dates] = here.mean(axis=1)[:, None]
                deviation[dates] = 0.0 if self.semivariogram_ is None else np.nan
                continue
            kriging = SpaceTimeKriging(self.semivariogram_, neighbours=self.neighbours)
            estimates, variance = kriging.estimate(self.places_[at], np.zeros(len(at), int), here.T, targets)
            mean[dates] = estimates.T
            deviation[dates] = self.scale_ * np.sqrt(variances[:, None] * variance)
        return mean, deviation

    def _calibration(self, values):
        """Root mean square of leave-one-out error / standard deviation over up to 100 dates."""
        enough = np.flatnonzero(np.isfinite(values).sum(axis=1) >= MIN_STATIONS)
        if self.semivariogram_ is None or not len(enough):
            return 1.0
        chosen = enough[np.unique(np.linspace(0, len(enough) - 1, CALIBRATION_DATES).astype(int))]
        ratios = []
        for date in chosen:
            at = np.flatnonzero(np.isfinite(values[date]))
            here = values[date, at]
            error, variance = kriging_system_errors(self.semivariogram_, self.places_[at], here)
            ratios.append(error / np.sqrt(np.maximum(variance * here.var(), 1e-300)))
        return float(np.sqrt(np.mean(np.concatenate(ratios) ** 2)))


def check_stations(stations):
    """Refuse stations that cannot be interpolated; average those at one place.

    Parameters
    ----------
    stations : xr.Dataset or xr.DataArray
        Same as in `krige`.

    Returns
    -------
    xr.Dataset
        Variables over (time, station), float64, without stations that have no value.
    """
    if isinstance(stations, xr.DataArray):
        stations = stations.to_dataset(name=stations.name or "value")
    for name in ("latitude", "longitude"):
        if name not in stations.variables or stations[name].dims != ("station",):
            raise DscTfError(f"stations: no {name} over the dimension station. Give one for each station.")
    stations = stations.set_coords(["latitude", "longitude"])
    names = [str(n) for n in stations.data_vars if set(stations[n].dims) == {"time", "station"}]
    if not names:
        raise DscTfError("stations: no variable over time and station. Give values of those dimensions.")
    latitude = stations["latitude"].values.astype(float)
    longitude = stations["longitude"].values.astype(float)
    if not (np.isfinite(latitude).all() and np.isfinite(longitude).all()):
        raise DscTfError("stations: a latitude or longitude is missing. Leave those stations out.")
    if np.abs(latitude).max() > 90:
        raise DscTfError(
            f"latitude: {latitude[np.abs(latitude).argmax()]:g}. Give degrees from -90 to 90; "
            "latitude and longitude may be exchanged."
        )
    stations = stations[names].transpose("time", "station").astype(np.float64)
    if "time" not in stations.coords or stations["time"].dims != ("time",):
        stations = stations.assign_coords(time=np.arange(stations.sizes["time"]))
    for name in names:
        if np.isinf(stations[name].values).any():
            raise DscTfError(f"{name}: infinite values. Correct the file or leave them out.")
    stations = _without_duplicates(stations)
    known = [np.isfinite(stations[name].values).any(axis=0) for name in names]
    stations = stations.isel(station=np.flatnonzero(np.logical_or.reduce(known)))
    if stations.sizes["station"] < MIN_STATIONS:
        raise DscTfError(
            f"stations: {stations.sizes['station']} with values. Give at least {MIN_STATIONS}, at different places."
        )
    return stations


def _without_duplicates(stations):
    places = np.round(np.stack([stations["latitude"], stations["longitude"]], axis=1) / SAME_PLACE)
    _, first, group = np.unique(places, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    if len(first) == stations.sizes["station"]:
        return stations
    count = stations.sizes["station"] - len(first)
    text = f"{count} stations are at the place of another one; stations at one place are averaged"
    warnings.warn(text, UserWarning, stacklevel=4)
    result = stations.isel(station=first).copy(deep=True)
    for name in stations.data_vars:
        for g in range(len(first)):
            members = stations[name].values[:, group == g]
            number = np.isfinite(members).sum(axis=1)
            total = np.nansum(members, axis=1)
            result[name].values[:, g] = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return result


def _transformed(values, name, log):
    if not log:
        return values
    known = values[np.isfinite(values)]
    if (known < 0).any():
        raise DscTfError(f"log: {name} has negative values, the least {known.min():g}. Leave the option out.")
    if not (known > 0).any():
        raise DscTfError(f"log: {name} has no positive value. Leave the option out.")
    return np.log(np.where(np.isfinite(values), np.maximum(values, 0.5 * known[known > 0].min()), np.nan))


def _target_places(to):
    """Latitude and longitude of each target, coordinates of the result, and its shape without time."""
    for name in ("latitude", "longitude"):
        if name not in to.variables:
            raise DscTfError(f"to: no {name}. Give a grid or places with latitude and longitude.")
    latitude, longitude = to["latitude"], to["longitude"]
    if latitude.dims == longitude.dims:
        coords = {"latitude": latitude, "longitude": longitude}
        return latitude.values.astype(float), longitude.values.astype(float), coords, latitude.shape
    grid = np.meshgrid(latitude.values, longitude.values, indexing="ij")
    coords = {"latitude": latitude, "longitude": longitude}
    return grid[0].ravel(), grid[1].ravel(), coords, grid[0].shape


def _dims(to):
    return to["latitude"].dims


def _station_features(covariates, stations):
    if covariates is None:
        return None
    return _features(covariates, stations["time"], stations["latitude"].values, stations["longitude"].values)


def _features(covariates, time, latitude, longitude):
    """Covariates at places, and the coordinates, shape (time, place, feature)."""
    for axis in ("time", "latitude", "longitude"):
        if axis not in covariates.variables:
            raise DscTfError(f"covariates: no {axis}. Give a dataset as `open_dataset` returns it.")
    if time.dtype.kind != covariates["time"].dtype.kind:
        raise DscTfError(
            f"covariates: times of type {covariates['time'].dtype}, {time.dtype} in the stations. Give both dates of "
            "one calendar."
        )
    missing = np.setdiff1d(time.values, covariates["time"].values)
    if len(missing):
        raise DscTfError(
            f"covariates: {len(missing)} dates of the stations are missing, the first {str(missing[0])[:10]}. "
            "Give covariates at all dates, or fewer stations' dates."
        )
    place = {}
    for axis, values in (("latitude", latitude), ("longitude", longitude)):
        grid = covariates[axis].values.astype(float)
        place[axis] = xr.DataArray(np.clip(values, grid.min(), grid.max()), dims="place")
    at = covariates.sel(time=time.values).load().interp(place)
    columns = [at[name].transpose("time", "place").values for name in covariates.data_vars]
    shape = columns[0].shape
    columns += [np.broadcast_to(latitude, shape), np.broadcast_to(longitude, shape)]
    return np.stack(columns, axis=-1)


def _boosted(values, features, weight, random_state):
    from sklearn.ensemble import HistGradientBoostingRegressor

    known = np.isfinite(values)
    weights = np.broadcast_to(weight, values.shape)[known]
    model = HistGradientBoostingRegressor(random_state=random_state)
    return model.fit(features[known], values[known], sample_weight=weights)


def _predict(model, features):
    return model.predict(features.reshape(-1, features.shape[-1])).reshape(features.shape[:2])


def _left_out_estimates(values, stations, features, train, test, neighbours, random_state):
    """Means and standard deviations of each method at the stations `test`, learned at the stations `train`."""
    places = sphere_points(stations["latitude"].values, stations["longitude"].values)
    known, targets = values[:, train], places[test]
    none = np.full((len(values), len(test)), np.nan)
    counts = np.isfinite(known).sum(axis=1)
    mean = np.where(counts > 0, np.nansum(known, axis=1) / np.maximum(counts, 1), np.nan)
    result = {
        MEAN: (np.broadcast_to(mean[:, None], none.shape), none),
        NEAREST: (inverse_distance(known, places[train], targets, 1), none),
        DISTANCE: (inverse_distance(known, places[train], targets, 8), none),
    }
    kept = stations.isel(station=train)
    kriging = StationInterpolator(neighbours, random_state).fit(known, kept)
    result[KRIGING] = kriging.estimate(known, targets)
    if features is not None:
        interpolator = StationInterpolator(neighbours, random_state).fit(known, kept, features[:, train])
        result[MODEL] = (_predict(interpolator.model_, features[:, test]), none)
        result[RESIDUALS] = interpolator.estimate(known, targets, features[:, test])
    return result


def station_field(kind, random_state=0):
    """`SpaceTimeField` for stations: Matern kernel, because weather is rough."""
    from .spacetime_field import SpaceTimeField

    return SpaceTimeField(kind, smoothness="matern", random_state=random_state)


def _field_estimates(values, stations, train, test, kind, random_state):
    places = sphere_points(stations["latitude"].values, stations["longitude"].values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # distance from the stations is no fault here
        field = station_field(kind, random_state).fit(places[train], values[:, train].T)
        mean = field.predict(places[test]).T
    return mean, np.full(mean.shape, np.nan)


def inverse_distance(values, places, targets, neighbours=8):
    """Values at targets by inverse squares of the distance to the nearest known stations of each date.

    Parameters
    ----------
    values : array of shape (time, station)
        Values, NaN where missing.
    places, targets : array of shape (station, 3) and (target, 3)
        See `sphere_points`.
    neighbours : int, default=8
        Number of stations; 1 takes the value of the nearest.

    Returns
    -------
    array of shape (time, target)
        NaN at dates without a value.
    """
    distance = np.linalg.norm(targets[:, None] - places, axis=-1)
    result = np.full((len(values), len(targets)), np.nan)
    for date, row in enumerate(values):
        known = np.flatnonzero(np.isfinite(row))
        if len(known):
            order = np.argsort(distance[:, known], axis=1)[:, :neighbours]
            weights = 1 / np.maximum(np.take_along_axis(distance[:, known], order, axis=1), 1e-3) ** 2
            result[date] = (weights * row[known][order]).sum(axis=1) / weights.sum(axis=1)
    return result


def _scores(values, mean, deviation, log):
    known = np.isfinite(values) & np.isfinite(mean)
    certain = known & np.isfinite(deviation)
    cover = gaussian_coverage(mean[certain], deviation[certain], values[certain]) if certain.any() else None
    if log:
        values, mean = np.exp(values), np.exp(mean)
    error = (mean - values)[known]
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.abs(error).mean()),
        "spatial_r": _mean_correlation(values, mean),
        "temporal_r": _mean_correlation(values.T, mean.T),
        "coverage": cover,
    }


def _mean_correlation(values, estimates):
    """Mean over rows of the correlation within each row; rows without variation are left out."""
    found = []
    for row, other in zip(values, estimates, strict=True):
        known = np.isfinite(row) & np.isfinite(other)
        if known.sum() >= 3 and np.ptp(row[known]) > 0 and np.ptp(other[known]) > 1e-9:
            found.append(np.corrcoef(row[known], other[known])[0, 1])
    return float(np.mean(found)) if found else None


def _bar(steps, name, progress):
    if not progress:
        return steps
    from tqdm.auto import tqdm

    return tqdm(steps, desc=name)
