"""Ridge forecasts of principal components, and the space of today's field and its forecasts.

Arrays are named as follows: `scores` (time, component) are the principal components of the labelled step of each
sample, `history` (time, lag, component) those of the same and the preceding steps, lag 0 first, and `available`
(time,) the number of lags that exist. `segment` (time,) numbers stretches of consecutive steps.
"""

from dataclasses import dataclass, field

import numpy as np

from ..evaluation.predictability import steps_ahead

PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # per sample, for inputs of unit variance
N_FOLDS = 4
MAX_BLOCK = 180  # steps of a held-out block; shorter in records of fewer than 2 * N_FOLDS such blocks
MIN_PAIRS = 3 * N_FOLDS  # pairs of a sample and its successor that a forecast is fitted to
TOLERANCE = 1e-6  # of the largest standard deviation, below which a component counts as constant


def history_index(n, own, segment, window):
    """Where the last `window` steps of each sample are: in its own window, else in that of a sample before it.

    Parameters
    ----------
    n : int
        Number of samples.
    own : int
        Steps of a sample's window.
    segment : array of int, shape (time,)
        Samples of different segments are not consecutive: none is taken from another segment.
    window : int
        Lags wanted.

    Returns
    -------
    sample, step : array of int, shape (time, lag)
        Position of the sample and of the step in its window; lag 0 is the labelled step, and the earliest step
        stands for lags that do not exist.
    available : array of int, shape (time,)
        Lags that exist.
    """
    starts = np.r_[0, np.flatnonzero(np.diff(segment)) + 1]
    since_start = np.arange(n) - np.repeat(starts, np.diff(np.r_[starts, n]))
    available = np.minimum(since_start + own, window)
    lag = np.minimum(np.arange(window), available[:, None] - 1)
    back = np.maximum(0, lag - own + 1)  # samples to go back before a window holds the step
    return np.arange(n)[:, None] - back, own - 1 - (lag - back), available


def stack_history(steps, segment, window):
    """The last `window` steps of each sample, lags that do not exist as 0.

    Parameters
    ----------
    steps : array of shape (time, window of a sample, component)
        Principal components of every step of every sample, the labelled step last.
    segment, window
        As of `history_index`.

    Returns
    -------
    history : array of shape (time, lag, component)
        Lag 0 is the labelled step.
    available : array of int, shape (time,)
        Lags that exist.
    """
    sample, step, available = history_index(*steps.shape[:2], segment, window)
    history = steps[sample, step]
    history[np.arange(window) >= available[:, None]] = 0.0
    return history, available


def held_out_folds(n, n_folds=N_FOLDS):
    """Fold of each of `n` steps: blocks of consecutive steps, dealt to the folds in turn.

    Examples
    --------
    >>> held_out_folds(16)
    array([0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1, 2, 2, 3, 3])
    """
    block = min(MAX_BLOCK, max(1, -(-n // (2 * n_folds))))
    return np.arange(n) // block % n_folds


def ridge(inputs, targets, penalty):
    """Coefficients that minimise |targets - inputs W|^2 / n + penalty |W|^2, shape (input, target)."""
    gram = inputs.T @ inputs + penalty * len(inputs) * np.eye(inputs.shape[1])
    return np.linalg.solve(gram, inputs.T @ targets)


@dataclass
class LinearForecasts:
    """Forecasts of principal components from the steps up to today by ridge regression, one for each lead.

    Samples with fewer than `window` steps behind them (the first of a segment) get the regression on the steps that
    they have, with the same penalty.

    Parameters
    ----------
    leads : tuple of int
        Steps ahead.
    window : int
        Steps that a forecast reads, the labelled one included.

    Attributes
    ----------
    scale_ : array of shape (component,)
        Standard deviation of each component of the history in training.
    r2_ : dict of int to float
        Share of the variance of the components that is forecast in blocks of 180 steps that the regression was not
        fitted to; NaN where too few pairs of samples exist.
    penalty_ : dict of int to float
        Penalty of each lead with the least error in these blocks.
    weights_ : dict of int to list of arrays
        For each lead, the coefficients for 1, 2, ..., `window` available steps, each of shape
        (lag * component, component).
    """

    leads: tuple
    window: int
    scale_: np.ndarray = field(init=False)
    r2_: dict = field(default_factory=dict, init=False)
    penalty_: dict = field(default_factory=dict, init=False)
    weights_: dict = field(default_factory=dict, init=False)

    def fit(self, scores, history, available, segment):
        """Learn from the samples whose steps all exist.

        Parameters
        ----------
        scores, history, available, segment
            As described at the top of this module; `scores` holds the components to be forecast, `history` those that
            they are forecast from, both about a mean of 0.
        """
        deviation = history[:, 0].std(axis=0)
        self.scale_ = np.where(deviation > TOLERANCE * deviation.max(), deviation, np.inf)
        inputs = self._inputs(history)
        longest = available.max()
        for lead in self.leads:
            now, then = steps_ahead(segment, lead)
            complete = available[now] == longest
            self._fit_lead(lead, inputs[now[complete]], scores[then[complete]])
        return self

    def predict(self, history, available):
        """Forecast of each fitted lead, a dict of int to array of shape (time, component)."""
        inputs = self._inputs(history)
        per_step = history.shape[2]
        forecasts = {}
        for lead, weights in self.weights_.items():
            forecast = np.zeros((len(inputs), weights[0].shape[1]))
            for m in np.unique(available):
                rows = available == m
                forecast[rows] = inputs[rows, : m * per_step] @ weights[m - 1]
            forecasts[lead] = forecast
        return forecasts

    def _inputs(self, history):
        return (history / self.scale_).reshape(len(history), -1)

    def _fit_lead(self, lead, inputs, targets):
        total = (targets**2).sum()
        if len(inputs) < MIN_PAIRS or total == 0:
            self.r2_[lead] = np.nan
            return
        fold = held_out_folds(len(inputs))
        errors = [
            sum(_held_out_error(inputs, targets, fold, i, p) for i in range(N_FOLDS)) for p in PENALTIES
        ]
        best = int(np.argmin(errors))
        self.penalty_[lead] = PENALTIES[best]
        self.r2_[lead] = float(1 - errors[best] / total)
        per_step = inputs.shape[1] // self.window
        self.weights_[lead] = [
            ridge(inputs[:, : m * per_step], targets, PENALTIES[best]) for m in range(1, self.window + 1)
        ]


def _held_out_error(inputs, targets, fold, held_out, penalty):
    out = fold == held_out
    weights = ridge(inputs[~out], targets[~out], penalty)
    return ((targets[out] - inputs[out] @ weights) ** 2).sum()


def root_mean_square(scores):
    """Root of the mean squared length of the rows; 1 where all are zero."""
    size = float(np.sqrt((scores**2).sum(axis=1).mean()))
    return size if size > 0 else 1.0


def lead_scales(today: np.ndarray, forecasts: dict[int, np.ndarray]) -> dict[int, float]:
    """Scales for `embed`: `root_mean_square` of today's components (lead 0) and of each forecast."""
    return {0: root_mean_square(today)} | {lead: root_mean_square(one) for lead, one in forecasts.items()}


def embed(scores, forecasts, scales, today_weight):
    """Today's components and their forecasts next to each other, each lead divided by its scale.

    Parameters
    ----------
    scores : array of shape (time, component)
        Of the labelled step.
    forecasts : dict of int to array of shape (time, component)
        By lead.
    scales : dict of int to float
        `lead_scales` in training, so that every lead has the same predictable variance.
    today_weight : float
        Weight of the squared distance between today's fields; that of each forecast is 1.

    Returns
    -------
    array of shape (time, feature)
    """
    parts = [np.sqrt(today_weight) * scores / scales[0]]
    parts += [forecasts[lead] / scales[lead] for lead in sorted(forecasts)]
    return np.hstack(parts)


def causal_labels(costs, penalty, segment):
    """Labels of least cost of the path up to each step: no label depends on a later step.

    The cost of the cheapest path that ends in cluster k is C_t(k) = min(C_{t-1}(k), min_j C_{t-1}(j) + penalty) +
    d_t(k), and the label of step t is the cluster of the least C_t. Viterbi's path would revise it later.

    Parameters
    ----------
    costs : array of shape (time, cluster)
        Squared distance d_t(k) of each step to each centre.
    penalty : float
        Cost of a change of cluster; 0 gives the nearest centre.
    segment : array of int, shape (time,)
        Paths begin at the first step of each segment.

    Returns
    -------
    array of int, shape (time,)

    Examples
    --------
    A step that is slightly nearer to the other cluster does not change the label; a second one does.

    >>> costs = np.array([[0.0, 4.0], [2.0, 1.0], [2.0, 1.0], [2.0, 1.0]])
    >>> causal_labels(costs, 0.0, np.zeros(4, int)), causal_labels(costs, 1.5, np.zeros(4, int))
    (array([0, 1, 1, 1]), array([0, 0, 1, 1]))
    """
    if penalty == 0:
        return costs.argmin(axis=1)
    labels = np.empty(len(costs), dtype=np.intp)
    for t, cost in enumerate(costs):
        if t == 0 or segment[t] != segment[t - 1]:
            total = cost
        else:
            total = np.minimum(total, total.min() + penalty) + cost
        labels[t] = total.argmin()
    return labels


def mixing_weight(targets, linear, network):
    """Share of the network in the best mixture of two forecasts, by least squares, between 0 and 1.

    Parameters
    ----------
    targets, linear, network : array of shape (time, component)
        What occurred, and the two forecasts of it, on samples that neither was fitted to.

    Examples
    --------
    >>> mixing_weight(np.array([[1.0]]), np.array([[0.0]]), np.array([[4.0]]))
    0.25
    """
    apart = network - linear
    size = (apart**2).sum()
    return float(np.clip(((targets - linear) * apart).sum() / size, 0.0, 1.0)) if size > 0 else 0.0
