"""From files to a checked dataset: opening, axes, joins, selection, validation. NumPy and xarray only."""

from .notes import notes_of
from .open import open_dataset
from .units import check_units_and_grid

__all__ = ["check_units_and_grid", "notes_of", "open_dataset"]
