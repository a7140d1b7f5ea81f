"""DSC and the encoder of TS2Vec written in PyTorch, for comparison. Called by run.py."""

import json
import sys

import numpy as np
import torch
from timing import in_turns
from torch import nn

FILTERS = (64, 128, 256, 512)


class MergedUpsampling(nn.Module):
    """Doubling and a convolution of 3 x 3 as one transposed convolution, as `dsc_tf.layers.UpsampleConv2D`."""

    sums = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])

    def __init__(self, inputs, outputs):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, x):
        """Return the upsampled and convolved fields."""
        taps = torch.einsum("ap,bq,ocpq->coab", self.sums, self.sums, self.convolution.weight)
        return nn.functional.conv_transpose2d(x, taps, self.convolution.bias, stride=2, padding=1)


class Network(nn.Module):
    """The published autoencoder of fields at window 1."""

    def __init__(self, height, width, variables, *, merged):
        super().__init__()
        pooling = 2 ** len(FILTERS)
        self.padding = (0, -width % pooling, 0, -height % pooling)
        self.small = (FILTERS[-1], -(-height // pooling), -(-width // pooling))
        channels = (variables, FILTERS[0], *FILTERS)
        layers = []
        for i, (inputs, outputs) in enumerate(zip(channels[:-1], channels[1:], strict=True)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.Tanh()] + ([nn.MaxPool2d(2)] if i else [])
        flat = self.small[0] * self.small[1] * self.small[2]
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.first, self.second = nn.LSTM(flat, 512, batch_first=True), nn.LSTM(512, 512, batch_first=True)
        self.latent, self.wide = nn.Linear(512, 256), nn.Linear(256, flat)
        layers, before = [], FILTERS[-1]
        for outputs in reversed(FILTERS):
            if merged:
                layers.append(MergedUpsampling(before, outputs))
            else:
                layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, outputs, 3, padding=1)]
            layers.append(nn.Tanh())
            before = outputs
        self.decoder = nn.Sequential(*layers, nn.Conv2d(before, variables, 3, padding=1))

    def encode(self, x):
        """Return latent vectors of fields (time, variable, latitude, longitude)."""
        x = self.convolutions(nn.functional.pad(x, self.padding))[:, None]
        return torch.sigmoid(self.latent(self.second(self.first(x)[0])[0][:, -1]))

    def forward(self, x):
        """Return the reconstruction."""
        decoded = self.decoder(self.wide(self.encode(x)).reshape(-1, *self.small))
        return decoded[:, :, : x.shape[2], : x.shape[3]]


def dsc_works(X, batch, *, merged):
    """A pass of training with Adam, and encoding of every sample of `X` (time, 1, latitude, longitude, variable)."""
    torch.manual_seed(0)
    fields = torch.tensor(X[:, 0]).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    network = Network(*X.shape[2:4], X.shape[4], merged=merged).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 1e-4)

    def train():
        for at in range(0, len(fields), batch):
            part = fields[at : at + batch]
            optimizer.zero_grad()
            nn.functional.mse_loss(network(part), part).backward()
            optimizer.step()

    def encode():
        with torch.no_grad():
            for at in range(0, len(fields), 64):
                network.encode(fields[at : at + 64])

    return train, encode


class SeriesEncoder(nn.Module):
    """The encoder of TS2Vec: eleven residual blocks of two dilated convolutions, without its mask and dropout."""

    def __init__(self, variables, *, width=64, depth=10, size=320):
        super().__init__()
        self.input = nn.Linear(variables, width)
        self.blocks = nn.ModuleList()
        for i in range(depth + 1):
            features = size if i == depth else width
            layers = {
                "one": nn.Conv1d(width, features, 3, padding=2**i, dilation=2**i),
                "two": nn.Conv1d(features, features, 3, padding=2**i, dilation=2**i),
                "skip": nn.Conv1d(width, features, 1) if i == depth else nn.Identity(),
            }
            self.blocks.append(nn.ModuleDict(layers))

    def forward(self, series):
        """Return a representation (series, feature, time) of series (series, time, variable)."""
        h = self.input(series).transpose(1, 2)
        for block in self.blocks:
            u = block["one"](nn.functional.gelu(h))
            h = block["skip"](h) + block["two"](nn.functional.gelu(u))
        return h


def series_work(lengths):
    """A step of SGD for each length of series, as a callable."""
    torch.manual_seed(0)
    network = SeriesEncoder(8)
    optimizer = torch.optim.SGD(network.parameters(), 1e-6)
    X = torch.randn(8, max(lengths), 8)

    def work():
        for length in lengths:
            optimizer.zero_grad()
            network(X[:, :length]).square().mean().backward()
            optimizer.step()

    return work


def main(what, days, repeats):
    """Print least CPU and wall seconds of each work as JSON."""
    if what == "series":
        works = {"PyTorch, `Conv1d`": series_work((201, 161))}
        print(json.dumps(in_turns(works, repeats)))
        return
    X = np.random.default_rng(0).random((days, 1, 41, 41, 7), dtype=np.float32)
    pairs = {
        "PyTorch, plain, float32, batch 16": dsc_works(X, 16, merged=False),
        "PyTorch, transposed convolutions, float32, batch 16": dsc_works(X, 16, merged=True),
    }
    times = [in_turns({name: pair[i] for name, pair in pairs.items()}, repeats) for i in range(2)]
    print(json.dumps({name: [one[name] for one in times] for name in pairs}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
