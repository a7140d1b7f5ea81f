"""From files to arrays: open, check, prepare. NumPy and xarray only."""

from .mock import mock_dataset
from .open import open_dataset
from .preprocessing import Preprocessor, prepare
from .protocols import PROTOCOLS, Protocol
from .sample import sample_dataset, write_sample

__all__ = [
    "PROTOCOLS",
    "Preprocessor",
    "Protocol",
    "mock_dataset",
    "open_dataset",
    "prepare",
    "sample_dataset",
    "write_sample",
]
