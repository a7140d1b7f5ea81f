"""Fits of one clusterer with several seeds."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from sklearn.base import clone

from .base import Clusterer

Fitted = TypeVar("Fitted", bound=Clusterer)


def fit_seeds(clusterer: Fitted, X: object, seeds: Iterable[int]) -> Iterator[Fitted]:
    """Fit clones of a clusterer with several seeds, one after the other.

    Results equal those of independent fits. Clusterers with a network share the compiled network, since tracing
    it can take longer than the training; each fitted clone keeps its own weights.

    Parameters
    ----------
    clusterer : Clusterer
        Has a parameter `random_state`; it is not changed.
    X : array, DataArray or Samples of shape (time, window, latitude, longitude, variable)
        Samples.
    seeds : iterable of int
        Seeds.

    Yields
    ------
    Clusterer
        Fitted clone for each seed.

    Examples
    --------
    >>> import numpy as np
    >>> from dsc_tf.clusterers import KMeans
    >>> X = np.array([[0.0], [5.0], [0.1], [5.1], [0.2]])
    >>> [fitted.labels_.tolist() for fitted in fit_seeds(KMeans(2), X, range(2))]
    [[0, 1, 0, 1, 0], [0, 1, 0, 1, 0]]
    """
    previous = None
    for seed in seeds:
        fitted = clone(clusterer).set_params(random_state=seed)
        if previous is not None and hasattr(fitted, "reuse_network_of"):
            fitted.reuse_network_of(previous)
        previous = fitted.fit(X)
        yield fitted
