"""Missing values, station records and space-time fields: from a Dataset to a Dataset without gaps."""

from ..preprocessing.gap_filling import GapFiller, load_gap_filler
from .gaps import fill_gaps
from .spacetime_field import SpaceTimeField
from .stations import cross_validate_stations, krige, pseudo_labels

__all__ = [
    "GapFiller",
    "SpaceTimeField",
    "cross_validate_stations",
    "fill_gaps",
    "krige",
    "load_gap_filler",
    "pseudo_labels",
]
