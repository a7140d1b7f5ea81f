"""Keras layers that Keras lacks, one a file, written with `keras.ops` only."""

from .autoregressive_gru import AutoregressiveGRUCell
from .clustering import ClusteringLayer
from .conv_lstm import ConvLSTM
from .dilated_conv import DilatedConv1D
from .standardise import Standardise
from .upsample import UpsampleConv2D

__all__ = [
    "AutoregressiveGRUCell",
    "ClusteringLayer",
    "ConvLSTM",
    "DilatedConv1D",
    "Standardise",
    "UpsampleConv2D",
]
