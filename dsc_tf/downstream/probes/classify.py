"""Linear and boosted classifiers on frozen features."""

from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from ...errors import DscTfError

PENALTIES = tuple(10.0**p for p in range(-3, 3))  # scikit-learn's C: small is strict


def linear_classes(features, classes, split):
    """How well a linear classifier names the class of each step.

    Parameters
    ----------
    features : array of shape (time, feature)
        Representations.
    classes : array of int, shape (time,)
        Class of each step.
    split : Split
        The penalty is chosen on its validation block.

    Returns
    -------
    dict
        accuracy, balanced_accuracy: shares of test steps, the latter mean over classes.
    """
    if len(np.unique(classes[split.train])) < 2:
        raise DscTfError("period: steps to learn from are all of one class. Give a longer record.")
    z = _rotated(features, split.train)
    best: Any = None
    for penalty in PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=1000, tol=1e-3).fit(
            z[split.train], classes[split.train]
        )
        score = accuracy_score(classes[split.validation], model.predict(z[split.validation]))
        if best is None or score > best[0]:
            best = score, model
    named = best[1].predict(z[split.test])
    truth = classes[split.test]
    known = np.isin(truth, classes[split.train])
    return {
        "accuracy": float(accuracy_score(truth, named)),
        "balanced_accuracy": float(balanced_accuracy_score(truth[known], named[known])),
    }


def linear_events(features, events, split, own=None):
    """ROC AUC of a logistic head for events at many places, all places pooled.

    Every place has its own weights on the features, which all places share, and on its own value.

    Parameters
    ----------
    features : array of shape (time, feature)
        What is known at each step.
    events : array of shape (time, place)
        Event of the predicted step: 1, 0, or NaN where unknown.
    split : Split
        The penalty, one for all places, is chosen on its validation block.
    own : array of shape (time, place), default=None
        What each place knows of itself, hardly penalised; NaN is the mean.

    Returns
    -------
    float
        Area under the curve on the test block, 0.5 for chance.
    """
    z = _rotated(features, split.train)
    own = _own(own, split.train) if own is not None else np.zeros_like(events)
    scores = {}
    for penalty in PENALTIES:
        odds = _log_odds(z, own, events, split.train, penalty)
        scores[penalty] = _auc(events[split.validation], odds[split.validation]), odds
    return _auc(events[split.test], max(scores.values(), key=lambda pair: pair[0])[1][split.test])


def _rotated(features, train):
    """Coordinates in the span of the training rows: all that a penalised linear model can use, and far fewer.

    One scale for all features, so that a rotation of a representation, such as its principal components, is worth
    no more and no less than the representation.
    """
    z = np.asarray(features, np.float64) - features[train].mean(axis=0)
    _, spread, axes = np.linalg.svd(z[train], full_matrices=False)
    scale = spread[0] / np.sqrt(len(train))
    return z @ axes[spread >= 1e-10 * spread[0]].T / max(scale, 1e-12)


def _own(own, train):
    centred = own - np.nanmean(own[train], axis=0)
    return np.nan_to_num(centred / np.maximum(np.nanstd(own[train], axis=0), 1e-12))


def _log_odds(z, own, events, train, penalty):
    """Log odds of logistic regressions, one for each place, solved together."""
    x, mine, truth = z[train], own[train], events[train]
    known = np.isfinite(truth)
    truth = np.where(known, truth, 0.0)
    share = (truth.sum(axis=0) + 0.5) / (known.sum(axis=0) + 1.0)  # a place of one class keeps finite odds
    start = np.zeros(
        (x.shape[1] + 2, truth.shape[1])
    )  # weights of features, of the own value, and the constant
    start[-1] = np.log(share / (1 - share))
    strict = np.full((len(start), 1), 1 / penalty)
    strict[-2:] = 1e-2

    def loss(flat):
        weights = flat.reshape(start.shape)
        odds = x @ weights[:-2] + mine * weights[-2] + weights[-1]
        error = known * (expit(odds) - truth)
        moved = weights - start
        value = (known * (np.logaddexp(0, odds) - truth * odds)).sum() + 0.5 * (strict * moved**2).sum()
        slope = np.vstack([x.T @ error, (mine * error).sum(axis=0), error.sum(axis=0)]) + strict * moved
        return value, slope.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    weights = found.x.reshape(start.shape)
    return z @ weights[:-2] + own * weights[-2] + weights[-1]


def boosted_events(features, events, split, *, random_state=0):
    """ROC AUC of gradient boosted trees for events, one model for all rows.

    Parameters
    ----------
    features : array of shape (row, feature)
        What is known of each place at each step.
    events : array of shape (row,)
        1, 0, or NaN where not known.
    split : Split
        Rows to learn from, to stop on, and to test.
    random_state : int, default=0
        Seed.

    Returns
    -------
    float
        Area under the curve on the test rows.
    """
    train, validation, test = [rows[np.isfinite(events[rows])] for rows in split]
    model = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.05,
        l2_regularization=1.0,
        early_stopping=True,
        random_state=random_state,
    )
    model.fit(features[train], events[train], X_val=features[validation], y_val=events[validation])
    return _auc(events[test], model.decision_function(features[test]))


def logistic_events(features, events, split):
    """ROC AUC of one logistic head for events, one model for all rows; parameters as for `boosted_events`."""
    train, validation, test = [rows[np.isfinite(events[rows])] for rows in split]
    scaler = StandardScaler().fit(features[train])
    best: Any = None
    for penalty in PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=300)
        model.fit(scaler.transform(features[train]), events[train])
        score = _auc(events[validation], model.decision_function(scaler.transform(features[validation])))
        if best is None or score > best[0]:
            best = score, model
    return _auc(events[test], best[1].decision_function(scaler.transform(features[test])))


def _auc(events, odds):
    known = np.isfinite(events)
    return float(roc_auc_score(events[known], odds[known]))
