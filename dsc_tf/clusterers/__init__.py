"""Clustering methods with the interface of scikit-learn, one file for each.

They work in pipelines and searches; a scorer is a function of an estimator and samples. Classes are imported on first
use, so that the classical methods need no Keras.

>>> import numpy as np
>>> from sklearn.metrics import silhouette_score
>>> from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
>>> from dsc_tf.clusterers import KMeans
>>> X = np.random.default_rng(0).normal(size=(90, 4)) + np.repeat(np.eye(3, 4) * 20, 30, axis=0)[np.arange(90) * 7 % 90]
>>> scorer = lambda method, X: silhouette_score(X, method.predict(X))
>>> search = GridSearchCV(KMeans(), {"n_clusters": [2, 3, 4]}, scoring=scorer, cv=TimeSeriesSplit(3)).fit(X)
>>> search.best_params_
{'n_clusters': 3}
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .registry import (
    CONTROL_METHODS,
    DEEP_METHODS,
    FEATURE_METHODS,
    METHODS,
    build,
    clusterer,
    load_clusterer,
)

if TYPE_CHECKING:  # type checkers and editors follow imports, not `__getattr__`
    from .ablations import CNNAutoencoder as CNNAutoencoder
    from .ablations import CNNEncoder as CNNEncoder
    from .ablations import CNNLSTMEncoder as CNNLSTMEncoder
    from .b_tgat import BTGAT as BTGAT
    from .base import Clusterer as Clusterer
    from .base import LatentClusterer as LatentClusterer
    from .clustering_head import ClusteringHead as ClusteringHead
    from .dec import DEC as DEC
    from .dsc import DSC as DSC
    from .dtc import DTC as DTC
    from .dtcr import DTCR as DTCR
    from .eof import EOFKMeans as EOFKMeans
    from .eof import GaussianMixture as GaussianMixture
    from .hierarchical import Hierarchical as Hierarchical
    from .kmeans import KMeans as KMeans
    from .mcgta import MCGTA as MCGTA
    from .persistent import PersistentKMeans as PersistentKMeans
    from .predictive_kmeans import PredictiveKMeans as PredictiveKMeans
    from .random_partition import RandomPartition as RandomPartition
    from .seeds import fit_seeds as fit_seeds
    from .spherical import SphericalKMeans as SphericalKMeans
    from .switching import SwitchingAutoregression as SwitchingAutoregression

_OTHERS = {"Clusterer": "base", "LatentClusterer": "base", "fit_seeds": "seeds"}
_MODULES = {entry.class_name: entry.module for entry in METHODS.values()} | _OTHERS
__all__ = [
    "CONTROL_METHODS",
    "DEEP_METHODS",
    "FEATURE_METHODS",
    "METHODS",
    "build",
    "clusterer",
    "load_clusterer",
    *_MODULES,
]


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__():
    return sorted([*globals(), *__all__])
