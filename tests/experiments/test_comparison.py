"""Quantities of the comparison by hand."""

import numpy as np
import pytest

from dsc_tf.experiments.comparison import comparison_page, explained_anomalies
from dsc_tf.experiments.methods import rows_of
from dsc_tf.preprocessing import as_samples

ANOMALIES = as_samples(np.array([[1.0], [3], [7], [9]]))


def record(protocol, labels, seed=0, row="switching"):
    return {
        "row": row,
        "protocol": protocol,
        "recipe": "",
        "seed": seed,
        "labels": labels,
        "measures": {"silhouette_cosine": 0.0},
        "descent": {"rmse_mean": 0.0, "moved": 0.0, "iterations": 0},
        "mean_run_length": 2.0,
        "seconds": 3.0,
        "stopped_by": "",
    }


def test_shares_by_hand():
    found = explained_anomalies([0, 0, 1, 1], ANOMALIES)
    assert found["explained_0"] == pytest.approx(1 - 4 / 40)
    # One step later: 3 and 7 follow cluster 0, 9 follows cluster 1. Within 8, around 19 / 3 in total 56 / 3.
    assert found["explained_1"] == pytest.approx(1 - 8 / (56 / 3))


def test_a_column_for_each_protocol_and_an_empty_cell_for_a_missing_one():
    records = [
        record("paper", [0, 0, 1, 1]),
        record("paper", [0, 1, 1, 1], 1),
        record("anomaly", [0, 0, 1, 1]),
        {"row": "kmeans", "protocol": "anomaly", "recipe": "", "seed": 0, "error": "ValueError: no"},
    ]
    page, (header, rows) = comparison_page(records, ANOMALIES)
    text = "\n".join(page)
    # Of [0, 1, 1, 1]: values 3, 7, 9 around 19 / 3 leave 56 / 3 of 40.
    mean, spread = np.mean([0.9, 1 - 56 / 120]), np.std([0.9, 1 - 56 / 120], ddof=1)
    assert f"| switching autoregression | 1/2 | {mean:.4f} ± {spread:.4f} | 0.9000 |" in text
    assert "- failed: k-means, protocol anomaly: ValueError: no" in text
    assert len(rows) == 3 and all(len(row) == len(header) for row in rows)


def test_rows_without_published_figures_are_in_the_comparison_alone():
    assert {row.name for row in rows_of("comparison")} - {row.name for row in rows_of("all")} == {
        "predictive_kmeans",
        "switching",
    }
