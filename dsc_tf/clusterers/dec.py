"""Deep Embedded Clustering."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from ..errors import DscTfError
from ..models import dense_autoencoder
from ..training import NOTEBOOK, TRAINED, UNTRAINED
from ..training.recipes import by_name
from .deep import DeepClusterer, JointTrainingParameters
from .layerwise_pretraining import pretrain_layers

DEC_NOTEBOOK = replace(
    NOTEBOOK,
    pretrain_epochs=3,
    pretrain_learning_rate=0.1,
    learning_rate=1e-6,
    batch_size=128,
    update_interval=30,
    tol=1e-6,
    kmeans_init="k-means++",
    kmeans_restarts=20,
    shuffle_pretraining=True,
)


class DEC(DeepClusterer):
    """Deep Embedded Clustering: a dense autoencoder, then its encoder trained by the clustering loss alone.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    layer_sizes : tuple of int, default=(500, 500, 2000, 150)
        Widths of the layers of the encoder as in the DSC authors' notebook; the last one of the paper is 10.
    pretraining : {"whole", "layerwise"}, default="whole"
        Pretraining of the whole autoencoder, or of each layer as a denoising autoencoder and then of the whole, as in
        the paper. With "layerwise", `pretrain_epochs` is the number of passes of each layer as well.
    activation : {"relu", "leaky_relu"}, default="relu"
        Activation of the layers; "leaky_relu" has the slope 0.01 below 0, as in PyTorch.
    uniform_bias : bool, default=False
        Whether initial biases are uniform in +-1 / sqrt(number of inputs), as in PyTorch, or 0.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the dense layers; "auto" uses bfloat16 where the hardware supports it.
    **training
        Parameters of `DeepClusterer` and `NetworkClusterer`.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`.

    Notes
    -----
    The paper scales data so that the mean square of all values is 1; the protocols of this package scale otherwise.

    References
    ----------
    Xie, J., Girshick, R., Farhadi, A. (2016). Unsupervised Deep Embedding for Clustering Analysis. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 4), dtype=np.float32)
    >>> DEC(2, layer_sizes=(8, 3), recipe="untrained", random_state=0).fit(X).transform(X).shape
    (12, 3)
    """

    network_function = staticmethod(dense_autoencoder)
    recipes = by_name(DEC_NOTEBOOK, TRAINED, UNTRAINED)
    keeps_decoder = False

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        layer_sizes: Sequence[int] = (500, 500, 2000, 150),
        pretraining: str = "whole",
        activation: str = "relu",
        uniform_bias: bool = False,
        precision: str = "auto",
        **training: Unpack[JointTrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.layer_sizes = layer_sizes
        self.pretraining = pretraining
        self.activation = activation
        self.uniform_bias = uniform_bias
        self.precision = precision

    def _network_arguments(self, shape, recipe, policy):
        return {
            "shape": shape,
            "layer_sizes": list(self.layer_sizes),
            "activation": self.activation,
            "uniform_bias": self.uniform_bias,
            "policy": policy,
        }

    def _check_parameters(self, X):
        if self.pretraining == "layerwise" and X.is_stored:
            raise DscTfError(
                "pretraining: layerwise keeps what each layer says of all samples in memory. Take whole, or give "
                "twice as much memory as samples take."
            )

    def _pretrain(self, X, recipe, seed, saved):
        if self.pretraining == "layerwise" and saved is None:
            pretrain_layers(self.autoencoder_, X, recipe, seed, epochs=self.pretrain_epochs)
        super()._pretrain(X, recipe, seed, saved)
