"""DSC's clustering layer on representations that were learned before."""

from dataclasses import replace
from typing import Unpack

from ..models.head import linear_head
from ..training import NOTEBOOK, TRAINED, UNTRAINED
from ..training.recipes import by_name
from .deep import DeepClusterer, JointTrainingParameters

# A low learning rate, since the layer should stay close to the identity.
HEAD_RECIPE = replace(TRAINED, learning_rate=1e-5, standardise=False)


class ClusteringHead(DeepClusterer):
    """A linear map, initially the identity, and a clustering layer, trained by the clustering loss alone.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Without effect, since the map is computed in float32; accepted as by `DSC`.
    **training
        Parameters of `DeepClusterer` and `NetworkClusterer`.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`. `X` holds representations; fields are flattened.

    References
    ----------
    Faruque et al. (2023), section 3.3, with a fixed encoder.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.1], [5.0, 5.1], [0.1, 0.0], [5.1, 5.0], [0.0, 0.0]], np.float32)
    >>> ClusteringHead(2, recipe="untrained", random_state=0).fit_predict(X).tolist()
    [0, 1, 0, 1, 0]
    """

    network_function = staticmethod(linear_head)
    recipes = by_name(NOTEBOOK, HEAD_RECIPE, replace(UNTRAINED, standardise=False))
    keeps_decoder = False

    def __init__(
        self, n_clusters: int = 7, *, precision: str = "auto", **training: Unpack[JointTrainingParameters]
    ):
        super().__init__(n_clusters, **training)
        self.precision = precision

    def _network_arguments(self, shape, recipe, policy):
        return {"shape": shape}
