"""Keras layers of our own, one a file, written on `keras.ops` alone."""

from .clustering import ClusteringLayer
from .conv_lstm import ConvLSTM
from .feedback import FeedbackCell
from .standardise import Standardise
from .upsample import UpsampleConv2D

__all__ = ["ClusteringLayer", "ConvLSTM", "FeedbackCell", "Standardise", "UpsampleConv2D"]
