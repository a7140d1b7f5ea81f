"""Deep spatiotemporal clustering of gridded climate records.

The journey: `open_dataset` -> `prepare` -> a clusterer's `fit_predict` -> `evaluate` -> `regimes`.
Names load on first use, so that importing this package loads neither Keras nor TensorFlow.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:  # type checkers and editors follow imports, not `__getattr__`
    from typing import Any

    from .clusterers.dsc import DSC as DSC
    from .clusterers.hierarchical import Hierarchical as Hierarchical
    from .clusterers.kmeans import KMeans as KMeans
    from .contrastive import SpaceTimeTS2Vec as SpaceTimeTS2Vec
    from .contrastive import TS2Vec as TS2Vec
    from .data import mock_dataset as mock_dataset
    from .data import open_dataset as open_dataset
    from .data import prepare as prepare
    from .data import sample_dataset as sample_dataset
    from .errors import DscTfError as DscTfError
    from .metrics import evaluate as evaluate

    regimes: Any  # a room that may be called

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name):
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(f".{_ROOMS[name]}", __name__)
    return room if _ROOMS[name] == name else getattr(room, name)


def __dir__():
    return sorted([*globals(), *__all__])
