"""The ERA5 file of the DSC paper: its period, grid and variables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperFile:
    """What is known of the file behind the tables.

    Parameters
    ----------
    days : int
        Length of the record.
    period : tuple of str
        First and last day.
    latitude, longitude : tuple of float
        First, last and number of points, north to south and west to east, degrees.
    variables : dict of str to tuple
        Units, lowest and highest value.
    """

    days: int
    period: tuple
    latitude: tuple
    longitude: tuple
    variables: dict

    @property
    def region(self):
        """North, west, south, east."""
        return self.latitude[0], self.longitude[0], self.latitude[1], self.longitude[1]


# The README of the authors' code, and their notebooks for grid and period.
PAPER_FILE = PaperFile(
    days=365,
    period=("2021-01-01", "2021-12-31"),
    latitude=(43.0, 33.0, 41),
    longitude=(-33.0, -23.0, 41),
    variables={
        "sst": ("K", 285, 300),
        "t2m": ("K", 281, 299),
        "sp": ("Pa", 98260, 103788),
        "sshf": ("J m-2", -674528, 200024),
        "slhf": ("J m-2", -1840906, 90131),
        "u10": ("m s-1", -16, 19),
        "v10": ("m s-1", -15, 16),
    },
)
