"""A hidden Markov chain of autoregressions whose lagged terms are deviations from the mean path; NumPy only.

With states s_t, latent vectors x_t and the mean path M_t = sum_k P(s_t = k) m_k,

    x_t = m_s + sum_l A_(s,l) (x_(t-l) - M_(t-l)) + e_t,    e_t ~ N(0, S_s).

The lagged terms are deviations from M, not values: with plain intercepts a change of state looks like a large
innovation, and EM spends a state on days of change. For one variable and exact lagged states this is the Markov
switching autoregression of Hamilton (1989); the posterior mean path replaces its K^(L+1) joint states by K.
"""

from dataclasses import astuple, dataclass, field, replace

import numpy as np
from scipy.linalg import solve_triangular

from .base import fit_kmeans

STAY = 0.9  # probability of staying with which EM starts
EPISODES = (15, 30, 60)  # lengths of the random segments from which every other restart begins
CONFIDENCE = 0.9  # probability that a start gives to its labels
TEMPERED, TEMPERATURE = 10, 0.3  # iterations with weakened emissions, and their exponent
SHORT_RUN = 25  # iterations after which the best start is chosen
SETTLED = 1e-6  # relative gain of the likelihood below which EM stops
DAYS_A_STATE = 100  # days of data for each state below which the shrinkage is reduced in proportion
PATH_PASSES = 3  # iterations of the mean path of new data
GAP = 3  # days between past and future in `past_future_information`


@dataclass(frozen=True)
class Priors:
    """Strength of the shrinkage, in days.

    Parameters
    ----------
    mean : float, default=10.0
        Of the means towards zero.
    covariance : float, default=100.0
        Of the covariances towards their pooled mean.
    lag : float, default=2.0
        Of the lag coefficients towards the pooled ones, for each lagged value.
    transition : float, default=0.5
        Transitions added to each pair of states.
    stickiness : float, default=20.0
        Transitions added to staying.
    """

    mean: float = 10.0
    covariance: float = 100.0
    lag: float = 2.0
    transition: float = 0.5
    stickiness: float = 20.0

    def scaled(self, factor):
        """All of them multiplied by a factor."""
        return Priors(*(factor * value for value in astuple(self)))


@dataclass(frozen=True)
class Chain:
    """Parameters of a fitted chain.

    Parameters
    ----------
    means : array of shape (state, feature)
        m_k.
    coefficients : array of shape (state, lag * feature, feature)
        A_(k,l), transposed and stacked, the nearest lag first.
    covariances : array of shape (state, feature, feature)
        S_k.
    transitions : array of shape (state, state)
        Probability of the column's state after the row's.
    """

    means: np.ndarray
    coefficients: np.ndarray
    covariances: np.ndarray
    transitions: np.ndarray

    @property
    def lags(self):
        """Number of lagged days."""
        return self.coefficients.shape[1] // self.means.shape[1]

    def ordered(self, order):
        """The same chain with its states in another order."""
        return Chain(
            self.means[order],
            self.coefficients[order],
            self.covariances[order],
            self.transitions[np.ix_(order, order)],
        )


@dataclass(frozen=True)
class Posterior:
    """Distribution of the states given the data.

    Parameters
    ----------
    smoothed : array of shape (time, state)
        Given all days of the segment.
    filtered : array of shape (time, state)
        Given the days up to each one.
    counts : array of shape (state, state)
        Expected number of transitions.
    log_likelihood : float
        Of the data.
    """

    smoothed: np.ndarray
    filtered: np.ndarray
    counts: np.ndarray
    log_likelihood: float


def segment_starts(segment):
    """Whether each sample begins a segment, shape (time,); the first one does.

    Parameters
    ----------
    segment : array of int, shape (time,)
        Number of the segment of each sample.
    """
    segment = np.asarray(segment)
    return np.concatenate([[True], segment[1:] != segment[:-1]])


def forward_backward(log_emissions, transitions, starts):
    """Posterior distribution of the states of a Markov chain; states are equally probable at starts.

    Parameters
    ----------
    log_emissions : array of shape (time, state)
        Logarithm of the density of each day under each state, up to a constant for each day.
    transitions : array of shape (state, state)
        Positive probabilities of the column's state after the row's.
    starts : array of bool, shape (time,)
        Days before which there is no transition; the first one is among them.

    Returns
    -------
    Posterior

    References
    ----------
    Rabiner, L. R. (1989). A tutorial on hidden Markov models. Proc. IEEE 77, equations 19 to 28 and 37, normalised
    at each step as in section V.A.
    """
    return _posteriors(log_emissions[None], np.asarray(transitions)[None], starts)[0]


def _posteriors(log_emissions, transitions, starts):
    """`forward_backward` of several chains at once: arrays with the chain as first axis, a list of Posterior."""
    n_chains, _, n_states = log_emissions.shape
    peak = log_emissions.max(axis=2, keepdims=True)
    weights = np.exp(log_emissions - peak)
    ends = np.append(starts[1:], True)
    initial = np.repeat([[1 / n_states], [1.0]], n_chains, axis=0) * np.ones(n_states)
    found, scale = _recursion(
        np.concatenate([weights, weights[:, ::-1]]),
        np.concatenate([transitions, transitions.transpose(0, 2, 1)]),
        initial,
        np.repeat([starts, ends[::-1]], n_chains, axis=0),
    )
    linked = np.flatnonzero(~starts)
    result = []
    for i in range(n_chains):
        filtered, following = found[i], found[n_chains + i, ::-1]
        smoothed = filtered * _messages(following, transitions[i], starts)
        smoothed /= smoothed.sum(axis=1, keepdims=True)
        before, here = filtered[linked - 1], following[linked]
        norm = ((before @ transitions[i]) * here).sum(axis=1, keepdims=True)
        counts = transitions[i] * ((before / norm).T @ here)
        result.append(Posterior(smoothed, filtered, counts, float(np.log(scale[i]).sum() + peak[i].sum())))
    return result


def _recursion(weights, transitions, initial, starts):
    """Normalised a_t = (a_(t-1) transitions, or `initial` at a start) * weights_t, and the norms, for several chains.

    Days are cut into blocks. The products of each block, and then the days of each block, are computed for all blocks
    and chains at once, which replaces most of the loop over days.

    Parameters
    ----------
    weights : array of shape (chain, time, state)
        Densities up to a factor for each day.
    transitions : array of shape (chain, state, state)
        Of each chain.
    initial : array of shape (chain, state)
        At a start.
    starts : array of bool, shape (chain, time)
        Days before which there is no transition.

    Returns
    -------
    states : array of shape (chain, time, state)
    norms : array of shape (chain, time)
    """
    chains, days, n_states = weights.shape
    length = max(1, int(np.ceil(np.sqrt(days / 2))))
    blocks = -(-days // length)
    padded = np.ones((chains, blocks * length, n_states))
    padded[:, :days] = weights
    weights = padded.reshape(chains, blocks, length, n_states).transpose(2, 0, 1, 3).copy()
    begins = np.zeros((chains, blocks * length), bool)
    begins[:, :days] = starts
    begins = begins.reshape(chains, blocks, length)
    begin_at = [np.nonzero(begins[..., j]) for j in range(length)]  # chains and blocks
    product = np.tile(np.eye(n_states), (chains, blocks, 1, 1))
    for j, at in enumerate(begin_at):
        moved = (product.reshape(chains, -1, n_states) @ transitions).reshape(product.shape)
        if len(at[0]):
            moved[at] = product[at].sum(axis=2, keepdims=True) * initial[at[0], None]
        moved *= weights[j][:, :, None]
        product = moved / np.einsum("cbij->cb", moved)[..., None, None]
    entering = np.empty((blocks, chains, n_states))
    state = initial / initial.sum(axis=1, keepdims=True)
    for block in range(blocks):
        entering[block] = state
        state = (state[:, None] @ product[:, block])[:, 0]
        state /= state.sum(axis=1, keepdims=True)
    result, norms = np.empty_like(weights), np.empty((length, chains, blocks))
    state = entering.transpose(1, 0, 2)
    for j, at in enumerate(begin_at):
        state = state @ transitions
        if len(at[0]):
            state[at] = initial[at[0]]
        state *= weights[j]
        norms[j] = np.einsum("cbi->cb", state)
        state = np.divide(state, norms[j][..., None], out=result[j])
    result = result.transpose(1, 2, 0, 3).reshape(chains, -1, n_states)
    return result[:, :days], norms.transpose(1, 2, 0).reshape(chains, -1)[:, :days]


def _messages(following, transitions, starts):
    """Density of the days after each one under its state, shape (time, state), up to a factor for each day."""
    messages = np.ones_like(following)
    linked = np.flatnonzero(~starts)
    messages[linked - 1] = following[linked] @ transitions.T
    return messages


def lagged(values, lags, starts):
    """Values of the days before, shape (time, lag * feature); zero where they lie before the segment.

    Parameters
    ----------
    values : array of shape (time, feature)
        Values.
    lags : int
        Number of days; the nearest one is first.
    starts : array of bool, shape (time,)
        Days that begin a segment.
    """
    days, features = values.shape
    age = np.arange(days) - np.maximum.accumulate(np.where(starts, np.arange(days), 0))
    result = np.zeros((days, lags * features))
    for lag in range(1, lags + 1):
        known = np.flatnonzero(age >= lag)
        result[known, (lag - 1) * features : lag * features] = values[known - lag]
    return result


def log_emissions(chain, X, regressors):
    """Logarithm of the density of each day under each state, without the constant, shape (time, state).

    Parameters
    ----------
    chain : Chain
        Parameters.
    X : array of shape (time, feature)
        Latent vectors.
    regressors : array of shape (time, lag * feature)
        `lagged` deviations from the mean path.
    """
    result = np.empty((len(X), len(chain.means)))
    for k, (mean, coefficients, covariance) in enumerate(
        zip(chain.means, chain.coefficients, chain.covariances, strict=True)
    ):
        residual = X - mean - regressors @ coefficients
        root = np.linalg.cholesky(covariance)
        white = residual @ solve_triangular(root, np.eye(len(root)), lower=True).T
        result[:, k] = -0.5 * np.einsum("ij,ij->i", white, white) - np.log(np.diag(root)).sum()
    return result


def infer(chain, X, starts, *, causal=False):
    """Posterior of the states of new data; the mean path is iterated until it agrees with the posterior.

    Parameters
    ----------
    chain : Chain
        Parameters.
    X : array of shape (time, feature)
        Latent vectors.
    starts : array of bool, shape (time,)
        Days that begin a segment.
    causal : bool, default=False
        Take the mean path from filtered probabilities, so that `filtered` does not depend on later days.

    Returns
    -------
    posterior : Posterior
    log_emissions : array of shape (time, state)
        With which it was computed.
    """
    path = np.zeros_like(X)
    for _ in range(PATH_PASSES + 1 if chain.lags else 1):
        emissions = log_emissions(chain, X, lagged(X - path, chain.lags, starts))
        posterior = forward_backward(emissions, chain.transitions, starts)
        path = (posterior.filtered if causal else posterior.smoothed) @ chain.means
    return posterior, emissions


def fit_chain(
    X, starts, n_states, lags, *, n_init=6, max_iter=80, random_state=None, initial=None, priors=None
):
    """Fit a chain by EM: short runs from several starts, of which the one of largest likelihood is continued.

    Parameters
    ----------
    X : array of shape (time, feature)
        Latent vectors.
    starts : array of bool, shape (time,)
        Days that begin a segment.
    n_states : int
        Number of states.
    lags : int
        Number of lagged days; 0 is a Gaussian hidden Markov model.
    n_init : int, default=6
        Starts, alternately labels of k-means and random segments; not used where `initial` is given.
    max_iter : int, default=80
        Most iterations of EM for each start.
    random_state : int, default=None
        Seed of the starts.
    initial : array of shape (time, state), default=None
        Probabilities to start from, in place of all other starts.
    priors : Priors, default=None
        Strength of the shrinkage; None is `Priors()`, reduced in proportion in a record of fewer than 100 days for
        each state.

    Returns
    -------
    chain : Chain
    posterior : Posterior
        Of the last iteration.

    References
    ----------
    Biernacki, C., Celeux, G., Govaert, G. (2003). Choosing starting values for the EM algorithm. Comput. Stat. Data
    Anal. 41 (short runs).
    """
    X = np.ascontiguousarray(X, np.float64)
    priors = priors or Priors().scaled(min(1.0, len(X) / (DAYS_A_STATE * n_states)))
    rng = np.random.default_rng(random_state)
    if initial is not None:
        begins = [initial]
    else:
        begins = (_start(X, n_states, i, rng) for i in range(n_init))
    blurred = [CONFIDENCE * probabilities + (1 - CONFIDENCE) / n_states for probabilities in begins]
    runs = _em(X, starts, [Run(one) for one in blurred], lags, min(max_iter, SHORT_RUN), priors)
    best = max(runs, key=lambda run: run.history[-1])
    if len(best.history) == SHORT_RUN < max_iter:  # neither converged nor at the last iteration
        (best,) = _em(X, starts, [best], lags, max_iter, priors)
    return best.chain, best.posterior


def maximise(X, starts, probabilities, lags, priors, n_iter=3):
    """Parameters of a chain whose states are known, or known with some probability.

    Parameters
    ----------
    X : array of shape (time, feature)
        Latent vectors.
    starts : array of bool, shape (time,)
        Days that begin a segment.
    probabilities : array of shape (time, state)
        Probability of each state on each day.
    lags : int
        Number of lagged days.
    priors : Priors
        Strength of the shrinkage.
    n_iter : int, default=3
        Passes, since means and mean path depend on each other.

    Returns
    -------
    Chain
        Transitions are counted between the most probable states.
    """
    n_states = probabilities.shape[1]
    labels = probabilities.argmax(axis=1)
    counts = np.full((n_states, n_states), priors.transition) + priors.stickiness * np.eye(n_states)
    linked = np.flatnonzero(~starts)
    np.add.at(counts, (labels[linked - 1], labels[linked]), 1)
    transitions = counts / counts.sum(axis=1, keepdims=True)
    means = probabilities.T @ X / (probabilities.sum(axis=0)[:, None] + priors.mean)
    for _ in range(n_iter):
        path = probabilities @ means
        chain = _maximise(X, path, lagged(X - path, lags, starts), probabilities, transitions, priors)
        means = chain.means
    return chain


def _start(X, n_states, number, rng):
    """Labels from which a restart begins, as indicators of shape (time, state)."""
    if number % 2 == 0:
        labels = fit_kmeans(X, n_states, 1, int(rng.integers(2**31))).labels_
    else:
        length = int(rng.choice(EPISODES))
        labels = np.repeat(rng.integers(0, n_states, len(X) // length + 1), length)[: len(X)]
    return np.eye(n_states)[labels]


@dataclass
class Run:
    """A run of EM and how far it has come.

    Parameters
    ----------
    probabilities : array of shape (time, state)
        Of the states, from which the next iteration begins.
    chain : Chain, default=None
        Of the last iteration; None before the first one.
    posterior : Posterior, default=None
        Likewise.
    history : list of float
        Log-likelihood of each iteration.
    """

    probabilities: np.ndarray
    chain: Chain | None = None
    posterior: Posterior | None = None
    history: list = field(default_factory=list)

    @property
    def settled(self):
        """Whether the last iteration raised the likelihood by less than `SETTLED`."""
        if len(self.history) < TEMPERED + 6:
            return False
        return self.history[-1] - self.history[-2] < SETTLED * abs(self.history[-1])

    def parameters(self, X, priors):
        """Transitions and means of the last iteration, or those that EM starts with."""
        if self.chain is not None:
            return self.chain.transitions, self.chain.means
        n_states = self.probabilities.shape[1]
        transitions = np.full((n_states, n_states), (1 - STAY) / (n_states - 1))
        np.fill_diagonal(transitions, STAY)
        totals = self.probabilities.sum(axis=0)[:, None]
        return transitions, self.probabilities.T @ X / (totals + priors.mean)


def _em(X, starts, runs, lags, max_iter, priors):
    """Continue runs of EM until each has settled or has `max_iter` iterations; the runs are computed side by side."""
    active = runs
    while active := [run for run in active if len(run.history) < max_iter and not run.settled]:
        emissions = []
        for run in active:
            transitions, means = run.parameters(X, priors)
            path = run.probabilities @ means
            regressors = lagged(X - path, lags, starts)
            run.chain = _maximise(X, path, regressors, run.probabilities, transitions, priors)
            density = log_emissions(run.chain, X, regressors)
            emissions.append(TEMPERATURE * density if len(run.history) < TEMPERED else density)
        transitions = np.stack([run.chain.transitions for run in active])
        for run, posterior in zip(active, _posteriors(np.stack(emissions), transitions, starts), strict=True):
            run.posterior, run.probabilities = posterior, posterior.smoothed
            counts = posterior.counts + priors.transition + priors.stickiness * np.eye(len(posterior.counts))
            run.chain = replace(run.chain, transitions=counts / counts.sum(axis=1, keepdims=True))
            run.history.append(posterior.log_likelihood)
    return runs


def _maximise(X, path, regressors, probabilities, transitions, priors):
    """Parameters given the probabilities of the states: coefficients, then means, then covariances."""
    days, features = X.shape
    totals = probabilities.sum(axis=0)
    width = regressors.shape[1]
    coefficients = np.zeros((len(totals), width, features))
    if width:
        gram = regressors.T @ regressors / days
        floor = 1e-3 * np.trace(gram) / width + 1e-9
        pooled = np.linalg.solve(gram + floor * np.eye(width), regressors.T @ (X - path) / days)
        shrinkage = priors.lag * width * gram
    means = np.empty((len(totals), features))
    scatter = np.empty((len(totals), features, features))
    previous = probabilities.T @ X / (totals[:, None] + priors.mean + 1e-9)
    both = np.hstack([regressors, X])
    for k, total in enumerate(totals):
        weighted = (both * probabilities[:, k, None]).T
        sums, products = weighted.sum(axis=1), weighted @ both
        inner, cross = products[:width, :width], products[:width, width:]
        if width:
            left = inner + shrinkage + 1e-9 * np.eye(width)
            right = cross - np.outer(sums[:width], previous[k]) + shrinkage @ pooled
            coefficients[k] = np.linalg.solve(left, right)
        # Sums of r = X - regressors A and of (r - m) (r - m)' by the products of regressors and X.
        rest = sums[width:] - sums[:width] @ coefficients[k]
        means[k] = rest / (total + priors.mean + 1e-9)
        mixed = coefficients[k].T @ cross
        scatter[k] = products[width:, width:] - mixed - mixed.T + coefficients[k].T @ inner @ coefficients[k]
        shift = np.outer(rest, means[k])
        scatter[k] += total * np.outer(means[k], means[k]) - shift - shift.T
    common = scatter.sum(axis=0) / days
    floor = 1e-6 * np.trace(common) / features + 1e-9
    covariances = (scatter + priors.covariance * common) / (totals + priors.covariance + 1e-9)[:, None, None]
    return Chain(means, coefficients, covariances + floor * np.eye(features), transitions)


def past_future_information(log_emissions, transitions, starts, gap=GAP):
    """Information of the state by past days on the state by future days, in nats.

    Parameters
    ----------
    log_emissions : array of shape (time, state)
        Of held-out days.
    transitions : array of shape (state, state)
        Of the chain.
    starts : array of bool, shape (time,)
        Days that begin a segment.
    gap : int, default=3
        Days between the two: the past is the days up to t, the future those after t + gap.

    Returns
    -------
    float
        Mutual information of the most probable state given the past and of the most probable state given the future,
        over all days of which both lie in one segment; 0 where there are none.
    """
    n_states = len(transitions)
    weights = np.exp(log_emissions - log_emissions.max(axis=1, keepdims=True))
    ends = np.append(starts[1:], True)
    (past, reverse), _ = _recursion(
        np.stack([weights, weights[::-1]]),
        np.stack([transitions, transitions.T]),
        np.array([[1 / n_states], [1.0]]) * np.ones(n_states),
        np.stack([starts, ends[::-1]]),
    )
    future = _messages(reverse[::-1], transitions, starts) * stationary(transitions)
    number = np.cumsum(starts)
    pairs = np.flatnonzero(number[: len(number) - gap] == number[gap:])
    if not len(pairs):
        return 0.0
    joint = np.zeros((n_states, n_states))
    np.add.at(joint, (past[pairs].argmax(axis=1), future[pairs + gap].argmax(axis=1)), 1 / len(pairs))
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / independent[seen])).sum())


def stationary(transitions):
    """Distribution that a Markov chain of positive transition probabilities keeps, shape (state,)."""
    n_states = len(transitions)
    system = np.vstack([transitions.T - np.eye(n_states), np.ones(n_states)])
    return np.linalg.lstsq(system, np.append(np.zeros(n_states), 1.0), rcond=None)[0]
