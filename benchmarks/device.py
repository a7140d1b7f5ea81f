"""What a GPU, or any device, makes of the networks: days a second, share of its peak, memory. A few minutes.

python benchmarks/device.py
KERAS_BACKEND=jax python benchmarks/device.py --days 2048 --batch 32 128 512
"""

import argparse
import resource
import sys
import time
from itertools import product

import keras
import numpy as np
from keras import ops
from timing import timed

from dsc_tf.layers import ConvLSTM, UpsampleConv2D
from dsc_tf.models import dsc_autoencoder
from dsc_tf.representations import SpaceTimeTS2Vec
from dsc_tf.training.optimizers import Adam

SHAPE = (1, 41, 41, 7)
POLICIES = ("float32", "mixed_bfloat16")


def operations(network):
    """Floating-point operations of a forward pass for one sample: products of kernels, counted twice."""
    return sum(operations(one) if isinstance(one, keras.Model) else _of_layer(one) for one in network.layers)


def _of_layer(layer):
    if isinstance(layer, keras.layers.LSTM):
        kernels = layer.cell.kernel, layer.cell.recurrent_kernel
        return 2 * layer.input.shape[1] * sum(np.prod(one.shape) for one in kernels)
    if isinstance(layer, ConvLSTM):
        _, steps, *grid, _ = layer.input.shape
        kernels = layer.kernel, layer.recurrent_kernel
        return 2 * steps * np.prod(grid) * sum(np.prod(one.shape) for one in kernels)
    if isinstance(layer, UpsampleConv2D):  # 4 taps for each cell of the doubled grid
        return 2 * 4 * np.prod(layer.kernel.shape[2:]) * np.prod(layer.output.shape[1:3])
    if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
        return 2 * np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:-1])
    return 0


def best_seconds(work):
    """Least seconds of a call, after one that compiles."""
    work()
    return timed(work)[1]


def peak_rate(dtype, size):
    """Operations a second of a large matrix product."""
    a = ops.cast(keras.random.normal((size, size), seed=0), dtype)
    repeats = 8

    def work():
        b = a
        for _ in range(repeats):
            b = ops.matmul(a, b) / size
        return ops.convert_to_numpy(ops.sum(ops.cast(b, "float32")))

    return repeats * 2 * size**3 / best_seconds(work)


def peak_memory():
    """Most bytes in use: of the GPU, or of the process where there is none."""
    if keras.backend.backend() == "jax":
        import jax

        found = jax.devices()[0].memory_stats() or {}
        if "peak_bytes_in_use" in found:
            return found["peak_bytes_in_use"]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def of_dsc(cell, policy, batch, days):
    """Days a second and operations for a day, in training and in encoding."""
    X = np.random.default_rng(0).random((days, *SHAPE), dtype=np.float32)
    model = dsc_autoencoder(SHAPE, cell=cell, policy=policy)
    model.compile(Adam(1e-4), loss="mse")
    encoder = model.get_layer("encoder")
    training = best_seconds(lambda: model.fit(X, X, batch_size=batch, verbose=0))
    encoding = best_seconds(lambda: encoder.predict(X, batch_size=batch, verbose=0))
    return (days / training, 3 * operations(model)), (days / encoding, operations(encoder))


class Clock(keras.callbacks.Callback):
    """When each epoch ended."""

    def on_train_begin(self, logs=None):
        self.ends = []

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(time.perf_counter())


def of_ts2vec(steps):
    """Steps a second of space-time TS2Vec, the first epoch left out: it compiles."""
    clock = Clock()
    X = np.random.default_rng(0).normal(size=(256, *SHAPE[1:])).astype(np.float32)
    SpaceTimeTS2Vec(grid=None, window=30, steps=steps, random_state=0, callbacks=(clock,)).fit(X)
    return steps * (1 - 1 / len(clock.ends)) / (clock.ends[-1] - clock.ends[0])


def main():
    """Print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=512)
    parser.add_argument("--batch", type=int, nargs="+", default=[16, 64, 256])
    parser.add_argument(
        "--size", type=int, default=4096, help="of the matrix product that stands for the peak"
    )
    parser.add_argument("--steps", type=int, default=100, help="of space-time TS2Vec")
    options = parser.parse_args()
    peaks = {policy: peak_rate(policy.removeprefix("mixed_"), options.size) for policy in POLICIES}
    print(f"Keras {keras.__version__} on {keras.backend.backend()}")
    for policy, rate in peaks.items():
        print(f"matrix product of {options.size}, {policy.removeprefix('mixed_')}: {rate / 1e12:.2f} TFLOP/s")
    print("\n| DSC | precision | batch | training, days/s | share | encoding, days/s | share | memory, GB |")
    print(f"|{'---|' * 8}")
    for cell, policy, batch in product(("lstm", "convlstm"), POLICIES, options.batch):
        rates = of_dsc(cell, policy, batch, options.days)
        cells = [f"{days:.0f} | {100 * days * each / peaks[policy]:.0f} %" for days, each in rates]
        name = f"{cell} | {policy.removeprefix('mixed_')} | {batch}"
        print(f"| {name} | {' | '.join(cells)} | {peak_memory() / 1e9:.1f} |", flush=True)
    rate = of_ts2vec(options.steps)
    print(f"\nspace-time TS2Vec, 8 windows of 30 days: {rate:.1f} steps/s, {peak_memory() / 1e9:.1f} GB")


if __name__ == "__main__":
    main()
