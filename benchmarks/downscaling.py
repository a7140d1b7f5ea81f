"""Downscaling of four pairs of records: scores of the test days, and processor time.

    python benchmarks/downscaling.py --data ../shared/data --pair t850
    python benchmarks/downscaling.py --data ../shared/data --pair pr --method unet --seeds 0 1 2
    python benchmarks/downscaling.py --pair tas --method unet --winters 1 2 4 --encoder none next_day pretrained
    python benchmarks/downscaling.py --pair t850 --method diffusion --recipe published_small --since 2007-01-01

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
from dsc_tf.downscaling.encoders import FILE, NextDayEncoder
from dsc_tf.downscaling.pairs import as_datasets
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


def few_winters(fine, split, winters):
    """The fine record without all but the last `winters` winters before the validation days.

    A winter is named by the year of its January.
    """
    first, test = (np.datetime64(one) for one in split)
    winter = fine["time"].dt.year + (fine["time"].dt.month > 6)
    training = fine["time"] < first
    kept = np.unique(winter[training])[-winters:]
    return fine.isel(time=np.flatnonzero(~training | winter.isin(kept)))


def pretrained(coarse, fine, split, folder):
    """Encoder of `dsc_tf.pretrain`, learned from the coarse training days, in a folder."""
    from dsc_tf.commands import pretrain
    from dsc_tf.representations.encoded_days import PretrainedEncoder

    path, output = folder / "coarse.nc", folder / "pretrained"
    if not output.exists():
        record = coarse[-1] if isinstance(coarse, list) else coarse
        record.isel(time=np.flatnonzero(record["time"] < np.datetime64(split[0]))).to_netcdf(path)
        options = "--grid 0 --size 64 --steps 100 --window 30 --quiet --seed 0"
        if pretrain.main(["--data", str(path), "--output", str(output), *options.split()]):
            raise SystemExit(1)
    return PretrainedEncoder(output)


class NextDay:
    """Encoder that learned the next day of the whole coarse record but the validation and test days.

    It has the normalisation of all coarse training days, also of those without fine fields, and is learned once for
    all numbers of winters.
    """

    def __init__(self, coarse, fine, split, folder):
        self.reference = Downscaler(split=split).fit(coarse, fine)
        self.network = NextDayEncoder(self.reference.interpolations_)
        if (folder / FILE).exists():
            self.network.load(folder)
        else:
            self.network.fit(*self.reference._all_days(as_datasets(coarse)), seed=0)
            self.network.save(folder)

    def transform(self, datasets):
        """Deepest maps of each day, shape (time, row, column, feature)."""
        return self.network(self.reference._read(datasets)[1])


ENCODERS = {"none": lambda *_: None, "next_day": NextDay, "pretrained": pretrained}


def transfer(arguments):
    """Scores by number of fine winters and encoder, and changes by an encoder, with standard errors over seeds.

    Every result is appended to `--output`, and those that the file has already are not repeated. The encoders are
    learned once, with seed 0, and kept in `--encoders`.
    """
    lines = (
        arguments.output.read_text().splitlines() if arguments.output and arguments.output.exists() else []
    )
    rows = [json.loads(line) for line in lines]
    finished = {tuple(row[k] for k in ("pair", "winters", "encoder", "seed")) for row in rows}
    for pair in arguments.pair:
        coarse, fine, split = PAIRS[pair](arguments.data, pair)
        fine = fine.isel(
            latitude=slice(None, None, arguments.thin), longitude=slice(None, None, arguments.thin)
        )
        began, folder = time.process_time(), arguments.encoders / f"{pair}-{arguments.thin}"
        folder.mkdir(parents=True, exist_ok=True)
        encoders = {name: ENCODERS[name](coarse, fine, split, folder) for name in arguments.encoder}
        print(f"encoders of {pair}: {time.process_time() - began:.0f} CPU s", flush=True)
        for winters in arguments.winters:
            few = few_winters(fine, split, winters)
            share_networks()
            for cell in [(pair, winters, e, seed) for e in arguments.encoder for seed in arguments.seeds]:
                if cell in finished:
                    continue
                rows.append(transfer_cell(cell, encoders[cell[2]], coarse, few, split, arguments))
                print(rows[-1], flush=True)
                if arguments.output:
                    with open(arguments.output, "a") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
    transfer_tables(rows)


def share_networks():
    """Let fits of equal input shapes share one compiled U-Net, because tracing takes longer than learning here.

    Each fit gets the weights of a new network, and a reset optimiser.
    """
    from dsc_tf.models import unet as module

    original = getattr(module, "original", module.unet)
    networks = {}

    def unet(shape, **options):
        new = original(shape, **options)
        shared = networks.setdefault((shape, *options.items()), new)
        if shared is new:
            compile = new.compile
            new.compile = lambda optimizer, loss: compile_once(new, compile, optimizer, loss)
        else:
            shared.set_weights(new.get_weights())
        return shared

    def compile_once(network, compile, optimizer, loss):
        if not network.compiled:
            compile(optimizer, loss)
        for variable in network.optimizer.variables:
            variable.assign(np.zeros(variable.shape))

    module.original, module.unet = original, unet


def transfer_cell(cell, encoder, coarse, few, split, arguments):
    """Scores of one number of winters, encoder and seed."""
    pair, winters, name, seed = cell
    began = time.process_time()
    fitted = Downscaler(arguments.method, encoder=encoder, split=split, random_state=seed).fit(coarse, few)
    scores = score_downscaler(fitted, coarse, few, members=arguments.members)[pair]
    shown = {f"{s} {m}": scores[m][s] for m in ("mean", "drawn") for s in ("rmse", "crps")}
    key = {"pair": pair, "winters": winters, "encoder": name, "seed": seed}
    return key | shown | {"CPU s": round(time.process_time() - began, 1)}


def transfer_tables(rows):
    """Mean and standard error over seeds, and the paired change in % by an encoder."""
    shown = ("rmse mean", "crps drawn", "CPU s")
    found = {}
    for row in rows:
        found.setdefault((row["pair"], row["winters"], row["encoder"]), {})[row["seed"]] = row
    print("| pair | winters | encoder | seeds | " + " | ".join(shown[:2]) + " | change of each, % | CPU s |")
    print("|---" * 8 + "|")
    for key, by_seed in sorted(found.items()):
        cells = [mean_and_error([row[s] for row in by_seed.values()], ".4f") for s in shown[:2]]
        plain = found.get((*key[:2], "none"), {})
        both = sorted(set(by_seed) & set(plain))
        change = ""
        if key[2] != "none" and both:
            ratios = {s: [100 * (by_seed[i][s] / plain[i][s] - 1) for i in both] for s in shown[:2]}
            change = ", ".join(mean_and_error(values, "+.1f") for values in ratios.values())
        seconds = np.mean([row["CPU s"] for row in by_seed.values()])
        print("| " + " | ".join([*map(str, key), str(len(by_seed)), *cells, change, f"{seconds:.0f}"]) + " |")


def mean_and_error(values, form):
    """Mean and standard error of the mean as text."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{format(np.mean(values), form)} ({format(error, form.replace('+', ''))})"


def main():
    """Run the pairs asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pair", choices=tuple(PAIRS), nargs="+", default=tuple(PAIRS))
    parser.add_argument("--method", default="regression")
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--winters", type=int, nargs="+", help="numbers of training winters with fine fields")
    parser.add_argument("--encoder", nargs="+", default=["none"], choices=("none", "next_day", "pretrained"))
    parser.add_argument(
        "--encoders", type=Path, default=Path("runs/encoders"), help="folder that encoders are kept in"
    )
    parser.add_argument("--thin", type=int, default=1, help="with --winters, use every so manieth fine cell")
    parser.add_argument("--recipe", default="standard", help="of the method diffusion")
    parser.add_argument("--since", help="use fine fields from this date on")
    parser.add_argument("--days", type=int, help="score so many test days only")
    parser.add_argument("--output", type=Path, help="JSON file of all scores; with --winters, JSON lines")
    arguments = parser.parse_args()
    if arguments.winters:
        transfer(arguments)
        return
    everything = []
    print("| pair | method | seed | " + " | ".join(SHOWN) + " | CPU s |")
    print("|---" * (len(SHOWN) + 4) + "|")
    for pair in arguments.pair:
        coarse, fine, split = PAIRS[pair](arguments.data, pair)
        if arguments.since:
            fine = fine.sel(time=slice(arguments.since, None))
        if arguments.days:
            tests = np.flatnonzero(fine["time"] >= np.datetime64(split[1]))
            fine = fine.isel(time=slice(tests[0] + arguments.days))
        for seed in arguments.seeds:
            began = time.process_time()
            options = {"recipe": arguments.recipe, "split": split, "random_state": seed}
            fitted = Downscaler(arguments.method, **options).fit(coarse, fine)
            seconds = time.process_time() - began
            if arguments.method == "diffusion" and arguments.recipe == "standard":
                began = time.process_time()
                first = [
                    ds.isel(time=slice(361)) for ds in (coarse if isinstance(coarse, list) else [coarse])
                ]
                fitted.predict(first, arguments.members)
                print(f"361 days drawn in {time.process_time() - began:.1f} CPU s")
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
