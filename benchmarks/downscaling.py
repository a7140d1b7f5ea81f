"""Downscaling of four pairs of records: scores of the test days, and processor time.

    python benchmarks/downscaling.py --data ../shared/data --pair t850
    python benchmarks/downscaling.py --data ../shared/data --pair pr --method unet --seeds 0 1 2

The folder holds the files named in `PAIRS`. Pairs: t850, msl and z500 (ERA-Interim over Europe, 4 x 4 block means,
2000-2007, 2008 and 2009-2010), tas and pr (NCEP reanalysis and E-OBS over Iberia, winters) and t2m (ERA5 of 2024 over
Morocco, 4 x 4 block means, blocks of 12 days).
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import xarray as xr

from dsc_tf.downscaling import Downscaler, coarsen
from dsc_tf.downscaling.scores import score_downscaler
from dsc_tf.records.open import open_dataset

EUROPE = "eraint_europe_2000-2010_daily.nc"
SHOWN = ("rmse", "r2_of_anomalies", "crps", "variogram_error", "small_scale_power", "autocorrelation_error")
SHOWN += ("spread_error_ratio", "wet_days", "p99")


def europe(folder, name):
    """ERA-Interim fields and their block means."""
    return *coarsen(open_dataset(folder / EUROPE, variables=[name]), 4), ("2008-01-01", "2009-01-01")


def iberia(folder, name):
    """NCEP fields of two grids, E-OBS fields, and the first validation and test days."""
    with xr.open_dataset(folder / "ncep_iberia_djf_1982-2002.nc") as file:
        file.load()
    names = {"latitude_t62": "latitude", "longitude_t62": "longitude"}
    surface = file[["tas", "pr"] if name == "pr" else ["tas"]]
    surface = surface.drop_vars(["latitude", "longitude"], errors="ignore").rename(names)
    aloft = file[["psl", "ta850", "hus850"]].drop_vars(list(names), errors="ignore")
    years = "1998" if name == "pr" else "2002"
    fine = open_dataset(folder / f"eobs_{name}_iberia_djf_1982-{years}.nc")
    split = ("1994-12-01", "1996-12-01") if name == "pr" else ("1996-12-01", "1998-12-01")
    return [surface, aloft], fine, split


def morocco(folder, name):
    """ERA5 fields and their block means."""
    record = open_dataset(folder / "era5_cds_morocco_2024_instant.nc", variables=[name])
    return *coarsen(record, 4), None


PAIRS = {"t850": europe, "msl": europe, "z500": europe, "tas": iberia, "pr": iberia, "t2m": morocco}


def main():
    """Run the pairs asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pair", choices=tuple(PAIRS), nargs="+", default=tuple(PAIRS))
    parser.add_argument("--method", default="regression")
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--output", type=Path, help="JSON file of all scores")
    arguments = parser.parse_args()
    everything = []
    print("| pair | method | seed | " + " | ".join(SHOWN) + " | CPU s |")
    print("|---" * (len(SHOWN) + 4) + "|")
    for pair in arguments.pair:
        coarse, fine, split = PAIRS[pair](arguments.data, pair)
        for seed in arguments.seeds:
            began = time.process_time()
            fitted = Downscaler(arguments.method, split=split, random_state=seed).fit(coarse, fine)
            seconds = time.process_time() - began
            scores = score_downscaler(fitted, coarse, fine, members=arguments.members)[pair]
            for method, values in scores.items():
                cells = [np.nan if values.get(n) is None else values[n] for n in SHOWN]
                print(f"| {pair} | {method} | {seed} | " + " | ".join(f"{c:.4g}" for c in cells), end="")
                print(f" | {seconds:.1f} |", flush=True)
            everything.append({"pair": pair, "seed": seed, "method": arguments.method, "scores": scores})
    if arguments.output:
        arguments.output.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
