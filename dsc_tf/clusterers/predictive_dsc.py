"""DSC with forecasts as its objective: k-means in the space of today's fields and what the trunk expects to follow."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DscTfError
from ..training.seeds import seeded
from .base import fit_kmeans
from .forecast_network import ForecastNetwork, held_out_blocks
from .predictive_embedding import (
    LinearForecasts,
    embed,
    history_index,
    lead_scales,
    mixing_weight,
    stack_history,
    steps_ahead,
)
from .predictive_kmeans import PredictiveKMeans, in_season

log = logging.getLogger(__name__)

STARTS = ("restarts", "linear")


class PredictiveDSC(PredictiveKMeans):
    """k-means in the joint space of today's fields and the forecasts of DSC's trunk mixed with linear ones.

    As `PredictiveKMeans`, with forecasts that are nonlinear: convolutions of each field, an LSTM layer over the last
    `window` fields and a latent vector, from which linear heads reconstruct the principal components of today and
    forecast those `leads` steps ahead. The forecast of a lead is (1 - a) times the linear one plus a times the mean of
    the networks, with the share a that is best in held-out blocks of the training record (0 where the networks do not
    help). k-means sees the decoded forecasts, not the latent vectors: distances in a latent space have no unit.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of clusters.
    n_networks : int, default=2
        Networks whose forecasts are averaged.
    epochs : int, default=10
        Epochs of 20 batches of each network; the weights of the epoch that is best in held-out blocks are kept.
    start : {"restarts", "linear"}, default="restarts"
        First centres of k-means: "restarts" takes the best of `n_init` random starts, "linear" the means of the
        clusters that the linear forecasts alone give (those of `PredictiveKMeans`). In a space with several optima of
        nearly equal inertia, fits with other networks agree more often with "linear"; see
        results/predictive_regimes.md.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Given to Keras's `fit` of each network, such as a progress bar.
    **parameters
        Of `PredictiveKMeans`: `window`, `leads`, `today_weight`, `penalty`, `min_r2`, `n_components`, `n_forecast`,
        `season`, `n_init` and `random_state`, the seed of the networks as well.

    Attributes
    ----------
    lead_r2_ : dict of int to float
        Share of the variance of the components explained by the mixed forecast of each lead in held-out blocks.
    linear_r2_ : dict of int to float
        The same of the linear forecasts alone, fitted without these blocks.
    mixing_ : dict of int to float
        Share of the networks in each forecast.
    labels_, cluster_centers_, leads_, today_weight_, penalty_, mean_, components_, forecasts_
        As of `PredictiveKMeans`.
    networks_ : list of ForecastNetwork
        The trained networks.

    References
    ----------
    Faruque et al. (2023) for the trunk: convolutions of each field, an LSTM layer over the window, a latent vector.
    """

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        n_networks: int = 2,
        epochs: int = 10,
        start: str = "restarts",
        callbacks: Sequence = (),
        **parameters: Any,
    ):
        super().__init__(n_clusters, **parameters)
        self.n_networks = n_networks
        self.epochs = epochs
        self.start = start
        self.callbacks = callbacks

    def count_weights(self, shape):
        """Number of weights of one network for samples of shape (window, latitude, longitude, variable)."""
        n = min(self.n_forecast, int(np.prod(shape[1:])))
        sizes = {"grid": shape[1:], "n_scores": n, "n_outputs": n}
        network = ForecastNetwork(self.window, tuple(self.leads), sizes)
        return network.encoder.count_params() + network.forecaster.count_params()

    def _check_parameters(self, X):
        super()._check_parameters(X)
        if self.start not in STARTS:
            raise DscTfError(f"start: {self.start!r}. Choose one of {', '.join(STARTS)}.")

    def _fit_forecasts(self, X, steps, segment):
        longest = np.bincount(segment).max()
        if longest < self.window:
            raise DscTfError(
                f"window: {self.window} steps, but no segment has more than {longest}. Give a shorter window."
            )
        super()._fit_forecasts(X, steps, segment)
        scores = steps[:, -1, : self.n_forecast]
        self._fit_networks(X, scores, segment)
        self._mix(X, scores, steps, segment)

    def _fit_networks(self, X, scores, segment):
        fields = X.last_step().reshape(len(X), *X.grid)
        kernel = (self.components_[: self.n_forecast] / self.forecasts_.scale_[:, None]).T
        weighted = self.area_weight_[:, None] * kernel
        patterns = weighted.astype(np.float32), -(self.mean_ @ kernel).astype(np.float32)
        self.networks_ = []
        with seeded(self.random_state) as seed:
            for i in range(self.n_networks):
                network = ForecastNetwork(self.window, tuple(self.leads))
                options = {"epochs": self.epochs, "seed": seed + i, "callbacks": self.callbacks}
                network.fit(fields, scores, segment, patterns, **options)
                self.networks_.append(network)

    def _mix(self, X, scores, steps, segment):
        """Share of the networks in each forecast, from blocks that neither they nor these linear forecasts saw."""
        held_out = held_out_blocks(len(scores))
        history, available = stack_history(steps[..., : self.n_forecast], segment, self.window)
        run = np.cumsum(np.r_[0, np.diff(held_out.astype(int)) != 0])
        parts = segment * (run[-1] + 1) + run
        rest = LinearForecasts(tuple(self.leads), self.window)
        rest.fit(scores[~held_out], history[~held_out], available[~held_out], parts[~held_out])
        linear, network = rest.predict(history, available), self._network_forecasts(X, segment)
        self.mixing_, self.linear_r2_ = {}, {}
        for lead in self.leads:
            now, then = steps_ahead(parts, lead)
            now, then = now[held_out[now]], then[held_out[now]]
            if lead not in linear or not len(now) or not (scores[then] ** 2).any():
                self.mixing_[lead] = 0.0
                continue
            actual, first, second = scores[then], linear[lead][now], network[lead][now]
            share = self.mixing_[lead] = mixing_weight(actual, first, second)
            total = (actual**2).sum()
            self.linear_r2_[lead] = float(1 - ((actual - first) ** 2).sum() / total)
            mixed = first + share * (second - first)
            self.lead_r2_[lead] = float(1 - ((actual - mixed) ** 2).sum() / total)
            log.info(
                "%d steps ahead: %.3f of the variance in held-out blocks by linear forecasts, %.3f with a share of "
                "%.2f of the networks", lead, self.linear_r2_[lead], self.lead_r2_[lead], share,
            )  # fmt: skip

    def _network_forecasts(self, X, segment):
        """Mean forecast of the networks, a dict of lead to array of shape (time, component)."""
        own = X.window
        sample, step, _ = history_index(len(X), own, segment, self.window)
        sample, step = sample[:, ::-1], step[:, ::-1]  # the earliest step first
        rows, places = np.unique(X.ends[sample] - (own - 1 - step), return_inverse=True)
        fields = X.rows[rows].reshape(len(rows), *X.grid)
        found = [network.predict(fields, places.reshape(sample.shape)) for network in self.networks_]
        return {lead: np.mean([one[lead] for one in found], axis=0) for lead in self.leads}

    def _forecast(self, X, steps, segment):
        linear = super()._forecast(X, steps, segment)
        if not any(self.mixing_[lead] for lead in linear):
            return linear
        network = self._network_forecasts(X, segment)
        return {lead: one + self.mixing_[lead] * (network[lead] - one) for lead, one in linear.items()}

    def _cluster(self, X, steps):
        """Fit the centres, from those of the linear half if `start` is "linear"."""
        if self.start == "restarts":
            return super()._cluster(X, steps)
        chosen = in_season(X, self.season)
        today, linear = steps[:, -1], super()._forecast(X, steps, X.segment)
        embedding = embed(today, linear, lead_scales(today, linear), self.today_weight_)
        start = fit_kmeans(embedding[chosen], self.n_clusters, self.n_init, self.random_state).labels_
        return self._fit_centres(self._embed(X, steps), X.segment, chosen, start)

    def _arrays(self):
        arrays = super()._arrays()
        for i, network in enumerate(self.networks_):
            arrays |= {f"network_{i}_{j}": w for j, w in enumerate(network.get_weights())}
        return arrays

    def _restore_arrays(self, arrays):
        super()._restore_arrays(arrays)
        for i, network in enumerate(self.networks_):
            count = len(network.get_weights())
            network.set_weights([arrays[f"network_{i}_{j}"] for j in range(count)])

    def _model_json(self):
        content = super()._model_json()
        content["learned"] |= {
            "networks": [[one.arguments, list(one.scales_.items())] for one in self.networks_],
            "mixing_": list(self.mixing_.items()),
            "linear_r2_": list(self.linear_r2_.items()),
        }
        return content

    @classmethod
    def _from_model_json(cls, content):
        self, learned = super()._from_model_json(content), content["learned"]
        self.mixing_, self.linear_r2_ = dict(learned["mixing_"]), dict(learned["linear_r2_"])
        self.networks_ = [ForecastNetwork(self.window, self.leads, sizes) for sizes, _ in learned["networks"]]
        for network, (_, scales) in zip(self.networks_, learned["networks"], strict=True):
            network.scales_ = dict(scales)
        return self
