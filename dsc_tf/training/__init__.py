"""What several methods share while they learn, as Keras callbacks and datasets."""

from .batches import Batches, encode
from .joint import TargetRefresh
from .recipes import NOTEBOOK, RECIPES, TRAINED, UNTRAINED, Recipe
from .resume import Checkpoint
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
