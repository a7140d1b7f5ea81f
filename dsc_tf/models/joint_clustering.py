"""A network and a clustering layer as one model."""

import keras

from ..errors import DscTfError
from ..layers import ClusteringLayer


def joint_clustering_model(network, n_clusters, *, alpha=1.0, metric="euclidean", reconstruct=True):
    """Network and clustering layer as one model, sharing the network's weights.

    Parameters
    ----------
    network : keras.Model
        With a layer `encoder` and, where it is an autoencoder, a layer `decoder`. An encoder with several outputs has
        them in a dict, the input of the decoder, in which `latent` is clustered.
    n_clusters : int
        Number of clusters.
    alpha : float, default=1.0
        Degrees of freedom of the clustering layer.
    metric : str, default="euclidean"
        Distance of the clustering layer, see `ClusteringLayer`.
    reconstruct : bool, default=True
        Whether the reconstruction of an autoencoder is an output as well.

    Returns
    -------
    keras.Model
        Outputs `clustering` (time, cluster) and, if `reconstruct`, `reconstruction` (the shape of the input).
    """
    inputs = keras.Input(network.input_shape[1:], name="window")
    encoded = network.get_layer("encoder")(inputs)
    latent = encoded["latent"] if isinstance(encoded, dict) else encoded
    clustering = ClusteringLayer(n_clusters, alpha=alpha, metric=metric, name="clustering")
    outputs = {"clustering": clustering(latent)}
    if reconstruct and has_decoder(network):
        outputs["reconstruction"] = network.get_layer("decoder")(encoded)
    return keras.Model(inputs, outputs, name="dsc")


def has_decoder(network):
    """Whether `network` is an autoencoder."""
    return any(layer.name == "decoder" for layer in network.layers)


def encoder_of(network: keras.Model) -> keras.Model:
    """Model from the input to the latent vector alone; weights are shared.

    Parameters
    ----------
    network : keras.Model
        With a layer `encoder`, whose output is the latent vector, or a dict that holds it as `latent`.

    Returns
    -------
    keras.Model
        The layer itself unless its output is a dict.
    """
    encoder = network.get_layer("encoder")
    if not isinstance(encoder.output, dict):
        return encoder
    return keras.Model(encoder.input, encoder.output["latent"], name="encoder")


def autoencoder_of(network):
    """Functional model with the layers `encoder` and, if there is one, `decoder` of a network.

    Parameters
    ----------
    network : keras.Model
        With layers or attributes of these names, which are Keras models.

    Returns
    -------
    keras.Model
        The network itself if these are its layers, else a model of them.

    Raises
    ------
    DscTfError
        If it has no encoder.
    """
    layers = {layer.name: layer for layer in getattr(network, "layers", ())}
    is_functional = hasattr(network, "inputs")  # models that subclass keras.Model have no symbolic inputs
    if is_functional and isinstance(layers.get("encoder"), keras.Model):
        return network
    encoder, decoder = (getattr(network, name, None) for name in ("encoder", "decoder"))
    if encoder is None:
        raise DscTfError("network: has no encoder. Give a model with a layer or an attribute `encoder`.")
    named = [
        None if part is None else _with_name(part, name)
        for part, name in ((encoder, "encoder"), (decoder, "decoder"))
    ]
    return build_autoencoder(*named)


def _with_name(model, name):
    """Build the model, called `name` as a layer; weights are shared."""
    if model.name == name:
        return model
    inputs = keras.Input(model.input_shape[1:])
    return keras.Model(inputs, model(inputs), name=name)


def build_autoencoder(encoder, decoder=None):
    """Model of an encoder and, if there is one, a decoder, which are its layers of these names."""
    inputs = keras.Input(encoder.input_shape[1:], name="window")
    encoded = encoder(inputs)
    if decoder is None:
        return keras.Model(inputs, encoded, name="network")
    return keras.Model(inputs, decoder(encoded), name="autoencoder")
