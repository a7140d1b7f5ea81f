"""The encoders that are compared, and what they are compared with: one name, one set of settings."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.decomposition import PCA

from ..errors import DscTfError
from ..preprocessing.gap_filling import GapFiller
from ..preprocessing.preprocessor import Preprocessor
from ..preprocessing.samples import Samples
from ..regimes.weather_types import weather_types
from .probes import Split, time_blocks
from .probes.order import regimes_of

PRESSURES = ("msl", "psl", "slp")


@dataclass(frozen=True)
class Record:
    """A record ready for probes.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it.
    samples : Samples of shape (time, 1, latitude, longitude, variable)
        Prepared with constants of the training block alone.
    prep : Preprocessor
        What prepared them.
    split : Split
        Blocks of time.
    n_clusters : int, default=7
        Number of regimes.
    """

    ds: object
    samples: Samples
    prep: Preprocessor
    split: Split
    n_clusters: int = 7

    @property
    def fields(self):
        """Prepared fields, shape (time, latitude, longitude, variable)."""
        return self.samples[:, 0]

    @property
    def flat(self):
        """Fields as rows."""
        return self.fields.reshape(len(self.fields), -1)

    @cached_property
    def regimes(self):
        """K-means labels of the raw fields, shape (time,)."""
        return regimes_of(self.flat, self.split, self.n_clusters)

    @cached_property
    def weather_types(self):
        """Lamb's types of every step, shape (time,); DscTfError where there is no sea-level pressure."""
        known = [name for name in PRESSURES if name in self.ds]
        if not known:
            raise DscTfError("variables: no sea-level pressure in the record. Give one that has msl.")
        ds = self.ds if self.prep.filler_ is None else self.prep.filler_.transform(self.ds)
        return weather_types(ds[known[0]]).values


def open_record(ds, *, protocol="anomaly", fill="constant", gap=30, n_clusters=7):
    """Return a record with its blocks, prepared without a look at what comes after the training block.

    Gaps are filled by a filler that is fitted to the training block, and each step from its own values alone: a value
    that is estimated from later steps would contain what is to be predicted.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it.
    protocol : str, default="anomaly"
        How values are prepared.
    fill : {"constant", "kriging"}, default="constant"
        How missing values are filled.
    gap : int, default=30
        Steps between two blocks.
    n_clusters : int, default=7
        Number of regimes.
    """
    ds = ds.load()
    split = time_blocks(ds.sizes["time"], gap=gap)
    fill = GapFiller(steps=0) if fill == "kriging" else fill
    prep = Preprocessor(protocol, fill=fill).fit(ds.isel(time=split.train))
    return Record(ds, prep.transform(ds), prep, split, n_clusters)


def represent(record, name, seed, **settings):
    """Representation of every step of a record.

    Parameters
    ----------
    record : Record
        Encoders and components learn from its training block alone.
    name : str
        One of `PLAIN` or `LEARNED`.
    seed : int
        Seed.
    **settings
        Of `SpaceTimeTS2Vec`; `size` also of "pca".

    Returns
    -------
    array of shape (time, feature)

    Raises
    ------
    DscTfError
        If there is no such encoder.
    """
    if name == "raw":
        return record.flat
    train = record.split.train
    if name == "pca":
        size = min(settings["size"], len(train), record.flat.shape[1])
        return PCA(size, random_state=0).fit(record.flat[train]).transform(record.flat)
    model = new_encoder(name, random_state=seed, **settings)
    return model.fit(record.samples[train]).transform(record.samples)


def new_encoder(name, **settings):
    """Return an encoder of fields by name, not fitted.

    Raises
    ------
    DscTfError
        If there is no such encoder.
    """
    from ..representations import SpaceTimeTS2Vec

    return SpaceTimeTS2Vec(**settings | settings_of(name))


def settings_of(name):
    """Return what makes an encoder the one of this name, whatever its other settings.

    Raises
    ------
    DscTfError
        If there is no such encoder.
    """
    from ..representations import DEP_TS2VEC, TS2VEC, VARIOGRAM, VARIOGRAM_HARD

    own = {
        "untrained": {"steps": 0},
        "ts2vec": {"contrast": TS2VEC},
        "dep_ts2vec": {"contrast": DEP_TS2VEC},
        "variogram": {"contrast": VARIOGRAM},
        "variogram_hard": {"contrast": VARIOGRAM_HARD},
        "simclr": {"objective": "simclr"},
        "masked": {"objective": "masked"},
    }
    if name not in own:
        raise DscTfError(f"encoder: {name!r}. Choose one of {', '.join(own)}.")
    return own[name]


def joined(left, right):
    """Two representations side by side, each over its own spread."""
    return np.concatenate([left / max(left.std(), 1e-12), right / max(right.std(), 1e-12)], axis=-1)
