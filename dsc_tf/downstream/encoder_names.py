"""Names of the encoders that are compared, importable without any of them."""

PLAIN = ("raw", "pca")  # no network, no seed
LEARNED = ("untrained", "ts2vec", "dep_ts2vec", "variogram", "variogram_hard", "simclr", "masked")
