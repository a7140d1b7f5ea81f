"""The printed figures, and the laws that they break."""

import numpy as np
import pytest

from dsc_tf.clusterers import METHODS
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.datasets.synthetic import sample_dataset
from dsc_tf.evaluation import evaluate
from dsc_tf.evaluation.registry import MEASURES
from dsc_tf.experiments import paper_file
from dsc_tf.experiments.audit import broken_identities, least_padded_variance, padded_variance
from dsc_tf.experiments.methods import BY_NAME, ROWS, rows_of
from dsc_tf.experiments.paper_file import differences, fingerprint_page
from dsc_tf.experiments.published import (
    COLUMNS,
    DEFINITIONS,
    EQUATIONS,
    NOT_COMPARABLE,
    PUBLISHED,
    RMSE,
    VARIANCE,
)
from dsc_tf.preprocessing.preprocessor import prepare


def printed(row, column):
    return PUBLISHED[row][COLUMNS.index(column)]


def test_every_printed_rmse_and_variance_break_their_identity():
    """RMSE squared is the size-weighted mean of equation 10's variances: 186.7 against 0.045 for k-means."""
    law = [b for b in broken_identities() if "size-weighted" in b["law"]]
    assert {b["row"] for b in law} == set(PUBLISHED)
    kmeans = next(b for b in law if b["row"] == "kmeans")
    assert kmeans["left"] == pytest.approx(13.6635**2) and kmeans["right"] == printed("kmeans", VARIANCE)


def test_identity_holds_for_any_partition_of_any_points():
    rng = np.random.default_rng(0)
    X, labels = rng.random((60, 5)), rng.integers(4, size=60)
    variances = [((X[labels == j] - X[labels == j].mean(axis=0)) ** 2).sum(axis=1).mean() for j in range(4)]
    weighted = np.average(variances, weights=np.bincount(labels))
    assert evaluate(X, labels)["rmse_mean"] ** 2 == pytest.approx(weighted)


def test_dsc_variance_is_below_what_padded_data_can_give():
    ratio = 16128 / 11767
    floor = 0.4007 / ratio - 0.4007 / ratio**2
    assert least_padded_variance() == pytest.approx(floor) and floor == pytest.approx(0.079, abs=1e-4)
    assert printed("dsc", VARIANCE) < floor
    assert [b for b in broken_identities() if b["row"] == "dsc" and b["right"] == pytest.approx(floor)]


def test_padding_raises_the_notebooks_variance_as_derived():
    """For each cluster E[x^2] / r - g^2 / r^2, where g is the mean of all its values."""
    X = np.random.default_rng(0).random((10, 4, 5, 2)) + np.arange(10)[:, None, None, None]
    labels, ratio = np.repeat([0, 1], 5), 8 * 8 / 20
    expected = [(x**2).mean() / ratio - x.mean() ** 2 / ratio**2 for x in (X[:5], X[5:])]
    assert padded_variance(X, labels, (8, 8)) == pytest.approx(np.mean(expected))


def test_no_method_can_be_below_the_best_printed_k_means_by_much():
    """The printed RMSE of every method is at least that of the best k-means-like row."""
    assert min(PUBLISHED, key=lambda row: printed(row, RMSE)) == "dec"


def test_rows_columns_and_definitions_belong_together():
    assert set(PUBLISHED) <= set(BY_NAME)
    assert {row.method for row in ROWS} <= set(METHODS)
    assert all(len(figures) == len(COLUMNS) for figures in PUBLISHED.values())
    assert set(DEFINITIONS.values()) | set(EQUATIONS.values()) <= set(MEASURES)
    assert all(row in PUBLISHED and column in COLUMNS for row, column in NOT_COMPARABLE)
    assert [row.name for row in rows_of("table3", ("dsc",))] == ["dsc"]


def paper_like():
    """A file with the coordinates, units and ranges of the paper's, and other values."""
    ds = sample_dataset()
    for name, (_, low, high) in paper_file.PAPER_FILE.variables.items():
        values = ds[name]
        ds[name] = low + (values - values.min()) / (values.max() - values.min()) * (high - low)
        ds[name].attrs = values.attrs
    return ds


def test_other_files_are_told_from_the_papers():
    assert "365" in differences(mock_dataset(days=20))[0]
    assert "another dataset" in fingerprint_page(sample_dataset())
    assert any("sp from" in text for text in differences(sample_dataset()))
    assert differences(paper_like()) == []
    assert any("Celsius" in text for text in differences(_in_celsius(paper_like())))


def _in_celsius(ds):
    ds["t2m"].attrs["units"] = "Celsius"
    return ds


def test_the_papers_file_is_held_against_the_printed_digits(monkeypatch):
    """With figures of this very file put in place of the printed ones, every cell matches; with the printed, none."""
    ds = paper_like()
    assert "do not all match" in fingerprint_page(ds)
    X, _ = prepare(ds, protocol=paper_file.UNPADDED)
    assert X.shape[2:] == (41, 41, 7)
    ours = {}
    for name, options in paper_file.DETERMINISTIC.items():
        labels = paper_file.build(name, 7, **options).fit_predict(X)
        measures = evaluate(X, labels)
        ours[name] = tuple(measures[DEFINITIONS[column]] for column in COLUMNS)
    monkeypatch.setattr(paper_file, "PUBLISHED", ours)
    page = fingerprint_page(ds)
    assert "This is the paper's file" in page and "no match" not in page and "do not" not in page
