"""The ablation study: DSC without its recurrent layers, or without its decoder."""

from collections.abc import Sequence
from dataclasses import replace

from ..models import cnn_autoencoder, cnn_encoder, cnn_lstm_encoder
from ..training import NOTEBOOK, TRAINED, UNTRAINED, Checkpoint, Recipe
from ..training.recipes import by_name
from .deep import DeepClusterer


class Ablation(DeepClusterer):
    """What the three ablations share: DSC's parameters but the recurrent cell.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    recipe : str or Recipe, default="trained"
        "trained" learns; "notebook" repeats the published settings; "untrained" clusters what the network says
        as it is drawn.
    pretrain_epochs : int, default=None
        Passes that learn reconstruction alone, where there is a decoder; None is the recipe's.
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
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        As of `DSC`; `autoencoder_` ends in the latent vector where there is no decoder.
    """

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        recipe: str | Recipe = "trained",
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
        self.pretrain_epochs = pretrain_epochs
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.precision = precision
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.callbacks = callbacks

    def _network(self, shape, recipe, policy):
        return {"shape": shape, "dropout": recipe.dropout, "policy": policy}


class CNNEncoder(Ablation):
    """Convolutions and dense layers without a decoder, trained by clusters alone; parameters of `Ablation`."""

    network_function = staticmethod(cnn_encoder)
    # Adam at 1e-4 moves all latent vectors together, through 2048 inputs, farther than they lie apart.
    recipes = by_name(replace(NOTEBOOK, update_interval=30), replace(TRAINED, learning_rate=1e-5), UNTRAINED)


class CNNAutoencoder(Ablation):
    """Convolutions and dense layers with a decoder; parameters of `Ablation`."""

    network_function = staticmethod(cnn_autoencoder)
    recipes = by_name(
        replace(NOTEBOOK, update_interval=30, output_activation="sigmoid"),
        # Half the steps of twice the samples: to update the 132 million weights of its last layer costs more than
        # to compute with them.
        replace(TRAINED, batch_size=32, pretrain_steps=160, steps=70),
        replace(UNTRAINED, output_activation="sigmoid"),
    )

    def _network(self, shape, recipe, policy):
        return super()._network(shape, recipe, policy) | {"output_activation": recipe.output_activation}


class CNNLSTMEncoder(Ablation):
    """DSC's kind of encoder without a decoder, trained by clusters alone; parameters of `Ablation`."""

    network_function = staticmethod(cnn_lstm_encoder)
    recipes = by_name(replace(NOTEBOOK, batch_size=366), TRAINED, UNTRAINED)
