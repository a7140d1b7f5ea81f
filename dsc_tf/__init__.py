"""Deep spatiotemporal clustering of gridded climate records.

The main path: `open_dataset` -> `prepare` -> `fit_predict` of a clusterer -> `evaluate` -> `describe_regimes`.
Names and packages are imported on first use, so that importing this package loads neither Keras nor TensorFlow.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__ as __version__

_MODULES = {
    "DscTfError": "errors",
    "open_dataset": "records.open",
    "prepare": "preprocessing.preprocessor",
    "Preprocessor": "preprocessing.preprocessor",
    "Samples": "preprocessing.samples",
    "as_samples": "preprocessing.as_samples",
    "sample_dataset": "datasets.synthetic",
    "mock_dataset": "datasets.mock",
    "DSC": "clusterers.dsc",
    "DEC": "clusterers.dec",
    "DTC": "clusterers.dtc",
    "DTCR": "clusterers.dtcr",
    "BTGAT": "clusterers.b_tgat",
    "CNNEncoder": "clusterers.ablations",
    "CNNAutoencoder": "clusterers.ablations",
    "CNNLSTMEncoder": "clusterers.ablations",
    "ClusteringHead": "clusterers.clustering_head",
    "KMeans": "clusterers.kmeans",
    "make_pipeline": "clusterers.pipeline",
    "save_pipeline": "clusterers.pipeline",
    "load_pipeline": "clusterers.pipeline",
    "Hierarchical": "clusterers.hierarchical",
    "EOFKMeans": "clusterers.eof",
    "PredictiveDSC": "clusterers.predictive_dsc",
    "read_out": "clusterers.read_out",
    "GaussianMixture": "clusterers.eof",
    "SphericalKMeans": "clusterers.spherical",
    "PersistentKMeans": "clusterers.persistent",
    "RandomPartition": "clusterers.random_partition",
    "MCGTA": "clusterers.mcgta",
    "ConsensusClustering": "clusterers.consensus",
    "PredictiveKMeans": "clusterers.predictive_kmeans",
    "SwitchingAutoregression": "clusterers.switching",
    "fit_seeds": "clusterers.seeds",
    "load_clusterer": "clusterers.registry",
    "load_run": "reporting.trained_run",
    "TS2Vec": "representations",
    "SpaceTimeTS2Vec": "representations",
    "evaluate": "evaluation",
    "describe_regimes": "regimes.describe",
    "fill_gaps": "interpolation.gaps",
    "krige": "interpolation.stations",
    "downscale": "downscaling.downscaler",
}
_PACKAGES = (
    "clusterers",
    "datasets",
    "downscaling",
    "downstream",
    "evaluation",
    "experiments",
    "geostatistics",
    "interpolation",
    "layers",
    "models",
    "preprocessing",
    "records",
    "regimes",
    "reporting",
    "representations",
    "training",
)
__all__ = list(_MODULES)

if TYPE_CHECKING:  # type checkers and editors follow imports, not `__getattr__`
    from .clusterers.ablations import CNNAutoencoder as CNNAutoencoder
    from .clusterers.ablations import CNNEncoder as CNNEncoder
    from .clusterers.ablations import CNNLSTMEncoder as CNNLSTMEncoder
    from .clusterers.b_tgat import BTGAT as BTGAT
    from .clusterers.clustering_head import ClusteringHead as ClusteringHead
    from .clusterers.consensus import ConsensusClustering as ConsensusClustering
    from .clusterers.dec import DEC as DEC
    from .clusterers.dsc import DSC as DSC
    from .clusterers.dtc import DTC as DTC
    from .clusterers.dtcr import DTCR as DTCR
    from .clusterers.eof import EOFKMeans as EOFKMeans
    from .clusterers.eof import GaussianMixture as GaussianMixture
    from .clusterers.hierarchical import Hierarchical as Hierarchical
    from .clusterers.kmeans import KMeans as KMeans
    from .clusterers.mcgta import MCGTA as MCGTA
    from .clusterers.persistent import PersistentKMeans as PersistentKMeans
    from .clusterers.pipeline import load_pipeline as load_pipeline
    from .clusterers.pipeline import make_pipeline as make_pipeline
    from .clusterers.pipeline import save_pipeline as save_pipeline
    from .clusterers.predictive_dsc import PredictiveDSC as PredictiveDSC
    from .clusterers.predictive_kmeans import PredictiveKMeans as PredictiveKMeans
    from .clusterers.random_partition import RandomPartition as RandomPartition
    from .clusterers.read_out import read_out as read_out
    from .clusterers.registry import load_clusterer as load_clusterer
    from .clusterers.seeds import fit_seeds as fit_seeds
    from .clusterers.spherical import SphericalKMeans as SphericalKMeans
    from .clusterers.switching import SwitchingAutoregression as SwitchingAutoregression
    from .datasets.mock import mock_dataset as mock_dataset
    from .datasets.synthetic import sample_dataset as sample_dataset
    from .downscaling.downscaler import downscale as downscale
    from .errors import DscTfError as DscTfError
    from .evaluation import evaluate as evaluate
    from .interpolation.gaps import fill_gaps as fill_gaps
    from .interpolation.stations import krige as krige
    from .preprocessing.as_samples import as_samples as as_samples
    from .preprocessing.preprocessor import Preprocessor as Preprocessor
    from .preprocessing.preprocessor import prepare as prepare
    from .preprocessing.samples import Samples as Samples
    from .records.open import open_dataset as open_dataset
    from .regimes.describe import describe_regimes as describe_regimes
    from .reporting.trained_run import load_run as load_run
    from .representations import SpaceTimeTS2Vec as SpaceTimeTS2Vec
    from .representations import TS2Vec as TS2Vec

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name):
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__():
    return sorted([*globals(), *__all__, *_PACKAGES])
