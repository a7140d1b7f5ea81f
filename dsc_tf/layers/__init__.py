"""Keras layers of our own, one a file, written on `keras.ops` alone."""

from .clustering import ClusteringLayer
from .feedback import FeedbackCell
from .standardise import Standardise

__all__ = ["ClusteringLayer", "FeedbackCell", "Standardise"]
