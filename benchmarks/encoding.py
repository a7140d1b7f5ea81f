"""The causal protocol's encoding: windows of 201 steps for every step, and what `encode_causal` shares and skips.

python benchmarks/encoding.py --steps 2000
"""

import argparse
import time

import numpy as np

from dsc_tf.models.ts2vec import series_encoder
from dsc_tf.representations.inference import encode_causal, encode_sliding

CONTEXT = 200


def main():
    """Print seconds, ratios and differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000, help="length of the series")
    parser.add_argument("--variables", type=int, default=8)
    arguments = parser.parse_args()
    encoder = series_encoder(arguments.variables, width=64, depth=10, size=320, mask="binomial", seed=0)
    X = np.random.default_rng(0).normal(size=(1, arguments.steps, arguments.variables)).astype(np.float32)
    ways = {
        "windows, 64 at a time": lambda: encode_sliding(encoder, X, 1, CONTEXT, 0, 64),
        "windows, 256 at a time": lambda: encode_sliding(encoder, X, 1, CONTEXT, 0, 256),
        "encode_causal": lambda: encode_causal(encoder, X, CONTEXT),
    }
    found, seconds = {}, {}
    for name, way in ways.items():
        way()  # traced once
        began = time.perf_counter()
        found[name] = way()
        seconds[name] = time.perf_counter() - began
    first = next(iter(ways))
    for name in ways:
        apart = np.abs(found[name] - found[first]).max() / np.abs(found[first]).max()
        print(
            f"{name:24s} {seconds[name]:7.2f} s  {seconds[first] / seconds[name]:5.1f} x  differs by {apart:.1e}"
        )


if __name__ == "__main__":
    main()
