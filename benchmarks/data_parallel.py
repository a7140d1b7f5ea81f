"""Data-parallel training of DSC's autoencoder by several processes on the JAX backend, next to one process.

python benchmarks/data_parallel.py --processes 2

Every process holds the whole network and its own part of each batch; gradients are averaged over the processes by
`keras.distribution.DataParallel`. The losses are those of one process with the whole batches, up to rounding. On one
machine the processes talk over the loopback device; on several, give the address of the first as --address and start
`--rank 0`, `--rank 1`, ... by hand.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np


def train(options):
    """Losses of each epoch, and CPU and wall seconds of an epoch after the one that compiles."""
    import keras

    if options.processes > 1:  # before anything else of Keras
        keras.distribution.initialize(options.address, options.processes, options.rank)
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    keras.utils.set_random_seed(0)
    from dsc_tf.models import dsc_autoencoder

    shape = (1, options.grid, options.grid, 2)
    X = np.random.default_rng(0).random((options.days, *shape), dtype=np.float32)
    batches = X.reshape(-1, options.batch, *shape)
    # Each process reads its own part of each batch.
    mine = np.split(batches, options.processes, axis=1)[options.rank].reshape(-1, *shape)
    model = dsc_autoencoder(shape, filters=(8, 16), units=16, latent_size=8)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    fit = {"batch_size": options.batch // options.processes, "shuffle": False, "verbose": 0}
    losses = model.fit(mine, mine, epochs=1, **fit).history["loss"]
    began = time.process_time(), time.perf_counter()
    losses += model.fit(mine, mine, epochs=options.epochs, **fit).history["loss"]
    cpu, wall = (
        now - then for now, then in zip((time.process_time(), time.perf_counter()), began, strict=True)
    )
    return {"losses": losses, "cpu": cpu / options.epochs, "wall": wall / options.epochs}


def launch(options, processes):
    """Results of `processes` new processes, in the order of their ranks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    call = [sys.executable, __file__, "--address", address, "--processes", str(processes)]
    for name in ("days", "grid", "batch", "epochs"):
        call += [f"--{name}", str(getattr(options, name))]
    children = [
        subprocess.Popen([*call, "--rank", str(rank)], stdout=subprocess.PIPE) for rank in range(processes)
    ]
    try:
        answers = [child.communicate(timeout=options.timeout)[0] for child in children]
    finally:
        for child in children:
            child.kill()
    if any(child.returncode for child in children):
        sys.exit(f"a process of {processes} failed")
    return [json.loads(answer.splitlines()[-1]) for answer in answers]


def main():
    """Print a table, or in a child process its result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--days", type=int, default=64)
    parser.add_argument("--grid", type=int, default=16)
    parser.add_argument("--batch", type=int, default=16, help="samples of a step, of all processes together")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=300, help="seconds after which processes are ended")
    parser.add_argument("--address", help="host:port of the process of rank 0")
    parser.add_argument("--rank", type=int)
    options = parser.parse_args()
    if options.rank is not None:
        print(json.dumps(train(options)))
        return
    print(
        "| processes | CPU s an epoch, each | wall s | last loss | largest difference |\n|---|---|---|---|---|"
    )
    first = None
    for count in sorted({1, options.processes}):
        found = launch(options, count)
        losses = np.array([one["losses"] for one in found])
        first = losses[0] if first is None else first
        cpu = ", ".join(f"{one['cpu']:.2f}" for one in found)
        wall = max(one["wall"] for one in found)
        print(
            f"| {count} | {cpu} | {wall:.2f} | {losses[0, -1]:.6f} | {np.abs(losses - first).max():.1e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
