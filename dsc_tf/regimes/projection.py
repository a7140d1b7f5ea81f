"""Regimes of a reference period, and other data on them without leakage."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from ..errors import DscTfError
from ..preprocessing.preprocessor import Preprocessor


class ReferenceRegimes:
    """Regimes found in one period, to which any other data on the same grid are assigned.

    Seasonal cycle, scale, area weights, empirical orthogonal functions and centres all come from the data given to
    `fit` alone: a day's label depends on that day and the reference, on no other day.

    Parameters
    ----------
    n_clusters : int, default=4
        Number of regimes.
    n_components : float or int, default=0.9
        Share of the variance that the components explain, or their number.
    protocol : str or Protocol, default="anomaly"
        How fields are prepared, see `dsc_tf.data.PROTOCOLS`.
    n_init : int, default=20
        Restarts of k-means.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Regime of each step of the reference, the most frequent first.
    cluster_centers_ : array of shape (cluster, component)
        Means of the regimes.
    pca_ : sklearn.decomposition.PCA
        The projection.
    preprocessor_ : dsc_tf.data.Preprocessor
        Seasonal cycle, scale and weights.
    """

    def __init__(self, n_clusters=4, *, n_components=0.9, protocol="anomaly", n_init=20, random_state=None):
        self.n_clusters = n_clusters
        self.n_components = n_components
        self.protocol = protocol
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, ds):
        """Find the regimes of a reference period.

        Parameters
        ----------
        ds : xr.Dataset
            As `open_dataset` returns it.

        Returns
        -------
        self
        """
        self.preprocessor_ = Preprocessor(self.protocol)
        features = _flat(self.preprocessor_.fit_transform(ds))
        self.pca_ = PCA(self.n_components, svd_solver="full").fit(features)
        scores = self.pca_.transform(features)
        found = KMeans(self.n_clusters, n_init=self.n_init, random_state=self.random_state).fit(scores)
        order = np.argsort(-np.bincount(found.labels_, minlength=self.n_clusters), kind="stable")
        self.cluster_centers_ = found.cluster_centers_[order]
        self.labels_ = np.argsort(order)[found.labels_]
        return self

    def transform(self, ds):
        """Principal components of other data on the reference's functions, shape (time, component).

        Raises
        ------
        DscTfError
            If `fit` was not called, or variables or grid are not the reference's.
        """
        if not hasattr(self, "pca_"):
            raise DscTfError("regimes: not fitted. Call fit with the reference first.")
        return self.pca_.transform(_flat(self.preprocessor_.transform(ds)))

    def predict(self, ds):
        """Nearest regime of each step of other data, shape (time,)."""
        scores = self.transform(ds)
        distance = (self.cluster_centers_**2).sum(axis=1) - 2 * scores @ self.cluster_centers_.T
        return np.argmin(distance, axis=1)


def _flat(X):
    return X.reshape(len(X), -1)
