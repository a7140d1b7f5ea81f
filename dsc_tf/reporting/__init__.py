"""Run folders, CF netCDF of labels, figures. Takes arrays and datasets, knows no method."""

from .fingerprint import data_fingerprint, software_versions, write_config
from .labels import labels_dataset
from .results import write_results
from .run_folder import RunFolder, open_run, partial_path

__all__ = [
    "RunFolder",
    "data_fingerprint",
    "labels_dataset",
    "open_run",
    "partial_path",
    "software_versions",
    "write_config",
    "write_results",
]
