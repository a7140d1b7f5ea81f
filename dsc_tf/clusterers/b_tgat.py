"""Graph attention over time in both directions at the bottleneck of a U-Net: B-TGAT."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from ..errors import DscTfError
from ..models import b_tgat_autoencoder
from ..training import TRAINED, UNTRAINED
from ..training.recipes import Recipe, by_name
from .deep import FieldClusterer, JointTrainingParameters


class BTGAT(FieldClusterer):
    """Graph attention over time in both directions at the bottleneck of a U-Net of ConvLSTM layers.

    The network of a window has ConvLSTM layers at several resolutions with skip connections between encoder and
    decoder. At the lowest resolution each step of the window is a node of a graph that attends to the steps before it
    and to those after it; all nodes give the latent vector. Training is that of DSC: reconstruction, initial
    centres by k-means on the latent vectors, then reconstruction and clustering loss (Student's t kernel) together.

    The label of a window is that of its last step, so that attention to the future reaches no further than that
    step. With a window of one step there is nothing to attend to: give longer windows.

    The paper has no published program, and only its abstract was available for this implementation: the parts and
    their order are those of the abstract, sizes and settings of the training are choices of this package.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    filters : tuple of int, default=(8, 16, 32)
        Channels of the ConvLSTM layer of each resolution.
    units : int, default=64
        Number of features of a node, divisible by `heads`.
    heads : int, default=4
        Number of heads of each attention.
    blocks : int, default=2
        Number of blocks of attention.
    reach : int, default=None
        Largest distance of neighbours in steps; None is the whole window.
    latent_size : int, default=64
        Length of the latent vector.
    **training
        Parameters of `DeepClusterer` and `NetworkClusterer`.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`.

    Raises
    ------
    DscTfError
        By `fit` if `heads` does not divide `units`.

    Notes
    -----
    The skip connections of the highest resolution carry the fields past the bottleneck, so that the network can
    reconstruct them with little use of the latent vector.

    References
    ----------
    Nji, F. N., Janeja, V., Wang, J. (2025). B-TGAT: A Bi-directional Temporal Graph Attention Transformer for
    Clustering Multivariate Spatiotemporal Data. arXiv 2509.13202.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 3, 4, 4, 1), dtype=np.float32)
    >>> small = {"filters": (2, 2), "units": 4, "heads": 2, "blocks": 1, "latent_size": 3}
    >>> BTGAT(2, **small, recipe="untrained", random_state=0).fit(X).transform(X).shape
    (12, 3)
    """

    network_function = staticmethod(b_tgat_autoencoder)
    recipes = by_name(replace(TRAINED, pretrain_learning_rate=1e-3), replace(UNTRAINED, standardise=True))

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        filters: Sequence[int] = (8, 16, 32),
        units: int = 64,
        heads: int = 4,
        blocks: int = 2,
        reach: int | None = None,
        latent_size: int = 64,
        **training: Unpack[JointTrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.filters = filters
        self.units = units
        self.heads = heads
        self.blocks = blocks
        self.reach = reach
        self.latent_size = latent_size

    def _check_parameters(self, X: Any) -> None:
        super()._check_parameters(X)
        if self.units % self.heads:
            raise DscTfError(f"heads: {self.heads} for {self.units} units. Give a divisor of the units.")

    def _network_arguments(self, shape: tuple[int, ...], recipe: Recipe, policy: str) -> dict[str, Any]:
        sizes = {name: getattr(self, name) for name in ("units", "heads", "blocks", "reach", "latent_size")}
        filters = tuple(self.filters)
        return {"shape": shape, "filters": filters, "output_activation": recipe.output_activation} | sizes
