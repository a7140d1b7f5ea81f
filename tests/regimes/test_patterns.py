"""Names by reference patterns and projection onto given patterns: by numpy and by hand."""

import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.regimes.patterns import assign_to_patterns, match_patterns, on_grid, pattern_correlations

LATITUDE, LONGITUDE = np.array([60.0, 50, 40, 30]), np.arange(-20.0, 15, 5)


def maps(count, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, len(LATITUDE), len(LONGITUDE)))
    axes = {"latitude": LATITUDE, "longitude": LONGITUDE}
    return xr.DataArray(values, axes, ("cluster", "latitude", "longitude"))


def test_correlation_is_the_weighted_one_of_numpy():
    one, other = maps(2), maps(3, 1)
    weight = np.repeat(np.cos(np.deg2rad(LATITUDE)), len(LONGITUDE))
    covariance = np.cov(one[1].values.ravel(), other[2].values.ravel(), aweights=weight)
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert pattern_correlations(one, other)[1, 2] == pytest.approx(expected)


def test_the_best_assignment_gives_the_names():
    reference = maps(3)
    mixed = reference[[2, 0, 1]] + 0.1 * maps(3, 1)
    found = match_patterns(mixed, reference, names=["NAO+", "NAO-", "blocking"])
    assert found.name.values.tolist() == ["blocking", "NAO+", "NAO-"]
    assert found.match.values.tolist() == [2, 0, 1]
    unlike = match_patterns(maps(3, 5), reference[:2], names=["a", "b"])
    assert sorted(n[-1] for n in unlike.name.values.tolist() if n[-1] == "?") == ["?", "?"]
    assert sum(n.startswith("cluster") for n in unlike.name.values.tolist()) == 1


def test_reference_on_another_grid_and_with_other_longitudes():
    plane = maps(1).copy(data=(LATITUDE[:, None] + 2 * LONGITUDE)[None])
    fine = xr.DataArray(
        (np.arange(25, 66.0)[:, None] + 2 * np.arange(-25, 16.0))[None],
        {"lat": np.arange(25, 66.0), "lon": np.arange(-25, 16.0) % 360},
        ("mode", "lat", "lon"),
    )
    np.testing.assert_allclose(on_grid(fine, plane), plane)  # linear interpolation of a plane is exact
    part = on_grid(fine.isel(lat=slice(0, 20)), plane)
    assert np.isnan(part[0, 0]).all() and np.isfinite(part[0, -1]).all()
    with pytest.raises(DscTfError, match="cells in common"):
        match_patterns(plane, fine.isel(lat=slice(0, 2)))
    with pytest.raises(DscTfError, match="dimensions lat"):
        on_grid(fine[0], plane)


@pytest.mark.parametrize("by", ["correlation", "projection"])
def test_steps_are_assigned_to_the_patterns_they_were_made_of(by):
    patterns = maps(3)
    truth = np.random.default_rng(2).integers(0, 3, 50)
    time = xr.date_range("2001-01-01", periods=50)
    noise = 0.2 * maps(50, 3).values
    anomaly = xr.DataArray(
        2 * patterns.values[truth] + noise,
        {"time": time, "latitude": LATITUDE, "longitude": LONGITUDE},
        ("time", "latitude", "longitude"),
    )
    found = assign_to_patterns(anomaly, patterns, by=by)
    np.testing.assert_array_equal(found.labels, truth)
    strict = assign_to_patterns(anomaly, patterns, by=by, minimum=found.similarity.max(axis=1).values.mean())
    assert 0 < (strict.labels == -1).sum() < 50


def test_what_is_refused():
    with pytest.raises(DscTfError, match="by: 'x'"):
        assign_to_patterns(maps(2).rename(cluster="time"), maps(2), by="x")
