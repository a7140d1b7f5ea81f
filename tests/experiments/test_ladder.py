import json

import numpy as np
import pytest

from dsc_tf.commands.ladder import LadderConfig, run
from dsc_tf.datasets import ladder
from dsc_tf.errors import DscTfError
from dsc_tf.experiments.ladder import CEILING, _windows, fit_one, gates, report, samples_of


def test_samples_have_unit_variance_and_no_season():
    ds = ladder(2, seed=0, days=1440)
    X = np.asarray(samples_of(ds))[:, 0].reshape(1440, -1, 2)
    np.testing.assert_allclose(X.std(axis=(0, 1)), 1, atol=1e-3)
    season = np.cos(2 * np.pi * np.arange(1440) / 360)
    assert np.abs(season @ X.reshape(1440, -1)).max() / 720 < 0.02
    power = (X**2).mean(axis=1)
    assert np.abs(season @ (power - power.mean(axis=0))).max() / 720 < 0.02


def made(method, rung, values, **more):
    return [
        {"method": method, "rung": rung, "data_seed": i, "ari": v, **{k: x[i] for k, x in more.items()}}
        for i, v in enumerate(values)
    ]


def verdicts(records):
    """What holds of SwitchingDSC (four conditions), of the linear chain (four), frame-wise and linear methods."""
    found = [holds for _, holds, _ in gates(records)]
    return found[:4], found[4:8], found[8:]


def test_gates_name_what_fails():
    records = [r for rung in range(1, 7) for r in made("switching_dsc", rung, [0.97, 0.96, 0.96])]
    assert verdicts(records) == ([True, True, True, None], [None] * 4, [None, None])
    records += made("kmeans", 4, [0.01, 0.2]) + made("switching", 5, [0.0])
    records += made("switching_dsc", 2, [0.8], branch=["a"], candidates=[{"a": 0.8, "b": 0.83}])
    assert verdicts(records) == ([True, True, False, False], [None] * 4, [False, None])


def test_gates_hold_only_if_all_that_they_need_was_run():
    records = [r for rung in (2, 3, 4, 6) for r in made("switching", rung, [0.97, 0.96])]
    records += made("kmeans", 4, [0.0]) + made("eof_kmeans", 6, [0.0])
    assert verdicts(records) == ([None] * 4, [None] * 4, [None, None])
    records += made("switching", 1, [1.0]) + made("kmeans", 6, [0.0]) + made("eof_kmeans", 4, [0.0])
    assert verdicts(records) == ([None] * 4, [True, True, True, None], [True, None])


def test_report_shows_means_smallest_values_and_failures():
    records = made("kmeans", 1, [1.0, 0.5]) + made(CEILING, 1, [1.0])
    records += [{"method": "kmeans", "rung": 2, "data_seed": 0, "error": "ValueError: no"}]
    text = report(records, ("kmeans", CEILING), (1, 2), (0, 1))
    assert "| k-means | 0.75 (0.50) |  |" in text and "| ceiling (true regimes) | 1.00 (1.00) |  |" in text
    assert "failed: kmeans, rung 2, data seed 0: ValueError: no" in text


def test_fit_of_the_first_rung():
    assert fit_one("eof_kmeans", 1, 0)["ari"] > 0.99


def test_windows_end_with_the_day_whose_regime_counts():
    ds = ladder(1, seed=0, days=720)
    X, truth = _windows(samples_of(ds), ds.regime.values, 4)
    days = np.asarray(samples_of(ds))[:, 0]
    assert X.shape == (717, 4, *days.shape[1:]) and len(truth) == len(X.segment) == 717
    np.testing.assert_array_equal(X[5], days[5:9])
    assert truth[5] == ds.regime.values[8] and X.time[5] == ds.time.values[8]


def test_run_is_resumed_and_writes_its_files(tmp_path, monkeypatch):
    from dsc_tf.experiments import ladder as experiment

    calls = []

    def counted(name, rung, seed):
        calls.append((name, rung, seed))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return {"method": name, "rung": rung, "data_seed": seed, "ari": 0.5, "seconds": 1.0}

    monkeypatch.setattr(experiment, "fit_one", counted)
    config = {"rungs": (1,), "data_seeds": (0, 1), "methods": ("kmeans", "eof_kmeans"), "quiet": True}
    config["output"] = str(tmp_path / "ladder")
    with pytest.raises(KeyboardInterrupt):
        run(LadderConfig(**config))
    path = run(LadderConfig(**config, resume=True))
    assert len(calls) == 5 and len(set(calls)) == 4
    assert {"ladder.md", "ladder.csv", "ladder.png"} <= {p.name for p in path.iterdir()}
    assert json.loads((path / "fits" / "kmeans-1-0.json").read_text())["ari"] == 0.5


@pytest.mark.parametrize(("setting", "value"), [("rungs", (1, 9)), ("methods", ("kmedoids",))])
def test_unknown_rungs_and_methods_are_refused(setting, value):
    with pytest.raises(DscTfError, match=f"{setting}: .*Choose one of"):
        LadderConfig(**{setting: value})
