"""Fields in space and time from stations: EOFs of the series, coefficients as functions of the coordinates."""

import warnings
from math import ceil

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import DscTfError

KINDS = ("network", "gp")
MIN_PLACES = 20
GROUPS = (5, 20, 50)  # ends of the groups of coefficients that share a kernel
MAX_NOISE = 0.1  # share of the variance that may follow the gap
MIN_GAP = 3.0  # ratio of neighbouring eigenvalues that counts as a gap
MAX_MISSING = 0.5
GP_PLACES = 800  # places that hyperparameters of the Gaussian process are estimated from
HELD_OUT = 0.2
FILL_RANKS = (1, 2, 3, 5, 8, 12, 20, 30, 50)  # ranks tried when missing values are filled


class SpaceTimeField(RegressorMixin, BaseEstimator):
    """Regressor that maps coordinates to whole time series.

    The series of all places are decomposed into empirical orthogonal functions (EOFs). The coefficients of the first
    K functions are learned as functions of the coordinates, by a Gaussian process or by a network on random Fourier
    features of the coordinates. A predicted series is the mean over places plus the predicted combination of functions.

    It suits fields of low rank. Daily weather at real stations is not: there, kriging each day (`krige`) has smaller
    errors.

    Parameters
    ----------
    kind : {"network", "gp"}, default="network"
        How coefficients are learned.
    n_components : int, default=None
        Number K of functions. None takes the largest gap of the eigenvalue spectrum where an eigenvalue is more than 3
        times its successor and what follows explains less than a tenth, as noise does; without such a gap, the number
        with the smallest error at held-out places.
    frequencies : int, default=256
        Number of random frequencies; each gives a sine and a cosine.
    length : float, default=None
        Length scale in units of the coordinates; None estimates it from the semivariogram of the first coefficient
        (network) or by maximum likelihood (gp).
    hidden : tuple of int, default=(256, 256)
        Units of the dense layers.
    epochs : int, default=150
        Passes over the places.
    smoothness : {"gaussian", "matern"}, default="gaussian"
        Kernel of the Gaussian process: infinitely smooth, or Matern 3/2 for rough fields such as weather.
    random_state : int, default=None
        Seed of everything random.

    Attributes
    ----------
    n_components_ : int
        Number of functions used.
    explained_ : array of shape (component,)
        Share of the variance of each function.
    length_ : float
        Length scale used; of the first five functions, if a Gaussian process has several.
    functions_ : array of shape (n_components, time)
        Orthonormal EOFs in time.
    mean_ : array of shape (time,)
        Mean over the places.
    regressor_ : GaussianProcessRegressor or keras.Model
        From coordinates, or their Fourier features, to standardised coefficients.

    References
    ----------
    Amato et al. (2020), https://doi.org/10.1038/s41598-020-79148-7; Tancik et al. (2020),
    https://arxiv.org/abs/2006.10739 (Fourier features).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> places = rng.uniform(0, 10, (60, 2))
    >>> series = np.sin(places[:, :1] / 3) * rng.normal(size=50) + 0.01 * rng.normal(size=(60, 50))
    >>> field = SpaceTimeField("gp", random_state=0).fit(places[:50], series[:50])
    >>> error = abs(field.predict(places[50:]) - series[50:]).mean()
    >>> field.n_components_, bool(error < 0.05)
    (1, True)
    """

    def __init__(
        self,
        kind="network",
        n_components=None,
        *,
        frequencies=256,
        length=None,
        hidden=(256, 256),
        epochs=150,
        smoothness="gaussian",
        random_state=None,
    ):
        self.kind = kind
        self.n_components = n_components
        self.frequencies = frequencies
        self.length = length
        self.hidden = hidden
        self.epochs = epochs
        self.smoothness = smoothness
        self.random_state = random_state

    def fit(self, coordinates, series):
        """Learn from the series (place, time) at the coordinates (place, 2 or 3).

        Missing values are filled by iterating the truncated decomposition.

        Raises
        ------
        DscTfError
            If there are fewer than 20 places, two of them are equal, or more than half of the values are missing.
        """
        coordinates, series = self._checked(coordinates, series)
        self.n_features_in_ = coordinates.shape[1]
        rng = np.random.default_rng(self.random_state)
        if np.isnan(series).any():
            series = _filled(series, rng)
        self.mean_ = series.mean(axis=0)
        left, singular, functions = np.linalg.svd(
            (series - self.mean_) / np.sqrt(len(series) - 1), full_matrices=False
        )
        variance = singular**2
        coefficients = left * singular * np.sqrt(len(series) - 1)
        self._places, self._origin = coordinates, coordinates.mean(axis=0)
        self.n_components_ = self._number(coordinates, coefficients, variance, rng)
        k = self.n_components_
        self.functions_, self.explained_ = functions[:k], variance[:k] / variance.sum()
        self._learn(coordinates, coefficients[:, :k], rng)
        return self

    def predict(self, coordinates):
        """Series (place, time) at the coordinates.

        Warns
        -----
        UserWarning
            If places are farther than `length_` from any place learned from.
        """
        check_is_fitted(self, "functions_")
        coordinates = np.asarray(coordinates, np.float64)
        if coordinates.ndim != 2 or coordinates.shape[1] != self.n_features_in_:
            raise DscTfError(
                f"coordinates: of shape {coordinates.shape}. Give (place, {self.n_features_in_})."
            )
        self._warn_of_extrapolation(coordinates)
        return self.mean_ + self._coefficients(coordinates) @ self.functions_

    def _checked(self, coordinates, series):
        if self.kind not in KINDS:
            raise DscTfError(f"kind: {self.kind!r}. Choose one of {', '.join(KINDS)}.")
        coordinates, series = np.asarray(coordinates, np.float64), np.asarray(series, np.float64)
        if coordinates.ndim != 2 or series.ndim != 2 or len(coordinates) != len(series):
            raise DscTfError(
                f"coordinates: of shape {coordinates.shape}, series of {series.shape}. "
                "Give (place, coordinate) and (place, time)."
            )
        if len(coordinates) < MIN_PLACES:
            raise DscTfError(f"coordinates: {len(coordinates)} places. Give at least {MIN_PLACES}.")
        if len(np.unique(coordinates, axis=0)) < len(coordinates):
            raise DscTfError("coordinates: two places are equal. Average their series.")
        if not np.isfinite(coordinates).all() or np.isinf(series).any():
            raise DscTfError("series: infinite values or missing coordinates. Leave those places out.")
        missing = np.isnan(series).mean()
        if missing > MAX_MISSING:
            raise DscTfError(f"series: {100 * missing:.0f} % of the values are missing. Give at most 50 %.")
        return coordinates, series

    def _number(self, coordinates, coefficients, variance, rng):
        """Choose the number of functions: given, by the gap of the spectrum, or by held-out places."""
        most = int((variance > 1e-10 * variance[0]).sum())
        if self.n_components is not None:
            if not 1 <= self.n_components <= most:
                raise DscTfError(f"n_components: {self.n_components}. Give an integer from 1 to {most}.")
            return int(self.n_components)
        half = max(1, most // 2)  # the last eigenvalues fall for lack of samples
        ratios = variance[:half] / variance[1 : half + 1] if most > 1 else np.array([np.inf])
        after = 1 - np.cumsum(variance)[:half] / variance.sum()
        ratios = np.where(after < MAX_NOISE, ratios[:half], 0.0)
        if ratios.max() > MIN_GAP:
            return int(ratios.argmax()) + 1
        # Functions are orthonormal: squared errors of coefficients add up, left-out functions count in full.
        held = rng.random(len(coordinates)) < HELD_OUT
        scale = coefficients.std(axis=0) + 1e-300
        process = _GroupedProcesses(self.length, self.smoothness)
        estimates = process.fit(coordinates[~held], coefficients[~held] / scale).predict(coordinates[held])
        estimates *= scale
        skill = (coefficients[held] ** 2 - (coefficients[held] - estimates) ** 2).sum(axis=0)[:most]
        return int(np.cumsum(skill).argmax()) + 1

    def _learn(self, coordinates, coefficients, rng):
        self._scale = coefficients.std(axis=0)
        if self.kind == "gp":
            self.regressor_ = _GroupedProcesses(self.length, self.smoothness)
            self.regressor_.fit(coordinates, coefficients / self._scale)
            self.length_ = self.regressor_.length_
            return
        import keras

        from ..models.coordinate_network import coordinate_network

        self.length_ = self.length or _length_scale(coordinates, coefficients[:, 0])
        self._directions = rng.normal(size=(coordinates.shape[1], self.frequencies)) / self.length_
        self._spread = coordinates.std(axis=0).max()
        keras.utils.set_random_seed(int(rng.integers(2**31)))
        n_features = 2 * self.frequencies + coordinates.shape[1]
        self.regressor_ = coordinate_network(n_features, self.hidden, coefficients.shape[1])
        batch = min(100, len(coordinates))
        total = self.epochs * ceil(len(coordinates) / batch)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, int(0.9 * total), warmup_target=2e-3, warmup_steps=max(1, int(0.1 * total))
        )
        self.regressor_.compile(
            keras.optimizers.AdamW(rate, weight_decay=1e-4), loss="mse", jit_compile=False
        )
        wanted = (coefficients / self._scale).astype(np.float32)
        self.regressor_.fit(self._waves(coordinates), wanted, batch_size=batch, epochs=self.epochs, verbose=0)

    def _waves(self, coordinates):
        """Random Fourier features of coordinates, and the coordinates, float32."""
        centred = coordinates - self._origin
        waves = centred @ self._directions
        features = [np.sin(waves), np.cos(waves), centred / self._spread]
        return np.concatenate(features, axis=1).astype(np.float32)

    def _coefficients(self, coordinates):
        if self.kind == "gp":
            found = self.regressor_.predict(coordinates)
        else:
            found = self.regressor_.predict(self._waves(coordinates), batch_size=4096, verbose=0)
        return found * self._scale

    def _warn_of_extrapolation(self, coordinates):
        from scipy.spatial import cKDTree

        far = cKDTree(self._places).query(coordinates)[0] > self.length_
        if far.any():
            text = f"{far.mean():.0%} of the places are farther than {self.length_:.3g} from any place learned from"
            warnings.warn(text, UserWarning, stacklevel=3)


def _filled(series, rng):
    """Missing values by iterating the truncated decomposition, with the rank that is best at hidden values."""
    known = np.isfinite(series)
    hidden = known & (rng.random(series.shape) < 0.03)
    errors, start = {}, None
    for rank in [r for r in FILL_RANKS if r < min(series.shape)]:
        start = _iterated(series, known & ~hidden, rank, start)
        errors[rank] = np.mean((start - series)[hidden] ** 2)
        if errors[rank] > 1.05 * min(errors.values()):
            break
    best = min(errors, key=errors.get)
    return _iterated(series, known, best)


def _iterated(series, known, rank, start=None, iterations=200):
    counts = known.sum(axis=0)
    mean = np.where(known, series, 0.0).sum(axis=0) / np.maximum(counts, 1)
    current = np.where(known, series, mean if start is None else start)
    for _ in range(iterations):
        average = current.mean(axis=0)
        new = np.where(known, series, _truncated(current - average, rank) + average)
        change = np.abs(new - current).max()
        current = new
        if change < 1e-3 * series[known].std():
            break
    return current


def _truncated(values, rank):
    """Truncate a matrix to a rank, by the eigenvectors of the smaller of its two product matrices."""
    if len(values) > values.shape[1]:
        return _truncated(values.T, rank).T
    leading = np.linalg.eigh(values @ values.T)[1][:, -rank:]
    return leading @ (leading.T @ values)


def _length_scale(coordinates, values):
    """Length of the stable model fitted to the semivariogram of one coefficient."""
    from ..geostatistics.kriging import pooled_semivariogram

    gamma = pooled_semivariogram(coordinates, values[None])
    spread = float(np.ptp(coordinates, axis=0).max())
    return float(np.clip(gamma.length, 0.01 * spread, spread)) if gamma is not None else spread


class _GroupedProcesses:
    """Gaussian processes of groups of coefficients, with one kernel for each group.

    Leading coefficients are smooth, and the last ones are noise; one kernel for all would be fitted to the many last
    ones.
    """

    def __init__(self, length, smoothness):
        self.length, self.smoothness = length, smoothness

    def fit(self, coordinates, wanted):
        groups = np.split(wanted, [edge for edge in GROUPS if edge < wanted.shape[1]], axis=1)
        fitted = [_gaussian_process(coordinates, group, self.length, self.smoothness) for group in groups]
        self.processes_, self.length_ = [process for process, _ in fitted], fitted[0][1]
        return self

    def predict(self, coordinates):
        found = [process.predict(coordinates).reshape(len(coordinates), -1) for process in self.processes_]
        return np.concatenate(found, axis=1)


def _gaussian_process(coordinates, wanted, length, smoothness):
    """Gaussian process of standardised coefficients with a shared kernel, and its length scale."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, Matern, WhiteKernel

    start = length or 0.1 * float(np.ptp(coordinates, axis=0).max())
    bounds = "fixed" if length else (0.02 * start, 50 * start)
    shape = RBF(start, bounds) if smoothness == "gaussian" else Matern(start, bounds, nu=1.5)
    kernel = shape + WhiteKernel(1e-2, (1e-6, 1e1))
    every = ceil(len(coordinates) / GP_PLACES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn: a parameter is near its bound
        few = GaussianProcessRegressor(kernel).fit(coordinates[::every], wanted[::every])
        full = GaussianProcessRegressor(few.kernel_, optimizer=None).fit(coordinates, wanted)
    return full, float(few.kernel_.k1.length_scale)
