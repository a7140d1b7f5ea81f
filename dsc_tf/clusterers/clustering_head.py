"""DSC's clustering layer on top of representations that were learned before."""

from dataclasses import replace

from ..models.head import linear_head
from ..training import NOTEBOOK, TRAINED, UNTRAINED
from ..training.recipes import by_name
from .ablations import Ablation

GENTLE = replace(
    TRAINED, learning_rate=1e-5, standardise=False
)  # the layer begins as it should end: near the identity


class ClusteringHead(Ablation):
    """A linear map, at first the identity, and the clustering layer, trained by clusters alone.

    Parameters and attributes are those of `Ablation`. `X` holds representations; fields are taken as long vectors.

    References
    ----------
    Faruque et al. (2023), section 3.3, with the encoder frozen.
    """

    network_function = staticmethod(linear_head)
    recipes = by_name(NOTEBOOK, GENTLE, replace(UNTRAINED, standardise=False))
    keeps_decoder = False

    def _network(self, shape, recipe, policy):
        return {"shape": shape}
