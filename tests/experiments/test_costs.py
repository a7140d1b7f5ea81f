import os

import pytest

from dsc_tf.experiments.costs import SECONDS, estimate, estimate_text
from dsc_tf.experiments.methods import BY_NAME
from dsc_tf.experiments.runs import plan

YEAR = (365, 1, 41, 41, 7)


def planned(*names, recipes=("notebook",), runs=20):
    return plan([BY_NAME[name] for name in names], ("notebook",), recipes, {"": runs})


def test_hours_are_runs_times_seconds_over_cores():
    hours = estimate(planned("dsc"), YEAR)
    assert hours == {"dsc": pytest.approx(20 * SECONDS["dsc", "notebook"] / 3600 / os.cpu_count())}


def test_cost_grows_with_the_record_and_falls_by_the_shortcut():
    year = estimate(planned("dsc"), YEAR)["dsc"]
    assert estimate(planned("dsc"), (3650, 1, 41, 41, 7))["dsc"] == pytest.approx(10 * year)
    assert estimate(planned("dsc"), YEAR, shortcut=True)["dsc"] < year


def test_full_length_sequences_cost_days_and_the_line_says_so():
    coarse = estimate(planned("dtc", "dtcr"), YEAR, sequence_length=120)
    full = estimate(planned("dtc", "dtcr"), YEAR)
    assert full["dtc"] > 10 * coarse["dtc"] and full["dtcr"] > 100 * coarse["dtcr"]
    assert "DTCR" in estimate_text(full) and " h" in estimate_text(full)


def test_every_network_has_a_measured_cost():
    from dsc_tf.clusterers import DEEP_METHODS
    from dsc_tf.experiments.methods import ROWS

    assert {method for method, _ in SECONDS} == set(DEEP_METHODS) & {row.method for row in ROWS}
