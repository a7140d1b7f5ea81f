"""From files to arrays: open, check, prepare. NumPy and xarray only."""

from .lamb import flow_indices, weather_types
from .mock import mock_dataset
from .open import open_dataset
from .pdsi import drought, open_divisions, open_pdsi
from .preprocessing import PREPROCESSING, Preprocessor, prepare
from .protocols import PROTOCOLS, Protocol
from .sample import sample_dataset, write_sample
from .weatherbench import open_weatherbench

__all__ = [
    "PREPROCESSING",
    "PROTOCOLS",
    "Preprocessor",
    "Protocol",
    "drought",
    "flow_indices",
    "mock_dataset",
    "open_dataset",
    "open_divisions",
    "open_pdsi",
    "open_weatherbench",
    "prepare",
    "sample_dataset",
    "weather_types",
    "write_sample",
]
