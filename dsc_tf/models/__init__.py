"""Functions that return Keras models; they depend neither on data nor on training."""

from .ablations import cnn_autoencoder, cnn_encoder, cnn_lstm_encoder
from .dense import dense_autoencoder
from .dsc import dsc_autoencoder
from .dtc import temporal_autoencoder
from .joint_clustering import autoencoder_of, dsc_model, has_decoder
from .shared_encoder import shared_encoder

__all__ = [
    "autoencoder_of",
    "cnn_autoencoder",
    "cnn_encoder",
    "cnn_lstm_encoder",
    "dense_autoencoder",
    "dsc_autoencoder",
    "dsc_model",
    "has_decoder",
    "shared_encoder",
    "temporal_autoencoder",
]
