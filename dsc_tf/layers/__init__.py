"""Keras layers of our own, one a file, written on `keras.ops` alone."""

from .clustering import ClusteringLayer
from .standardise import Standardise

__all__ = ["ClusteringLayer", "Standardise"]
