"""What several methods share while they learn, as Keras callbacks and datasets."""

from .batches import Batches, encode
from .checkpoint import Checkpoint
from .recipes import NOTEBOOK, RECIPES, TRAINED, UNTRAINED, Recipe
from .target_refresh import TargetRefresh
from .targets import target_distribution

__all__ = [
    "NOTEBOOK",
    "RECIPES",
    "TRAINED",
    "UNTRAINED",
    "Batches",
    "Checkpoint",
    "Recipe",
    "TargetRefresh",
    "encode",
    "target_distribution",
]
