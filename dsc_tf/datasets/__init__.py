"""Where records come from: synthetic and mock records, public data sets, downloads of ERA5."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "mock": ["mock_dataset"],
        "pdsi": ["drought", "open_divisions", "open_pdsi"],
        "regime_ladder": ["ladder"],
        "synthetic": ["sample_dataset", "write_sample"],
        "weatherbench": ["open_weatherbench"],
    },
)
