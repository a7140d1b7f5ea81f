"""Coastlines of the world, shipped with the package so that maps need no network.

`coastlines.npz` is Natural Earth 4.1.0, land at 1:50 million (public domain, naturalearthdata.com), out of the npm
package world-atlas 2.0.2, simplified to 0.015 degrees (Douglas and Peucker) and rounded to 0.01 degrees; edges
along the date line are cut, lakes are left out.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from matplotlib.collections import LineCollection

PER_DEGREE = 100  # the file holds int16
MAX_LONGITUDE = 720  # of a map in degrees; anything above is in other units, such as metres


def coastlines(north, west, south, east):
    """Pieces of coast in a region.

    Parameters
    ----------
    north, west, south, east : float
        The region in degrees. Longitudes in any turn, such as 0 to 360; east above west.

    Returns
    -------
    array of shape (piece, 2, 2)
        Longitude and latitude of both ends of every piece whose bounding box touches the region, in the region's
        own turn. Empty where there is open sea, and where the limits are no degrees.
    """
    if not (max(abs(west), abs(east)) <= MAX_LONGITUDE and max(abs(south), abs(north)) <= 180):  # or NaN
        return np.empty((0, 2, 2))
    pieces, low, high = _pieces()
    found = []
    for turn in range(int((west - 180) // 360), int((east + 180) // 360) + 1):
        offset = 360 * turn
        touches = (
            (low[0] + offset <= east) & (high[0] + offset >= west) & (low[1] <= north) & (high[1] >= south)
        )
        found.append(pieces[touches] + [360 * turn, 0])
    return np.concatenate(found)


def draw_coastlines(axes):
    """Draw the coast within the limits of a map.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        A map over longitude and latitude in degrees, its limits set.

    Returns
    -------
    bool
        Whether there is any coast.
    """
    (west, east), (south, north) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    pieces = coastlines(north, west, south, east)
    width = 0.6 if east - west < 120 else 0.3
    # One line with gaps: as many lines as pieces take thirty times as long to draw.
    line = np.pad(pieces, ((0, 0), (0, 1), (0, 0)), constant_values=np.nan).reshape(-1, 2)
    lines = LineCollection([line] if len(pieces) else [], colors="0.15", linewidths=width, capstyle="round")
    axes.add_collection(lines, autolim=False)
    return len(pieces) > 0


@cache
def _pieces():
    """Every piece of coast, shape (piece, 2, 2), and the corners of their bounding boxes, each of shape (2, piece)."""
    with files(__package__).joinpath("coastlines.npz").open("rb") as file, np.load(file) as stored:
        points, lengths = stored["points"] / PER_DEGREE, stored["lengths"]
    begins = np.ones(len(points), bool)
    begins[np.cumsum(lengths)[:-1]] = False  # no piece leads from one line to the next
    pieces = np.stack([points[:-1], points[1:]], axis=1)[begins[1:]]
    return pieces, pieces.min(axis=1).T.copy(), pieces.max(axis=1).T.copy()
