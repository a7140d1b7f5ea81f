"""k-means in the space of today's fields and their forecasts."""

import copy
import logging
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from ..errors import DscTfError
from ..records.selection import season_months
from .base import LatentClusterer, fit_kmeans, nearest_centre, relabel_by_size
from .eof import area_weight
from .predictive_embedding import LinearForecasts, causal_labels, embed, lead_scales, stack_history

log = logging.getLogger(__name__)


class PredictiveKMeans(LatentClusterer):
    """k-means in the joint space of today's fields and their linear forecasts.

    Two days belong to one cluster if their fields are alike and what is expected to follow is alike. The forecasts
    are ridge regressions of the leading principal components on those of the last `window` steps; a lead is used only
    if its forecasts explain more than `min_r2` of the variance in blocks of the training record that they were not
    fitted to. Today's fields and each forecast are scaled to the same variance, so that k-means minimises the sum
    over the leads of the share of the predictable variance that the labels lose.

    Labels are causal: the label of a step depends on that step and earlier ones alone. The first steps of a segment
    have fewer than `window` steps behind them; their forecasts come from regressions on the steps that exist.
    Samples that hold a window bring these steps themselves.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    window : int, default=7
        Steps that the forecasts read, the labelled one included.
    leads : tuple of int, default=(1, 3)
        Steps ahead of the forecasts: days of a daily record, months of a monthly one.
    today_weight : float, default=None
        Weight of the fields of the labelled step; that of each forecast is 1. None is the number of leads in use
        (2 by default), so that the present counts as much as the future. Smaller values make the labels more
        predictive, larger ones explain more of the same day.
    penalty : float, default=0.0
        Cost of a change of cluster, in units of the mean squared distance to the nearest centre in training.
    min_r2 : float, default=0.1
        Least held-out share of explained variance with which a lead is used.
    n_components : int, default=40
        Principal components of the labelled step.
    n_forecast : int, default=25
        Leading components that are forecast and that forecasts are made from.
    season : str, default=None
        First letters of consecutive months, such as "NDJFM": principal components and forecasts are fitted to the
        whole record, the centres to these months. All steps get labels. Samples need times.
    n_init : int, default=40
        Restarts of k-means.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Cluster of each sample, the largest first.
    cluster_centers_ : array of shape (cluster, feature)
        Means of the clusters in the embedding.
    lead_r2_ : dict of int to float
        Share of the variance of the components explained by the forecast of each lead in held-out blocks.
    leads_ : tuple of int
        Leads in use.
    today_weight_ : float
        Weight in use.
    penalty_ : float
        Cost of a change of cluster, in squared units of the embedding.
    area_weight_ : array of shape (value,)
        sqrt(cos latitude) of each value, 1 if the samples are weighted already or have no latitudes.
    mean_ : array of shape (value,)
        Mean of the weighted fields of the training record.
    components_ : array of shape (component, value)
        Principal components (EOFs).
    forecasts_ : LinearForecasts
        The regressions.

    References
    ----------
    The idea that a state is what the future depends on: Crutchfield, J. P., Young, K. (1989). Inferring statistical
    complexity. Phys. Rev. Lett. 63. Ridge regression of principal components on lagged ones is the linear inverse
    model of Penland, C., Sardeshmukh, P. D. (1995), J. Climate 8, with more than one lag.

    Examples
    --------
    A wave of a period of twelve days that moves from west to east: each of the four clusters is a quarter of it.

    >>> import numpy as np
    >>> from dsc_tf.clusterers import clusterer
    >>> day, cell = np.arange(240)[:, None], np.arange(24)
    >>> noise = np.random.default_rng(0).normal(size=(240, 24))
    >>> X = np.cos(np.pi / 6 * (day - cell)) + 0.02 * noise
    >>> model = clusterer("predictive_kmeans")(4, window=2, random_state=0).fit(X)
    >>> model.leads_, bool(min(model.lead_r2_.values()) > 0.99)
    ((1, 3), True)
    >>> np.bincount(model.predict(X))
    array([60, 60, 60, 60])
    """

    uses_window = True
    saved_attributes = (
        "area_weight_", "mean_", "components_", "cluster_centers_", "today_weight_", "penalty_",
    )  # fmt: skip

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        window: int = 7,
        leads: tuple = (1, 3),
        today_weight: float | None = None,
        penalty: float = 0.0,
        min_r2: float = 0.1,
        n_components: int = 40,
        n_forecast: int = 25,
        season: str | None = None,
        n_init: int = 40,
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.window = window
        self.leads = leads
        self.today_weight = today_weight
        self.penalty = penalty
        self.min_r2 = min_r2
        self.n_components = n_components
        self.n_forecast = n_forecast
        self.season = season
        self.n_init = n_init
        self.random_state = random_state

    @property
    def _n_features_out(self):
        return self.cluster_centers_.shape[1]

    def _fit(self, X):
        check_leads(self.leads, self.window)
        steps = self._fit_components(X)
        segment = X.segment
        self._fit_forecasts(X, steps, segment)
        self._choose_leads()
        self._scale(steps[:, -1], self._forecast(X, steps, segment))
        return self._cluster(X, steps)

    def _cluster(self, X, steps):
        """Fit the centres in the embedding and label all samples."""
        chosen = in_season(X, self.season)
        return self._fit_centres(self._embed(X, steps), X.segment, chosen)

    def _predict(self, X):
        return self._labels(self._transform(X), X.segment)

    def _transform(self, X):
        return self._embed(X, self._project(X))

    def _fit_components(self, X):
        """Learn the principal components, and return those of every step of every sample."""
        weight = area_weight(X)
        self.area_weight_ = np.ones(int(np.prod(X.grid)), np.float32) if weight is None else weight
        fields = X.last_step() * self.area_weight_
        n_components = min(self.n_components, *fields.shape)
        solver = "covariance_eigh" if fields.shape[1] <= fields.shape[0] else "full"
        pca = PCA(n_components, svd_solver=solver).fit(fields)
        self.mean_, self.components_ = pca.mean_, pca.components_
        return self._project(X)

    def _project(self, X):
        """Principal components, shape (time, window of a sample, component)."""
        fields, positions = X.unique_fields()
        weighted = fields.reshape(len(fields), -1) * self.area_weight_
        scores = (weighted - self.mean_) @ self.components_.T
        return scores.astype(np.float64)[positions]

    def _fit_forecasts(self, X, steps, segment):
        """Learn the forecasts and set `lead_r2_`."""
        history, available = stack_history(steps[..., : self.n_forecast], segment, self.window)
        self.forecasts_ = LinearForecasts(tuple(self.leads), self.window)
        self.forecasts_.fit(history[:, 0], history, available, segment)
        self.lead_r2_ = dict(self.forecasts_.r2_)

    def _choose_leads(self):
        self.leads_ = tuple(sorted(lead for lead, r2 in self.lead_r2_.items() if r2 > self.min_r2))
        for lead, r2 in self.lead_r2_.items():
            if lead not in self.leads_:
                log.warning(
                    "leads: %d steps ahead the forecasts explain %.2f of the variance in held-out blocks, not more "
                    "than %g. This lead is left out.", lead, r2, self.min_r2,
                )  # fmt: skip
        self._choose_today_weight()

    def _choose_today_weight(self):
        weight = self.today_weight if self.today_weight is not None else max(1, len(self.leads_))
        self.today_weight_ = float(weight)

    def _scale(self, today, forecasts):
        self.scales_ = lead_scales(today, forecasts)

    def _forecast(self, X, steps, segment):
        """Forecasts in use, by lead."""
        history, available = stack_history(steps[..., : self.n_forecast], segment, self.window)
        forecasts = self.forecasts_.predict(history, available)
        return {lead: forecasts[lead] for lead in self.leads_}

    def _embed(self, X, steps):
        forecasts = self._forecast(X, steps, X.segment)
        return embed(steps[:, -1], forecasts, self.scales_, self.today_weight_)

    def recluster(self, X: npt.ArrayLike, **parameters) -> Self:
        """A copy with other centres: principal components and forecasts are kept, k-means is run again.

        Parameters
        ----------
        X : array of shape (time, window, latitude, longitude, variable)
            Samples that the centres are fitted to.
        **parameters
            Of the constructor, such as `n_clusters`, `season`, `penalty` or `today_weight`.

        Returns
        -------
        PredictiveKMeans
            Fitted.
        """
        other = copy.copy(self).set_params(**parameters)
        X = other._validate(X)
        other._choose_today_weight()
        other.labels_ = other._cluster(X, other._project(X))
        return other

    def _fit_centres(self, embedding, segment, chosen, start=None):
        """Centres by k-means on the chosen samples, and causal labels of all samples.

        Parameters
        ----------
        embedding : array of shape (time, feature)
            Samples in the embedding.
        segment : array of int, shape (time,)
            Samples of different segments are not consecutive.
        chosen : array of bool, shape (time,)
            Samples that the centres are fitted to.
        start : array of int, shape (chosen,), default=None
            Labels of the chosen samples whose means are the first centres, in place of restarts.
        """
        points = embedding[chosen]
        if start is None:
            fitted = fit_kmeans(points, self.n_clusters, self.n_init, self.random_state)
        else:
            first = np.stack([points[start == j].mean(axis=0) for j in np.unique(start)])
            fitted = fit_kmeans(points, len(first), 1, self.random_state, init=first)
        self.cluster_centers_ = fitted.cluster_centers_
        self.penalty_ = self.penalty * fitted.inertia_ / int(chosen.sum())
        labels, order = relabel_by_size(self._labels(embedding, segment), self.n_clusters)
        self.cluster_centers_ = fitted.cluster_centers_[order]
        return labels

    def _labels(self, embedding, segment):
        if self.penalty_ == 0:
            return nearest_centre(embedding, self.cluster_centers_)
        costs = [((embedding - centre) ** 2).sum(axis=1) for centre in self.cluster_centers_]
        return causal_labels(np.stack(costs, axis=1), self.penalty_, segment)

    def _arrays(self):
        arrays = super()._arrays() | {"input_scale": self.forecasts_.scale_}
        for lead, weights in self.forecasts_.weights_.items():
            arrays |= {f"weights_{lead}_{m}": w for m, w in enumerate(weights, start=1)}
        return arrays

    def _restore_arrays(self, arrays):
        super()._restore_arrays(arrays)
        self.forecasts_ = LinearForecasts(self.leads, self.window)
        self.forecasts_.scale_ = arrays["input_scale"]
        for lead in self.leads:
            if f"weights_{lead}_1" in arrays:
                weights = [arrays[f"weights_{lead}_{m}"] for m in range(1, self.window + 1)]
                self.forecasts_.weights_[lead] = weights

    def _model_json(self):
        learned = {"scales_": list(self.scales_.items()), "lead_r2_": list(self.lead_r2_.items())}
        return super()._model_json() | {"learned": learned | {"leads_": list(self.leads_)}}

    @classmethod
    def _from_model_json(cls, content):
        self, learned = super()._from_model_json(content), content["learned"]
        self.leads, self.leads_ = tuple(self.leads), tuple(learned["leads_"])
        self.scales_, self.lead_r2_ = dict(learned["scales_"]), dict(learned["lead_r2_"])
        return self


def check_leads(leads, window):
    """Refuse leads below 1 step and windows below 1 step.

    Raises
    ------
    DscTfError
        In these cases.
    """
    if any(lead < 1 for lead in leads):
        raise DscTfError(f"leads: {tuple(leads)}. Give steps ahead of 1 or more.")
    if window < 1:
        raise DscTfError(f"window: {window}. Give an integer of at least 1.")


def in_season(X, season):
    """Whether each sample is labelled in the months of a season, shape (time,); True where `season` is None.

    Raises
    ------
    DscTfError
        If samples have no times, or none is in the season.
    """
    if season is None:
        return np.ones(len(X), dtype=bool)
    time = getattr(X, "time", None)
    if time is None:
        raise DscTfError(
            f"season: {season} for samples without times. Give samples as `prepare` returns them."
        )
    chosen = np.isin(months_of(time), season_months(season))
    if not chosen.any():
        raise DscTfError(f"season: no step in {season}. Choose another, or give a longer period.")
    return chosen


def months_of(time):
    """Month of each time, 1 to 12, of any calendar."""
    time = np.asarray(time)
    if time.dtype.kind == "M":
        return time.astype("datetime64[M]").astype(int) % 12 + 1
    return np.array([one.month for one in time])
