"""Missing values, station records and space-time fields: from a Dataset to a Dataset without gaps."""

from .gaps import GapFiller, fill_gaps

__all__ = ["GapFiller", "fill_gaps"]
