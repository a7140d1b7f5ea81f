"""Every method by its name on the command line. A line here gives a method its contract tests."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

from ..errors import DscTfError

METHODS = {
    "dsc": ("dsc", "DSC"),
    "kmeans": ("kmeans", "KMeans"),
    "hierarchical": ("hierarchical", "Hierarchical"),
    "dec": ("dec", "DEC"),
    "dtc": ("dtc", "DTC"),
    "dtcr": ("dtcr", "DTCR"),
    "cnn_encoder": ("ablations", "CNNEncoder"),
    "cnn_autoencoder": ("ablations", "CNNAutoencoder"),
    "cnn_lstm_encoder": ("ablations", "CNNLSTMEncoder"),
    "clustering_layer": ("clustering_head", "ClusteringHead"),
    "eof_kmeans": ("eof", "EOFKMeans"),
    "gaussian_mixture": ("eof", "GaussianMixture"),
    "spherical_kmeans": ("spherical", "SphericalKMeans"),
    "persistent_kmeans": ("persistent", "PersistentKMeans"),
    "mcgta": ("mcgta", "MCGTA"),
    "predictive_kmeans": ("predictive_kmeans", "PredictiveKMeans"),
    "switching": ("switching", "SwitchingAutoregression"),
    "random_partition": ("random_partition", "RandomPartition"),
}

NETWORKS = (
    "dsc",
    "dec",
    "dtc",
    "dtcr",
    "cnn_encoder",
    "cnn_autoencoder",
    "cnn_lstm_encoder",
    "clustering_layer",
)  # need Keras
ON_FEATURES = (  # make sense of vectors as of fields; dsc by its clustering layer
    "dsc",
    "kmeans",
    "hierarchical",
    "clustering_layer",
    "gaussian_mixture",
    "spherical_kmeans",
    "persistent_kmeans",
    "mcgta",
)
CONTROLS = ("random_partition",)  # find nothing, by intention


def clusterer(method):
    """The class of a method, imported on first use so that classical methods need no Keras.

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
    file, name = METHODS[method]
    return getattr(import_module(f"{__package__}.{file}"), name)


def summary(method):
    """What a method is, in the first sentence of its class's docstring; read without importing Keras.

    Parameters
    ----------
    method : str
        A name in `METHODS`.
    """
    file, name = METHODS[method]
    source = ast.parse((Path(__file__).parent / f"{file}.py").read_text(encoding="utf-8"))
    owner = next(node for node in source.body if isinstance(node, ast.ClassDef) and node.name == name)
    return ast.get_docstring(owner).splitlines()[0]


def build(method, n_clusters, **options):
    """A method with those of the options that it knows.

    Parameters
    ----------
    method : str
        A name in `METHODS`.
    n_clusters : int
        Number of clusters.
    **options
        Parameters of any method; the others are left out.

    Returns
    -------
    Clusterer
        Not fitted.
    """
    kind = clusterer(method)
    known = inspect.signature(kind).parameters
    return kind(n_clusters, **{name: value for name, value in options.items() if name in known})
