"""k-means with a penalty for changes of cluster."""

import numpy as np

from .base import Clusterer, fit_kmeans, relabel_by_size
from .predictive_embedding import causal_labels

MAX_ITERATIONS = 100


class PersistentKMeans(Clusterer):
    """k-means with a penalty for each change of cluster from one step to the next.

    It minimises sum_t |x_t - c_l(t)|^2 + penalty * number of changes by turns: the labels are the exact optimal path
    (Viterbi), the centres the means of their members. A change between two segments of the samples, as across a gap
    in time, costs nothing.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    penalty : float, default=0.2
        Penalty of a change, in units of the mean squared distance to the centres of plain k-means.
    causal : bool, default=False
        Label new samples without later ones: the label is the end of the cheapest path up to it. The fit and
        `labels_` use the whole record in either case.
    n_init : int, default=10
        Number of restarts of the k-means that provides the first centres.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest cluster first.
    cluster_centers_ : array of shape (cluster, feature)
        Means of the clusters.
    penalty_ : float
        Penalty of a change, in squared units of `X`.

    References
    ----------
    Falkena, S. K. J., de Wiljes, J., Weisheimer, A., Shepherd, T. G. (2020). Revisiting the identification of
    wintertime atmospheric circulation regimes in the Euro-Atlantic sector. QJRMS 146.

    Examples
    --------
    A single step near the other centre does not interrupt a spell:

    >>> import numpy as np
    >>> X = np.array([[0.0], [0.0], [0.6], [0.0], [0.0], [1.0], [1.0], [1.0]])
    >>> PersistentKMeans(2, penalty=20.0, random_state=0).fit_predict(X).tolist()
    [0, 0, 0, 0, 0, 1, 1, 1]
    """

    saved_attributes = ("cluster_centers_", "penalty_")

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        penalty: float = 0.2,
        causal: bool = False,
        n_init: int = 10,
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.penalty = penalty
        self.causal = causal
        self.n_init = n_init
        self.random_state = random_state

    def _fit(self, X):
        features = X.last_step().astype(np.float64)
        start = fit_kmeans(features, self.n_clusters, self.n_init, self.random_state)
        self.penalty_ = float(self.penalty * start.inertia_ / len(X))
        labels, centres = start.labels_, start.cluster_centers_
        for _ in range(MAX_ITERATIONS):
            before, labels = labels, self._best_path(X, features, centres)
            if np.array_equal(labels, before):
                break
            means = [
                features[labels == j].mean(axis=0) if (labels == j).any() else centre
                for j, centre in enumerate(centres)
            ]
            centres = np.stack(means)
        labels, order = relabel_by_size(labels, self.n_clusters)
        self.cluster_centers_ = centres[order]
        return labels

    def _predict(self, X):
        features = X.last_step().astype(np.float64)
        if self.causal:
            return causal_labels(self._costs(features, self.cluster_centers_), self.penalty_, X.segment)
        return self._best_path(X, features, self.cluster_centers_)

    def _costs(self, features, centres):
        return np.stack([((features - centre) ** 2).sum(axis=1) for centre in centres], axis=1)

    def _best_path(self, X, features, centres):
        return best_path(self._costs(features, centres), self.penalty_, X.segment_starts[1:])


def best_path(costs, penalty, starts=()):
    """Labels of least total cost, each change of label costing `penalty`.

    Parameters
    ----------
    costs : array of shape (time, cluster)
        Cost of each label at each step.
    penalty : float
        Cost of a change.
    starts : sequence of int, default=()
        First steps of segments: a change at these is free.

    Returns
    -------
    array of int, shape (time,)

    References
    ----------
    Viterbi, A. (1967). IEEE Trans. Inf. Theory 13. With one penalty for all changes, only the best label of the step
    before and the same label need to be compared.
    """
    steps, labels = costs.shape
    free = np.isin(np.arange(steps), starts)
    came_from = np.empty((steps, labels), dtype=np.intp)
    total = costs[0]
    for t in range(1, steps):
        best = total.argmin()
        change = total[best] + (0.0 if free[t] else penalty)
        stays = total <= change
        came_from[t] = np.where(stays, np.arange(labels), best)
        total = np.where(stays, total, change) + costs[t]
    path = np.empty(steps, dtype=np.intp)
    path[-1] = total.argmin()
    for t in range(steps - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path
