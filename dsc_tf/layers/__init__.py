"""Layers and an initialiser that Keras lacks, each in its own file, written with `keras.ops` only."""

from .autoregressive_gru import AutoregressiveGRUCell
from .clustering import ClusteringLayer
from .conv_lstm import ConvLSTM
from .dilated_conv import DilatedConv1D
from .gate_bias import GateBias
from .standardise import Standardise
from .temporal_graph_attention import TemporalGraphAttention
from .upsample import UpsampleConv2D

__all__ = [
    "AutoregressiveGRUCell",
    "ClusteringLayer",
    "ConvLSTM",
    "DilatedConv1D",
    "GateBias",
    "Standardise",
    "TemporalGraphAttention",
    "UpsampleConv2D",
]
