"""What a climate scientist tries first: empirical orthogonal functions, then k-means or a Gaussian mixture."""

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Mixture

from .base import (
    LatentClusterer,
    fit_kmeans,
    last_step_features,
    nearest_centre,
    order_by_size,
    relabel_by_size,
)
from .out_of_core import WeightedRows, row_blocks, stored_pca


class EOFClusterer(LatentClusterer):
    """What methods on principal components share: the projection, and parameters `n_components`."""

    supports_out_of_core = True

    def transform(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Leading principal components of each sample, unscaled, shape (time, component)."""
        return self._latent(X)

    @property
    def _n_features_out(self):
        return self.pca_.n_components_

    def _latent(self, X):
        features = self._weighted(self._taken(X))
        return np.concatenate([self.pca_.transform(features[at]) for at in row_blocks(features)])

    def _scores(self, X):
        self.area_weight_ = _area_weight(X)
        features = self._weighted(X)
        wanted = self.n_components
        if wanted >= 1:
            wanted = int(min(wanted, len(X), features.shape[1]))
        if X.is_stored:
            self.pca_ = stored_pca(features, wanted, self.random_state)
        else:
            self.pca_ = PCA(wanted, svd_solver="full").fit(features)
        return self._latent(X)

    def _weighted(self, X):
        features = last_step_features(X)
        if self.area_weight_ is None:
            return features
        return WeightedRows(features, self.area_weight_) if X.is_stored else features * self.area_weight_


def _area_weight(X):
    """sqrt(cos latitude) of each feature, so that squared distances count area; None if none is to be applied."""
    if X.latitude is None or X.weighted:
        return None
    weight = np.sqrt(np.cos(np.deg2rad(X.latitude))).clip(min=0.0).astype(X.dtype)
    return np.broadcast_to(weight[:, None, None], X.grid).ravel()


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
        Restarts.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest first.
    cluster_centers_ : array of shape (cluster, component)
        Means of the clusters.
    pca_ : sklearn.decomposition.PCA
        The projection.
    """

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
        fitted = fit_kmeans(self._scores(X), self.n_clusters, self.n_init, self.random_state)
        labels, order = relabel_by_size(fitted.labels_, self.n_clusters)
        self.cluster_centers_ = fitted.cluster_centers_[order]
        return labels

    def predict(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Nearest centre of each sample, shape (time,)."""
        return nearest_centre(self._latent(X), self.cluster_centers_)


class GaussianMixture(EOFClusterer):
    """A mixture of Gaussians, each with its own covariance, on leading principal components.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of Gaussians.
    n_components : float or int, default=6
        Number of principal components, or the share of the variance that they explain: few, since each Gaussian
        has a covariance to estimate.
    n_init : int, default=10
        Restarts.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Most probable Gaussian of each sample, the largest cluster first.
    soft_labels_ : array of shape (time, cluster)
        Probabilities.

    References
    ----------
    Smyth, P., Ide, K., Ghil, M. (1999). Multiple Regimes in Northern Hemisphere Height Fields via Mixture Model
    Clustering. J. Atmos. Sci. 56.
    """

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
        scores = self._scores(X)
        floor = max(1e-12, 1e-3 * float(scores.var(axis=0).mean()))
        self.mixture_ = Mixture(
            self.n_clusters, n_init=self.n_init, reg_covar=floor, random_state=self.random_state
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.mixture_.fit(scores)
        self.order_ = order_by_size(self.mixture_.predict(scores), self.n_clusters)
        self.soft_labels_ = self.predict_proba(X)
        return self.soft_labels_.argmax(axis=1)

    def predict(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Most probable Gaussian of each sample, shape (time,)."""
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X: npt.ArrayLike) -> npt.ArrayLike:
        """Probability of each Gaussian, shape (time, cluster); rows sum to 1."""
        return self.mixture_.predict_proba(self._latent(X))[:, self.order_]
