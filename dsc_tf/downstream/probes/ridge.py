"""Ridge regression for many targets and many penalties at once."""

import numpy as np

ALPHAS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class RidgeProbe:
    """Linear map from features to targets; the penalty is the one that does best on validation data.

    Parameters
    ----------
    alphas : sequence of float, default=ALPHAS
        Penalties to try; the default is TS2Vec's grid.
    most_rows : int, default=100000
        More training rows are thinned out evenly.

    Attributes
    ----------
    alpha_ : float
        Chosen penalty.

    Notes
    -----
    One eigendecomposition of the features' covariance serves all penalties and targets.
    """

    def __init__(self, alphas=ALPHAS, most_rows=100_000):
        self.alphas = alphas
        self.most_rows = most_rows

    def fit(self, X, Y, X_validation, Y_validation):
        """Learn from the first pair, choose the penalty by RMSE + MAE on the second.

        Parameters
        ----------
        X, X_validation : array of shape (time, feature)
            Features.
        Y, Y_validation : array of shape (time, target)
            Targets.

        Returns
        -------
        self
        """
        every = -(-len(X) // self.most_rows)
        X, Y = np.asarray(X[::every], np.float64), np.asarray(Y[::every], np.float64)
        self._x0, self._y0 = X.mean(axis=0), Y.mean(axis=0)
        X = X - self._x0
        values, vectors = np.linalg.eigh(X.T @ X)
        loads = vectors.T @ (X.T @ (Y - self._y0))
        turned = (X_validation - self._x0) @ vectors
        best = np.inf
        for alpha in self.alphas:
            scaled = loads / (np.maximum(values, 0) + alpha)[:, None]
            error = turned @ scaled + self._y0 - Y_validation
            score = np.sqrt((error**2).mean()) + np.abs(error).mean()
            if score < best:
                best, self.alpha_, chosen = score, alpha, scaled
        self._coefficients = vectors @ chosen
        return self

    def predict(self, X):
        """Targets, shape (time, target)."""
        return (X - self._x0) @ self._coefficients + self._y0
