"""Clusters of time that differ in variance or correlation: local Gaussians and a path with a penalty for changes."""

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.cluster import DBSCAN
from sklearn.decomposition import PCA

from ..errors import DscTfError
from ..geostatistics import (
    fit_semivariogram,
    local_gaussians,
    matrix_square_root,
    multivariate_semivariogram,
    shrink_covariance,
    squared_wasserstein,
)
from .base import Clusterer, fit_kmeans, relabel_by_size
from .model_files import pca_arrays, restore_pca
from .persistent import best_path

MAX_ITERATIONS = 100
GLASSO_PENALTY = 0.01
FLAT_SLOPE = 1e-6  # change of gamma between neighbouring entries below which the published program cuts


class MCGTA(Clusterer):
    """Clusters whose joint distributions differ, from Gaussians that are estimated around each sample in time.

    It is meant for records whose stretches differ in variance or correlation rather than in the mean: series of
    instruments or stations, of soil or sea ice, seasons of different variability. It is not meant for circulation
    types: for the days of a circulation record take `PersistentKMeans`, which explains more of the variance at the
    same persistence.

    A Gaussian is estimated from the `neighbours` samples around each sample of its own segment. k-means of the means
    and square roots of the covariances, whose squared distance is never below the squared Wasserstein distance of the
    Gaussians, gives first labels. Then a Gaussian for each cluster and the most probable path through them, with a
    penalty for each change, alternate until no label changes.

    The defaults are for long stretches. For days, try `neighbours=5, penalty=3`.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    neighbours : int, default=30
        Consecutive samples that a local Gaussian is estimated from.
    penalty : float, default=20.0
        Cost of a change of cluster, in nats. A change between segments is free.
    components : int, default=8
        Maximum number of features: more are replaced by so many leading principal components.
    n_init : int, default=10
        Restarts of the k-means that gives first labels.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest first.
    means_ : array of shape (cluster, component)
        Means of the clusters, in units of the standard deviation of the first principal component.
    covariances_ : array of shape (cluster, component, component)
        Their covariances, in the same units.
    semivariogram_ : Semivariogram
        Fitted to the mean squared Wasserstein distance of the local Gaussians at each lag.
    pca_ : sklearn.decomposition.PCA
        The projection onto principal components; only the scale of the first is used where there are few features.

    Raises
    ------
    DscTfError
        If `neighbours` is below 2 or above the number of samples.

    References
    ----------
    Wang, Z., Mai, G., Janowicz, K., Lao, N. (2024). MC-GTA: Metric-Constrained Model-Based Clustering using
    Goodness-of-fit Tests with Autocorrelations. ICML. The local Gaussians and their semivariogram are theirs; see
    `published_mcgta` for their program.

    Examples
    --------
    Three stretches of equal means; the variance of the second one is nine times as large:

    >>> import numpy as np
    >>> deviation = np.repeat([1.0, 3.0, 1.0], 100)[:, None]
    >>> X = np.random.default_rng(0).normal(size=(300, 2)) * deviation
    >>> labels = MCGTA(2, random_state=0).fit_predict(X)
    >>> np.flatnonzero(np.diff(labels)).size, int(labels[:95].max()), int(labels[105:195].min())
    (2, 0, 1)
    """

    saved_attributes = ("means_", "covariances_", "varying_")
    means_: np.ndarray
    covariances_: np.ndarray

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        neighbours: int = 30,
        penalty: float = 20.0,
        components: int = 8,
        n_init: int = 10,
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.neighbours = neighbours
        self.penalty = penalty
        self.components = components
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        if not 2 <= self.neighbours <= len(X):
            raise DscTfError(
                f"neighbours: {self.neighbours} for {len(X)} samples. Give a number from 2 to that of the samples."
            )
        features = self._learn_features(X.last_step().astype(np.float64))
        segment = X.segment
        means, covariances = local_gaussians(features, self.neighbours, segment=segment)
        embedding = np.concatenate([means, matrix_square_root(covariances).reshape(len(means), -1)], axis=1)
        labels = fit_kmeans(embedding, self.n_clusters, self.n_init, self.random_state).labels_
        labels, order = relabel_by_size(self._alternate(features, labels, segment), self.n_clusters)
        self.means_, self.covariances_ = self.means_[order], self.covariances_[order]
        lags, values = multivariate_semivariogram(means, covariances, segment=segment)
        self.semivariogram_ = fit_semivariogram(lags, values)
        return labels

    def _predict(self, X):
        features = self._features(X.last_step().astype(np.float64))
        return self._path(features, X.segment)

    def _arrays(self):
        return super()._arrays() | pca_arrays(self.pca_)

    def _restore_arrays(self, arrays):
        self.pca_ = restore_pca(arrays)
        super()._restore_arrays(arrays)

    def _learn_features(self, values):
        """Scaled features or principal components, shape (time, component)."""
        spread = values.std(axis=0)
        self.varying_ = spread > 1e-12 * max(spread.max(), 1e-300)
        if not self.varying_.all() and self.varying_.any():
            warnings.warn(
                f"{np.sum(~self.varying_)} of {values.shape[1]} features are constant and are left out",
                UserWarning,
                stacklevel=4,
            )
        if not self.varying_.any():
            self.varying_[:] = True
        values = values[:, self.varying_]
        self.pca_ = PCA(min(self.components, *values.shape), svd_solver="full").fit(values)
        return self._features(values, chosen=True)

    def _features(self, values, *, chosen=False):
        values = values if chosen else values[:, self.varying_]
        scale = np.sqrt(self.pca_.explained_variance_[0]) or 1.0
        if values.shape[1] > self.components:
            return self.pca_.transform(values) / scale
        return (values - self.pca_.mean_) / scale

    def _alternate(self, features, labels, segment):
        """Alternate between the Gaussians of the clusters and the best path until no label changes."""
        for _ in range(MAX_ITERATIONS):
            self._estimate_gaussians(features, labels)
            before, labels = labels, self._path(features, segment)
            if np.array_equal(labels, before):
                break
        return labels

    def _estimate_gaussians(self, features, labels):
        """A Gaussian for each cluster; a cluster with too few samples for one gets that of all samples."""
        size = features.shape[1]
        members = [features[labels == j] for j in range(self.n_clusters)]
        members = [own if len(own) > size else features for own in members]
        self.means_ = np.stack([own.mean(axis=0) for own in members])
        covariances = np.stack([np.cov(own.T, bias=True).reshape(size, size) for own in members])
        floor = np.maximum(features.var(axis=0), 1e-12)  # identical samples have no variance
        self.covariances_ = shrink_covariance(covariances, floor)

    def _path(self, features, segment):
        """Path of least negative logarithm of the density, plus the penalties of its changes."""
        costs = [_surprise(features, *each) for each in zip(self.means_, self.covariances_, strict=True)]
        starts = np.flatnonzero(np.diff(segment)) + 1
        return best_path(np.stack(costs, axis=1), self.penalty, starts)


def _surprise(features, mean, covariance):
    """Negative logarithm of the density of a Gaussian, without its constant, shape (time,)."""
    centred = features - mean
    distances = (centred @ np.linalg.inv(covariance) * centred).sum(axis=1)
    return 0.5 * (distances + np.linalg.slogdet(covariance)[1])


def published_mcgta(
    features: npt.ArrayLike,
    positions: npt.ArrayLike,
    *,
    neighbours: int = 30,
    lag: float = 5.0,
    delta: float = 3.4,
    beta: float = 0.6,
    eps: float = 2.0,
    min_samples: int = 20,
) -> np.ndarray:
    """The published MC-GTA program, for comparison; `MCGTA` is the method to use.

    A graphical lasso (penalty 0.01) on the nearest samples of each sample gives local Gaussians. Density-based
    clustering (DBSCAN) of L = W2^2 + beta max(0, W2^2 - gamma + delta) gives labels, with gamma a stable
    semivariogram that is fitted to the mean of W2^2 in bins of distance. The authors chose `delta` and `beta` by the
    labels of 200 samples, and count samples without a cluster as a cluster when they score. Memory grows with the
    square of the number of samples.

    Parameters
    ----------
    features : array of shape (sample, feature)
        Samples.
    positions : array of shape (sample,) or (sample, dimension)
        Positions in time or space.
    neighbours : int, default=30
        Nearest samples, the sample itself included, that a local Gaussian is estimated from.
    lag : float, default=5.0
        Width of the bins of the semivariogram, in the unit of `positions`.
    delta : float, default=3.4
        Margin of the hinge, in squared units of the features.
    beta : float, default=0.6
        Weight of the hinge.
    eps : float, default=2.0
        Largest L of two samples that count as neighbours in DBSCAN.
    min_samples : int, default=20
        Neighbours that make a sample a core of a cluster in DBSCAN.

    Returns
    -------
    array of int, shape (sample,)
        Cluster of each sample; -1 for samples without a cluster.

    References
    ----------
    Wang, Z., Mai, G., Janowicz, K., Lao, N. (2024). MC-GTA: Metric-Constrained Model-Based Clustering using
    Goodness-of-fit Tests with Autocorrelations. ICML; and its program, repository Octopolugal/MC-GTA.
    """
    from scipy.spatial.distance import cdist

    features = np.asarray(features, np.float64)
    positions = np.asarray(positions, np.float64).reshape(len(features), -1)
    means, covariances = _graphical_gaussians(features, positions, neighbours)
    squared = np.stack(
        [squared_wasserstein(m, c, means, covariances) for m, c in zip(means, covariances, strict=True)]
    )
    squared = (squared + squared.T) / 2
    np.fill_diagonal(squared, 0.0)
    distance = cdist(positions, positions)
    gamma = _fit_published_semivariogram(distance // lag, squared)(distance.ravel() / lag)
    hinge = np.maximum(0.0, squared.ravel() - gamma + delta)
    hinge[:-1][np.abs(np.diff(gamma)) < FLAT_SLOPE] = 0.0
    loss = squared + beta * hinge.reshape(squared.shape)
    return DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit(loss).labels_


def _graphical_gaussians(features, positions, neighbours):
    """Mean and graphical-lasso covariance of the nearest samples of each sample."""
    from sklearn.covariance import GraphicalLasso, empirical_covariance
    from sklearn.neighbors import KDTree

    nearest = KDTree(positions).query(positions, k=neighbours, return_distance=False)
    covariances = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for chosen in nearest:
            try:
                fitted = GraphicalLasso(alpha=GLASSO_PENALTY, max_iter=1000).fit(features[chosen])
                covariances.append(fitted.covariance_)
            except FloatingPointError:  # ill-conditioned; the published program leaves such samples out
                covariances.append(empirical_covariance(features[chosen]))
    return features[nearest].mean(axis=1), np.stack(covariances)


def _fit_published_semivariogram(bins, squared):
    """The stable model with nugget that gstools fits to the mean of each bin."""
    import gstools

    pairs = squared > 0
    number = bins[pairs].astype(int)
    counts = np.bincount(number)
    found = np.flatnonzero(counts)
    means = np.bincount(number, weights=squared[pairs])[found] / counts[found]
    model = gstools.Stable(dim=2)
    model.fit_variogram(found.astype(float), means, nugget=True)
    return model.variogram
