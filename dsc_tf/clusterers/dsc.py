"""Deep Spatiotemporal Clustering."""

from collections.abc import Sequence

from ..models import dsc_autoencoder
from ..training import Checkpoint, Recipe
from .deep import DeepClusterer


class DSC(DeepClusterer):
    """Deep Spatiotemporal Clustering of windows of gridded fields.

    A convolutional and recurrent autoencoder learns a latent vector for each window; a clustering layer
    compares it with centres; reconstruction and clustering are trained jointly.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    recipe : str or Recipe, default="trained"
        "trained" learns; "notebook" repeats the published settings, whose weights do not move.
    cell : {"lstm", "convlstm"}, default="lstm"
        Recurrent layers of the encoder, see `dsc_autoencoder`.
    pretrain_epochs : int, default=None
        Passes over the record that learn reconstruction alone; None is the recipe's.
    epochs : int, default=None
        Most passes with the joint loss; None is the recipe's.
    batch_size : int, default=None
        Samples a step; None is the recipe's.
    learning_rate : float, default=None
        Of the joint loss; None is the recipe's.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the convolutions.
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
    soft_labels_ : array of shape (time, cluster)
        Student's t similarity to each centre.
    cluster_centers_ : array of shape (cluster, feature)
        Centres in latent space.
    history_ : list of dict
        A row an epoch: stage, epoch, loss, reconstruction, clustering, label_change, seconds.
    stopped_by_ : str
        "labels at rest" or "epochs".
    model_, autoencoder_, encoder_ : keras.Model
        The trained networks.

    References
    ----------
    Faruque, O., Nji, F. N., Cham, M., Salvi, R. M., Zheng, X., Wang, J. (2023). Deep Spatiotemporal
    Clustering: A Temporal Clustering Approach for Multi-dimensional Climate Data. ECML PKDD.
    """

    network_function = staticmethod(dsc_autoencoder)

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        recipe: str | Recipe = "trained",
        cell: str = "lstm",
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
        self.cell = cell
        self.pretrain_epochs = pretrain_epochs
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.precision = precision
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.callbacks = callbacks

    def _network(self, shape, recipe, policy):
        return {
            "shape": shape,
            "cell": self.cell,
            "dropout": recipe.dropout,
            "output_activation": recipe.output_activation,
            "policy": policy,
        }
