"""How much the label of a step tells about the fields of that step and of later ones, on years held out.

Everything here compares methods by quantities that do not depend on the method: fields, and classes that are given
from outside. The information of labels on later labels of the same method is reported next to them, never alone,
since any slow label has much of it. No function reads a step that was held out while it learns.
"""

import numpy as np
import xarray as xr

from ..errors import DscTfError
from ..preprocessing.preprocessor import Preprocessor
from ..records.selection import season_months
from .external import adjusted_rand_index
from .stability import moving_blocks

BLOCK = 20  # steps of the blocks that confidence intervals draw
N_DRAWS = 1000


def steps_ahead(segment, lead):
    """Positions of samples with a sample `lead` steps later in the same segment, and those of the later ones.

    Parameters
    ----------
    segment : array of int, shape (time,)
        Number of the segment of each sample.
    lead : int
        Steps ahead, 0 or more.

    Returns
    -------
    now, then : array of int

    Examples
    --------
    >>> steps_ahead(np.array([0, 0, 0, 1, 1]), 1)
    (array([0, 1, 3]), array([1, 2, 4]))
    """
    now = np.arange(max(0, len(segment) - lead))
    now = now[segment[now] == segment[now + lead]]
    return now, now + lead


def forecast_errors(fields, labels, segment, train, test, lead):
    """Squared errors on held-out steps of the composites that the labels forecast, and of the climatology.

    The forecast for step t + lead is the mean of the training fields that followed a label like that of step t. A
    label that did not occur in training forecasts the mean of all training fields.

    Parameters
    ----------
    fields : array of shape (time, feature)
        Anomalies, or their principal components.
    labels : array of int, shape (time,)
        Cluster of each sample, by a causal method.
    segment : array of int, shape (time,)
        Number of the segment of each sample.
    train, test : array of bool, shape (time,)
        Samples that composites are taken from (both the sample and the one `lead` later), and samples whose
        forecasts are evaluated (likewise).
    lead : int
        Steps ahead; 0 is the same step.

    Returns
    -------
    at : array of int, shape (forecast,)
        Positions of the labelled samples.
    error, reference : array of shape (forecast,)
        Squared error of the forecast, and squared distance of the field from the mean of the training fields.

    Examples
    --------
    >>> fields = np.array([[1.0], [1.0], [-1.0], [-1.0], [2.0], [-1.0]])
    >>> train = np.arange(6) < 4
    >>> forecast_errors(fields, np.array([0, 0, 1, 1, 0, 1]), np.zeros(6, int), train, ~train, 0)
    (array([4, 5]), array([1., 0.]), array([4., 1.]))
    """
    now, then = steps_ahead(segment, lead)
    learn = train[now] & train[then]
    scored = test[now] & test[then]
    followed, label = fields[then[learn]], labels[now[learn]]
    mean = followed.mean(axis=0)
    composites = np.tile(mean, (labels.max() + 1, 1))
    for k in np.unique(label):
        composites[k] = followed[label == k].mean(axis=0)
    at, actual = now[scored], fields[then[scored]]
    error = ((actual - composites[labels[at]]) ** 2).sum(axis=1)
    return at, error, ((actual - mean) ** 2).sum(axis=1)


def explained_variation(fields, labels, segment, train, test, lead):
    """Share of the variation of held-out fields `lead` steps ahead that the label of today explains.

    1 minus the sum of `forecast_errors` over that of the climatology of the training fields. It may be negative.

    Parameters
    ----------
    fields, labels, segment, train, test, lead
        As of `forecast_errors`.
    """
    _, error, reference = forecast_errors(fields, labels, segment, train, test, lead)
    return _explained(error, reference)


def _explained(error, reference):
    """1 minus a ratio of sums; NaN where there are no forecasts."""
    return float(1 - error.sum() / reference.sum()) if reference.any() else float("nan")


def difference_interval(
    error, other, reference, at, *, block=BLOCK, n_draws=N_DRAWS, level=0.95, random_state=0
):
    """Interval of the difference in explained variation of two methods, by a paired moving-block bootstrap.

    Parameters
    ----------
    error, other : array of shape (forecast,)
        Squared errors of the method and of the one it is compared with, of the same forecasts.
    reference : array of shape (forecast,)
        Squared errors of the climatology.
    at : array of int, shape (forecast,)
        Positions of the forecasts in time: blocks are drawn from stretches of consecutive positions.
    block : int, default=20
        Steps of a block.
    n_draws : int, default=1000
        Bootstrap samples.
    level : float, default=0.95
        Coverage.
    random_state : int, default=0
        Seed.

    Returns
    -------
    low, high : float
    """
    if not reference.any():
        return float("nan"), float("nan")
    rng = np.random.default_rng(random_state)
    position = np.arange(len(at))
    starts = np.r_[0, np.flatnonzero(np.diff(at) != 1) + 1]
    lengths = np.diff(np.r_[starts, len(at)])
    end = np.repeat(starts + lengths, lengths)
    begins = position[position <= np.maximum(end - block, np.repeat(starts, lengths))]
    stops = np.minimum(begins + block, end[begins])
    sums = [np.r_[0.0, np.cumsum(one)] for one in (other - error, reference)]
    gain, climatology = (one[stops] - one[begins] for one in sums)  # of every block
    drawn = rng.integers(0, len(begins), (n_draws, -(-len(at) // block)))
    draws = gain[drawn].sum(axis=1) / climatology[drawn].sum(axis=1)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mutual_information(first, second):
    """Information of one class on another in nats, less its expectation for independent classes.

    The bias of the plain estimate for independent classes is (a - 1)(b - 1) / 2n to first order, for a and b classes
    that occur in n pairs.

    Parameters
    ----------
    first, second : array of int, shape (pair,)
        Classes; a negative one is unknown, and the pair is left out.

    Returns
    -------
    float
        0 on average for independent classes, so it can be slightly negative.

    References
    ----------
    Miller, G. A. (1955). Note on the bias of information estimates.

    Examples
    --------
    Equal classes of 500 steps each: log 2, less 1 / 2000.

    >>> classes = np.repeat([0, 1], 500)
    >>> round(mutual_information(classes, classes), 6) == round(float(np.log(2)) - 1 / 2000, 6)
    True
    """
    known = (first >= 0) & (second >= 0)
    first, second = first[known], second[known]
    n = len(first)
    if n == 0:
        return float("nan")
    rows, columns = (np.unique(one, return_inverse=True)[1] for one in (first, second))
    joint = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(joint, (rows, columns), 1 / n)
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    some = joint > 0
    plain = (joint[some] * np.log(joint[some] / independent[some])).sum()
    return float(plain - (joint.shape[0] - 1) * (joint.shape[1] - 1) / (2 * n))


def information_ahead(labels, classes, segment, test, lead):
    """`mutual_information` of the label of a held-out step on the class `lead` steps later.

    Parameters
    ----------
    labels, classes : array of int, shape (time,)
        Labels of a method; classes of every sample, negative where unknown.
    segment : array of int, shape (time,)
        Number of the segment of each sample.
    test : array of bool, shape (time,)
        Held-out samples.
    lead : int
        Steps ahead.
    """
    now, then = steps_ahead(segment, lead)
    scored = test[now] & test[then]
    return mutual_information(labels[now[scored]], classes[then[scored]])


def terciles(values, train):
    """Class 0, 1 or 2 of each value by the terciles of the training values; -1 where missing.

    Parameters
    ----------
    values : array of shape (time,)
        An index or the mean of a variable; take its seasonal cycle away first.
    train : array of bool, shape (time,)
        Values that the terciles are taken from.

    Examples
    --------
    >>> terciles(np.array([1.0, 2.0, 3.0, 9.0, np.nan]), np.array([True, True, True, False, False]))
    array([ 0,  1,  2,  2, -1])
    """
    values = np.asarray(values, dtype=float)
    bounds = np.nanquantile(values[train], [1 / 3, 2 / 3])
    return np.where(np.isfinite(values), np.searchsorted(bounds, values, side="right"), -1)


def mean_stay(labels, segment):
    """Mean number of consecutive steps with the same label.

    Examples
    --------
    >>> mean_stay(np.array([0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 0, 0, 1]))
    2.0
    """
    changes = (np.diff(labels) != 0) | (np.diff(segment) != 0)
    return float(len(labels) / (1 + changes.sum()))


def is_causal(predict, X, *, n_cuts=3):
    """Whether labels stay the same where later samples are left out.

    Parameters
    ----------
    predict : callable
        From samples to labels.
    X : Samples or array
        Consecutive samples.
    n_cuts : int, default=3
        Positions, evenly spread, after which samples are left out.
    """
    whole = np.asarray(predict(X))
    cuts = np.linspace(0, len(X), n_cuts + 2).astype(int)[1:-1]
    return all(np.array_equal(np.asarray(predict(X[:cut])), whole[:cut]) for cut in cuts if cut)


def bootstrap_agreement(fit, X, labels, test, starts=(0,), *, n_draws=8, block=30, random_state=0):
    """Agreement on held-out samples between a fit of the training samples and fits of bootstrap samples of them.

    Everything is refitted to each moving-block bootstrap sample: projection, forecasts, centres.

    Parameters
    ----------
    fit : callable
        From positions of samples and a seed to the labels of the samples `test`.
    X : int
        Number of training samples.
    labels : array of int
        Labels of the samples `test` by the fit of all training samples.
    test : array
        Positions of the held-out samples; passed on.
    starts : sequence of int, default=(0,)
        Positions at which a segment of the training samples begins.
    n_draws : int, default=8
        Bootstrap samples.
    block : int, default=30
        Steps of a block.
    random_state : int, default=0
        Seed of the draws.

    Returns
    -------
    array of shape (draw,)
        Adjusted Rand index of each.
    """
    if n_draws < 1:
        raise DscTfError(f"n_draws: {n_draws}. Give at least 1.")
    rng = np.random.default_rng(random_state)
    drawn = [moving_blocks(X, starts, block, rng) for _ in range(n_draws)]
    return np.array([adjusted_rand_index(labels, fit(steps, i)[test]) for i, steps in enumerate(drawn)])


def evaluate_labels(
    labels, fields, segment, train, test, *, classes=None, leads=(0, 1, 3, 5, 7), class_lead=3, reference=None
):
    """Every measure of this module for the causal labels of several methods.

    Parameters
    ----------
    labels : dict of str to array of int, shape (seed, time)
        Labels of all samples by fits of the training samples with different seeds.
    fields : array of shape (time, feature)
        Anomalies, or their principal components.
    segment : array of int, shape (time,)
        Number of the segment of each sample.
    train, test : array of bool, shape (time,)
        Training and held-out samples.
    classes : dict of str to array of int, shape (time,), default=None
        Classes that labels are to inform about, negative where unknown.
    leads : tuple of int, default=(0, 1, 3, 5, 7)
        Steps ahead of the explained variation.
    class_lead : int, default=3
        Steps ahead of the classes.
    reference : str, default=None
        Method that the others are compared with in paired intervals; None is the first.

    Returns
    -------
    xr.Dataset
        explained_variation (method, seed, lead); difference, low and high (method, lead): mean difference from the
        reference over the seeds, and its interval of 95 % for seed 0; information (method, target), self_information
        (method,), stay (method,), smallest (method,): means over the seeds; seed_agreement (method,): mean adjusted
        Rand index of pairs of seeds on held-out samples.
    """
    reference = reference or next(iter(labels))
    classes = classes or {}
    rows = {}
    for name, runs in labels.items():
        errors = [
            [forecast_errors(fields, one, segment, train, test, lead) for lead in leads] for one in runs
        ]
        rows[name] = {
            "errors": errors,
            "ev": np.array([[_explained(e, r) for _, e, r in of_seed] for of_seed in errors]),
            "information": [
                np.mean([information_ahead(one, target, segment, test, class_lead) for one in runs])
                for target in classes.values()
            ],
            "self": np.mean([information_ahead(one, one, segment, test, class_lead) for one in runs]),
            "stay": np.mean([mean_stay(one[test], segment[test]) for one in runs]),
            "smallest": np.mean([np.bincount(one[test], minlength=one.max() + 1).min() for one in runs])
            / test.sum(),
            "seed": _pairwise_agreement([one[test] for one in runs]),
        }
    return _as_dataset(rows, reference, leads, tuple(classes))


def _pairwise_agreement(runs):
    pairs = [adjusted_rand_index(one, other) for i, one in enumerate(runs) for other in runs[:i]]
    return np.mean(pairs) if pairs else np.nan


def _as_dataset(rows, reference, leads, targets):
    names, base = list(rows), rows[reference]
    intervals = np.zeros((len(names), len(leads), 2))
    for i, name in enumerate(names):
        for j in range(len(leads)):
            if name != reference:
                at, error, climatology = rows[name]["errors"][0][j]
                other = base["errors"][0][j][1]
                intervals[i, j] = difference_interval(error, other, climatology, at)
    n_seeds = max(len(row["ev"]) for row in rows.values())
    explained = np.full((len(names), n_seeds, len(leads)), np.nan)
    for i, row in enumerate(rows.values()):
        explained[i, : len(row["ev"])] = row["ev"]
    mean = np.array([row["ev"].mean(axis=0) for row in rows.values()])
    one_each = {
        "self_information": "self",
        "stay": "stay",
        "smallest": "smallest",
        "seed_agreement": "seed",
    }
    return xr.Dataset(
        {
            "explained_variation": (("method", "seed", "lead"), explained),
            "difference": (("method", "lead"), mean - base["ev"].mean(axis=0)),
            "low": (("method", "lead"), intervals[..., 0]),
            "high": (("method", "lead"), intervals[..., 1]),
            "information": (
                ("method", "target"),
                np.array([row["information"] for row in rows.values()]).reshape(len(names), len(targets)),
            ),
            **{name: ("method", [row[key] for row in rows.values()]) for name, key in one_each.items()},
        },
        {"method": names, "lead": list(leads), "target": list(targets)},
        {"reference": reference},
    )


def predictive_evaluation(
    methods,
    ds,
    *,
    protocol="standardised_anomaly",
    test_years=3,
    season=None,
    seeds=(0, 1, 2),
    leads=(0, 1, 3, 5, 7),
    classes=None,
    class_lead=3,
    n_components=40,
    reference=None,
    preparations=None,
    n_draws=0,
    block=30,
):
    """Fit methods to the first years of a record and evaluate their causal labels on the last ones.

    Parameters
    ----------
    methods : dict of str to callable
        From a seed to a clusterer that is not fitted. A clusterer with a parameter `causal` is asked for causal
        labels, one with a parameter `season` is given the season and all training samples; the others are fitted to
        the training samples of the season.
    ds : xr.Dataset
        A record, as `open_dataset` returns it.
    protocol : str or Protocol, default="standardised_anomaly"
        Preparation, fitted to the training years.
    test_years : int, default=3
        Years at the end of the record that are held out. The last months of a year belong to the next one, if the
        season goes from one year into the next or the record has gaps (winters).
    season : str, default=None
        First letters of consecutive months: only these are evaluated.
    seeds : tuple of int, default=(0, 1, 2)
        Seeds of the methods.
    leads : tuple of int, default=(0, 1, 3, 5, 7)
        Steps ahead.
    classes : dict of str to array of int, shape (time,), default=None
        Classes of the steps of `ds` that labels are to inform about; those of the reference method are added.
    class_lead : int, default=3
        Steps ahead of the classes.
    n_components : int, default=40
        Principal components of the training fields in which variation is measured.
    reference : str, default=None
        Method that the others are compared with; None is the first.
    preparations : dict of str to (str or Protocol, int), default=None
        Protocol and window of methods that are prepared in another way. Only steps that all methods label are
        evaluated.
    n_draws : int, default=0
        Moving-block bootstrap samples of the training steps that each method is fitted to again, and with them fits of
        the even and of the odd training years; 0 leaves these out.
    block : int, default=30
        Steps of a block of these samples.

    Returns
    -------
    xr.Dataset
        As of `evaluate_labels`; with `n_draws`, also bootstrap_agreement (method, draw) and split_agreement (method,):
        adjusted Rand index on held-out steps between the fits of the training years and of each bootstrap sample, and
        between those of even and odd years. Projection, forecasts and centres are fitted again each time.

    Raises
    ------
    DscTfError
        If no year is left to train on, or a year of the training years is even or odd alone.
    """
    train, test = split_years(ds["time"], test_years, season)
    chosen = (
        np.ones(len(train), bool) if season is None else np.isin(ds["time"].dt.month, season_months(season))
    )
    prepared, fits, labelled = {}, {}, np.ones(len(train), bool)
    for name, factory in methods.items():
        how = (preparations or {}).get(name, (protocol, 1))
        if how not in prepared:
            prepared[how] = _prepare(ds, train, *how)
        fits[name] = _Fit(factory, prepared[how], chosen, season)
        labelled[fits[name].unlabelled] = False
    base = prepared.get((protocol, 1)) or _prepare(ds, train, protocol, 1)
    labels = {name: np.stack([fit(train, seed) for seed in seeds]) for name, fit in fits.items()}
    reference = reference or next(iter(methods))
    classes = {f"class of {reference}": np.where(labelled, labels[reference][0], -1), **(classes or {})}
    scored = test & chosen & labelled
    table = evaluate_labels(
        labels,
        leading_components(base.last_step(), train, n_components),
        base.segment,
        train & chosen & labelled,
        scored,
        classes=classes,
        leads=leads,
        class_lead=class_lead,
        reference=reference,
    )
    if n_draws:
        agreements = [
            _stability(fit, labels[name][0], base, train, scored, ds["time"], seeds[0], n_draws, block)
            for name, fit in fits.items()
        ]
        table["bootstrap_agreement"] = (("method", "draw"), [draws for draws, _ in agreements])
        table["split_agreement"] = ("method", [split for _, split in agreements])
    return table.assign_attrs(held_out_steps=int(scored.sum()))


def _prepare(ds, train, protocol, window):
    return Preprocessor(protocol, window=window).fit(ds.isel(time=np.flatnonzero(train))).transform(ds)


class _Fit:
    """Fits of a method to some steps of a record, as causal labels of all of its steps."""

    def __init__(self, factory, X, chosen, season):
        self.factory, self.X, self.chosen, self.season = factory, X, chosen, season
        self.unlabelled = np.ones(len(chosen), bool)
        self.unlabelled[X.sample_index] = False

    def __call__(self, steps, seed):
        """Labels, 0 at steps that end no sample; `steps` are a mask or positions in the record."""
        steps = np.flatnonzero(steps) if steps.dtype == bool else steps
        sample = np.full(len(self.chosen), -1)
        sample[self.X.sample_index] = np.arange(len(self.X))
        at = sample[steps]
        labels = np.zeros(len(self.chosen), int)
        own = self.chosen[self.X.sample_index]
        labels[self.X.sample_index] = causal_labels_of(
            self.factory(seed), self.X, at[at >= 0], own, self.season
        )
        return labels


def _stability(fit, labels, X, train, scored, time, seed, n_draws, block):
    """Agreement with fits of bootstrap samples, a list, and of even with odd years."""
    at = np.flatnonzero(train)
    starts = np.flatnonzero(np.diff(X.segment[at], prepend=-1))
    rng = np.random.default_rng(0)
    draws = [
        adjusted_rand_index(labels[scored], fit(at[moving_blocks(len(at), starts, block, rng)], seed)[scored])
        for _ in range(n_draws)
    ]
    odd = time.dt.year.values % 2 == 1
    if not (train & odd).any() or not (train & ~odd).any():
        raise DscTfError("test_years: one training year is left. Hold out fewer, or leave out the bootstrap.")
    halves = [fit(train & half, seed)[scored] for half in (odd, ~odd)]
    return draws, adjusted_rand_index(*halves)


def split_years(time, test_years, season=None):
    """Training and held-out steps, two arrays of bool of shape (time,): the last years are held out.

    Parameters
    ----------
    time : xr.DataArray
        Times.
    test_years : int
        Number of years held out.
    season : str, default=None
        A season that goes from one year into the next moves the beginning of the year to July; so do gaps of more
        than 60 days in the record (winters).

    Raises
    ------
    DscTfError
        If no year is left to train on.
    """
    year = time.dt.year.values
    steps = np.diff(np.asarray(time.dt.dayofyear.values + 365.25 * year))
    across = season is not None and np.any(np.diff(season_months(season)) < 0)
    if across or (len(steps) and steps.max() > 60):
        year = year + (time.dt.month.values >= 7)
    years = np.unique(year)
    if test_years >= len(years):
        raise DscTfError(f"test_years: {test_years} of {len(years)} years. Leave some to train on.")
    test = year > years[-1] - test_years
    return ~test, test


def leading_components(fields, train, n_components):
    """Principal components of all fields by the patterns of the training ones, shape (time, component)."""
    mean = fields[train].mean(axis=0)
    centred = (fields - mean).astype(np.float64)
    values, patterns = np.linalg.eigh(centred[train].T @ centred[train])
    return centred @ patterns[:, ::-1][:, : min(n_components, len(values))]


def causal_labels_of(estimator, X, at, chosen, season):
    """Labels of all samples by an estimator that is fitted to some, without later ones where it can.

    Parameters
    ----------
    estimator : Clusterer
        Not fitted. One with a parameter `causal` is asked for causal labels; one with a parameter `season` gets the
        season and all samples `at`, others those of the season.
    X : Samples
        All samples.
    at : array of int
        Positions of the samples that it is fitted to.
    chosen : array of bool, shape (time,)
        Samples of the season.
    season : str or None
        The season.

    Returns
    -------
    array of int, shape (time,)
    """
    parameters = estimator.get_params()
    if "causal" in parameters:
        estimator.set_params(causal=True)
    whole = "season" in parameters
    if whole:
        estimator.set_params(season=season)
    fitted = estimator.fit(X[at if whole else at[chosen[at]]])
    return np.asarray(fitted.predict(X))


def anomalies_of(series, train, n_harmonics=2):
    """Return a series without the mean and the harmonics of the year that are fitted to its training values.

    Parameters
    ----------
    series : xr.DataArray of shape (time,)
        An index or the mean of a variable.
    train : array of bool, shape (time,)
        Values that they are fitted to.
    n_harmonics : int, default=2
        Number of harmonics.

    Returns
    -------
    array of shape (time,)
        Missing where the series is.
    """
    phase = 2 * np.pi * series["time"].dt.dayofyear.values / 365.25
    waves = [wave(h * phase) for h in range(1, n_harmonics + 1) for wave in (np.cos, np.sin)]
    design = np.stack([np.ones_like(phase), *waves], axis=1)
    values = series.values.astype(np.float64)
    known = train & np.isfinite(values)
    return values - design @ np.linalg.lstsq(design[known], values[known], rcond=None)[0]
