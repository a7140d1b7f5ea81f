"""From a Dataset in physical units to samples that clusterers take, and back. NumPy and xarray only."""

import lazy_loader

# Not lazy: the module has the name of the function. It imports NumPy alone.
from .as_samples import as_samples as as_samples

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "as_samples": ["as_samples", "wrap_like"],
        "dask_rows": ["dask_samples"],
        "preprocessor": ["PREPROCESSING", "Preprocessor", "prepare"],
        "protocols": ["PROTOCOLS", "Protocol"],
        "samples": ["Samples", "true_labels"],
    },
)
