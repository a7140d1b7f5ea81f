import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from dsc_tf.preprocessing.windows import gather_windows, segment_starts, window_ends


@given(st.lists(st.tuples(st.integers(5, 9), st.integers(1, 9)), min_size=1, max_size=8), st.integers(1, 6))
def test_windows_do_not_cross_gaps(stretches, window):
    """Stretches of days with some days missing between them; every window is consecutive, and none is forgotten."""
    kept = np.concatenate([[True] * length + [False] * gap for length, gap in stretches])
    days = np.flatnonzero(kept)
    time = np.datetime64("2001-01-01", "ns") + days * np.timedelta64(1, "D")
    ends = set(window_ends(time, window).tolist())
    whole = {i for i in range(window - 1, len(days)) if days[i] - days[i - window + 1] == window - 1}
    assert ends == whole


def test_months_have_no_gaps():
    time = pd.date_range("1999-01-01", periods=48, freq="MS").values
    assert segment_starts(time).tolist() == [0]


def test_winters_are_apart():
    time = pd.date_range("1999-12-01", "2002-02-28").to_series()
    winter = time[time.dt.month.isin([12, 1, 2])].values
    assert len(segment_starts(winter)) == 3


def test_other_calendars():
    time = xr.date_range("2001-01-01", periods=10, calendar="noleap", use_cftime=True)
    assert segment_starts(time[[0, 1, 2, 6, 7]].values).tolist() == [0, 3]


def test_without_a_gap_windows_are_a_view():
    fields = np.arange(24.0).reshape(6, 2, 2, 1)
    windows = gather_windows(fields, np.arange(2, 6), 3)
    assert windows.shape == (4, 3, 2, 2, 1) and np.shares_memory(windows, fields)
    np.testing.assert_array_equal(windows[1], fields[1:4])


def test_windows_keep_the_order_of_time():
    fields = np.arange(6.0).reshape(6, 1, 1, 1)
    windows = gather_windows(fields, np.array([1, 5]), 2)
    assert windows.squeeze().tolist() == [[0, 1], [4, 5]]


def test_one_step():
    assert window_ends(np.array(["2001-01-01"], "M8[ns]"), 1).tolist() == [0]
    assert window_ends(np.array(["2001-01-01"], "M8[ns]"), 2).tolist() == []
