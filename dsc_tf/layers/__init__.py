"""Keras layers of our own, one a file, written on `keras.ops` alone."""

from .autoregressive_gru import FeedbackCell
from .clustering import ClusteringLayer
from .conv_lstm import ConvLSTM
from .field_normalization import Standardise
from .upsample import UpsampleConv2D

__all__ = ["ClusteringLayer", "ConvLSTM", "FeedbackCell", "Standardise", "UpsampleConv2D"]
