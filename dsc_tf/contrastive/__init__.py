"""Representations learned without labels: TS2Vec for series, and its kin for fields in space and time."""

from .fields import SpaceTimeTS2Vec
from .losses import DEP_TS2VEC, TS2VEC, VARIOGRAM, VARIOGRAM_HARD, Contrast
from .series import TS2Vec

__all__ = [
    "DEP_TS2VEC",
    "TS2VEC",
    "VARIOGRAM",
    "VARIOGRAM_HARD",
    "Contrast",
    "SpaceTimeTS2Vec",
    "TS2Vec",
]
