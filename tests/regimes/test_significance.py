"""Field significance: right rates on red noise, a planted signal found, the effective size by hand."""

import numpy as np
import pytest
import xarray as xr
from scipy.signal import lfilter

from dsc_tf.errors import DscTfError
from dsc_tf.regimes.significance import adjust, composite_test, composite_variance_factor


def field(values):
    time = xr.date_range("2001-01-01", periods=len(values), freq="1D")
    rows, columns = np.arange(values.shape[1]), np.arange(values.shape[2])
    return xr.DataArray(
        values.astype("float32"),
        {"time": time, "latitude": 50.0 - rows, "longitude": 1.0 * columns},
        ("time", "latitude", "longitude"),
        attrs={"units": "K"},
    )


def red(n, cells, r, seed):
    noise = np.random.default_rng(seed).standard_normal((n, *cells))
    return lfilter([1], [1, -r], noise, axis=0)


LABELS = np.repeat(np.random.default_rng(7).integers(0, 3, 100), 6)


@pytest.mark.parametrize("method", ["spells", "effective"])
def test_a_planted_signal_is_found_and_only_there(method):
    values = red(600, (10, 10), 0.5, 0)
    values[LABELS == 1, :3] += 1.5
    found = composite_test(field(values), LABELS, method=method, n_permutations=400)
    significant = found.significant.sel(cluster=1).values
    assert significant[:3].all() and significant[3:].mean() <= 0.1
    assert found.composite.attrs["units"] == "K"
    np.testing.assert_allclose(found.significant_share[1], significant.mean())


@pytest.mark.parametrize("method", ["spells", "effective"])
def test_right_rate_of_false_alarms_where_days_are_alike(method):
    # Days one after the other correlate by 0.6, and stays last six: the plain t test rejects 20 %.
    found = composite_test(field(red(600, (20, 20), 0.6, 1)), LABELS, method=method, n_permutations=400)
    assert 0.01 < (found.p_value < 0.05).mean() < 0.11
    assert found.significant.mean() < 0.02


def test_variance_factor_by_hand():
    # Weights 1/3, 1/3, 0, 1/3: one pair at lag 1, one at lag 2 and one at lag 3.
    weights = np.array([1, 1, 0, 1])[:, None] / 3
    starts = np.array([True, False, False, False])
    r = np.array([0.0, 0.5])
    expected = np.array([3, 3 + 2 * (0.5 + 0.25 + 0.125)]) / 9
    np.testing.assert_allclose(composite_variance_factor(weights + 0 * r, starts, r), expected)
    starts[3] = True  # the last step is in a segment of its own
    np.testing.assert_allclose(composite_variance_factor(weights, starts, 0.5), [(3 + 2 * 0.5) / 9])


def test_variance_factor_is_the_quadratic_form():
    rng = np.random.default_rng(0)
    weights, r = rng.normal(size=(30, 4)), np.array([0.0, 0.3, 0.9, 0.97])
    starts = np.isin(np.arange(30), [0, 11, 12])
    segment = starts.cumsum()
    lag = np.abs(np.arange(30)[:, None] - np.arange(30))
    for j in range(4):
        correlation = np.where(segment[:, None] == segment, r[j] ** lag, 0.0)
        expected = weights[:, j] @ correlation @ weights[:, j]
        np.testing.assert_allclose(composite_variance_factor(weights, starts, r)[j], expected)
        np.testing.assert_allclose(composite_variance_factor(weights[:, j], starts, r)[j], expected)


def rejection_rate(r, missing, *, n=900, cells=120):
    """Share of p-values below 0.05 on red noise without an effect, of which a share is missing."""
    values = red(n + 200, (cells, 1), r, 3)[200:]
    values[np.random.default_rng(4).random(values.shape) < missing] = np.nan
    rng = np.random.default_rng(5)
    labels = np.repeat(rng.integers(0, 3, n), rng.integers(1, 12, n))[:n]
    return np.nanmean(composite_test(field(values), labels, method="effective").p_value.values < 0.05)


@pytest.mark.parametrize(("r", "missing"), [(0.0, 0.0), (0.6, 0.8)])
def test_size_with_missing_days(r, missing):
    assert 0.02 < rejection_rate(r, missing) < 0.08


@pytest.mark.slow
@pytest.mark.parametrize("missing", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("r", [0.0, 0.6, 0.9, 0.97])
def test_size_at_every_persistence(r, missing):
    # 3 * 600 p-values: binomial standard deviation 0.005, more because the clusters of a cell are dependent.
    assert 0.03 < rejection_rate(r, missing, n=3650, cells=600) < 0.07


def test_missing_cells_stay_out_of_the_count():
    values = red(600, (4, 5), 0.3, 2)
    values[:, 0] = np.nan
    values[:50, 1] = np.nan
    for method in ("spells", "effective"):
        found = composite_test(field(values), LABELS, method=method, n_permutations=100)
        assert np.isnan(found.p_value.values[:, 0]).all() and np.isfinite(found.p_value.values[:, 1:]).all()
        assert not found.significant.values[:, 0].any()


def test_adjusted_by_hand():
    # Benjamini and Hochberg: p times m over rank, then the least from above.
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.5])
    np.testing.assert_allclose(adjust(p), [0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.5])


@pytest.mark.parametrize(("option", "value"), [("method", "t"), ("alpha", 0.6)])
def test_bad_input(option, value):
    with pytest.raises(DscTfError, match=option):
        composite_test(field(np.zeros((600, 2, 2))), LABELS, **{option: value})
