"""Regimes of dynamics: a Markov chain that switches between autoregressions of principal components."""

import logging
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from .base import order_by_size
from .eof import EOFClusterer
from .switching_chain import Chain, fit_chain, infer, past_future_information, segment_starts

log = logging.getLogger(__name__)

BRANCHES = ((40, 0), (12, 0), (6, 1), (12, 1), (6, 3), (12, 3))
JUDGED = 1 / 3  # share of the record that chooses the branch, at its end
RESTARTS_OF_CHOICE, ITERATIONS_OF_CHOICE = 4, 60
MIN_JUDGED = 100  # samples in that share; in a shorter record the first branch is taken


class SwitchingAutoregression(EOFClusterer):
    """A sticky Markov chain that switches between autoregressions of the leading principal components.

    Regimes differ in their mean, in the covariance of their days, and in how a day follows from those before it: see
    `switching_chain` for the equations. Several branches, each a number of components and of lagged days, are fitted
    to the first two thirds of the record; the branch whose state by past days has the largest mutual information
    with its state by future days in the last third is then fitted to the whole record. In a record of fewer than 300
    samples, which is too short for this choice, the first branch is taken.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of regimes.
    branches : tuple of (int, int), default=((40, 0), (12, 0), (6, 1), (12, 1), (6, 3), (12, 3))
        Candidates: number of principal components and of lagged days. Lags of 0 are a Gaussian hidden Markov model.
    causal : bool, default=False
        Label a day by the days up to it alone (filtering); otherwise by all days of its segment (smoothing). The fit
        uses all days of `X` in either case.
    n_init : int, default=6
        Restarts of EM on the whole record.
    max_iter : int, default=80
        Most iterations of EM for each restart.
    random_state : int, default=None
        Seed.

    Attributes
    ----------
    labels_ : array of int, shape (time,)
        Most probable regime of each sample, the largest first.
    soft_labels_ : array of shape (time, cluster)
        Probabilities of the regimes.
    branch_ : tuple of (int, int)
        The chosen branch.
    information_ : dict of tuple to float
        Mutual information of past and future states on the last third by branch, nats; empty for a single branch.
    candidates_ : dict of tuple to Chain
        Chains that were fitted to the first two thirds for this choice; not saved.
    chain_ : Chain
        Means, lag coefficients, covariances and transition probabilities, in units of the first component's standard
        deviation.
    scale_ : float
        That standard deviation.
    pca_ : sklearn.decomposition.PCA
        The projection.

    References
    ----------
    Hamilton, J. D. (1989). A New Approach to the Economic Analysis of Nonstationary Time Series and the Business
    Cycle. Econometrica 57. Fox, E. B., Sudderth, E. B., Jordan, M. I., Willsky, A. S. (2011). Bayesian Nonparametric
    Inference of Switching Dynamic Linear Models. IEEE Trans. Signal Process. 59 (the sticky chain).

    Examples
    --------
    Noise that is positively correlated from day to day in one half of the record and negatively in the other:

    >>> import numpy as np
    >>> from dsc_tf.clusterers.switching import SwitchingAutoregression
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> for t in range(1, 400):
    ...     X[t] += (0.9 if t < 200 else -0.9) * X[t - 1]
    >>> labels = SwitchingAutoregression(2, branches=((2, 1),), random_state=0).fit_predict(X)
    >>> round(float(np.mean(labels[:200] != labels[-1])), 1), round(float(np.mean(labels[200:] == labels[-1])), 1)
    (1.0, 1.0)
    """

    supports_out_of_core = False
    saved_attributes = ("soft_labels_", "scale_")
    chain_: Any

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        branches: Sequence[tuple[int, int]] = BRANCHES,
        causal: bool = False,
        n_init: int = 6,
        max_iter: int = 80,
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.branches = branches
        self.causal = causal
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state

    @property
    def n_components(self):
        """Number of components that the branches need."""
        return max(size for size, _ in self.branches)

    def fit_projection(self, X):
        """Fit the principal components alone; return scaled scores, shape (time, component).

        Parameters
        ----------
        X : Samples of shape (time, window, latitude, longitude, variable)
            Samples.
        """
        scores = self._fit_components(X).astype(np.float64)
        self.scale_ = float(scores.std(axis=0).max()) or 1.0
        return scores / self.scale_

    def candidate_probabilities(self, X):
        """Smoothed probabilities by each branch as it was fitted to the first two thirds for the choice.

        Parameters
        ----------
        X : array, DataArray or Samples of shape (time, window, latitude, longitude, variable)
            Samples.

        Returns
        -------
        dict of branch to array of shape (time, cluster)
            States are numbered as EM left them.
        """
        X = self._validate(X)
        starts = segment_starts(X.segment)
        return {
            branch: self._infer(chain, branch, X, starts, causal=False).smoothed
            for branch, chain in self.candidates_.items()
        }

    def _fit(self, X):
        latent = self.fit_projection(X)
        starts = segment_starts(X.segment)
        cut = round(len(X) * (1 - JUDGED))
        self.information_, self.candidates_ = {}, {}
        if self._has_choice(X) and len(X) - cut >= MIN_JUDGED:
            self.information_ = self._judge(X, latent, starts, cut)
        # The first branch is taken where nothing could be compared.
        best = max(self.information_.values(), default=None)
        self.branch_ = next((b for b, i in self.information_.items() if i == best), self._first_branch(X))
        self._fit_branch(X, latent, starts)
        labels = self._predict_proba(X).argmax(axis=1)
        self.chain_ = self.chain_.ordered(order_by_size(labels, self.n_clusters))
        self.soft_labels_ = self._predict_proba(X)
        return self.soft_labels_.argmax(axis=1)

    def _predict(self, X):
        return self._predict_proba(X).argmax(axis=1)

    def _predict_proba(self, X):
        posterior = self._infer(self.chain_, self.branch_, X, segment_starts(X.segment), self.causal)
        return posterior.filtered if self.causal else posterior.smoothed

    def _arrays(self):
        chain = {f"chain_{field.name}": getattr(self.chain_, field.name) for field in fields(Chain)}
        return super()._arrays() | {"branch_": np.asarray(self.branch_)} | chain

    def _restore_arrays(self, arrays):
        self.chain_ = Chain(**{field.name: arrays.pop(f"chain_{field.name}") for field in fields(Chain)})
        self.branch_ = tuple(arrays.pop("branch_").tolist())
        super()._restore_arrays(arrays)

    def _first_branch(self, X):
        return tuple(self.branches[0])

    def _has_choice(self, X):
        """Whether there is more than one branch."""
        return len(set(map(tuple, self.branches))) > 1

    def _judge(self, X, latent, starts, cut):
        """Information of past and future states on the samples from `cut` on, by branch."""
        information = {}
        for size, lags in map(tuple, self.branches):
            chain, _ = fit_chain(
                latent[:cut, :size],
                starts[:cut],
                self.n_clusters,
                lags,
                n_init=RESTARTS_OF_CHOICE,
                max_iter=ITERATIONS_OF_CHOICE,
                random_state=self.random_state,
            )
            self.candidates_[size, lags] = chain
            _, emissions = infer(chain, latent[:, :size], starts)
            information[size, lags] = judged_information(emissions[cut:], chain.transitions, starts[cut:])
            log.debug("%d components, %d lags: information %.3f", size, lags, information[size, lags])
        return information

    def _fit_branch(self, X, latent, starts):
        """Fit the chosen branch to the whole record."""
        size, lags = self.branch_
        self.chain_, _ = fit_chain(
            latent[:, :size],
            starts,
            self.n_clusters,
            lags,
            n_init=self.n_init,
            max_iter=self.max_iter,
            random_state=self.random_state,
        )

    def _infer(self, chain, branch, X, starts, causal):
        """Posterior of the regimes of samples by a chain of a branch."""
        latent = self._transform(X)[:, : branch[0]].astype(np.float64) / self.scale_
        return infer(chain, latent, starts, causal=causal)[0]


def judged_information(emissions, transitions, starts):
    """Information of past and future states on the end of a record, whose first sample begins a segment.

    Parameters
    ----------
    emissions : array of shape (time, state)
        Log-emissions of the judged samples.
    transitions : array of shape (state, state)
        Of the chain.
    starts : array of bool, shape (time,)
        Samples that begin a segment.
    """
    return past_future_information(emissions, transitions, np.concatenate([[True], starts[1:]]))
