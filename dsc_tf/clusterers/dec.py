"""Deep Embedded Clustering."""

from collections.abc import Sequence
from dataclasses import replace

from ..errors import DscTfError
from ..models import dense_autoencoder
from ..training import NOTEBOOK, TRAINED, UNTRAINED, Checkpoint, Recipe
from ..training.recipes import by_name
from .deep import DeepClusterer
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
)


class DEC(DeepClusterer):
    """Deep Embedded Clustering: a dense autoencoder, whose encoder is then trained by clusters alone.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    recipe : str or Recipe, default="trained"
        "trained" learns; "notebook" repeats the settings of the DSC authors' notebook; "untrained" clusters
        what the network says as it is drawn.
    layer_sizes : tuple of int, default=(500, 500, 2000, 150)
        Widths of the encoder's layers, the notebook's; the paper ends in 10.
    pretraining : {"whole", "layerwise"}, default="whole"
        The whole autoencoder at once, or first layer by layer as denoising autoencoders and then whole, as in the
        paper.
    pretrain_epochs : int, default=None
        Passes over the record that learn reconstruction, with "layerwise" those of each layer as well; None is
        the recipe's.
    epochs : int, default=None
        Most passes of the clustering loss; None is the recipe's.
    batch_size : int, default=None
        Samples a step; None is the recipe's.
    learning_rate : float, default=None
        Of the clustering loss; None is the recipe's.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the dense layers.
    random_state : int, default=None
        Seed of everything random.
    checkpoint : Checkpoint, default=None
        Where to save the state of the fit and to go on from.
    callbacks : tuple of keras.callbacks.Callback, default=()
        Passed to Keras in both stages.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        As of `DSC`.

    References
    ----------
    Xie, J., Girshick, R., Farhadi, A. (2016). Unsupervised Deep Embedding for Clustering Analysis. ICML.
    """

    network_function = staticmethod(dense_autoencoder)
    recipes = by_name(DEC_NOTEBOOK, TRAINED, UNTRAINED)
    keeps_decoder = False

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        recipe: str | Recipe = "trained",
        layer_sizes: Sequence[int] = (500, 500, 2000, 150),
        pretraining: str = "whole",
        pretrain_epochs: int | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        precision: str = "auto",
        random_state: int | None = None,
        checkpoint: Checkpoint | None = None,
        callbacks: Sequence = (),
    ):
        self.n_clusters = n_clusters
        self.recipe = recipe
        self.layer_sizes = layer_sizes
        self.pretraining = pretraining
        self.pretrain_epochs = pretrain_epochs
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.precision = precision
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.callbacks = callbacks

    def _network(self, shape, recipe, policy):
        return {"shape": shape, "layer_sizes": list(self.layer_sizes), "policy": policy}

    def _check(self, X):
        super()._check(X)
        if self.pretraining == "layerwise" and X.is_stored:
            raise DscTfError(
                "pretraining: layerwise keeps what each layer says of all samples in memory. Take whole, or give "
                "twice as much memory as samples take."
            )

    def _pretrain(self, X, recipe, seed, saved):
        if self.pretraining == "layerwise" and saved is None:
            pretrain_layers(self.autoencoder_, X, recipe, seed, epochs=self.pretrain_epochs)
        super()._pretrain(X, recipe, seed, saved)
