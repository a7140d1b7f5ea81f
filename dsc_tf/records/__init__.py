"""From files to a checked Dataset: opening, names and axes, selection, validation. NumPy and xarray only."""

from .open import open_dataset

__all__ = ["open_dataset"]
