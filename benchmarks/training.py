"""Milliseconds a sample to train and to encode by DSC, beside the notebook's network, in one run.

python benchmarks/training.py             # days
python benchmarks/training.py --window 7  # windows of a week, whose fields we encode once each
"""

import argparse

import keras
import numpy as np
from keras import layers
from timing import timed

from dsc_tf.models import deduplicating_encoder, dsc_autoencoder, joint_clustering_model
from dsc_tf.models.dsc import FILTERS
from dsc_tf.preprocessing.samples import Samples
from dsc_tf.training.batches import UniqueFieldBatches, encode
from dsc_tf.training.optimizers import Adam

FIELD = (41, 41, 7)  # latitude, longitude, variable
CLUSTERS = 7
POOLING = 2 ** len(FILTERS)
LOSSES = {"clustering": "kld", "reconstruction": "mse"}
WAYS = (
    ("float32", 8),
    ("float32", 16),
    ("mixed_bfloat16", 8),
    ("mixed_bfloat16", 16),
    ("mixed_bfloat16", 32),
)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=192, help="length of the record")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument("--window", type=int, default=1, help="days of a sample")
    arguments = parser.parse_args()
    window = arguments.window
    fields = np.random.default_rng(0).random((arguments.days + window - 1, *FIELD), dtype=np.float32)
    ends = np.arange(window - 1, len(fields))
    X = Samples(fields.reshape(len(fields), -1), fields.shape[1:], ends=ends, window=window)
    works = {
        "as the notebook, float32, 8": works_of(
            notebook_autoencoder(X.shape[1:]), keras.optimizers.SGD(1e-7, momentum=0.9), X, 8, 32
        )
    }
    for policy, batch in WAYS:
        name = f"ours, {policy.removeprefix('mixed_')}, {batch}"
        works[name] = works_of(dsc_autoencoder(X.shape[1:], policy=policy), Adam(1e-4), X, batch)
    least = measured(works, arguments.repeats)
    first = next(iter(least.values()))
    print(
        "| network, precision, batch | training, ms a sample | ratio | encoding, ms a sample | ratio | first call, s |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (traced, train, encoding) in least.items():
        each = [1e3 * taken / len(X) for taken in (train, encoding)]
        ratios = [then / now for then, now in zip(first[1:], (train, encoding), strict=True)]
        print(
            f"| {name} | {each[0]:.1f} | {ratios[0]:.1f} | {each[1]:.2f} | {ratios[1]:.1f} | {traced:.1f} |"
        )


def works_of(autoencoder, optimizer, X, batch, encoding_batch=64):
    """An epoch of joint training, and encoding of every sample."""
    model = joint_clustering_model(autoencoder, CLUSTERS)
    weights = {"clustering": 0.01, "reconstruction": 1.0}
    model.compile(optimizer, loss=LOSSES, loss_weights=weights)
    targets = {"clustering": np.full((len(X), CLUSTERS), 1 / CLUSTERS, np.float32), "reconstruction": X}
    encoder = autoencoder.get_layer("encoder")
    shared = deduplicating_encoder(encoder)
    return (
        lambda: model.fit(X, targets, batch_size=batch, verbose=0),
        lambda: (
            encode(shared, X, batch_size=encoding_batch, kind=UniqueFieldBatches)
            if shared
            else encoder.predict(X, batch_size=encoding_batch, verbose=0)
        ),
    )


def measured(works, repeats):
    """Seconds of each work's first call, and the least of its later ones; works take turns."""
    first = {name: [timed(work, 1)[1] for work in pair] for name, pair in works.items()}
    rounds = [
        {name: [timed(work, 1)[1] for work in pair] for name, pair in works.items()} for _ in range(repeats)
    ]
    return {
        name: (first[name][0], *(min(turn[name][i] for turn in rounds) for i in range(2))) for name in works
    }


def notebook_autoencoder(shape):
    """The published network as its notebook writes it: TimeDistributed, plain upsampling, dropout in the LSTMs."""
    window, height, width, variables = shape
    inputs = keras.Input(shape)
    each = layers.TimeDistributed
    x = each(layers.ZeroPadding2D(((0, -height % POOLING), (0, -width % POOLING))))(inputs)
    x = each(conv(FILTERS[0]))(x)
    for filters in FILTERS:
        x = each(layers.MaxPooling2D())(each(conv(filters))(x))
    small = x.shape[2:]
    x = each(layers.Flatten())(x)
    recurrent = {"dropout": 0.1, "recurrent_dropout": 0.1}
    x = layers.LSTM(512, return_sequences=True, **recurrent)(x)
    x = layers.LSTM(512, **recurrent)(x)
    encoder = keras.Model(inputs, layers.Dense(256, activation="sigmoid")(x), name="encoder")
    latent = keras.Input((256,))
    x = layers.Reshape((window, *small))(layers.Dense(window * int(np.prod(small)))(latent))
    for filters in reversed(FILTERS):
        x = each(conv(filters))(each(layers.UpSampling2D())(x))
    x = each(layers.Conv2D(variables, 3, padding="same", activation="tanh"))(x)
    x = each(layers.Cropping2D(((0, -height % POOLING), (0, -width % POOLING))))(x)
    decoder = keras.Model(latent, x, name="decoder")
    return keras.Model(inputs, decoder(encoder(inputs)), name="autoencoder")


def conv(filters):
    """A convolution of 3 x 3."""
    return layers.Conv2D(filters, 3, padding="same", activation="tanh")


if __name__ == "__main__":
    main()
