"""How a network is trained: settings and nothing else.

`NOTEBOOK` repeats the settings that printed the published tables. Its learning rate is so small that
the weights do not move. `TRAINED` is ours: the network learns.
"""

from dataclasses import dataclass, replace

from .optimizers import SGD, Adam


@dataclass(frozen=True)
class Recipe:
    """Settings of one training.

    Parameters
    ----------
    name : str
        Name on the command line.
    optimizer : {"adam", "sgd"}
        Of both stages; "sgd" with momentum 0.9.
    pretrain_steps : int
        Steps that learn reconstruction alone, rounded up to whole passes over the record, at least two.
    pretrain_learning_rate : float
        Their learning rate.
    steps : int
        Most steps with the joint loss, rounded up to whole passes, at least two.
    learning_rate : float
        Learning rate of the joint loss.
    batch_size : int
        Samples a step.
    shuffle : bool
        New order of samples at each pass, or the order of time.
    update_interval : int or None
        Steps between refreshes of the target distribution; None is one pass.
    tol : float
        Share of changed labels at or below which a refresh counts as quiet.
    patience : int
        Consecutive quiet refreshes after which training stops.
    clustering_weight : float
        Weight of the clustering loss relative to a reconstruction loss of weight 1.
    kmeans_init : {"random", "k-means++"}
        How k-means on the latent vectors starts.
    kmeans_restarts : int
        Its restarts.
    length_scale_divisor : float or None
        The length scale of the clustering layer is the root mean squared distance of latent vectors to
        their centres divided by this; None leaves it at 1 as published.
    standardise : bool
        Whether the network sees departures from the mean field; False as published.
    dropout : float
        Input dropout of the recurrent layers.
    output_activation : str
        Activation of the reconstruction.
    precision : str
        What `precision="auto"` may choose at best: "bfloat16" or "float32".
    pretrain_epochs : int, default=None
        Passes that learn reconstruction alone, however long the record; None counts `pretrain_steps`.
    epochs : int, default=None
        Most passes with the joint loss; None counts `steps`.
    shuffle_pretraining : bool, default=False
        Whether the pretraining visits samples in random order even if `shuffle` is False.
    """

    name: str
    optimizer: str
    pretrain_steps: int
    pretrain_learning_rate: float
    steps: int
    learning_rate: float
    batch_size: int
    shuffle: bool
    update_interval: int | None
    tol: float
    patience: int
    clustering_weight: float
    kmeans_init: str
    kmeans_restarts: int
    length_scale_divisor: float | None
    standardise: bool
    dropout: float
    output_activation: str
    precision: str
    pretrain_epochs: int | None = None
    epochs: int | None = None
    shuffle_pretraining: bool = False

    def new_optimizer(self, learning_rate):
        """Return the optimiser of the recipe."""
        if self.optimizer == "sgd":
            return SGD(learning_rate, momentum=0.9)
        return Adam(learning_rate)


NOTEBOOK = Recipe(
    name="notebook",
    optimizer="sgd",
    pretrain_steps=0,
    pretrain_learning_rate=0.0,
    steps=20000,
    learning_rate=1e-7,
    batch_size=8,
    shuffle=False,
    update_interval=50,
    tol=1e-7,
    patience=1,
    clustering_weight=1.0,
    kmeans_init="random",
    kmeans_restarts=30,
    length_scale_divisor=None,
    standardise=False,
    dropout=0.1,
    output_activation="tanh",
    precision="float32",  # untrained latent vectors differ by 3e-4, below what bfloat16 resolves
)

TRAINED = Recipe(
    name="trained",
    optimizer="adam",
    pretrain_steps=320,  # fourteen passes over a year
    pretrain_learning_rate=3e-4,
    steps=140,
    learning_rate=1e-4,
    batch_size=16,
    shuffle=True,
    update_interval=None,
    tol=5e-3,
    patience=2,
    clustering_weight=0.01,
    kmeans_init="k-means++",
    kmeans_restarts=20,
    length_scale_divisor=1.0,
    standardise=True,
    dropout=0.0,
    output_activation="linear",
    precision="bfloat16",
)

# Control: k-means on the latent vectors of the randomly initialised network, which is what NOTEBOOK amounts to.
UNTRAINED = replace(NOTEBOOK, name="untrained", steps=0)


def by_name(*recipes):
    """Recipes by their names."""
    return {recipe.name: recipe for recipe in recipes}


RECIPES = by_name(NOTEBOOK, TRAINED, UNTRAINED)
