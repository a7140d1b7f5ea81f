"""Representations learned without labels: TS2Vec for series, and its kin for fields in space and time."""

from .losses import DEP_TS2VEC, TS2VEC, VARIOGRAM, VARIOGRAM_HARD, Contrast
from .spacetime_ts2vec import SpaceTimeTS2Vec
from .ts2vec import TS2Vec

__all__ = [
    "DEP_TS2VEC",
    "TS2VEC",
    "VARIOGRAM",
    "VARIOGRAM_HARD",
    "Contrast",
    "SpaceTimeTS2Vec",
    "TS2Vec",
]
