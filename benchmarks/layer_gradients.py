"""Gradients of single layers of DSC, as TensorFlow computes them and as matrix products. A few minutes at most.

python benchmarks/layer_gradients.py

Batches of 16 fields of 48 x 48 cells, float32; CPU milliseconds, the least of four.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

BATCH = 16
REPEATS = 4


def least(work):
    """Least CPU milliseconds of a function as a graph, after one call that compiles."""
    graph = tf.function(work, autograph=False)
    graph()
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        graph()
        times.append(1e3 * (time.process_time() - began))
    return min(times)


def normal(*shape):
    """Random numbers."""
    return tf.constant(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))


def of_few_filters(inputs=64, outputs=7, side=48):
    """Filter gradient of a convolution of 3 x 3 to few channels: the shifted gradients times the input."""
    x, dy = normal(BATCH, side, side, inputs), normal(BATCH, side, side, outputs)

    def plain():
        return tf.raw_ops.Conv2DBackpropFilter(
            input=x, filter_sizes=[3, 3, inputs, outputs], out_backprop=dy, strides=[1] * 4, padding="SAME"
        )

    def product():
        padded = tf.pad(dy, [[0, 0], [1, 1], [1, 1], [0, 0]])
        shifted = [padded[:, 2 - i : 2 - i + side, 2 - j : 2 - j + side] for i in range(3) for j in range(3)]
        columns = tf.reshape(tf.concat(shifted, axis=-1), [-1, 9 * outputs])
        found = tf.matmul(tf.reshape(x, [-1, inputs]), columns, transpose_a=True)
        return tf.transpose(tf.reshape(found, [inputs, 3, 3, outputs]), [1, 2, 0, 3])

    return plain, product


def of_transposed(inputs, outputs, side):
    """Filter gradient of a transposed convolution of 4 x 4 with stride 2, by space-to-depth and one product."""
    x, dy = normal(BATCH, side, side, inputs), normal(BATCH, 2 * side, 2 * side, outputs)

    def plain():
        return tf.raw_ops.Conv2DBackpropFilter(
            input=dy,
            filter_sizes=[4, 4, outputs, inputs],
            out_backprop=x,
            strides=[1, 2, 2, 1],
            padding="SAME",
        )

    def product():
        folded = tf.nn.space_to_depth(tf.pad(dy, [[0, 0], [1, 1], [1, 1], [0, 0]]), 2)
        shifted = [folded[:, i : i + side, j : j + side] for i in range(2) for j in range(2)]
        columns = tf.reshape(tf.concat(shifted, axis=-1), [-1, 16 * outputs])
        found = tf.matmul(columns, tf.reshape(x, [-1, inputs]), transpose_a=True)
        found = tf.transpose(tf.reshape(found, [2, 2, 2, 2, outputs, inputs]), [0, 2, 1, 3, 4, 5])
        return tf.reshape(found, [4, 4, outputs, inputs])

    return plain, product


def of_lstm(features=4608, units=512):
    """Both LSTM layers at window 1, forward and gradient, with and without the product with the zero state."""
    x = normal(BATCH, 1, features)
    first, second = (keras.layers.LSTM(units, return_sequences=True, unroll=True) for _ in range(2))
    second(first(x))
    weights = [*first.trainable_variables, *second.trainable_variables]

    def gradient(forward, of):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(forward() ** 2)
        return tape.gradient(value, [one.value for one in of])

    def cell(layer, inputs):
        gates = tf.matmul(inputs, layer.cell.kernel) + layer.cell.bias
        enter, _, candidate, leave = tf.split(gates, 4, -1)
        return tf.sigmoid(leave) * tf.tanh(tf.sigmoid(enter) * tf.tanh(candidate))

    used = [one for one in weights if "recurrent" not in one.path]
    return (
        lambda: gradient(lambda: second(first(x)), weights),
        lambda: gradient(lambda: cell(second, cell(first, x[:, 0])), used),
    )


def main():
    """Print a table."""
    works = {
        "filter gradient of the last convolution, 64 to 7 channels, 48 x 48": of_few_filters(),
        "filter gradient of the upsampling to 64 channels, 24 x 24": of_transposed(128, 64, 24),
        "filter gradient of the upsampling to 128 channels, 12 x 12": of_transposed(256, 128, 12),
        "two LSTM layers at window 1, forward and gradient": of_lstm(),
    }
    print("| work | TensorFlow, CPU ms | as products, CPU ms |\n|---|---|---|")
    for name, (plain, product) in works.items():
        print(f"| {name} | {least(plain):.0f} | {least(product):.0f} |", flush=True)
    print(f"\nload of the machine at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
