import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from dsc_tf.preprocessing.windows import segment_numbers, segment_starts, window_ends


@given(st.lists(st.tuples(st.integers(5, 9), st.integers(1, 9)), min_size=1, max_size=8), st.integers(1, 6))
def test_windows_do_not_cross_gaps(stretches, window):
    """Stretches of days with some days missing between them; every window is consecutive, and none is forgotten."""
    kept = np.concatenate([[True] * length + [False] * gap for length, gap in stretches])
    days = np.flatnonzero(kept)
    time = np.datetime64("2001-01-01", "ns") + days * np.timedelta64(1, "D")
    ends = set(window_ends(segment_numbers(time), window).tolist())
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


def test_one_step():
    assert window_ends([0], 1).tolist() == [0]
    assert window_ends([0], 2).tolist() == []


def test_a_step_of_one_and_a_half_usual_ones_is_no_gap_and_a_longer_one_is():
    """Steps of 24 hours but for one of 36, and of 24 but for one of 40 hours."""
    for longest, starts in ((36, [0]), (40, [0, 3])):
        hours = np.cumsum([0, 24, 24, longest, 24, 24])
        time = np.datetime64("2001-01-01", "h") + hours * np.timedelta64(1, "h")
        assert segment_starts(time).tolist() == starts


def test_members_are_segments():
    time = np.tile(pd.date_range("2001-01-01", periods=3).values, 2)
    assert segment_starts(time).tolist() == [0, 3]  # time goes backwards
    assert segment_starts(time, [1, 1, 1, 2, 2, 2]).tolist() == [0, 3]
    following = pd.date_range("2001-01-01", periods=6).values
    assert segment_starts(following, ["a"] * 3 + ["b"] * 3).tolist() == [0, 3]


def test_segments_are_numbered():
    time = np.array(["2001-01-01", "2001-01-02", "2001-02-01", "2001-02-02"], "M8[D]")
    assert segment_numbers(time).tolist() == [0, 0, 1, 1]
