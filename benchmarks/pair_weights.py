"""Weights of pairs by the semivariogram: none, false negatives, hard negatives, both, the authors' penalty.

    python benchmarks/pair_weights.py --data eraint_europe_2000-2010_daily.nc --seeds 5 --output pair_weights.json

The same encoder, seeds and batches for all; vectors of length 1 and temperature 0.1. The probes are those of
`python -m dsc_tf.probe field order`: blocks of time of 60, 20 and 20 %, penalties chosen on the second, figures of the
third. Differences from "none" are taken between equal seeds. Each run is stored as it ends and is not repeated.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

UNIT = {"normalise": True, "temperature": 0.1}
VARIANTS = {
    "none": {},
    "false negatives": {"pair_weights": "abstract", "beta": 0.0},
    "hard negatives": {"pair_weights": "hard"},
    "both": {"pair_weights": "abstract"},
    "the authors' penalty": {"pair_weights": "paper"},
}
MEASURES = ("all +1", "all +7", "distance", "next_regime")


def measure(record, variant, seed, settings):
    """Probes of one fitted encoder, without and with the range of its semivariogram."""
    from dsc_tf.downstream.tasks import probe_fields, probe_order
    from dsc_tf.representations import ContrastiveLossConfig, SpaceTimeTS2Vec

    contrast = ContrastiveLossConfig(**UNIT, **VARIANTS[variant])
    model = SpaceTimeTS2Vec(contrast=contrast, random_state=seed, **settings)
    features = model.fit(record.samples[record.split.train]).transform(record.samples)
    found = probe_fields(record, features, seed) | probe_order(record, features, seed)
    return found | ({"range": float(model.semivariogram_.range)} if VARIANTS[variant] else {})


def table(results):
    """Mean and standard deviation, and the mean difference from "none" with its paired standard error, as Markdown."""
    lines = [f"| weights | {' | '.join(MEASURES)} |", "|---" * (1 + len(MEASURES)) + "|"]
    for variant in VARIANTS:
        runs = {r["seed"]: r for r in results if r["variant"] == variant}
        plain = {r["seed"]: r for r in results if r["variant"] == "none"}
        seeds = sorted(runs.keys() & plain.keys())
        if not seeds:
            continue
        cells = []
        for name in MEASURES:
            values = np.array([runs[s][name] for s in seeds])
            cell = f"{values.mean():.4f} ± {values.std(ddof=1) if len(seeds) > 1 else 0:.4f}"
            if variant != "none" and len(seeds) > 1:
                difference = values - [plain[s][name] for s in seeds]
                cell += f" ({difference.mean():+.4f} ± {difference.std(ddof=1) / len(seeds) ** 0.5:.4f})"
            cells.append(cell)
        lines.append(f"| {variant}, {len(seeds)} seeds | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    """Run what is not stored yet and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--window", type=int, default=30)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument(
        "--grid", type=int, help="rows and columns of the encoder's fields, default: of the record"
    )
    parser.add_argument("--filters", type=int, default=8)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument(
        "--linear", type=float, default=0.5, help="share of the features that are not trained"
    )
    parser.add_argument("--output", type=Path, default=Path("pair_weights.json"))
    options = parser.parse_args()

    import dsc_tf
    from dsc_tf.downstream.encoders import open_record

    record = open_record(dsc_tf.open_dataset(options.data))
    names = ("size", "window", "steps", "grid", "filters", "depth", "linear")
    settings = {name: getattr(options, name) for name in names}
    results = json.loads(options.output.read_text()) if options.output.exists() else []
    done = {(r["variant"], r["seed"]) for r in results}
    for seed in range(options.seeds):
        for variant in VARIANTS:
            if (variant, seed) in done:
                continue
            began = time.process_time()
            found = measure(record, variant, seed, settings)
            results.append({"variant": variant, "seed": seed} | found | {"cpu": time.process_time() - began})
            options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
