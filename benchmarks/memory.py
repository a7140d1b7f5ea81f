"""Peak memory of `python -m dsc_tf.train` on synthetic records of any length, from the file to the run folder.

python benchmarks/memory.py --days 2000 --method kmeans dsc --memory 100MB
python benchmarks/memory.py --days 14610 --grid 161 241 --variables 1 --files 2 --memory 500MB --method kmeans measures
python benchmarks/memory.py --days 110000 --method kmeans --memory 1GB --folder /somewhere/with/room
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from planted import NAMES, write_planted

MEASURES = "measures"  # in place of a method: the measures of the true regimes alone
CLASSICAL = ("kmeans", "eof_kmeans")  # without the settings of networks


def measured(arguments, log):
    """Exit status, CPU seconds and largest resident memory in bytes of a child process."""
    with open(log, "w") as out:
        child = subprocess.Popen([sys.executable, *arguments], stdout=out, stderr=out)
        _, status, usage = os.wait4(child.pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


def measures(paths, memory, folder):
    """Prepare a record within `memory` and print the CPU seconds of its measures, of the true regimes, as JSON."""
    from dsc_tf.evaluation import evaluate
    from dsc_tf.preprocessing.preprocessor import prepare
    from dsc_tf.preprocessing.samples import true_labels
    from dsc_tf.records.open import open_dataset

    with open_dataset(paths) as ds:
        X, _ = prepare(ds, "anomaly", memory=memory, scratch=folder)
        labels = true_labels(ds, X)
        began = time.process_time()
        evaluate(X, labels, labels)
        print(json.dumps({"seconds": time.process_time() - began}))


def command(method, records, memory, output, options):
    """Arguments of the interpreter for one measurement."""
    if method == MEASURES:
        return [__file__, MEASURES, memory, str(output.parent), *map(str, records)]
    arguments = [
        "-m",
        "dsc_tf.train",
        "--method",
        method,
        "--memory",
        memory,
        "--output",
        str(output),
        "--quiet",
    ]
    if method not in CLASSICAL:
        arguments += ["--epochs", str(options.epochs), "--pretrain-epochs", str(options.pretrain_epochs)]
    return [*arguments, "--data", *map(str, records)]


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=2000)
    parser.add_argument(
        "--grid", type=int, nargs="+", default=[41], help="points along latitude and longitude"
    )
    parser.add_argument("--variables", type=int, default=7)
    parser.add_argument("--files", type=int, default=1)
    parser.add_argument(
        "--method", nargs="+", default=["kmeans", "dsc"], help=f"of dsc_tf.train, or {MEASURES}"
    )
    parser.add_argument("--memory", nargs="+", default=["100MB", "10GB"], help="settings of dsc_tf.train")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--pretrain-epochs", type=int, default=0)
    parser.add_argument(
        "--folder", default=None, help="where the record and the runs go, and are removed from"
    )
    options = parser.parse_args()
    print(
        "| method | --memory | files, GB | peak, GB | CPU, s | adjusted Rand index |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        log, grid = Path(folder) / "log", (options.grid[0], options.grid[-1])
        names = list(NAMES)[: options.variables]
        records = write_planted(
            Path(folder) / "record.nc", options.days, grid, names=names, files=options.files
        )
        size = sum(record.stat().st_size for record in records)
        for method in options.method:
            for memory in options.memory:
                output = Path(folder) / f"{method}-{memory}"
                status, took, peak = measured(command(method, records, memory, output, options), log)
                if status:
                    sys.exit(log.read_text())
                index = float("nan")
                if method == MEASURES:
                    took = json.loads(log.read_text().splitlines()[-1])["seconds"]
                else:
                    found = json.loads((output / "metrics.json").read_text())["measures"]
                    index = found.get("adjusted_rand_index", index)
                print(
                    f"| {method} | {memory} | {size / 1e9:.2f} | {peak / 1e9:.2f} | {took:.0f} | {index:.2f} |",
                    flush=True,
                )
    print(f"\nload of the machine at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == [MEASURES]:
        measures(sys.argv[4:], *sys.argv[2:4])
    else:
        main()
