"""Fields of samples in a scratch file, read when they are indexed."""


class StoredFields:
    """Fields of the labelled step of samples, prepared for an encoder when they are read.

    Parameters
    ----------
    samples : Samples of shape (time, window, latitude, longitude, variable)
        Samples in a scratch file.
    prepare : callable
        Takes fields (time, latitude, longitude, variable) and returns them at the size of the encoder.

    Examples
    --------
    >>> import numpy as np
    >>> from dsc_tf.preprocessing.as_samples import as_samples
    >>> fields = StoredFields(as_samples(np.arange(6.0).reshape(3, 1, 2, 1)), lambda values: 10 * values)
    >>> fields.shape, fields.select(slice(1, 3))[:1].ravel().tolist()
    ((3, 1, 2, 1), [20.0, 30.0])
    """

    def __init__(self, samples, prepare):
        self.samples, self.prepare = samples, prepare
        self.shape = (len(samples), *self[:1].shape[1:])

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, at):
        """Read a slice of time, shape (time, latitude, longitude, variable)."""
        return self.prepare(self.samples.read(at)[:, -1])

    def select(self, at):
        """Select a slice of time without reading it."""
        return StoredFields(self.samples[at], self.prepare)


def select_fields(fields, at):
    """Select a slice of time: a view of an array or of `StoredFields`."""
    return fields.select(at) if isinstance(fields, StoredFields) else fields[at]
