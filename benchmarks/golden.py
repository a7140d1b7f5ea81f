"""Golden comparison: the results of every method and protocol, made by one checkout and compared with another.

    python benchmarks/golden.py make FOLDER               run every case with the package on the path
    python benchmarks/golden.py compare FOLDER OTHER      compare two such folders, number by number

Run `make` in the checkout whose results are to be kept and again after a change; `compare` prints each difference and
ends with status 1 if there is one. Labels, soft assignments, latent vectors, measures, losses, regime descriptions and
preprocessing constants are compared bit for bit.
"""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import xarray as xr

DATA = "--period 2021-01-01 2021-02-19 --variables sp t2m u10"
SHORT = "--pretrain-epochs 1 --epochs 1 --batch-size 8 --precision float32"
CLASSICAL = (
    "kmeans",
    "hierarchical",
    "eof_kmeans",
    "gaussian_mixture",
    "spherical_kmeans",
    "persistent_kmeans",
    "random_partition",
)
NETWORKS = ("dsc", "dec", "dtc", "dtcr", "cnn_encoder", "cnn_autoencoder", "cnn_lstm_encoder")
PROTOCOLS = ("paper", "notebook", "anomaly")
SEQUENCE = {
    "dtc": "--pretrain-epochs 1 --epochs 1 --batch-size 8 --sequence-length 12",
    "dtcr": "--epochs 1 --batch-size 8 --sequence-length 12",
}
IGNORED_MEASURES = ("seconds",)
TOLERANCE = {"metrics:silhouette_euclidean": 1e-6}  # pairwise distances are computed in single precision


def cases():
    """Name and arguments of `python -m dsc_tf.train` of each case."""
    for method in CLASSICAL:
        for protocol in PROTOCOLS:
            yield f"{method}-{protocol}", f"--method {method} --protocol {protocol} {DATA}"
    for method in NETWORKS:
        for protocol in PROTOCOLS if method == "dsc" else ("paper",):
            options = SEQUENCE.get(method, SHORT)
            yield f"{method}-{protocol}", f"--method {method} --protocol {protocol} {options} {DATA}"
    for method in ("dsc", "kmeans", "persistent_kmeans"):
        options = SHORT if method in NETWORKS else ""
        yield f"{method}-window3", f"--method {method} --window 3 {options} {DATA}"
    yield "dsc-convlstm", f"--cell convlstm --window 2 {SHORT} {DATA}"
    for recipe in ("notebook", "untrained"):
        yield f"dsc-{recipe}", f"--recipe {recipe} --protocol notebook {SHORT} {DATA}"
    yield "dtcr-notebook", f"--method dtcr --recipe notebook {SEQUENCE['dtcr']} {DATA}"
    for method in ("kmeans", "eof_kmeans", "dsc"):
        options = SHORT if method in NETWORKS else ""
        yield f"{method}-disk", f"--method {method} --protocol anomaly --memory 2MB {options} {DATA}"


def make(folder, only=()):
    """Run every case that the folder lacks."""
    for name, arguments in cases():
        if (only and not any(part in name for part in only)) or (folder / name).exists():
            continue
        command = [sys.executable, "-m", "dsc_tf.train", *arguments.split(), "--n-clusters", "4"]
        command += ["--output", str(folder / name), "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True)
        print(name, "ok" if done.returncode == 0 else done.stderr.strip().splitlines()[-1:], flush=True)


def numbers(run):
    """Every number of a run folder, by name."""
    found = {}
    for file in ("labels.nc", "regimes.nc"):
        with xr.open_dataset(run / file, decode_times=False) as ds:
            found |= {f"{file}:{name}": ds[name].values for name in ds.variables}
    metrics = json.loads((run / "metrics.json").read_text())
    found |= {f"metrics:{name}": np.array(value) for name, value in metrics["measures"].items()}
    if (run / "history.csv").exists():
        with open(run / "history.csv") as file:
            rows = list(csv.DictReader(file))
        for name in rows[0]:
            if name not in IGNORED_MEASURES:
                found[f"history:{name}"] = np.array([row[name] for row in rows])
    with np.load(run / "preprocessing.npz") as arrays:
        found |= {
            f"preprocessing:{name}": arrays[name] for name in arrays if arrays[name].dtype.kind in "fiu"
        }
    return found


def compare(one, other):
    """Print every difference between two folders of runs; return their number."""
    differences = 0
    for run in sorted(path for path in one.iterdir() if path.is_dir()):
        if not (other / run.name).exists():
            print(f"{run.name}: missing")
            differences += 1
            continue
        before, after = numbers(run), numbers(other / run.name)
        for name in before:
            if name not in after:
                text = "missing"
            elif before[name].shape != after[name].shape:
                text = f"shape {before[name].shape} became {after[name].shape}"
            elif np.array_equal(before[name], after[name], equal_nan=before[name].dtype.kind == "f"):
                continue
            elif name in TOLERANCE and np.allclose(before[name], after[name], rtol=0, atol=TOLERANCE[name]):
                continue
            elif before[name].dtype.kind == "f":
                text = f"differs by up to {np.nanmax(np.abs(before[name] - after[name])):.3g}"
            else:
                text = "differs"
            print(f"{run.name}: {name} {text}")
            differences += 1
    return differences


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("make", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("other", type=Path, nargs="?")
    parser.add_argument("--only", nargs="+", default=(), help="parts of the names of the cases to run")
    given = parser.parse_args()
    if given.action == "make":
        make(given.folder, given.only)
        return 0
    differences = compare(given.folder, given.other)
    print(f"{differences} differences")
    return int(differences > 0)


if __name__ == "__main__":
    sys.exit(main())
