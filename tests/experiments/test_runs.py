"""The run table: resumed, with failing and killed runs, over processes and over Dask."""

import os
import signal

import numpy as np
import pytest

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.experiments import runs
from dsc_tf.experiments.methods import BY_NAME, rows_of
from dsc_tf.experiments.runs import PreparedRecord, Run, RunStore, execute, plan, run_table
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.reporting import open_run

FAST = ("kmeans", "hierarchical", "spherical_kmeans", "random_partition")


@pytest.fixture
def samples():
    ds = mock_dataset(days=40, latitudes=6, longitudes=7)
    X, _ = prepare(ds, protocol="paper")
    return {"paper": PreparedRecord(X, ds.regime.values)}


@pytest.fixture
def store(tmp_path):
    return RunStore(open_run(tmp_path / "out"))


@pytest.fixture
def planned():
    return plan(rows_of("table2", FAST), ("paper",), ("trained",), {"": 3})


def test_a_record_says_all(samples):
    record = execute(Run("kmeans", "paper", "", 0), samples["paper"], 3)
    assert len(record["labels"]) == 40 and record["measures"]["adjusted_rand_index"] > 0.5
    assert record["descent"]["rmse_mean"] <= record["measures"]["rmse_mean"] * (1 + 1e-9)
    assert record["mean_run_length"] >= 1 and record["seconds"] >= 0


def test_networks_keep_what_figure_2_needs(samples, store):
    record = execute(Run("dec", "paper", "untrained", 0), samples["paper"], 3, keep_latent=True)
    assert record["latent"].shape == (40, 150) and record["centres"].shape == (3, 150)
    store.save(record)
    kept = store.latent(Run("dec", "paper", "untrained", 0))
    assert set(kept) == {"latent", "centres", "labels"}
    assert store.latent(Run("dec", "paper", "untrained", 1)) is None


def test_same_seeds_same_records(samples, store, planned):
    one, other = (run_table(planned, samples, store, jobs=1, n_clusters=3) for _ in range(2))
    assert [r["labels"] for r in one] == [r["labels"] for r in other]
    assert [(r["row"], r["seed"]) for r in one] == [(run.row, run.seed) for run in planned]


def test_what_has_ended_is_not_run_again(samples, store, planned, monkeypatch):
    first = run_table(planned[:4], samples, store, jobs=1, n_clusters=3)
    done = []
    real = runs.execute
    monkeypatch.setattr(runs, "execute", lambda run, *a, **k: done.append(run) or real(run, *a, **k))
    records = run_table(planned, samples, store, jobs=1, n_clusters=3)
    assert done == planned[4:]
    assert [r["labels"] for r in records[:4]] == [r["labels"] for r in first]


def test_interrupted_table_keeps_the_runs_that_ended(samples, store, planned):
    def interrupted(records):
        for i, record in enumerate(records):
            if i == 2:
                raise KeyboardInterrupt
            yield record

    with pytest.raises(KeyboardInterrupt):
        run_table(planned, samples, store, jobs=1, follow=interrupted, n_clusters=3)
    assert sum(store.load(run) is not None for run in planned) == 2


def test_a_failing_run_is_a_record_and_is_tried_again(samples, store, planned, monkeypatch):
    real = runs.build

    def broken(method, *arguments, **options):
        if method == "spherical_kmeans":
            raise FloatingPointError("no direction\nand more")
        return real(method, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(runs, "build", broken)
        records = run_table(planned, samples, store, jobs=1, n_clusters=3)
    errors = {r["row"]: r["error"] for r in records if "error" in r}
    assert errors == {"spherical_kmeans": "FloatingPointError: no direction"}
    assert not [r for r in run_table(planned, samples, store, jobs=1, n_clusters=3) if "error" in r]


def test_processes_give_the_same_labels(samples, store, tmp_path, planned):
    here = run_table(planned, samples, store, jobs=1, n_clusters=3)
    there = run_table(planned, samples, RunStore(open_run(tmp_path / "other")), jobs=2, n_clusters=3)
    assert [r["labels"] for r in here] == [r["labels"] for r in there]


class Deadly(np.ndarray):
    """An array that kills the process in which it is unpickled, as the kernel does for lack of memory."""

    def __reduce__(self):
        return os.kill, (_Here(), signal.SIGKILL)


class _Here:
    def __reduce__(self):
        return os.getpid, ()


def test_a_killed_process_is_one_failed_run(samples, store, planned, monkeypatch):
    deadly = PreparedRecord(np.zeros((4, 1, 2, 2, 1)).view(Deadly))
    both = samples | {"deadly": deadly}
    dead = Run("kmeans", "deadly", "", 0)
    records = run_table([*planned[:3], dead], both, store, jobs=2, n_clusters=3)
    assert ["error" in r for r in records] == [False, False, False, True]
    assert "killed" in records[-1]["error"]


def test_dask_workers_take_the_runs(samples, store, planned):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        records = run_table(
            planned, samples, store, jobs=1, scheduler=cluster.scheduler_address, n_clusters=3
        )
    assert not [r for r in records if "error" in r]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the cluster, about the process that has died
def test_runs_of_a_dask_worker_that_dies_are_not_lost(samples, store, planned):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:

        def kill_one_worker(records):
            for number, record in enumerate(records):
                if number == 0:
                    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
                yield record

        address = cluster.scheduler_address
        records = run_table(
            planned, samples, store, jobs=1, scheduler=address, follow=kill_one_worker, n_clusters=3
        )
    assert len(records) == len(planned) and not [r for r in records if "error" in r]
    for record in records:
        run = Run(record["row"], record["protocol"], record["recipe"], record["seed"])
        assert record["labels"] == execute(run, samples["paper"], 3)["labels"]


def test_dask_that_is_not_installed_is_one_line(samples, store, planned, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "distributed":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DscTfError, match=r"dsc_tf\[cluster\]"):
        run_table(planned, samples, store, jobs=1, scheduler="tcp://nowhere:1", n_clusters=3)


def test_options_of_rows_are_known_to_their_methods():
    for row in BY_NAME.values():
        method = runs.build(row.method, 3, **row.options)
        assert {name: getattr(method, name) for name in row.options} == row.options
