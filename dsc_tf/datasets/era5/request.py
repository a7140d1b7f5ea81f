"""What is wanted of ERA5, on its own grid, and the pieces it is fetched in."""

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ...errors import DscTfError
from .variables import short_names

STEP = 0.25  # degrees between grid points
FIRST_DAY = date(1940, 1, 1)
SOURCES = ("cds", "arco", "google")  # the last two are keys of `arco.LAYOUTS`
STATISTICS = ("mean", "maximum", "minimum", "sum", "hourly")


@dataclass(frozen=True)
class Request:
    """Variables over a box and a period.

    Parameters
    ----------
    variables : tuple of str
        Short names.
    region : tuple of float
        North, west, south, east of the outermost grid points; east is above west, so it may pass 180.
    period : tuple of datetime.date
        First and last day.
    statistic : str
        Of each day, or "hourly" for every hour.
    """

    variables: tuple
    region: tuple
    period: tuple
    statistic: str

    @property
    def is_daily(self):
        """Whether a step is a day."""
        return self.statistic != "hourly"

    @property
    def days(self):
        """How many."""
        return (self.period[1] - self.period[0]).days + 1

    @property
    def time(self):
        """Steps, array of shape (time,)."""
        first, last = np.datetime64(self.period[0]), np.datetime64(self.period[1]) + np.timedelta64(1, "D")
        return np.arange(first, last, np.timedelta64(24 if self.is_daily else 1, "h")).astype(
            "datetime64[ns]"
        )

    @property
    def latitude(self):
        """Grid points from north to south, array of shape (latitude,)."""
        north, _, south, _ = self.region
        return north - STEP * np.arange(round((north - south) / STEP) + 1)

    @property
    def longitude(self):
        """Grid points from west to east, array of shape (longitude,)."""
        _, west, _, east = self.region
        return west + STEP * np.arange(round((east - west) / STEP) + 1)

    @property
    def n_bytes(self):
        """Size of the result in memory."""
        return 4 * len(self.variables) * len(self.time) * len(self.latitude) * len(self.longitude)

    def months(self):
        """First and last day of each month of the period."""
        first, last = self.period
        while first <= last:
            following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            yield first, min(last, following - timedelta(days=1))
            first = following

    @property
    def file_name(self):
        """A name for the result."""
        first, last = self.period
        if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
            years = sorted({first.year, last.year})
            return f"era5_{'-'.join(map(str, years))}.nc"
        return f"era5_{first}_{last}.nc"

    def as_json(self):
        """The request in words that JSON has."""
        return {
            "variables": list(self.variables),
            "region": list(self.region),
            "period": [day.isoformat() for day in self.period],
            "statistic": self.statistic,
        }


@dataclass(frozen=True)
class Piece:
    """What is fetched at once.

    Parameters
    ----------
    name : str
        For people and file names.
    about : dict
        Everything that its values depend on, as JSON can hold it.
    request : Request
        Its variables, box and period.
    """

    name: str
    about: dict
    request: Request

    @property
    def key(self):
        """A name that no other piece has."""
        digest = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{digest[:12]}"


def new_request(variables, region, period, statistic="mean"):
    """A request, checked.

    Parameters
    ----------
    variables : list of str
        Short names such as "t2m", or the Climate Data Store's such as "2m_temperature".
    region : tuple of float
        North, west, south, east in degrees; west above east crosses the date line.
    period : tuple of str
        First and last day, such as 2001-01-31.
    statistic : str, default="mean"
        "mean", "maximum", "minimum" or "sum" of each day, or "hourly".

    Returns
    -------
    Request
        On the grid points within the box.

    Raises
    ------
    DscTfError
        If a variable is unknown, the box holds no grid point, or the dates are not two days since 1940 in order.
    """
    if statistic not in STATISTICS:
        raise DscTfError(f"statistic: {statistic!r}. Choose one of {', '.join(STATISTICS)}.")
    return Request(short_names(variables), _on_grid(region), _days(period), statistic)


def _on_grid(region):
    north, west, south, east = region
    text = " ".join(f"{value:g}" for value in region)
    if not (all(map(math.isfinite, region)) and -90 <= south <= north <= 90):
        raise DscTfError(f"region: {text}. Give NORTH WEST SOUTH EAST, latitudes from -90 to 90.")
    width = 360 - STEP if east - west >= 360 else (east - west) % 360
    west = (west + 180) % 360 - 180
    east = west + width
    edges = [
        math.floor(north / STEP),
        math.ceil(west / STEP),
        math.ceil(south / STEP),
        math.floor(east / STEP),
    ]
    if edges[0] < edges[2] or edges[3] < edges[1]:
        raise DscTfError(f"region: {text} holds no point of the {STEP}-degree grid. Give a larger box.")
    return tuple(STEP * edge for edge in edges)


def _days(period):
    try:
        first, last = (date.fromisoformat(day) for day in period)
    except ValueError as error:
        raise DscTfError(f"period: {' '.join(period)} is not two dates. Write them as 2001-01-31.") from error
    if not FIRST_DAY <= first <= last <= date.today():
        raise DscTfError(
            f"period: {first} to {last}. Give the first and last day between {FIRST_DAY} and today, in this order."
        )
    return first, last
