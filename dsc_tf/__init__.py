"""Deep spatiotemporal clustering of gridded climate records.

The journey: `open_dataset` -> `prepare` -> a clusterer's `fit_predict` -> `evaluate` -> `regimes`.
Names load on first use, so that importing this package loads neither Keras nor TensorFlow.
"""

import logging
from importlib import import_module

__version__ = "0.1.0"

_ROOMS = {
    "DscTfError": "errors",
    "open_dataset": "data",
    "prepare": "data",
    "sample_dataset": "data",
    "mock_dataset": "data",
    "DSC": "clusterers.dsc",
    "KMeans": "clusterers.kmeans",
    "Hierarchical": "clusterers.hierarchical",
    "TS2Vec": "contrastive",
    "SpaceTimeTS2Vec": "contrastive",
    "evaluate": "metrics",
    "regimes": "regimes",
}
__all__ = list(_ROOMS)

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name):
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(f".{_ROOMS[name]}", __name__)
    return room if _ROOMS[name] == name else getattr(room, name)


def __dir__():
    return sorted([*globals(), *__all__])
