"""Peak memory of `python -m dsc_tf.train` on synthetic records of any length, from the file to the run folder.

python benchmarks/memory.py --days 2000 --method kmeans dsc --memory 100MB
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

from planted import write_planted


def measured(arguments, log):
    """Exit status, seconds and largest resident memory in bytes of a child process."""
    began = time.perf_counter()
    with open(log, "w") as out:
        child = subprocess.Popen([sys.executable, "-m", *arguments], stdout=out, stderr=out)
        _, status, usage = os.wait4(child.pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    return os.waitstatus_to_exitcode(status), time.perf_counter() - began, usage.ru_maxrss * unit


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=2000)
    parser.add_argument("--grid", type=int, default=41, help="points along each side")
    parser.add_argument("--method", nargs="+", default=["kmeans", "dsc"])
    parser.add_argument("--memory", nargs="+", default=["100MB", "10GB"], help="settings of dsc_tf.train")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--pretrain-epochs", type=int, default=0)
    parser.add_argument(
        "--folder", default=None, help="where the record and the runs go, and are removed from"
    )
    options = parser.parse_args()
    print(
        "| method | --memory | file, GB | peak, GB | seconds | adjusted Rand index |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        record, log = Path(folder) / "record.nc", Path(folder) / "log"
        write_planted(record, options.days, options.grid)
        for method in options.method:
            for memory in options.memory:
                output = Path(folder) / f"{method}-{memory}"
                status, took, peak = measured(
                    ["dsc_tf.train", "--data", record, "--method", method, "--memory", memory, "--output", output,
                     "--epochs", str(options.epochs), "--pretrain-epochs", str(options.pretrain_epochs), "--quiet"],
                    log,
                )  # fmt: skip
                if status:
                    sys.exit(log.read_text())
                found = json.loads((output / "metrics.json").read_text())["measures"]
                print(
                    f"| {method} | {memory} | {record.stat().st_size / 1e9:.2f} | {peak / 1e9:.2f} | {took:.0f} | "
                    f"{found.get('adjusted_rand_index', float('nan')):.2f} |",
                    flush=True,
                )
    print(f"\nload of the machine at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
