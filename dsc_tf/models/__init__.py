"""Functions that return Keras models. They know nothing of data or training."""

from .dsc import dsc_autoencoder, dsc_model

__all__ = ["dsc_autoencoder", "dsc_model"]
