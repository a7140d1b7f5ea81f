"""Functions that return Keras models; they depend neither on data nor on training."""

from .ablations import cnn_autoencoder, cnn_encoder, cnn_lstm_encoder
from .b_tgat import b_tgat_autoencoder
from .deduplicating_encoder import deduplicating_encoder
from .dense import dense_autoencoder
from .dsc import dsc_autoencoder
from .dtc import temporal_autoencoder
from .joint_clustering import autoencoder_of, encoder_of, has_decoder, joint_clustering_model

__all__ = [
    "autoencoder_of",
    "b_tgat_autoencoder",
    "cnn_autoencoder",
    "cnn_encoder",
    "cnn_lstm_encoder",
    "dense_autoencoder",
    "dsc_autoencoder",
    "joint_clustering_model",
    "encoder_of",
    "has_decoder",
    "deduplicating_encoder",
    "temporal_autoencoder",
]
