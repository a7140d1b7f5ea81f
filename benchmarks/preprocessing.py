"""Preparing the paper-size year: the notebooks' way, value by value in Python, and `prepare`.

python benchmarks/preprocessing.py --days 365
"""

import argparse
import dataclasses
import os
import tempfile
from pathlib import Path

import numpy as np
from timing import timed

from dsc_tf.datasets.synthetic import sample_dataset
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.preprocessing.protocols import NOTEBOOK, PROTOCOLS
from dsc_tf.records.open import open_dataset

UNPADDED = dataclasses.replace(NOTEBOOK, pad_multiple=1)


def by_loops(ds):
    """A row for each day and a column for each cell and variable, filled, scaled and put back by loops.

    Values come from NumPy arrays: to index xarray value by value would take many times longer.
    """
    fields = [ds[name].values.astype(float) for name in ds.data_vars]
    days, rows, columns = fields[0].shape
    table = []
    for t in range(days):
        row = []
        for i in range(rows):
            for j in range(columns):
                for field in fields:
                    row.append(field[t, i, j])
        table.append(row)
    table = np.array(table)
    table[np.isnan(table)] = np.nanmean(table)
    for c in range(table.shape[1]):
        low, high = table[:, c].min(), table[:, c].max()
        table[:, c] = (table[:, c] - low) / (high - low) if high > low else 0.0
    X = np.zeros((days, 1, rows, columns, len(fields)), np.float32)
    for t in range(days):
        c = 0
        for i in range(rows):
            for j in range(columns):
                for v in range(len(fields)):
                    X[t, 0, i, j, v] = table[t, c]
                    c += 1
    return X


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--repeats", type=int, default=5, help="of `prepare`; the loops run once")
    arguments = parser.parse_args()
    ds = sample_dataset(days=arguments.days)
    load = os.getloadavg()[0]
    expected, loops = timed(lambda: by_loops(ds), 1)
    rows = [("loops, as the notebooks", loops, 1.0, 0.0)]
    (X, _), took = timed(lambda: prepare(ds, UNPADDED), arguments.repeats)
    rows.append(("prepare, the same steps", took, loops / took, np.abs(X - expected).max()))
    for name in PROTOCOLS:
        _, took = timed(lambda name=name: prepare(ds, name), arguments.repeats)
        rows.append((f"prepare, protocol {name}", took, loops / took, np.nan))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.nc"
        ds.reset_coords(drop=True).to_netcdf(path)
        with open_dataset(path) as lazy:
            _, took = timed(lambda: prepare(lazy, UNPADDED), arguments.repeats)
            rows.append(("prepare from netCDF", took, loops / took, np.nan))
            _, took = timed(lambda: prepare(lazy, UNPADDED, memory="1MiB", scratch=folder), arguments.repeats)
            rows.append(("prepare from netCDF into a scratch file", took, loops / took, np.nan))
    print(f"{arguments.days} x 41 x 41 x 7 values; load of the machine {load:.1f}\n")
    print("| way | milliseconds | times faster | differs by |\n|---|---|---|---|")
    for name, took, ratio, apart in rows:
        print(f"| {name} | {1e3 * took:.0f} | {ratio:.0f} | {'' if np.isnan(apart) else f'{apart:.0e}'} |")


if __name__ == "__main__":
    main()
