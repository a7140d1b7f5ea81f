"""Run folders, CF netCDF of labels, figures. Takes arrays and datasets, knows no method."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "fingerprint": ["data_fingerprint", "run_fingerprint", "software_versions", "write_config"],
        "labels": ["labels_dataset"],
        "results": ["write_results"],
        "clusters": ["clusters_dataset"],
        "trained_run": ["TrainedRun", "load_run"],
        "run_folder": ["RunFolder", "open_run", "partial_path"],
    },
)
