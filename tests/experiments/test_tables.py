import csv
import io

import numpy as np
import pytest

from dsc_tf.evaluation.registry import MEASURES
from dsc_tf.experiments.methods import BY_NAME
from dsc_tf.experiments.published import COLUMNS, PUBLISHED
from dsc_tf.experiments.runs import Run, plan
from dsc_tf.experiments.tables import (
    as_csv,
    as_latex,
    as_markdown,
    comparison,
    guards,
    number,
    published_cell,
    summarise,
    title,
)


def record(seed, silhouette, *, row="kmeans", recipe="", **more):
    measures = dict.fromkeys(MEASURES, 2.0) | {"silhouette_cosine": silhouette, "rmse_mean": 10 + seed}
    return {
        "row": row,
        "protocol": "notebook",
        "recipe": recipe,
        "seed": seed,
        "labels": [0, 0, 1, 1],
        "measures": measures,
        "descent": {"rmse_mean": 9.0, "moved": 0.25, "iterations": 2},
        "mean_run_length": 2.0,
        "seconds": 3.0,
        "stopped_by": "",
    } | more


def test_best_is_one_run_and_mean_and_spread_are_of_all():
    (s,) = summarise([record(0, 0.1), record(1, 0.3), record(2, 0.2)])
    assert s["best_seed"] == 1 and s["best"]["rmse_mean"] == 11
    assert s["mean"]["silhouette_cosine"] == pytest.approx(0.2)
    assert s["std"]["silhouette_cosine"] == pytest.approx(0.1)
    assert s["stability"] == 1


def test_failed_and_collapsed_runs_are_counted_and_stop_nothing():
    failed = {"row": "dec", "protocol": "notebook", "recipe": "trained", "seed": 1, "error": "ValueError: no"}
    collapsed = record(2, 0, row="dec", recipe="trained", measures={})
    (s,) = summarise([record(0, 0.1, row="dec", recipe="trained"), failed, collapsed])
    header, rows = comparison([s])
    assert rows[0][:2] == ["DEC (trained)", "3 (1 failed, 1 collapsed)"]
    assert s["errors"] == ["ValueError: no"]
    (s,) = summarise([failed])
    for table in (comparison, guards):
        header, rows = table([s])
        assert len(rows[0]) == len(header) and "-" in rows[0]


def test_rows_keep_the_order_of_the_papers():
    summaries = summarise(
        [record(0, 0.1, row="random_partition"), record(0, 0.1), record(0, 0.1, row="dsc", recipe="trained")]
    )
    assert [s["row"] for s in summaries] == ["kmeans", "dsc", "random_partition"]


def test_published_figures_stand_in_their_own_columns_and_bear_marks():
    assert published_cell("kmeans", COLUMNS[0]) == "0.2540"
    assert published_cell("dsc", "avg inter-cluster distance") == "8.162*"
    assert published_cell("dtcr", "silhouette") == "-0.1000*"
    assert published_cell("eof_kmeans", "silhouette") == ""
    header, rows = comparison(summarise([record(0, 0.1)]))
    assert header.count("published") == 5
    assert [c for h, c in zip(header, rows[0], strict=True) if h == "published"] == [
        number(v) for v in PUBLISHED["kmeans"]
    ]


def test_coarser_sequences_are_marked_in_the_title():
    s = summarise([record(0, 0.1, row="dtc", recipe="notebook")])[0]
    assert title(s, 300) == "DTC (notebook, means over areas, at most 300 steps)"
    assert title(s) == "DTC (notebook)"


def test_shortcuts_are_counted_in_the_title():
    both = [record(i, 0.1, row="dsc", recipe="notebook", shortcut=bool(i)) for i in (0, 1)]
    assert title(summarise(both)[0]) == "DSC (CNN-LSTM autoencoder) (notebook, 1 of 2 by the shortcut)"


def test_formats():
    header, rows = ["method", "a: best", "mean ± sd"], [["x_1 & y", "1", "2 ± 3"]]
    assert as_markdown(header, rows).splitlines()[1] == "| --- | --- | --- |"
    assert r"x\_1 \& y & 1 & 2 $\pm$ 3 \\" in as_latex(header, rows)
    full = comparison(summarise([record(0, 0.1)]))
    read = list(csv.reader(io.StringIO(as_csv(*full))))
    assert len(set(read[0])) == len(read[0]) and read[1][0] == "k-means"


def test_every_run_of_the_plan_is_one_file():
    runs = plan(BY_NAME.values(), ("paper", "anomaly"), ("notebook", "trained"), {"": 3, "trained": 2})
    assert len({run.key for run in runs}) == len(runs)
    assert sum(run.row == "hierarchical" for run in runs) == 2
    few = plan(BY_NAME.values(), ("paper",), ("notebook",), {"": 3}, sequential=2)
    assert [sum(run.row == row for run in few) for row in ("dtc", "dtcr", "dec")] == [2, 2, 3]
    assert sum(run.row == "dsc" and run.recipe == "trained" for run in runs) == 4
    assert {run.recipe for run in runs if run.row == "random_network"} == {"untrained"}
    assert Run("dsc", "paper", "trained", 3).key == "paper-dsc-trained-003"


def test_numbers_have_four_digits():
    assert [number(v) for v in (0.12345, 13.6635, np.nan, -0.1, 1.4)] == [
        "0.1235",
        "13.66",
        "-",
        "-0.1000",
        "1.400",
    ]
