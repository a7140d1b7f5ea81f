import warnings

import numpy as np
import pytest

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.records.validation import check_dataset


def with_infinity():
    ds = mock_dataset()
    ds["msl"][3, 2, 1] = np.inf
    return ds


def twice():
    ds = mock_dataset()
    return ds.isel(time=[0, 1, 1, 2])


BAD = {
    "no steps": (lambda: mock_dataset().isel(time=slice(0)), "no time steps"),
    "one point": (lambda: mock_dataset(latitudes=1, longitudes=1), "grid of 1 x 1 points.*2 x 2"),
    "one row": (lambda: mock_dataset(latitudes=1), "grid of 1 x 9"),
    "all missing": (lambda: mock_dataset(nan_policy="all"), "t2m: every value is missing.*--variables"),
    "infinite": (with_infinity, "msl: 1 infinite values"),
    "all constant": (lambda: mock_dataset(variables=("t2m",), constant="t2m"), "constant in time"),
    "duplicated": (twice, "1 duplicated steps, the first 2001-01-02"),
    "unsorted": (lambda: mock_dataset().isel(time=slice(None, None, -1)), "not sorted"),
    "no variables": (lambda: mock_dataset().drop_vars(["t2m", "msl"]), "no variables"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_record_is_refused_in_one_line(case):
    make, words = BAD[case]
    with pytest.raises(DscTfError, match=words) as caught:
        check_dataset(make())
    assert "\n" not in str(caught.value)


def test_a_good_record_causes_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_dataset(mock_dataset(gaps=True))


def test_one_step_is_refused():
    with pytest.raises(DscTfError, match="one time step, 2001-01-01 00:00:00. Give a longer"):
        check_dataset(mock_dataset().isel(time=[0]))


def test_one_constant_variable_is_named():
    with pytest.warns(UserWarning, match="msl: constant in time"):
        check_dataset(mock_dataset(constant="msl"))


def test_a_field_that_never_changes_is_named():
    ds = mock_dataset()
    ds["msl"] = ds["msl"].isel(time=0, drop=True).expand_dims(time=ds.time).transpose(*ds["t2m"].dims)
    with pytest.warns(UserWarning, match="msl: constant in time"):
        check_dataset(ds)


def test_values_that_wrapped_around_are_named():
    """A smooth wave packed into too few bits: whatever exceeds the range comes back at its other end."""
    ds = mock_dataset(days=60, latitudes=20, longitudes=20)
    phase = np.arange(60)[:, None, None] / 5 + np.arange(20)[:, None] / 4 + np.arange(20) / 4
    ds["msl"].values[:] = (3 * np.sin(phase) + 10) % 4
    with pytest.warns(UserWarning, match="msl.*16-bit") as caught:
        check_dataset(ds)
    assert len(caught) == 1


def test_blocks_see_the_same(monkeypatch):
    """The only value that changes lies in the last block."""
    from dsc_tf.records import chunks as blocks

    ds = mock_dataset(variables=("t2m",), constant="t2m")
    ds["t2m"][-1, -1, -1] += 1
    monkeypatch.setattr(blocks, "BLOCK", 200)
    check_dataset(ds)
