"""CPU milliseconds a day to train and to encode by DSC, with oneDNN and without it. About two CPU minutes.

python benchmarks/onednn.py

TensorFlow reads the choice when it is imported, so each side runs in processes of its own, which take turns.
"""

import json
import os
import subprocess
import sys

SIDES = {"without oneDNN": "0", "with oneDNN": "1"}
DAYS = 32
BATCH = 16
TURNS = 2


def in_own_process(value, repeats=2):
    """Least CPU and wall seconds of training and encoding `DAYS` days, by a process with or without oneDNN.

    Parameters
    ----------
    value : {"0", "1"}
        Value of the environment variable `TF_ENABLE_ONEDNN_OPTS`.
    repeats : int, default=2
        Turns that count.
    """
    environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": value, "TF_CPP_MIN_LOG_LEVEL": "3"}
    call = [sys.executable, __file__, str(repeats)]
    done = subprocess.run(call, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def measure(repeats):
    """Print the seconds of training and of encoding as JSON."""
    import numpy as np
    from timing import in_turns
    from training import FIELD, works_of

    from dsc_tf.models import dsc_autoencoder
    from dsc_tf.preprocessing.as_samples import as_samples
    from dsc_tf.training.optimizers import Adam

    X = as_samples(np.random.default_rng(0).random((DAYS, 1, *FIELD), dtype=np.float32))
    works = works_of(dsc_autoencoder(X.shape[1:]), Adam(1e-4), X, BATCH)
    print(json.dumps([in_turns({"": work}, repeats)[""] for work in works]))


def main():
    """Print a table."""
    found = {name: [] for name in SIDES}
    for _ in range(TURNS):
        for name, value in SIDES.items():
            found[name].append(in_own_process(value))
    print("| | training, CPU ms a day | wall | encoding, CPU ms a day | wall |\n|---|---|---|---|---|")
    for name, turns in found.items():
        least = [min(turn[i][j] for turn in turns) for i in range(2) for j in range(2)]
        print(f"| {name} | {' | '.join(f'{1e3 * seconds / DAYS:.1f}' for seconds in least)} |")
    print(f"\nload of the machine at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]))
    else:
        main()
