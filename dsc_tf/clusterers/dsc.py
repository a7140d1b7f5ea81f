"""Deep Spatiotemporal Clustering."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Self, Unpack

from sklearn.utils.validation import check_is_fitted

from ..errors import DscTfError
from ..models import dsc_autoencoder
from .deep import FieldClusterer, JointTrainingParameters
from .model_files import read_model_json
from .registry import METHODS, OBJECTIVES, build, load_clusterer


class DSC(FieldClusterer):
    """Deep Spatiotemporal Clustering of windows of gridded fields.

    A convolutional and recurrent autoencoder learns a latent vector for each window of fields. A clustering layer
    computes the membership in each cluster from the distance of the latent vector to the cluster centres (Student's t
    kernel, see `dsc_tf.layers.ClusteringLayer`). The network is first trained to reconstruct the fields; then the
    reconstruction loss and the clustering loss are minimised together. Samples have the shape (time, window, latitude,
    longitude, variable); the label of a window is that of its last time step. The defaults are the published sizes.

    This is the published objective. With another `objective`, `DSC` delegates to the class named below, which has its
    own network; the parameters of the published network and of its training then have no effect. The default is
    "published" because these parameters belong to it, and because an estimator cannot check whether samples are
    without their seasonal cycle; `python -m dsc_tf.train`, which prepares the samples, chooses the objective by the
    record.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    objective : {"published", "fields", "dynamics"}, default="published"
        "published": reconstruction and clustering loss, as above. "fields": clusters of today's fields and their
        forecasts (`PredictiveDSC`), for maps and weather regimes. "dynamics": a switching autoregression
        (`SwitchingDSC`), for regimes that differ in how a day follows from those before it. Both need values
        without their seasonal cycle (protocol `standardised_anomaly`).
    objective_options : dict, default=None
        Parameters of the class of the objective other than `n_clusters` and `random_state`, such as
        `{"leads": (1, 3)}`.
    cell : {"lstm", "convlstm"}, default="lstm"
        Type of the recurrent layers of the encoder, see `dsc_autoencoder`.
    filters : tuple of int, default=(64, 128, 256, 512)
        Number of channels of each convolution; each is followed by a pooling layer.
    units : int, default=512
        Width of the recurrent layers.
    latent_size : int, default=256
        Length of the latent vector.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the convolutions; "auto" uses bfloat16 where the hardware supports it.
    **training
        Training parameters, documented in the base classes `DeepClusterer` and `NetworkClusterer`: `recipe`,
        `network`, `pretrain_epochs`, `epochs`, `batch_size`, `learning_rate`, `random_state`, `checkpoint`,
        `callbacks`.

    Attributes
    ----------
    labels_, soft_labels_, cluster_centers_, history_, stopped_by_, model_, autoencoder_, encoder_
        See `DeepClusterer`.
    regimes_ : PredictiveDSC or SwitchingDSC
        The fitted clusterer of another objective, with its attributes.

    Raises
    ------
    DscTfError
        By `fit` if there is no such objective, or its class has no such parameter.

    References
    ----------
    Faruque, O., Nji, F. N., Cham, M., Salvi, R. M., Zheng, X., Wang, J. (2023). Deep Spatiotemporal
    Clustering: A Temporal Clustering Approach for Multi-dimensional Climate Data. ECML PKDD.

    Examples
    --------
    A small network on random fields of 4 x 4 cells:

    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 1, 4, 4, 1), dtype=np.float32)
    >>> model = DSC(2, filters=(2, 4), units=4, latent_size=3, recipe="untrained", random_state=0).fit(X)
    >>> model.transform(X).shape, model.soft_labels_.shape
    ((12, 3), (12, 2))
    """

    network_function = staticmethod(dsc_autoencoder)

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        objective: str = "published",
        objective_options: Mapping[str, Any] | None = None,
        cell: str = "lstm",
        filters: Sequence[int] = (64, 128, 256, 512),
        units: int = 512,
        latent_size: int = 256,
        precision: str = "auto",
        **training: Unpack[JointTrainingParameters],
    ):
        super().__init__(n_clusters, **training)
        self.objective = objective
        self.objective_options = objective_options
        self.cell = cell
        self.filters = filters
        self.units = units
        self.latent_size = latent_size
        self.precision = precision

    def _network_arguments(self, shape, recipe, policy):
        return {
            "shape": shape,
            "cell": self.cell,
            "filters": tuple(self.filters),
            "units": self.units,
            "latent_size": self.latent_size,
            "dropout": recipe.dropout,
            "output_activation": recipe.output_activation,
            "policy": policy,
        }

    def count_weights(self, shape: tuple[int, ...]) -> int:
        """Number of weights of the network of the objective.

        Parameters
        ----------
        shape : tuple of int
            Shape of a sample: (window, latitude, longitude, variable).
        """
        return super().count_weights(shape) if self._is_published else self._regimes().count_weights(shape)

    def save(self, folder: str | PathLike) -> None:
        """Write the fitted clusterer; with another objective the files are those of its class.

        Parameters
        ----------
        folder : path
            Existing folder.
        """
        check_is_fitted(self)
        if self._is_published:
            super().save(folder)
        else:
            self.regimes_.save(folder)

    @classmethod
    def load(cls, folder: str | PathLike) -> Self:
        """Load a fitted clusterer, also one that the class of another objective has saved.

        Parameters
        ----------
        folder : path
            Folder that `save` wrote to.

        Raises
        ------
        DscTfError
            If the files are missing, damaged, or of another method.
        """
        name = read_model_json(folder)["method"]
        for objective, method in OBJECTIVES.items():
            if METHODS[method].class_name == name != cls.__name__:
                regimes = load_clusterer(folder)
                self = cls(regimes.n_clusters, objective=objective, random_state=regimes.random_state)
                self._adopt(regimes)
                return self
        return super().load(folder)

    def __sklearn_is_fitted__(self):
        return super().__sklearn_is_fitted__() or hasattr(self, "regimes_")

    @property
    def _is_published(self):
        return self.objective == "published"

    @property
    def _n_features_out(self):
        return super()._n_features_out if self._is_published else self.regimes_._n_features_out

    def _check_parameters(self, X):
        super()._check_parameters(X)
        if self.objective not in OBJECTIVES:
            raise DscTfError(f"objective: {self.objective!r}. Choose one of {', '.join(OBJECTIVES)}.")
        if self._is_published and self.objective_options:
            name = next(iter(self.objective_options))
            raise DscTfError(
                f"objective_options: {name} for the published objective. Choose another objective."
            )

    def _regimes(self):
        """A clusterer of the objective, not fitted."""
        options = dict(self.objective_options or {})
        return build(OBJECTIVES[self.objective], self.n_clusters, random_state=self.random_state, **options)

    def _adopt(self, regimes):
        self.regimes_ = regimes
        for name in ("labels_", "soft_labels_", "cluster_centers_", "sample_shape_", "n_features_in_"):
            if hasattr(regimes, name):
                setattr(self, name, getattr(regimes, name))

    def _fit(self, X):
        if self._is_published:
            return super()._fit(X)
        self._adopt(self._regimes().fit(X))
        return self.labels_

    def _predict(self, X):
        return super()._predict(X) if self._is_published else self.regimes_.predict(X)

    def _predict_proba(self, X):
        if self._is_published:
            return super()._predict_proba(X)
        if not hasattr(self.regimes_, "predict_proba"):
            raise DscTfError("objective: fields has no soft assignments. Use predict, or another objective.")
        return self.regimes_.predict_proba(X)

    def _transform(self, X):
        return super()._transform(X) if self._is_published else self.regimes_.transform(X)
