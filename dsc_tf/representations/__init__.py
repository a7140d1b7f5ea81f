"""Representations learned without labels: TS2Vec for time series and its extension to spatiotemporal fields."""

from .encoded_days import PretrainedEncoder
from .losses import DEP_TS2VEC, TS2VEC, VARIOGRAM, VARIOGRAM_HARD, ContrastiveLossConfig
from .spacetime_ts2vec import SpaceTimeTS2Vec
from .ts2vec import TS2Vec

__all__ = [
    "DEP_TS2VEC",
    "TS2VEC",
    "VARIOGRAM",
    "VARIOGRAM_HARD",
    "ContrastiveLossConfig",
    "PretrainedEncoder",
    "SpaceTimeTS2Vec",
    "TS2Vec",
]
