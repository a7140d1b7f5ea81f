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
from pathlib import Path

import numpy as np
import xarray as xr

import dsc_tf

COMMANDS = {
    "train": "--method dec --n-clusters 3 --pretrain-epochs 3 --epochs 4 --precision float32",
    "pretrain": "--grid 0 --size 4 --filters 2 --window 6 --steps 4 --batch-size 2",
    "reproduce": "table2 --n-clusters 3 --methods kmeans hierarchical --runs 6 --jobs 1",
}
# A child that writes a checkpoint after every epoch, so that there is something to damage.
CHILD = """
import sys
from importlib import import_module
name, *arguments = sys.argv[1:]
if name == "train":
    import dsc_tf.training.checkpoint as module
    module.Checkpoint.is_due = lambda self: True
sys.exit(import_module(f"dsc_tf.commands.{name}").main(arguments))
"""


def start(name, data, output, *more):
    """Start a command as a process of its own."""
    arguments = [*COMMANDS[name].split(), "--data", data, "--output", output, "--quiet", *more]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, name, *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )


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
    assert start(name, data, undisturbed).wait() == 0
    duration = time.perf_counter() - began
    expected = content(undisturbed)
    counts = {"trials": trials, "interrupted": 0, "equal": 0, "tracebacks": 0}
    for trial in range(trials):
        output = folder / f"{name}-{trial}"
        kill = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[trial % 3]
        process = start(name, data, output)
        time.sleep(rng.uniform(0.3, 1.0) * duration)
        process.send_signal(kill)
        _, errors = process.communicate()
        counts["interrupted"] += output.with_name(output.name + ".partial").exists()
        if not output.exists():
            process = start(name, data, output, "--resume")
            _, more = process.communicate()
            errors += more
        counts["tracebacks"] += "Traceback" in errors
        counts["equal"] += output.exists() and content(output) == expected
    return counts


def kills(trials, seed):
    """Print the table of kills."""
    rng = random.Random(seed)
    print(
        "| command | trials | interrupted in the run | equal after resume | tracebacks |\n|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in COMMANDS:
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
    parser.add_argument("parts", nargs="*", help="parts of load; all by default")
    parser.add_argument("--trials", type=int, default=12, help="kills of each command")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if chosen.what == "kills":
        kills(chosen.trials, chosen.seed)
    else:
        load(chosen.parts)
