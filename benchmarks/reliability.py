"""Interruption and load: kill runs at random moments, resume them and compare; memory, long and narrow records.

    python benchmarks/reliability.py kills --trials 12
    python benchmarks/reliability.py load

Prints Markdown tables. Everything happens in a temporary folder; nothing but loopback is used.
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path

import numpy as np
import xarray as xr

import dsc_tf

COMMANDS = {
    "train": "--method dec --n-clusters 3 --pretrain-epochs 3 --epochs 4 --precision float32",
    "pretrain": "--grid 0 --size 4 --filters 2 --window 6 --steps 4 --batch-size 2",
    "reproduce": "table2 --n-clusters 3 --methods kmeans hierarchical --runs 6 --jobs 1",
}


def start(name, data, output, *more):
    """Start a command in a forked process, which has the libraries loaded already.

    It writes a checkpoint after every epoch, so that there is one to continue from, and figures of few pixels.

    Returns
    -------
    int, pathlib.Path
        Process number, and the file with its error messages.
    """
    arguments = [*COMMANDS[name].split(), "--data", data, "--output", output, "--quiet", *more]
    errors = Path(f"{output}.stderr")
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process, errors
    status = 1
    try:
        descriptor = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, 2)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        status = _run_in_child(name, list(map(str, arguments)))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status or 0)


def _run_in_child(name, arguments):
    import tensorflow as tf
    from matplotlib.figure import Figure

    from dsc_tf.training import checkpoint

    tf.config.run_functions_eagerly(True)  # tracing would take most of the time of so small a run
    checkpoint.Checkpoint.is_due = lambda self: True
    save = Figure.savefig
    Figure.savefig = lambda self, *args, **options: save(self, *args, **options | {"dpi": 15})
    return import_module(f"dsc_tf.commands.{name}").main(arguments)


def ended(process):
    """Wait for a process; its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def content(folder):
    """Everything of a finished run that must be equal, by file and variable."""
    found = {}
    for path in sorted(folder.rglob("*.nc")):
        with xr.open_dataset(path) as ds:
            found |= {f"{path.name} {name}": ds[name].values.tobytes() for name in ds.variables}
    for path in sorted(folder.glob("runs/*.json")):
        record = json.loads(path.read_text())
        found[path.name] = {key: value for key, value in record.items() if key != "seconds"}
    return found


def kill_trials(name, trials, folder, rng):
    """Kill a command at random moments until it ends, resume it, and compare with an undisturbed run.

    Returns
    -------
    dict
        Counts: trials, interrupted (a partial folder was there), equal, tracebacks.
    """
    data = folder / "mock.nc"
    dsc_tf.mock_dataset(days=30, latitudes=6, longitudes=6).to_netcdf(data)
    began = time.perf_counter()
    undisturbed = folder / f"{name}-whole"
    process, errors = start(name, data, undisturbed)
    assert ended(process) == 0, errors.read_text()
    duration = time.perf_counter() - began
    expected = content(undisturbed)
    counts = {"trials": trials, "interrupted": 0, "equal": 0, "tracebacks": 0}
    for trial in range(trials):
        output = folder / f"{name}-{trial}"
        kill = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[trial % 3]
        process, errors = start(name, data, output)
        time.sleep(rng.uniform(0.05, 1.0) * duration)
        os.kill(process, kill)
        ended(process)
        counts["interrupted"] += output.with_name(output.name + ".partial").exists()
        if not output.exists():
            ended(start(name, data, output, "--resume")[0])
        counts["tracebacks"] += "Traceback" in errors.read_text(errors="replace")
        counts["equal"] += output.exists() and content(output) == expected
    return counts


def kills(trials, seed, names):
    """Print the table of kills."""
    for module in ("tensorflow", "keras", "sklearn.cluster", "matplotlib.figure", "netCDF4", "joblib"):
        import_module(module)  # before the processes are forked
    for name in COMMANDS:
        import_module(f"dsc_tf.commands.{name}")
    rng = random.Random(seed)
    print(
        "| command | trials | interrupted in the run | equal after resume | tracebacks |\n|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in names or COMMANDS:
            found = kill_trials(name, trials, Path(folder), rng)
            print(f"| {name} | " + " | ".join(map(str, found.values())) + " |", flush=True)


def memory_over_fits():
    """Resident memory after the third and the tenth fit of new DSC objects."""
    X, _ = dsc_tf.prepare(dsc_tf.mock_dataset(days=30, latitudes=6, longitudes=6))
    sizes = []
    for seed in range(10):
        dsc_tf.DSC(3, epochs=1, pretrain_epochs=1, random_state=seed).fit(X)
        sizes.append(_resident())
    return f"{sizes[2]:.0f} MB after 3 fits, {sizes[-1]:.0f} MB after 10"


def many_steps(n=100_000):
    """K-means and measures of a long record with a memory limit of 1 MB."""
    rng = np.random.default_rng(0)
    values = rng.normal(280, 1, (n, 8, 8)).astype("f4") + 3 * np.sin(np.arange(n) / 500)[:, None, None]
    time_axis = np.datetime64("1950-01-01", "ns") + np.arange(n) * np.timedelta64(1, "h")
    axes = ("time", "latitude", "longitude")
    ds = xr.Dataset(
        {"t2m": (axes, values.astype("f4"))},
        {"time": time_axis, "latitude": 60 - np.arange(8.0), "longitude": np.arange(8.0)},
    )
    with tempfile.TemporaryDirectory() as folder:
        X, _ = dsc_tf.prepare(ds, memory="1MB", scratch=folder)
        labels = dsc_tf.KMeans(5, random_state=0).fit_predict(X)
        measures = dsc_tf.evaluate(X, labels)
        X.close()
    return f"{len(np.unique(labels))} clusters, {len(measures)} measures"


def long_window():
    """K-means of windows of 365 steps."""
    X, _ = dsc_tf.prepare(dsc_tf.mock_dataset(days=500, latitudes=8, longitudes=8), window=365)
    dsc_tf.KMeans(3, random_state=0).fit(X)
    return f"samples of shape {X.shape}"


def many_variables():
    """K-means of 100 variables."""
    fields = [
        dsc_tf.mock_dataset(days=30, latitudes=6, longitudes=6, seed=i)[["t2m"]].rename(t2m=f"v{i}")
        for i in range(100)
    ]
    X, _ = dsc_tf.prepare(xr.merge(fields))
    dsc_tf.KMeans(3, random_state=0).fit(X)
    return f"samples of shape {X.shape}"


def narrow_grids():
    """Grids with one row or column: clustered, or refused in one line."""
    found = []
    for shape in ((1, 40), (40, 1), (2, 2), (2, 60)):
        try:
            ds = dsc_tf.mock_dataset(days=30, latitudes=shape[0], longitudes=shape[1])
            X, _ = dsc_tf.prepare(dsc_tf.open_dataset(ds))
            dsc_tf.DSC(3, epochs=1, pretrain_epochs=1, random_state=0).fit(X)
            found.append(f"{shape[0]} x {shape[1]} clustered")
        except dsc_tf.DscTfError as error:
            found.append(f"{shape[0]} x {shape[1]} refused ({error})")
    return "; ".join(found)


def threads():
    """Two fits in two threads against the same fits one after the other."""
    from threading import Thread

    X, _ = dsc_tf.prepare(dsc_tf.mock_dataset(days=16, latitudes=4, longitudes=4))

    def fit(seed, into):
        try:
            into[seed] = dsc_tf.DSC(2, epochs=1, pretrain_epochs=1, random_state=seed).fit(X).soft_labels_
        except Exception as error:
            into[seed] = repr(error)

    serial, parallel = {}, {}
    for seed in (0, 1):
        fit(seed, serial)
    both = [Thread(target=fit, args=(seed, parallel)) for seed in (0, 1)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    equal = [np.array_equal(serial[seed], parallel[seed]) for seed in (0, 1)]
    return f"{sum(equal)} of 2 equal the serial fits bit for bit"


LOAD = (memory_over_fits, many_steps, long_window, many_variables, narrow_grids, threads)


def load(names):
    """Each part in a process of its own, so that its peak memory is its own."""
    print("| part | result | seconds | peak memory, MB |\n|---|---|---|---|", flush=True)
    for part in LOAD:
        if names and part.__name__ not in names:
            continue
        code = f"import reliability; reliability.print_part({part.__name__!r})"
        environment = os.environ | {
            "PYTHONPATH": f"{Path(__file__).parent}:{os.environ.get('PYTHONPATH', '')}"
        }
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        failed = (done.stderr.splitlines() or ["no output"])[-1]
        print(done.stdout.strip() or f"| {part.__name__} | failed: {failed} | | |", flush=True)


def print_part(name):
    """Run a part and print its row."""
    began = time.perf_counter()
    result = globals()[name]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {name} | {result} | {time.perf_counter() - began:.0f} | {peak:.0f} |")


def _resident():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("kills", "load"))
    parser.add_argument("parts", nargs="*", help="commands to kill, or parts of load; all by default")
    parser.add_argument("--trials", type=int, default=12, help="kills of each command")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if chosen.what == "kills":
        kills(chosen.trials, chosen.seed, chosen.parts)
    else:
        load(chosen.parts)
