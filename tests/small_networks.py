"""Parameters with which each network has a few thousand weights at most, and a network of one's own."""

import keras
from keras import layers

from dsc_tf.clusterers import build
from dsc_tf.clusterers.registry import parameters

SMALL = {
    "dsc": {"filters": (4, 8), "units": 12, "latent_size": 6},
    "dec": {"layer_sizes": (16, 6)},
    "dtc": {"filters": 4, "kernel_size": 3, "pool_size": 4, "units": (4, 1), "sequence_length": 60},
    "dtcr": {"units": (4, 3), "dilations": (1, 2), "sequence_length": 60},
    "b_tgat": {"filters": (2, 2), "units": 4, "heads": 2, "blocks": 1, "latent_size": 4},
    "cnn_encoder": {"filters": (4, 8), "dense": (16, 6)},
    "cnn_autoencoder": {"filters": (4, 8), "dense": (16, 6)},
    "cnn_lstm_encoder": {"filters": (4, 8), "units": 12, "latent_size": 6},
    "clustering_layer": {},
    "consensus": {"members": ("kmeans",), "n_runs": 2},
}


def build_small(method, n_clusters=2, **options):
    """A clusterer with a small network, and those of the options that its method has."""
    known = parameters(method)
    options = {name: value for name, value in options.items() if name in known}
    return build(method, n_clusters, **SMALL.get(method, {}) | options)


def small_network(shape):
    """An autoencoder of dense layers for samples of any shape."""
    sample = keras.Input(shape)
    values = layers.Flatten()(sample)
    encoder = keras.Model(sample, layers.Dense(3, name="latent")(values), name="encoder")
    latent = keras.Input((3,))
    reconstruction = layers.Reshape(shape)(layers.Dense(values.shape[-1])(latent))
    decoder = keras.Model(latent, reconstruction, name="decoder")
    inputs = keras.Input(shape)
    return keras.Model(inputs, decoder(encoder(inputs)), name="own")
