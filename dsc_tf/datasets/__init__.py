"""Where records come from: synthetic and mock records, public data sets, downloads of ERA5."""

from .mock import mock_dataset
from .pdsi import drought, open_divisions, open_pdsi
from .regime_ladder import ladder
from .synthetic import sample_dataset, write_sample
from .weatherbench import open_weatherbench

__all__ = [
    "drought",
    "ladder",
    "mock_dataset",
    "open_divisions",
    "open_pdsi",
    "open_weatherbench",
    "sample_dataset",
    "write_sample",
]
