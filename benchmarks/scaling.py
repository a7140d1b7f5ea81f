"""How time grows with the length of the record: preparation, an epoch of DSC, encoding, measures.

python benchmarks/scaling.py --days 60 --grid 41
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
from planted import write_planted
from timing import timed

from dsc_tf.evaluation import MEASURES, cluster_statistics
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.preprocessing.samples import true_labels
from dsc_tf.records.open import open_dataset

TIMES = (1, 4, 16)
PAIRS = ("silhouette_euclidean", "nearest_pair_distance", "nearest_pair_row_minimum", "nearest_pair_row_mean")
DRAWN = 256  # points that stand for all in the last row, as 16384 do by default


def stages(path, folder, network):
    """Seconds of every stage on one record."""
    from dsc_tf.training import Batches, encode

    autoencoder, encoder = network
    with open_dataset(path) as ds:
        (X, _), in_memory = timed(lambda: prepare(ds, "anomaly", memory="100GB"))
        (on_disk, _), spooled = timed(lambda: prepare(ds, "anomaly", memory="1MiB", scratch=folder))
        labels = true_labels(ds, X)
    batches = Batches(on_disk, lambda at, x: x, batch_size=32, seed=0)
    _, epoch = timed(lambda: autoencoder.fit(batches, verbose=0), 1)
    _, encoding = timed(lambda: encode(encoder, on_disk))
    features = X.last_step()

    def measures(chosen, most=10**9):
        statistics = cluster_statistics(features, labels, max_paired=most)
        return [
            measure.function(statistics) for name, measure in MEASURES.items() if (name in PAIRS) == chosen
        ]

    result = {
        "preparation in memory": in_memory,
        "preparation into a scratch file": spooled,
        "an epoch of DSC's autoencoder": epoch,
        "encoding": encoding,
        "measures of points": timed(lambda: measures(False))[1],
        "measures of all pairs": timed(lambda: measures(True))[1],
        f"measures of pairs of {DRAWN} drawn points": timed(lambda: measures(True, DRAWN))[1],
    }
    on_disk.close()
    return result


def warm(grid):
    """DSC's autoencoder and encoder, traced for whole and partial batches."""
    from dsc_tf.models import dsc_autoencoder
    from dsc_tf.training import Batches, encode

    autoencoder = dsc_autoencoder((1, grid, grid, 7))
    autoencoder.compile("adam", "mse")
    few = np.zeros((70, 1, grid, grid, 7), np.float32)
    autoencoder.fit(Batches(few, lambda at, x: x, batch_size=32), verbose=0)
    encoder = autoencoder.get_layer("encoder")
    encode(encoder, few)
    return autoencoder, encoder


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=100, help="of the shortest record")
    parser.add_argument("--grid", type=int, default=16, help="points along each side")
    parser.add_argument(
        "--folder", default=None, help="where records and scratch files go, and are removed from"
    )
    options = parser.parse_args()
    network, found = warm(options.grid), []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for times in (1, *TIMES):  # the first is not counted: whatever is loaded on first use
            path = Path(folder) / f"{times}.nc"
            write_planted(path, times * options.days, options.grid)
            found.append(stages(path, folder, network))
    del found[0]
    days = [times * options.days for times in TIMES]
    print(f"grid {options.grid} x {options.grid} x 7; load of the machine {os.getloadavg()[0]:.1f}\n")
    print(f"| seconds, by days | {' | '.join(map(str, days))} | exponent |\n|{'---|' * (len(days) + 2)}")
    for stage in found[0]:
        seconds = [one[stage] for one in found]
        exponent = np.polyfit(np.log(days), np.log(seconds), 1)[0]
        print(f"| {stage} | {' | '.join(f'{s:.3f}' for s in seconds)} | {exponent:.2f} |")


if __name__ == "__main__":
    main()
