"""TS2Vec's forecasting protocol on the ETT records: ridge regression of the next H values on the features at t."""

import time

import numpy as np
import pandas as pd

from ..errors import DscTfError
from .probes import RidgeProbe

TRAIN, VALIDATION, TEST = 12 * 30 * 24, 4 * 30 * 24, 4 * 30 * 24
HORIZONS = (24, 48, 168, 336, 720)
CONTEXT = 200  # number of earlier steps that the representation of a step depends on
TARGET = "OT"

# Mean squared errors on ETTh1, at HORIZONS. "original": the authors' program, run with seed 42.
PUBLISHED = {
    ("univariate", "paper"): (0.039, 0.062, 0.134, 0.154, 0.163),
    ("univariate", "original"): (0.0417, 0.0653, 0.1405, 0.1617, 0.1976),
    ("univariate", "original, untrained"): (0.040, 0.064, 0.137, 0.161, 0.198),
    ("multivariate", "paper"): (0.599, 0.629, 0.755, 0.907, 1.048),
}


def read_ett(path, *, univariate):
    """Standardised calendar features and values.

    Parameters
    ----------
    path : path
        ETTh1.csv or ETTh2.csv: a column `date` and the values of every hour.
    univariate : bool
        Whether to take the oil temperature alone, or all columns.

    Returns
    -------
    features : array of shape (time, variable)
        Seven calendar features, then the values; standardised with the mean and deviation of the training months.
    targets : array of shape (time, target)
        The standardised values.

    Raises
    ------
    DscTfError
        If the file cannot be read as such a table.
    """
    try:
        table = pd.read_csv(path, index_col="date", dtype={"date": str})
        at = pd.DatetimeIndex(table.index.to_numpy(str).astype("datetime64[s]"))
        values = (table[[TARGET]] if univariate else table).to_numpy(np.float64)
    except (OSError, ValueError, KeyError) as error:
        raise DscTfError(
            f"data: {path} is not an ETT table ({error}). Give ETTh1.csv or ETTh2.csv."
        ) from error
    calendar = [at.minute, at.hour, at.day_of_week, at.day, at.day_of_year, at.month, at.isocalendar().week]
    stamps = np.stack([np.asarray(c, np.float64) for c in calendar], axis=1)
    targets = _standardised(values)
    return np.concatenate([_standardised(stamps), targets], axis=1), targets


def lagged(values, lags):
    """Return the last `lags` values at each step, shape (time, variable * lags), the input of the linear baselines."""
    padded = np.pad(values, ((lags - 1, 0), (0, 0)), mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, lags, axis=0)
    return views.reshape(len(values), -1)


def forecast_errors(features, targets, horizons=HORIZONS):
    """Errors of ridge forecasts on the test months.

    Parameters
    ----------
    features : array of shape (time, feature)
        Predictors at each step.
    targets : array of shape (time, target)
        Standardised values.
    horizons : sequence of int, default=HORIZONS
        Forecast horizons in steps; the error is the mean over all steps up to the horizon.

    Returns
    -------
    dict
        From horizon to {"mse", "mae", "alpha"}.
    """
    blocks = (slice(CONTEXT, TRAIN), slice(TRAIN, TRAIN + VALIDATION), _test_block())
    result = {}
    for horizon in horizons:
        pairs = [_pairs(features[block], targets[block], horizon) for block in blocks]
        probe = RidgeProbe().fit(*pairs[0], *pairs[1])
        error = probe.predict(pairs[2][0]) - pairs[2][1]
        result[horizon] = _mean_errors(error) | {"alpha": probe.alpha_}
    return result


def last_value_errors(targets, horizons=HORIZONS):
    """Errors of persistence on the test months: the last value is the forecast of all later ones.

    Parameters
    ----------
    targets : array of shape (time, target)
        Standardised values.
    horizons : sequence of int, default=HORIZONS
        Forecast horizons in steps; the error is the mean over all steps up to the horizon.

    Returns
    -------
    dict
        From horizon to {"mse", "mae", "alpha"}, where alpha is None.
    """
    targets = targets[_test_block()]
    result = {}
    for horizon in horizons:
        last, ahead = _pairs(targets, targets, horizon)
        result[horizon] = _mean_errors(np.tile(last, horizon) - ahead) | {"alpha": None}
    return result


def baseline_errors(features, targets, *, lags, horizons=HORIZONS):
    """Errors of forecasts without a representation, by name.

    Parameters
    ----------
    features : array of shape (time, 7 + target)
        Calendar features and standardised values, see `read_ett`.
    targets : array of shape (time, target)
        Standardised values.
    lags : int
        Number of lagged values of each variable.
    horizons : sequence of int, default=HORIZONS
        Forecast horizons in steps.

    Returns
    -------
    dict
        "last value": persistence; "ridge on lags": ridge regression on the lagged values alone; "lagged values": the
        same with the calendar features.
    """
    lagged_values = lagged(targets, lags)
    with_calendar = np.concatenate([features[:, :7], lagged_values], axis=1)
    return {
        "last value": last_value_errors(targets, horizons),
        "ridge on lags": forecast_errors(lagged_values, targets, horizons),
        "lagged values": forecast_errors(with_calendar, targets, horizons),
    }


def run_ett(path, *, univariate=True, seeds=(0, 1, 2), steps=None, horizons=HORIZONS, echo=print):
    """Run the protocol for several seeds; compare with the untrained encoder and forecasts without a representation.

    Parameters
    ----------
    path : path
        ETTh1.csv.
    univariate : bool, default=True
        Whether to take the oil temperature alone, or all columns.
    seeds : sequence of int, default=(0, 1, 2)
        Seeds of the trained encoder.
    steps : int, default=None
        Number of training batches; None uses TS2Vec's rule.
    horizons : sequence of int, default=HORIZONS
        Forecast horizons in steps.
    echo : callable, default=print
        Function that receives the report, line by line.

    Returns
    -------
    list of dict
        A row for each encoder, seed and horizon.
    """
    from ..representations import TS2Vec

    features, targets = read_ett(path, univariate=univariate)
    series = features[None].astype(np.float32)
    rows = []
    lags = 48 if univariate else 24
    for name, errors in baseline_errors(features, targets, lags=lags, horizons=horizons).items():
        rows += _rows(name, 0, errors, 0, 0)
        echo(f"{name}: {_shown(errors)}")
    for name, seed in [("untrained", seeds[0]), *(("TS2Vec", seed) for seed in seeds)]:
        model = TS2Vec(
            batch_size=8, max_train_length=3000, random_state=seed, steps=0 if name == "untrained" else steps
        )
        began = time.perf_counter()
        model.fit(series[:, :TRAIN])
        trained = time.perf_counter()
        latent = model.encode(series, causal=True, sliding_length=1, sliding_padding=CONTEXT)[0]
        encoded = time.perf_counter()
        errors = forecast_errors(latent, targets, horizons)
        rows += _rows(name, seed, errors, trained - began, encoded - trained)
        echo(
            f"{name} seed {seed}: {_shown(errors)}; {trained - began:.0f} s to train, "
            f"{encoded - trained:.0f} s to encode"
        )
    return rows


def _rows(name, seed, errors, train_seconds, encode_seconds):
    times = {"train_seconds": round(train_seconds, 1), "encode_seconds": round(encode_seconds, 1)}
    return [{"encoder": name, "seed": seed, "horizon": h} | e | times for h, e in errors.items()]


def _shown(errors):
    return " ".join(f"{e['mse']:.4f}" for e in errors.values())


def _test_block():
    return slice(TRAIN + VALIDATION, TRAIN + VALIDATION + TEST)


def _mean_errors(error):
    return {"mse": float((error**2).mean()), "mae": float(np.abs(error).mean())}


def _pairs(features, targets, horizon):
    """Features at t, and the next `horizon` values of all targets, step by step, in one row."""
    ahead = np.lib.stride_tricks.sliding_window_view(targets[1:], horizon, axis=0)
    return features[: len(ahead)], np.moveaxis(ahead, 2, 1).reshape(len(ahead), -1)


def _standardised(values):
    train = values[:TRAIN]
    spread = train.std(axis=0)
    return (values - train.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
