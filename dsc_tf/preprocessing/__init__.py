"""From a Dataset in physical units to samples that clusterers take, and back. NumPy and xarray only."""

from .as_samples import as_samples, wrap_like
from .preprocessor import PREPROCESSING, Preprocessor, prepare
from .protocols import PROTOCOLS, Protocol
from .samples import Samples, true_labels

__all__ = [
    "PREPROCESSING",
    "PROTOCOLS",
    "Preprocessor",
    "Protocol",
    "Samples",
    "as_samples",
    "prepare",
    "true_labels",
    "wrap_like",
]
