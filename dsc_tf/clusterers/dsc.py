"""Deep Spatiotemporal Clustering."""

from collections.abc import Sequence
from typing import Unpack

from ..models import dsc_autoencoder
from .deep import FieldClusterer, JointTrainingParameters


class DSC(FieldClusterer):
    """Deep Spatiotemporal Clustering of windows of gridded fields.

    A convolutional and recurrent autoencoder learns a latent vector for each window of fields. A clustering layer
    computes the membership in each cluster from the distance of the latent vector to the cluster centres (Student's t
    kernel, see `dsc_tf.layers.ClusteringLayer`). The network is first trained to reconstruct the fields; then the
    reconstruction loss and the clustering loss are minimised together. Samples have the shape (time, window, latitude,
    longitude, variable); the label of a window is that of its last time step. The defaults are the published sizes.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    cell : {"lstm", "convlstm"}, default="lstm"
        Type of the recurrent layers of the encoder, see `dsc_autoencoder`.
    filters : tuple of int, default=(64, 128, 256, 512)
        Number of channels of each convolution; each is followed by a pooling layer.
    units : int, default=512
        Width of the recurrent layers.
    latent_size : int, default=256
        Length of the latent vector.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the convolutions; "auto" uses bfloat16 where the hardware supports it.
    **training
        Training parameters, documented in the base classes `DeepClusterer` and `NetworkClusterer`: `recipe`,
        `network`, `pretrain_epochs`, `epochs`, `batch_size`, `learning_rate`, `random_state`, `checkpoint`,
        `callbacks`.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`.

    References
    ----------
    Faruque, O., Nji, F. N., Cham, M., Salvi, R. M., Zheng, X., Wang, J. (2023). Deep Spatiotemporal
    Clustering: A Temporal Clustering Approach for Multi-dimensional Climate Data. ECML PKDD.

    Examples
    --------
    A small network on random fields of 4 x 4 cells:

    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 1, 4, 4, 1), dtype=np.float32)
    >>> model = DSC(2, filters=(2, 4), units=4, latent_size=3, recipe="untrained", random_state=0).fit(X)
    >>> model.transform(X).shape, model.soft_labels_.shape
    ((12, 3), (12, 2))
    """

    network_function = staticmethod(dsc_autoencoder)

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        cell: str = "lstm",
        filters: Sequence[int] = (64, 128, 256, 512),
        units: int = 512,
        latent_size: int = 256,
        precision: str = "auto",
        **training: Unpack[JointTrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.cell = cell
        self.filters = filters
        self.units = units
        self.latent_size = latent_size
        self.precision = precision

    def _network_arguments(self, shape, recipe, policy):
        return {
            "shape": shape,
            "cell": self.cell,
            "filters": tuple(self.filters),
            "units": self.units,
            "latent_size": self.latent_size,
            "dropout": recipe.dropout,
            "output_activation": recipe.output_activation,
            "policy": policy,
        }
