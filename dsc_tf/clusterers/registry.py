"""Names of the methods on the command line, and what is known of a method before its module is imported.

A line in `METHODS` gives a method its contract tests and a name on the command line.
"""

from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from typing import Any

from ..errors import DscTfError


@dataclass(frozen=True)
class Method:
    """Entry of a method in the registry.

    Parameters
    ----------
    path : str
        Module in this package and class, such as "dsc.DSC".
    summary : str
        First sentence of the docstring of the class.
    is_deep : bool, default=False
        Whether the method trains a network, so that it needs Keras.
    accepts_features : bool, default=False
        Whether the method is meaningful for vectors of features as well as for fields.
    is_control : bool, default=False
        Whether the method finds no structure, on purpose.
    options : tuple of str, default=()
        Parameters that are options of `python -m dsc_tf.train`.
    protocol : str, default="paper"
        Preparation that `python -m dsc_tf.train` takes if none is given.
    """

    path: str
    summary: str
    is_deep: bool = False
    accepts_features: bool = False
    is_control: bool = False
    options: tuple[str, ...] = ()
    protocol: str = "paper"

    @property
    def module(self) -> str:
        """Name of the module in this package."""
        return self.path.split(".")[0]

    @property
    def class_name(self) -> str:
        """Name of the class."""
        return self.path.split(".")[1]


PREDICTIVE = "standardised_anomaly"  # protocol of methods that need values without the seasonal cycle
TRAINING_OPTIONS = ("recipe", "pretrain_epochs", "epochs", "batch_size", "precision")
METHODS = {
    "dsc": Method(
        "dsc.DSC",
        "Deep Spatiotemporal Clustering of windows of gridded fields.",
        is_deep=True,
        accepts_features=True,  # as a clustering layer on the features
        options=(*TRAINING_OPTIONS, "cell", "objective"),
    ),
    "kmeans": Method("kmeans.KMeans", "k-means on the fields of the labelled step.", accepts_features=True),
    "hierarchical": Method(
        "hierarchical.Hierarchical",
        "Ward's agglomerative clustering on the fields of the labelled step.",
        accepts_features=True,
    ),
    "dec": Method(
        "dec.DEC",
        "Deep Embedded Clustering: a dense autoencoder, then its encoder trained by the clustering loss alone.",
        is_deep=True,
        options=TRAINING_OPTIONS,
    ),
    "dtc": Method(
        "dtc.DTC",
        "Deep Temporal Clustering of the sequence of all values of a sample.",
        is_deep=True,
        options=("recipe", "sequence_length", "pretrain_epochs", "epochs", "batch_size"),
    ),
    "dtcr": Method(
        "dtcr.DTCR",
        "Deep Temporal Clustering Representation of the sequence of all values of a sample.",
        is_deep=True,
        options=("recipe", "sequence_length", "epochs", "batch_size"),
    ),
    "b_tgat": Method(
        "b_tgat.BTGAT",
        "Graph attention over time in both directions at the bottleneck of a U-Net of ConvLSTM layers.",
        is_deep=True,
        options=("recipe", "pretrain_epochs", "epochs", "batch_size"),
    ),
    "cnn_encoder": Method(
        "ablations.CNNEncoder",
        "Convolutions and dense layers without a decoder, trained by the clustering loss alone.",
        is_deep=True,
        options=TRAINING_OPTIONS,
    ),
    "cnn_autoencoder": Method(
        "ablations.CNNAutoencoder",
        "Convolutions and dense layers with a decoder.",
        is_deep=True,
        options=TRAINING_OPTIONS,
    ),
    "cnn_lstm_encoder": Method(
        "ablations.CNNLSTMEncoder",
        "Convolutions and LSTM layers without a decoder, trained by the clustering loss alone.",
        is_deep=True,
        options=TRAINING_OPTIONS,
    ),
    "clustering_layer": Method(
        "clustering_head.ClusteringHead",
        "A linear map, initially the identity, and a clustering layer, trained by the clustering loss alone.",
        is_deep=True,
        options=TRAINING_OPTIONS,
        accepts_features=True,
    ),
    "eof_kmeans": Method(
        "eof.EOFKMeans",
        "k-means on the leading principal components of the fields of the labelled step.",
        options=("n_components",),
    ),
    "gaussian_mixture": Method(
        "eof.GaussianMixture",
        "A mixture of Gaussians, each with its own covariance, on leading principal components.",
        accepts_features=True,
        options=("n_components",),
    ),
    "spherical_kmeans": Method(
        "spherical.SphericalKMeans",
        "k-means by the angle between fields: it maximises the sum of cosines to unit centres.",
        accepts_features=True,
    ),
    "persistent_kmeans": Method(
        "persistent.PersistentKMeans",
        "k-means with a penalty for each change of cluster from one step to the next.",
        accepts_features=True,
    ),
    "mcgta": Method(
        "mcgta.MCGTA",
        "Clusters whose joint distributions differ, from Gaussians that are estimated around each sample in time.",
        accepts_features=True,
    ),
    "predictive_kmeans": Method(
        "predictive_kmeans.PredictiveKMeans",
        "k-means in the joint space of today's fields and their linear forecasts.",
        options=("n_components",),
        protocol=PREDICTIVE,
    ),
    "predictive_dsc": Method(
        "predictive_dsc.PredictiveDSC",
        "k-means in the joint space of today's fields and the forecasts of DSC's trunk mixed with linear ones.",
        is_deep=True,
        options=("epochs", "n_components"),
        protocol=PREDICTIVE,
    ),
    "switching": Method(
        "switching.SwitchingAutoregression",
        "A sticky Markov chain that switches between autoregressions of the leading principal components.",
        protocol=PREDICTIVE,
    ),
    "switching_dsc": Method(
        "switching_dsc.SwitchingDSC",
        "A switching autoregression, or a chain on a shift-invariant network where this predicts itself better.",
        is_deep=True,
        protocol=PREDICTIVE,
    ),
    "consensus": Method(
        "consensus.ConsensusClustering",
        "Consensus of the partitions of several methods and seeds by their co-association matrix.",
    ),
    "random_partition": Method(
        "random_partition.RandomPartition", "Random labels, all equally likely.", is_control=True
    ),
}

# Methods that `DSC` delegates to, by its parameter `objective`.
OBJECTIVES = {"published": "dsc", "fields": "predictive_dsc", "dynamics": "switching_dsc"}

DEEP_METHODS = tuple(name for name, method in METHODS.items() if method.is_deep)
FEATURE_METHODS = tuple(name for name, method in METHODS.items() if method.accepts_features)
METHOD_OPTIONS = tuple(sorted({name for method in METHODS.values() for name in method.options}))
CONTROL_METHODS = tuple(name for name, method in METHODS.items() if method.is_control)


def clusterer(method: str) -> Any:
    """Import the class of a method.

    Parameters
    ----------
    method : str
        A name in `METHODS`.

    Raises
    ------
    DscTfError
        If there is no such method.
    """
    if method not in METHODS:
        raise DscTfError(f"method: {method!r}. Choose one of {', '.join(METHODS)}.")
    entry = METHODS[method]
    return getattr(import_module(f"{__package__}.{entry.module}"), entry.class_name)


def summary(method: str) -> str:
    """First sentence of the docstring of a method, without importing it.

    Parameters
    ----------
    method : str
        A name in `METHODS`.
    """
    return METHODS[method].summary


def parameters(method: str) -> tuple[str, ...]:
    """Names of the constructor parameters of a method after `n_clusters`.

    Parameters
    ----------
    method : str
        A name in `METHODS`.
    """
    return tuple(name for name in clusterer(method).parameter_names() if name != "n_clusters")


def build(method: str, n_clusters: int, **options: Any):
    """Construct a clusterer by the name of its method.

    Parameters
    ----------
    method : str
        A name in `METHODS`.
    n_clusters : int
        Number of clusters.
    **options
        Parameters of the method.

    Returns
    -------
    Clusterer
        Not fitted.

    Raises
    ------
    DscTfError
        If there is no such method, or it has no such parameter.
    """
    known = parameters(method)
    unknown = [name for name in options if name not in known]
    if unknown:
        advice = f"Choose from {', '.join(known)}" if known else "It has none: leave it out"
        raise DscTfError(f"{unknown[0]}: {method} has no such parameter. {advice}.")
    return clusterer(method)(n_clusters, **options)


def load_clusterer(folder: str | PathLike):
    """Load a fitted clusterer of any method.

    Parameters
    ----------
    folder : path
        Folder that `save` wrote to, such as a finished run.

    Returns
    -------
    Clusterer
        Fitted: it labels new samples if its method can.

    Raises
    ------
    DscTfError
        If the folder holds no model, or one of an unknown method.
    """
    from .model_files import read_model_json

    name = read_model_json(folder)["method"]
    methods = [method for method, entry in METHODS.items() if entry.class_name == name]
    if not methods:
        raise DscTfError(f"model: {folder} holds {name}. Load it with that class.")
    return clusterer(methods[0]).load(folder)
