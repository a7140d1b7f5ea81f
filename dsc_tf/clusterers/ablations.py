"""The ablation study: DSC without its recurrent layers, or without its decoder."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from ..models import cnn_autoencoder, cnn_encoder, cnn_lstm_encoder
from ..training import NOTEBOOK, TRAINED, UNTRAINED
from ..training.recipes import by_name
from .deep import FieldClusterer, JointTrainingParameters

# The notebooks of the two encoders start from scikit-learn's default k-means++ with 20 restarts.
_KMEANS: dict[str, Any] = {"kmeans_init": "k-means++", "kmeans_restarts": 20}


class CNNEncoder(FieldClusterer):
    """Convolutions and dense layers without a decoder, trained by the clustering loss alone.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    filters : tuple of int, default=(64, 128, 256)
        Channels of the groups of convolutions, each of which ends in a pooling.
    dense : tuple of int, default=(2048, 512)
        Widths of the dense layers; the last is the length of the latent vector.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the convolutions; "auto" uses bfloat16 where the hardware supports it.
    **training
        Parameters of `DeepClusterer` and `NetworkClusterer`.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`.

    References
    ----------
    Faruque et al. (2023), section 4.4.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 1, 4, 4, 1), dtype=np.float32)
    >>> CNNEncoder(2, filters=(2,), dense=(4, 3), recipe="untrained", random_state=0).fit(X).transform(X).shape
    (12, 3)
    """

    network_function = staticmethod(cnn_encoder)
    # Adam at 1e-4 moves all latent vectors together, through 2048 inputs, by more than their distances.
    recipes = by_name(
        replace(NOTEBOOK, update_interval=30, **_KMEANS),
        replace(TRAINED, learning_rate=1e-5),
        replace(UNTRAINED, **_KMEANS),
    )

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        filters: Sequence[int] = (64, 128, 256),
        dense: Sequence[int] = (2048, 512),
        precision: str = "auto",
        **training: Unpack[JointTrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.filters = filters
        self.dense = dense
        self.precision = precision

    def _network_arguments(self, shape, recipe, policy):
        return {
            "shape": shape,
            "filters": tuple(self.filters),
            "dense": tuple(self.dense),
            "dropout": recipe.dropout,
            "policy": policy,
        }


class CNNAutoencoder(CNNEncoder):
    """Convolutions and dense layers with a decoder.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    **parameters
        Parameters of `CNNEncoder`; the decoder mirrors the convolutions.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`.

    References
    ----------
    Faruque et al. (2023), section 4.4.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 1, 4, 4, 1), dtype=np.float32)
    >>> CNNAutoencoder(2, filters=(2,), dense=(4, 3), recipe="untrained", random_state=0).fit(X).transform(X).shape
    (12, 3)
    """

    network_function = staticmethod(cnn_autoencoder)
    recipes = by_name(
        replace(NOTEBOOK, update_interval=30, output_activation="sigmoid"),
        # Half the steps with twice the samples: updating the 132 million weights of the last layer costs more than
        # computing with them.
        replace(TRAINED, batch_size=32, pretrain_steps=160, steps=70),
        replace(UNTRAINED, output_activation="sigmoid"),
    )

    def _network_arguments(self, shape, recipe, policy):
        arguments = super()._network_arguments(shape, recipe, policy)
        return arguments | {"output_activation": recipe.output_activation}


class CNNLSTMEncoder(FieldClusterer):
    """Convolutions and LSTM layers without a decoder, trained by the clustering loss alone.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    filters : tuple of int, default=(64, 64, 256)
        Channels of the convolutions; the last two are followed by poolings.
    units : int, default=512
        Width of the LSTM layers.
    latent_size : int, default=256
        Length of the latent vector.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the convolutions; "auto" uses bfloat16 where the hardware supports it.
    **training
        Parameters of `DeepClusterer` and `NetworkClusterer`.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`.

    References
    ----------
    Faruque et al. (2023), section 4.4.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 1, 4, 4, 1), dtype=np.float32)
    >>> small = {"filters": (2, 2), "units": 4, "latent_size": 3}
    >>> CNNLSTMEncoder(2, **small, recipe="untrained", random_state=0).fit(X).transform(X).shape
    (12, 3)
    """

    network_function = staticmethod(cnn_lstm_encoder)
    recipes = by_name(replace(NOTEBOOK, batch_size=366, **_KMEANS), TRAINED, replace(UNTRAINED, **_KMEANS))

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        filters: Sequence[int] = (64, 64, 256),
        units: int = 512,
        latent_size: int = 256,
        precision: str = "auto",
        **training: Unpack[JointTrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.filters = filters
        self.units = units
        self.latent_size = latent_size
        self.precision = precision

    def _network_arguments(self, shape, recipe, policy):
        return {
            "shape": shape,
            "filters": tuple(self.filters),
            "units": self.units,
            "latent_size": self.latent_size,
            "dropout": recipe.dropout,
            "padding": "same",
            "policy": policy,
        }

    @classmethod
    def _from_model_json(cls, content):
        content["network"].setdefault(
            "padding", "valid"
        )  # earlier versions rounded odd numbers of cells down
        return super()._from_model_json(content)
