"""Methods with scikit-learn's face, one file a method.

They go into pipelines and searches; a scorer is a function of an estimator and samples.

>>> import numpy as np
>>> from sklearn.metrics import silhouette_score
>>> from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
>>> from dsc_tf import KMeans
>>> X = np.random.default_rng(0).normal(size=(90, 4)) + np.repeat(np.eye(3, 4) * 20, 30, axis=0)[np.arange(90) * 7 % 90]
>>> scorer = lambda method, X: silhouette_score(X, method.predict(X))
>>> search = GridSearchCV(KMeans(), {"n_clusters": [2, 3, 4]}, scoring=scorer, cv=TimeSeriesSplit(3)).fit(X)
>>> search.best_params_
{'n_clusters': 3}
"""

from .registry import CONTROLS, METHODS, NETWORKS, build, clusterer

__all__ = ["CONTROLS", "METHODS", "NETWORKS", "build", "clusterer"]
