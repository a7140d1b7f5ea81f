"""Scores of a downscaler on its test days, next to simple methods that learn from the same days."""

import numpy as np

from ..evaluation.ensembles import crps, ensemble_scores
from ..evaluation.texture import texture_scores
from .anomalies import flat, gather
from .pairs import GRID, TEST, TRAINING, as_datasets, interpolate_to, segments_of_days

ANALOGUES = 10
WET = 1.0  # amount of a wet day, in the unit of the record (mm)


def score_downscaler(fitted, coarse, fine, *, members=20):
    """Scores of the test days for each fine variable and method.

    Parameters
    ----------
    fitted : Downscaler
        Fitted on the two records.
    coarse : xr.Dataset, or a list of them
        Coarse record.
    fine : xr.Dataset
        Fine record.
    members : int, default=20
        Number of members drawn.

    Returns
    -------
    dict
        By variable and method: "bilinear" and "bilinear, corrected" (where the coarse record has the variable),
        "analogues" (ten training days of the most similar coarse fields), "mean" (without a remainder) and "drawn".
        Of each method `rmse`, `r2_of_anomalies`, `crps`, `spread_error_ratio`, `coverage`, `rank_histogram` and the
        scores of `texture_scores`; of amounts also `wet_days` and `p99`, relative to the observed ones.
    """
    datasets = as_datasets(coarse)
    test = fitted.parts_ == TEST
    chosen = [ds.isel(time=fitted.days_[0][test]) for ds in datasets]
    drawn, mean = fitted.predict(chosen, members), fitted.predict_mean(chosen)
    observed = fine.isel(time=fitted.days_[1][test])
    training = fine.isel(time=fitted.days_[1][fitted.parts_ == TRAINING])
    segment = segments_of_days(observed["time"])
    similar = _analogues(fitted, datasets)
    scores = {}
    for name, model in fitted.models_.items():
        truth = observed[name].values.reshape(int(test.sum()), -1)[:, model.known].astype(np.float64)
        normal = fitted.models_[name].cycle(observed["time"])
        normal = np.maximum(normal, 0.0) ** 2 if model.amount else normal
        methods = _interpolations(datasets, fine, fitted, name)
        learned = flat(training[name])
        methods["analogues"] = np.where(np.isfinite(learned), learned, _mean_of_known(learned))[similar.T]
        methods["mean"] = mean[name].values.reshape(1, *truth.shape[:1], -1)
        methods["drawn"] = drawn[name].values.reshape(members, *truth.shape[:1], -1)
        grid = (model.known, tuple(fine.sizes[axis] for axis in GRID))
        scores[name] = {
            method: _scores(values[..., model.known], truth, normal, segment, grid, amount=model.amount)
            for method, values in methods.items()
        }
    return scores


def _scores(members, truth, normal, segment, grid, *, amount):
    """Scores of one method, of members and truth over (time, known cell)."""
    members = members.astype(np.float64)
    result = ensemble_scores(members, truth)
    present = np.isfinite(truth)
    error = np.where(present, members.mean(axis=0) - truth, 0.0)
    around = np.where(present, truth - normal, 0.0)
    result["r2_of_anomalies"] = float(1 - (error**2).sum() / (around**2).sum())
    result["crps"] = crps(members, truth)
    offset = 0.0 if amount else normal
    texture = texture_scores(_fields(members - offset, grid), _fields(truth - offset, grid), segment=segment)
    if amount:
        wet = (members >= WET).mean() / max((truth[present] >= WET).mean(), 1e-300)
        result["wet_days"] = float(wet)
        result["p99"] = float(np.nanquantile(members, 0.99) / np.nanquantile(truth, 0.99))
    return result | texture


def _fields(values, grid):
    """Values of the known cells on their grid, (..., latitude, longitude)."""
    known, shape = grid
    fields = np.full((*values.shape[:-1], len(known)), np.nan)
    fields[..., known] = values
    return fields.reshape(*values.shape[:-1], *shape)


def _interpolations(datasets, fine, fitted, name):
    """Bilinear fields of the test days, as they are and with the training days' mean of the fine record."""
    source = next((ds for ds in datasets if name in ds), None)
    if source is None:
        return {}
    test, training = fitted.parts_ == TEST, fitted.parts_ == TRAINING
    fields = interpolate_to(source[name].isel(time=fitted.days_[0]), fine)
    values = flat(fields)
    learned = flat(fine[name].isel(time=fitted.days_[1][training]))
    mean, own = _mean_of_known(learned), values[training].mean(axis=0)
    ratio = mean / np.where(own == 0, 1.0, own)
    corrected = values * ratio if fitted.models_[name].amount else values + mean - own
    return {"bilinear": values[None, test], "bilinear, corrected": corrected[None, test]}


def _mean_of_known(values):
    """Mean of the days with values, shape (cell,); 0 where there are none."""
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _analogues(fitted, datasets):
    """Training days of the most similar coarse fields, shape (test day, analogue)."""
    time = datasets[0]["time"][fitted.days_[0]]
    values, _ = gather(datasets, fitted.days_[0])
    x = fitted.predictors_(values, time)
    training, test = x[fitted.parts_ == TRAINING], x[fitted.parts_ == TEST]
    squares = (test**2).sum(axis=1)[:, None] - 2 * test @ training.T + (training**2).sum(axis=1)
    return np.argsort(squares, axis=1)[:, :ANALOGUES]
