"""Clustering on empirical orthogonal functions, the standard practice of climate science."""

import warnings

import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Mixture

from ..records.grids import area_weights
from .base import LatentClusterer, fit_kmeans, nearest_centre, order_by_size, relabel_by_size
from .model_files import pca_arrays, restore_pca
from .out_of_core import WeightedRows, over_blocks, stored_pca

MIXTURE_ARRAYS = ("weights_", "means_", "covariances_", "precisions_cholesky_")


class EOFClusterer(LatentClusterer):
    """Base class of methods on principal components: it holds the projection.

    Fields are weighted by sqrt(cos latitude), so that squared distances count area, if the samples have latitudes and
    are not weighted already, as the protocol `anomaly` does.

    Parameters
    ----------
    n_components : float or int
        Share of the variance that the components explain, or their number.
    """

    supports_out_of_core = True
    n_components: float
    random_state: int | None

    def _transform(self, X):
        features = self._weighted_features(X)
        return over_blocks(features, _components, self.pca_)[0]

    @property
    def _n_features_out(self):
        return self.pca_.n_components_

    def _fit_components(self, X):
        """Fit the projection and return the principal components of `X`, shape (time, component)."""
        self.area_weight_ = area_weight(X)
        features = self._weighted_features(X)
        wanted = self.n_components
        if wanted >= 1:
            wanted = int(min(wanted, len(X), features.shape[1]))
        if X.is_stored:
            self.pca_ = stored_pca(features, wanted, self.random_state)
        else:
            # The covariance matrix is the cheaper way if there are more steps than features; in double precision, as
            # it squares the condition number.
            tall = len(features) >= features.shape[1]
            solver = "covariance_eigh" if tall else "full"
            self.pca_ = PCA(wanted, svd_solver=solver).fit(features.astype(np.float64) if tall else features)
        return self._transform(X)

    def _weighted_features(self, X):
        features = X.last_step()
        if self.area_weight_ is None:
            return features
        if hasattr(features, "weighted"):  # on the workers of Dask
            return features.weighted(self.area_weight_)
        return WeightedRows(features, self.area_weight_) if X.is_stored else features * self.area_weight_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "pca_")

    def _arrays(self):
        arrays = super()._arrays()
        arrays |= pca_arrays(self.pca_)
        if self.area_weight_ is not None:
            arrays["area_weight_"] = self.area_weight_
        return arrays

    def _restore_arrays(self, arrays):
        self.area_weight_ = arrays.pop("area_weight_", None)
        self.pca_ = restore_pca(arrays)
        super()._restore_arrays(arrays)


def area_weight(X):
    """sqrt(cos latitude) of each feature, so that squared distances count area; None if none is to be applied."""
    if X.latitude is None or X.weighted:
        return None
    weight = np.sqrt(area_weights(X.latitude)).astype(X.dtype)
    return np.broadcast_to(weight[:, None, None], X.grid).ravel()


def _components(block, pca):
    return pca.transform(block), ()


class EOFKMeans(EOFClusterer):
    """k-means on the leading principal components of the fields of the labelled step.

    Fields are weighted by sqrt(cos latitude), so that squared distances count area, if the samples have latitudes and
    are not weighted already, as the protocol `anomaly` does.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    n_components : float or int, default=0.9
        Share of the variance that the components explain, or their number.
    n_init : int, default=10
        Number of restarts.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    cluster_centers_ : array of shape (cluster, component)
        Means of the clusters.
    pca_ : sklearn.decomposition.PCA
        The projection.
    area_weight_ : array of shape (feature,) or None
        Weights of the features before the projection.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.1], [5.0, 5.1], [0.1, 0.0], [5.1, 5.0], [0.0, 0.0]])
    >>> model = EOFKMeans(2, n_components=1, random_state=0).fit(X)
    >>> model.labels_.tolist(), model.transform(X).shape
    ([0, 1, 0, 1, 0], (5, 1))
    """

    saved_attributes = ("cluster_centers_",)

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        n_components: float = 0.9,
        n_init: int = 10,
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.n_components = n_components
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        fitted = fit_kmeans(self._fit_components(X), self.n_clusters, self.n_init, self.random_state)
        labels, order = relabel_by_size(fitted.labels_, self.n_clusters)
        self.cluster_centers_ = fitted.cluster_centers_[order]
        return labels

    def _predict(self, X):
        return nearest_centre(self._transform(X), self.cluster_centers_)


class GaussianMixture(EOFClusterer):
    """A mixture of Gaussians, each with its own covariance, on leading principal components.

    Fields are weighted by area as those of `EOFKMeans` are.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of Gaussians.
    n_components : float or int, default=6
        Number of principal components, or the share of the variance that they explain. A small number, since each
        Gaussian has a covariance to estimate.
    n_init : int, default=10
        Number of restarts.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Most probable Gaussian of each sample, the largest cluster first.
    soft_labels_ : array of shape (time, cluster)
        Probabilities of the Gaussians.
    pca_ : sklearn.decomposition.PCA
        The projection.
    mixture_ : sklearn.mixture.GaussianMixture
        The mixture; `order_` holds its components in the order of the clusters.

    References
    ----------
    Smyth, P., Ide, K., Ghil, M. (1999). Multiple Regimes in Northern Hemisphere Height Fields via Mixture Model
    Clustering. J. Atmos. Sci. 56.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(size=(60, 3)), 9 + rng.normal(size=(40, 3))])
    >>> np.bincount(GaussianMixture(2, n_components=2, random_state=0).fit_predict(X)).tolist()
    [60, 40]
    """

    saved_attributes = ("soft_labels_", "order_")

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        n_components: float = 6,
        n_init: int = 10,
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.n_components = n_components
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        scores = self._fit_components(X)
        floor = max(1e-12, 1e-3 * float(scores.var(axis=0).mean()))
        self.mixture_ = Mixture(
            self.n_clusters, n_init=self.n_init, reg_covar=floor, random_state=self.random_state
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.mixture_.fit(scores)
        self.order_ = order_by_size(self.mixture_.predict(scores), self.n_clusters)
        self.soft_labels_ = self._predict_proba(X)
        return self.soft_labels_.argmax(axis=1)

    def _predict(self, X):
        return self._predict_proba(X).argmax(axis=1)

    def _predict_proba(self, X):
        return self.mixture_.predict_proba(self._transform(X))[:, self.order_]

    def _arrays(self):
        arrays = {f"mixture_{name}": getattr(self.mixture_, name) for name in MIXTURE_ARRAYS}
        return super()._arrays() | arrays

    def _restore_arrays(self, arrays):
        self.mixture_ = Mixture(self.n_clusters)
        vars(self.mixture_).update({name: arrays.pop(f"mixture_{name}") for name in MIXTURE_ARRAYS})
        self.mixture_.n_features_in_ = self.mixture_.means_.shape[1]
        super()._restore_arrays(arrays)
