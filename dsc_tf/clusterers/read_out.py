"""Linear heads on the latent vectors of a network that is trained already: regimes of its decoded outputs."""

from os import PathLike
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from ..preprocessing.preprocessor import load_preprocessor
from .predictive_embedding import LinearForecasts, embed, root_mean_square, stack_history
from .predictive_kmeans import PredictiveKMeans
from .registry import load_clusterer


class ReadOut(PredictiveKMeans):
    """k-means on what linear heads decode from the latent vectors of a trained network: today and its forecasts.

    The latent vectors of the last `window` samples, reduced to principal components, are regressed on the principal
    components of the fields of today and of `leads` steps later. k-means sees these decoded outputs, whose distances
    are distances between fields; distances in a latent space have no unit.

    Parameters
    ----------
    encoder : LatentClusterer
        Fitted, with `transform`, such as `DSC`. It is not changed.
    n_clusters : int, default=7
        Number of clusters.
    n_forecast : int, default=40
        Leading components of the fields that are decoded.
    **parameters
        Of `PredictiveKMeans`: `window`, `leads`, `today_weight`, `penalty`, `min_r2`, `n_components`, `season`,
        `n_init` and `random_state`.

    Attributes
    ----------
    latent_pca_ : sklearn.decomposition.PCA
        Principal components of the latent vectors.
    decoded_r2_ : float
        Share of the variance of the fields' components of the same step that the latent vectors explain in held-out
        blocks.
    labels_, cluster_centers_, lead_r2_, leads_
        As of `PredictiveKMeans`.
    """

    def __init__(self, encoder: Any, n_clusters: int = 7, *, n_forecast: int = 40, **parameters: Any):
        super().__init__(n_clusters, n_forecast=n_forecast, **parameters)
        self.encoder = encoder

    def _fit_forecasts(self, X, steps, segment):
        latent = np.asarray(self.encoder.transform(X))
        self.latent_pca_ = PCA(min(self.n_components, *latent.shape), svd_solver="full").fit(latent)
        history, available = self._latent_history(X, segment)
        self.forecasts_ = LinearForecasts((0, *self.leads), self.window)
        self.forecasts_.fit(steps[:, -1, : self.n_forecast], history, available, segment)
        self.lead_r2_ = {lead: self.forecasts_.r2_[lead] for lead in self.leads}
        self.decoded_r2_ = self.forecasts_.r2_[0]

    def _latent_history(self, X, segment):
        latent = self.latent_pca_.transform(np.asarray(self.encoder.transform(X)))
        return stack_history(latent[:, None].astype(np.float64), segment, self.window)

    def _forecast(self, X, steps, segment):
        forecasts = self.forecasts_.predict(*self._latent_history(X, segment))
        return {lead: forecasts[lead] for lead in (0, *self.leads_)}

    def _scale(self, today, forecasts):
        self.scales_ = {lead: root_mean_square(one) for lead, one in forecasts.items()}

    def _embed(self, X, steps):
        forecasts = self._forecast(X, steps, X.segment)
        return embed(forecasts.pop(0), forecasts, self.scales_, self.today_weight_)

    def save(self, folder):
        """Not supported: save the encoder, and repeat `read_out`, which takes seconds."""
        raise NotImplementedError("ReadOut is not saved: save its encoder and repeat read_out.")


def read_out(run, record, n_clusters: int | None = None, **parameters) -> ReadOut:
    """Regimes of the decoded outputs of a trained network, without training it again.

    Parameters
    ----------
    run : path or LatentClusterer
        Folder of a finished run, or a fitted clusterer with `transform`.
    record : xr.Dataset or Samples
        The training record: a dataset where `run` is a folder, else samples as the clusterer was fitted on.
    n_clusters : int, default=None
        Number of clusters; None is that of the network.
    **parameters
        Of `ReadOut`.

    Returns
    -------
    ReadOut
        Fitted: `labels_`, `predict`, `transform`.

    Examples
    --------
    >>> import dsc_tf
    >>> from dsc_tf.clusterers import build
    >>> X, _ = dsc_tf.prepare(dsc_tf.mock_dataset(days=80, latitudes=4, longitudes=6), "anomaly")
    >>> network = build("eof_kmeans", 3, random_state=0).fit(X)  # any fitted method with a latent space
    >>> regimes = dsc_tf.read_out(network, X, window=3, n_init=4, random_state=0)
    >>> regimes.labels_.shape
    (80,)
    """
    if isinstance(run, str | PathLike):
        record = load_preprocessor(run).transform(record)
        run = load_clusterer(run)
    count = run.n_clusters if n_clusters is None else n_clusters
    return ReadOut(run, count, **parameters).fit(record)
