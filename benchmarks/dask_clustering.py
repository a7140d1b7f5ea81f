"""k-means on principal components by the workers of Dask, next to one process without Dask.

python benchmarks/dask_clustering.py --days 3000 --grid 41 --workers 1 2

Workers are processes of this machine with one thread each. Seconds are those of the fit: its passes over the prepared
fields, which the workers hold in memory, and everything that the client does between them. CPU seconds count the client
and the workers.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from planted import NAMES, write_planted

import dsc_tf
from dsc_tf.preprocessing import Preprocessor, dask_samples


def cpu():
    """CPU seconds of this process."""
    return time.process_time()


def fitted(samples):
    """Labels, CPU seconds of this process and wall seconds of a fit."""
    began = time.process_time(), time.perf_counter()
    labels = dsc_tf.EOFKMeans(7, n_components=20, random_state=0).fit_predict(samples)
    return labels, time.process_time() - began[0], time.perf_counter() - began[1]


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=3000)
    parser.add_argument("--grid", type=int, default=41, help="points along each side")
    parser.add_argument("--variables", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--folder", default=None, help="where the record goes, and is removed from")
    options = parser.parse_args()
    from distributed import Client, LocalCluster, wait

    print("| workers | CPU s | wall s | labels that differ |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        names = list(NAMES)[: options.variables]
        record = write_planted(Path(folder) / "record.nc", options.days, options.grid, names=names)
        with dsc_tf.open_dataset(record) as ds:
            prep = Preprocessor("anomaly", memory="1MB", scratch=folder).fit(ds)
            stored = prep.transform(ds)
            expected, used, wall = fitted(stored)
            stored.close()
            print(f"| none, scratch file | {used:.1f} | {wall:.1f} | |", flush=True)
            for count in options.workers:
                with (
                    LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None) as cluster,
                    Client(cluster) as client,
                ):
                    X = dask_samples(ds, prep)
                    wait(X.rows.array)
                    before = client.run(cpu)
                    labels, used, wall = fitted(X)
                    used += sum(after - before[name] for name, after in client.run(cpu).items())
                    differ = int(np.sum(labels != expected))
                    print(f"| {count} | {used:.1f} | {wall:.1f} | {differ} of {len(labels)} |", flush=True)
    print(f"\nload of the machine at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
