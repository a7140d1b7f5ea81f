"""Ensembles of fine fields from coarse ones: regression, drawn remainders, and networks on top of them."""

from .downscaler import Downscaler, downscale
from .pairs import coarsen, split_days

__all__ = ["Downscaler", "coarsen", "downscale", "split_days"]
