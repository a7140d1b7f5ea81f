"""Field significance: right rates on red noise, a planted signal found, the effective size by hand."""

import numpy as np
import pytest
import xarray as xr
from scipy.signal import lfilter

from dsc_tf.errors import DscTfError
from dsc_tf.regimes.significance import adjust, composite_test, effective_size


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


@pytest.mark.parametrize("method", ["stays", "effective"])
def test_a_planted_signal_is_found_and_only_there(method):
    values = red(600, (10, 10), 0.5, 0)
    values[LABELS == 1, :3] += 1.5
    found = composite_test(field(values), LABELS, method=method, n_permutations=400)
    significant = found.significant.sel(cluster=1).values
    assert significant[:3].all() and significant[3:].mean() < 0.1
    assert found.composite.attrs["units"] == "K"
    np.testing.assert_allclose(found.significant_share[1], significant.mean())


@pytest.mark.parametrize("method", ["stays", "effective"])
def test_right_rate_of_false_alarms_where_days_are_alike(method):
    # Days one after the other correlate by 0.6, and stays last six: the plain t test rejects 20 %.
    found = composite_test(field(red(600, (20, 20), 0.6, 1)), LABELS, method=method, n_permutations=400)
    assert 0.01 < (found.p_value < 0.05).mean() < 0.11
    assert found.significant.mean() < 0.02


def test_effective_size_by_hand():
    member = np.array([1, 1, 0, 1], dtype=bool)
    # Pairs: one at lag 1, one at lag 2, one at lag 3.
    r = np.array([0.0, 0.5])
    np.testing.assert_allclose(effective_size(member, (0,), r), [3, 9 / (3 + 2 * (0.5 + 0.25 + 0.125))])
    np.testing.assert_allclose(effective_size(member, (0, 3), r)[1], 9 / (3 + 2 * 0.5))


def test_missing_cells_stay_out_of_the_count():
    values = red(600, (4, 5), 0.3, 2)
    values[:, 0] = np.nan
    values[:50, 1] = np.nan
    for method in ("stays", "effective"):
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
