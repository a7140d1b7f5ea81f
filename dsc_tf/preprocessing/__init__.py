"""From a Dataset in physical units to samples that methods read, and back. NumPy and xarray only."""

from .preprocessor import PREPROCESSING, Preprocessor, prepare
from .protocols import PROTOCOLS, Protocol

__all__ = ["PREPROCESSING", "PROTOCOLS", "Preprocessor", "Protocol", "prepare"]
