"""Coast where there is coast, in whatever turn a map counts its longitudes."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from dsc_tf.reporting.coastlines import coastlines, draw_coastlines

AZORES = (40.0, -32.0, 36.0, -24.0)  # north, west, south, east
OPEN_SEA = (-30.0, -130.0, -40.0, -120.0)


def within(pieces, north, west, south, east):
    x, y = pieces[..., 0], pieces[..., 1]
    return (x > west - 1) & (x < east + 1) & (y > south - 1) & (y < north + 1)


@pytest.mark.parametrize(
    "region",
    [AZORES, (71.0, -10.0, 36.0, 30.0), (0.0, -85.0, -20.0, -70.0), (-34.0, 172.0, -47.0, 179.0)],
    ids=["Azores", "Europe", "Peru", "New Zealand"],
)
def test_coast_of_a_region_lies_in_it(region):
    pieces = coastlines(*region)
    assert len(pieces) > 20 and within(pieces, *region).all(axis=1).mean() > 0.95


def test_open_sea_has_no_coast():
    assert coastlines(*OPEN_SEA).shape == (0, 2, 2)


@pytest.mark.parametrize("turn", [-360, 360])
def test_longitudes_count_in_any_turn(turn):
    north, west, south, east = AZORES
    moved = coastlines(north, west + turn, south, east + turn)
    np.testing.assert_allclose(moved - [turn, 0], coastlines(*AZORES))


def test_fiji_lies_on_both_sides_of_the_date_line():
    pieces = coastlines(-10.0, 170.0, -30.0, 190.0)
    assert (pieces[..., 0] < 180).any() and (pieces[..., 0] > 180).any()
    assert np.abs(np.diff(pieces[..., 0], axis=1)).max() < 1


def test_no_piece_crosses_the_world():
    pieces = coastlines(90.0, -180.0, -90.0, 180.0)
    assert np.abs(pieces[:, 1] - pieces[:, 0]).max() < 8


@pytest.mark.parametrize(("region", "there"), [(AZORES, True), (OPEN_SEA, False)])
def test_drawing_keeps_the_limits_of_the_map(region, there):
    axes = Figure().subplots()
    north, west, south, east = region
    axes.set(xlim=(west, east), ylim=(south, north))
    assert draw_coastlines(axes) is there
    assert axes.get_xlim() == (west, east) and axes.get_ylim() == (south, north)
    (lines,) = axes.findobj(LineCollection)
    assert bool(lines.get_segments()) is there


@pytest.mark.parametrize("limits", [(5e6, -5e6, -5e6, 5e6), (60.0, -1e9, 30.0, 1e9), (np.nan, 0.0, 0.0, 9.0)])
def test_metres_have_no_coast(limits):
    assert coastlines(*limits).shape == (0, 2, 2)
