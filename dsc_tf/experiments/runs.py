"""The run table: methods x recipes x seeds x protocols, each run stored as it ends."""

import json
import os
import time
import warnings
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields

import numpy as np

from ..clusterers import DEEP_METHODS, build
from ..clusterers.registry import parameters
from ..errors import DscTfError
from ..evaluation import evaluate
from ..evaluation.diagnostics import lloyd_refinement, mean_run_length
from ..logging import suppress_stderr
from ..preprocessing.samples import Samples
from .methods import BY_NAME, SEQUENTIAL, UNMOVED

RUNS_A_WORKER = 8  # a process of its own for so many: TensorFlow keeps memory of every network it has trained
RUNS = "runs"
SEEDS_A_CALL = 4  # seeds of one network that a call fits one after the other
CONNECT_SECONDS = 10
RETRIES = 2  # of a run whose worker died


@dataclass(frozen=True)
class Run:
    """One fit.

    Parameters
    ----------
    row : str
        Name in `BY_NAME`.
    protocol : str
        How values are prepared.
    recipe : str
        How a network is trained; "" where there is none.
    seed : int
        Seed of everything random.
    """

    row: str
    protocol: str
    recipe: str
    seed: int

    @classmethod
    def of(cls, record):
        """The run that a record is of."""
        return cls(*(record[field.name] for field in fields(cls)))

    @property
    def key(self):
        """Name of its files."""
        return "-".join(filter(None, (self.protocol, self.row, self.recipe, f"{self.seed:03d}")))


def plan(rows, protocols, recipes, seeds, sequential=None):
    """Every run of a table.

    Parameters
    ----------
    rows : list of Row
        Methods.
    protocols : tuple of str
        Protocols.
    recipes : tuple of str
        Recipes of networks.
    seeds : dict of str to int
        Number of runs by recipe; "" is for methods without a network.
    sequential : int, default=None
        Most runs of DTC and DTCR, which cost most.

    Returns
    -------
    list of Run
        Ward's clustering has no seed and runs once.
    """

    def number(row, recipe):
        if row.method == "hierarchical":
            return 1
        asked = seeds.get(recipe, seeds[""])
        return min(asked, sequential) if sequential and row.method in SEQUENTIAL else asked

    return [
        Run(row.name, protocol, recipe, seed)
        for protocol in protocols
        for row in rows
        for recipe in row.recipes(recipes)
        for seed in range(number(row, recipe))
    ]


@dataclass(frozen=True)
class PreparedRecord:
    """Samples of a record and its known regimes.

    Parameters
    ----------
    X : Samples of shape (time, window, latitude, longitude, variable)
        Samples.
    true_labels : array of int, shape (time,), default=None
        Known regimes, if the record has any.
    """

    X: Samples
    true_labels: np.ndarray | None = None


def execute(run, samples, n_clusters, sequence_length=None, shortcut=False, keep_latent=False, networks=None):
    """Fit, measure, and say what happened; a fault of the method is a result too.

    Parameters
    ----------
    run : Run
        What to fit.
    samples : PreparedRecord
        Data.
    n_clusters : int
        Number of clusters.
    sequence_length : int, default=None
        Most steps of the sequences of DTC and DTCR.
    shortcut : bool, default=False
        Whether to cluster the output of the randomly initialised network where the recipe "notebook" changes no label.
    keep_latent : bool, default=False
        Add latent vectors and centres to the result.
    networks : dict, default=None
        Fitted clusterers of the calls before, by row and recipe; the compiled network of one is used again.

    Returns
    -------
    dict
        The run's settings; seconds, labels, measures, mean_run_length, descent, stopped_by; or `error`.
    """
    record = asdict(run)
    began = time.perf_counter()
    try:
        unmoved = shortcut and run.recipe == "notebook" and BY_NAME[run.row].method in UNMOVED
        method = _method(run, n_clusters, sequence_length, unmoved)
        key = (run.row, run.protocol, method.get_params().get("recipe"))
        if networks and key in networks:
            method.reuse_network_of(networks[key])
        method.fit(samples.X)
        if networks is not None and hasattr(method, "reuse_network_of"):
            networks[key] = method
        record |= {"seconds": round(time.perf_counter() - began, 2), "shortcut": unmoved}
        record |= _described(method, samples)
    except Exception as error:  # whatever it is, it is this run's alone
        return record | {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
    if keep_latent and hasattr(method, "transform"):
        record["latent"] = method.transform(samples.X)
        record["centres"] = method.cluster_centers_.reshape(n_clusters, -1)
    return record


def _method(run, n_clusters, sequence_length, unmoved):
    row = BY_NAME[run.row]
    if row.method in DEEP_METHODS:
        _start_keras()
    options = {
        "recipe": "untrained" if unmoved else run.recipe,
        "sequence_length": sequence_length,
        "random_state": run.seed,
    }
    known = parameters(row.method)
    return build(
        row.method, n_clusters, **row.options, **{name: v for name, v in options.items() if name in known}
    )


def _start_keras():
    """Start the backend in a worker: as many threads as the worker may use, and not a word."""
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ.get("OMP_NUM_THREADS", "0"))
    with suppress_stderr():
        import keras

        keras.ops.zeros(1)


def _described(method, samples):
    labels = method.labels_
    found = {
        "labels": labels.tolist(),
        "stopped_by": getattr(method, "stopped_by_", ""),
        "mean_run_length": mean_run_length(labels, samples.X.segment_starts),
        "measures": {},
    }
    if labels.max() > 0:
        features = samples.X.last_step()
        found["measures"] = evaluate(features, labels, samples.true_labels)
        found["descent"] = lloyd_refinement(features, labels)
    return found


class RunStore:
    """Finished runs in the run folder: a JSON each, and latent vectors where they were kept.

    Parameters
    ----------
    folder : RunFolder
        An open run folder.
    """

    def __init__(self, folder):
        self.folder = folder
        (folder.path / RUNS).mkdir(exist_ok=True)

    def load(self, run):
        """The record of `run`, or None if it has not ended or failed.

        Raises
        ------
        DscTfError
            If the file is damaged or of another run.
        """
        name = f"{RUNS}/{run.key}.json"
        record = self.folder.read_json(name)
        if record is None:
            return None
        try:
            if Run.of(record) != run:
                raise ValueError("of another run")
            if "error" in record:
                return None
            measures = record["measures"].values()
            if not record["labels"] or (measures and all(value != value for value in measures)):
                raise ValueError("without results")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            path = self.folder.path / name
            raise DscTfError(f"resume: {path} is damaged. Delete that file, then resume.") from error
        return record

    def save(self, record):
        """Write a record, whole or not at all."""
        key = Run.of(record).key
        arrays = {name: record.pop(name) for name in ("latent", "centres") if name in record}
        if arrays:
            with self.folder.atomic_write(f"{RUNS}/{key}.npz") as path, open(path, "wb") as file:
                np.savez_compressed(file, labels=record["labels"], **arrays)
        self.folder.write_text(f"{RUNS}/{key}.json", json.dumps(record) + "\n")

    def latent(self, run):
        """Latent vectors, centres and labels of `run` as a dict, or None if they were not kept."""
        path = self.folder.path / RUNS / f"{run.key}.npz"
        return dict(np.load(path)) if path.exists() else None


def run_table(runs, samples, store, *, jobs, scheduler=None, follow=iter, **options):
    """Execute what has not ended yet, over processes; store each run as it ends.

    Parameters
    ----------
    runs : list of Run
        All runs of the table.
    samples : dict of str to PreparedRecord
        Data by protocol.
    store : RunStore
        Where records are.
    jobs : int
        Processes at once; 1 stays in this one.
    scheduler : str, default=None
        Address of a Dask scheduler whose workers take the runs.
    follow : callable, default=iter
        Wraps the iterator of ended runs, such as a progress bar.
    **options
        Passed to `execute`.

    Returns
    -------
    list of dict
        A record for each run, in their order.
    """
    records = {run: store.load(run) for run in runs}
    for run, record in records.items():
        if record is not None and len(record["labels"]) != len(samples[run.protocol].X):
            raise DscTfError(
                f"resume: the stored run {run.key} has {len(record['labels'])} labels for "
                f"{len(samples[run.protocol].X)} samples. Delete its file, then resume."
            )
    waiting = [run for run in runs if records[run] is None]
    for record in follow(_ended(waiting, samples, jobs, scheduler, options)):
        store.save(dict(record))
        records[Run.of(record)] = record
    return [records[run] for run in runs]


def _ended(runs, samples, jobs, scheduler, options):
    """Records as they come, in parts after which new processes are started."""
    if scheduler is not None:
        yield from _ended_on_dask(runs, samples, scheduler, options)
        return
    import joblib
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    part = jobs * RUNS_A_WORKER
    for start in range(0, len(runs), max(1, part)):
        todo = dict.fromkeys(runs[start : start + part])
        calls = (joblib.delayed(_call)(group, samples[group[0].protocol], options) for group in _groups(todo))
        try:
            with _processes(jobs), warnings.catch_warnings():
                # joblib replaces processes that have grown, which is intended.
                warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
                for records in joblib.Parallel(jobs, return_as="generator_unordered")(calls):
                    for record in records:
                        del todo[Run.of(record)]
                        yield record
        except TerminatedWorkerError:
            yield from (_alone(run, samples, options) for run in list(todo))
        if jobs > 1:
            get_reusable_executor().shutdown(wait=True)


def _groups(runs):
    """Lists of runs that one call executes: seeds of one network, or one run of another method."""
    groups: list[list[Run]] = []
    for run in runs:
        last = groups[-1] if groups else []
        alike = last and all(
            getattr(run, name) == getattr(last[0], name) for name in ("row", "protocol", "recipe")
        )
        if alike and BY_NAME[run.row].method in DEEP_METHODS and len(last) < SEEDS_A_CALL:
            last.append(run)
        else:
            groups.append([run])
    return groups


def _call(runs, samples, options):
    networks: dict = {}
    return [
        # Latent vectors are large: those of the first seed of each method are enough for Figure 2.
        execute(
            run,
            samples,
            keep_latent=run.seed == 0 and "figure2" in BY_NAME[run.row].tables,
            networks=networks,
            **options,
        )
        for run in runs
    ]


def _alone(run, samples, options):
    """A run again, in a process of its own, since one of its neighbours was killed."""
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(_call, [run], samples[run.protocol], options).result()[0]
        except TerminatedWorkerError:
            return asdict(run) | {"error": "the process was killed, as for lack of memory"}


@contextmanager
def _processes(jobs):
    """Processes of this machine as joblib's backend."""
    import joblib

    threads = max(1, (os.cpu_count() or 1) // jobs)
    inner = {"inner_max_num_threads": threads} if jobs > 1 else {}
    with joblib.parallel_config("loky", **inner):
        yield


def connect(address):
    """Connect to a Dask scheduler.

    Parameters
    ----------
    address : str
        Such as "tcp://10.0.0.1:8786".

    Returns
    -------
    distributed.Client
        A context manager.

    Raises
    ------
    DscTfError
        If distributed is not installed, the scheduler cannot be reached, or it has no workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise DscTfError("scheduler: needs dask.distributed. Install 'dsc_tf[cluster]'.") from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError, ImportError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise DscTfError(f"scheduler: {address} cannot be reached ({reason}). Check the address.") from error
    if not client.scheduler_info()["workers"]:
        client.close()
        raise DscTfError(f"scheduler: {address} has no workers. Start some with dask worker.")
    return client


def _ended_on_dask(runs, samples, address, options):
    """Records as they come from the workers of a Dask scheduler; what died with its workers runs in this machine."""
    from concurrent.futures import CancelledError

    lost = []
    with connect(address) as client:
        from distributed import KilledWorker, as_completed

        data = {protocol: client.scatter(record, broadcast=True) for protocol, record in samples.items()}
        futures = {
            client.submit(_call, group, data[group[0].protocol], options, pure=False, retries=RETRIES): group
            for group in _groups(runs)
        }
        for future in as_completed(futures):
            try:
                yield from future.result()
            except (KilledWorker, CancelledError, OSError):
                lost += futures[future]
    yield from (_alone(run, samples, options) for run in lost)
