"""Space-time TS2Vec: contrastive representations of every step of gridded records."""

import dataclasses
import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Self

import keras
import numpy as np
import numpy.typing as npt
import xarray as xr
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from ..errors import DscTfError, refuse_damaged
from ..geostatistics import great_circle, region_similarity
from ..models.spacetime import field_decoder, spacetime_encoder
from ..preprocessing.as_samples import as_samples, wrap_like
from ..stored import check_sizes, check_weights, read_json
from ..training.checkpoint import Checkpoint
from ..training.seeds import seeded
from .baselines import SIMCLR, MaskedReconstruction, TimeShifts
from .contrastive_model import ContrastiveModel, UpdateSemivariogram, train_contrastive
from .crops import Crops, steps_per_epoch
from .inference import encode_full, warn_if_collapsed
from .losses import TS2VEC, ContrastiveLossConfig
from .stored_fields import StoredFields, select_fields

OBJECTIVES = ("contrast", "simclr", "masked")
STEPS_PER_EPOCH = 25
NOT_SAVED = ("callbacks", "checkpoint")
CHUNK = 64  # number of steps encoded together, after `window` steps of context
ENCODED = 8  # number of chunks encoded together


class SpaceTimeTS2Vec(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Representations of every step of gridded records from its field and the preceding fields.

    Parameters
    ----------
    size : int, default=512
        Number of features of a representation.
    grid : int or None, default=60
        Number of rows and columns to which fields are resized; None keeps the grid of the records.
    filters : int, default=8
        Number of channels of each ConvLSTM layer.
    depth : int, default=3
        Number of ConvLSTM layers.
    linear : float, default=0.5
        Share of the features that are linear in the field of the step, see `spacetime_encoder`.
    window : int, default=60
        Number of steps from which crops are taken in training, and of context steps in encoding.
    objective : {"contrast", "simclr", "masked"}, default="contrast"
        Training objective: contrast within series (TS2Vec and its variants), or one of the baselines weather SimCLR
        and masked reconstruction with the same encoder.
    contrast : ContrastiveLossConfig, default=TS2VEC
        Settings of the objective "contrast".
    steps : int, default=200
        Number of training steps; 0 keeps the randomly initialised encoder.
    batch_size : int, default=8
        Number of windows in a batch.
    learning_rate : float, default=0.001
        Learning rate of AdamW.
    random_state : int, default=None
        Seed of initial weights, crops and augmentations.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Further callbacks of `fit`.
    checkpoint : Checkpoint, default=None
        Where the state of training is saved, and restored from if it is there; None saves nothing.

    Attributes
    ----------
    encoder_ : keras.Model
        Encoder returned by `spacetime_encoder`; its weights are the mean over all training steps.
    history_ : list of dict
        Mean loss of each epoch of 25 batches.
    semivariogram_ : Semivariogram
        Semivariogram of the representations, last fitted in training; only if `contrast.uses_lags`.

    References
    ----------
    Yue et al. (2022), TS2Vec; Shi et al. (2015), Convolutional LSTM; Marusov et al. (2025), DepTS2Vec.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(20, 5, 6, 2))
    >>> model = SpaceTimeTS2Vec(8, grid=None, filters=2, depth=1, window=4, steps=0, random_state=0)
    >>> model.fit(X).transform(X).shape
    (20, 8)
    """

    def __init__(
        self,
        size: int = 512,
        *,
        grid: int | None = 60,
        filters: int = 8,
        depth: int = 3,
        linear: float = 0.5,
        window: int = 60,
        objective: str = "contrast",
        contrast: ContrastiveLossConfig = TS2VEC,
        steps: int = 200,
        batch_size: int = 8,
        learning_rate: float = 1e-3,
        random_state: int | None = None,
        callbacks: Sequence = (),
        checkpoint: Checkpoint | None = None,
    ):
        self.size = size
        self.grid = grid
        self.filters = filters
        self.depth = depth
        self.linear = linear
        self.window = window
        self.objective = objective
        self.contrast = contrast
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.callbacks = callbacks
        self.checkpoint = checkpoint

    def fit(
        self,
        X: npt.ArrayLike | list,
        y: object = None,
        *,
        starts: Sequence | None = None,
        places: npt.ArrayLike | None = None,
    ) -> Self:
        """Train the encoder on one record, or on several regions together.

        Parameters
        ----------
        X : Samples, array of shape (time, latitude, longitude, variable), or a list of such
            Prepared fields; of windows the last step. Regions may differ in grid and length, but not in the number of
            variables; to train on different variables together, give each variable as a region. Each region may be
            an xr.DataArray with these dimensions.
        y : None
            Ignored.
        starts : sequence of int, or a list of such, default=None
            Steps at which a gap-free segment begins; those of the samples by default.
        places : array of shape (region, 2), default=None
            Latitude and longitude of each region's centre, for great-circle distance between regions.

        Returns
        -------
        self

        Raises
        ------
        DscTfError
            If shapes or settings are invalid, no segment has two steps, or the checkpoint is of another run.
        """
        regions = [_samples(region) for region in (X if isinstance(X, list) else [X])]
        if starts is None:
            starts = [region.segment_starts for region in regions]
        elif not isinstance(X, list):
            starts = [starts]
        if self.objective not in OBJECTIVES:
            raise DscTfError(f"objective: {self.objective!r}. Choose one of {', '.join(OBJECTIVES)}.")
        if len({r.shape[-1] for r in regions}) > 1:
            raise DscTfError("X: regions of different numbers of variables. Give each variable as a region.")
        fields = [self._fields(region) for region in regions]
        if len({one.shape[1:3] for one in fields}) > 1:
            raise DscTfError("X: regions on different grids. Give `grid`, to which all are resized.")
        segments = _split_segments(fields, starts)
        with seeded(self.random_state) as seed:
            shape = (tuple(fields[0].shape[1:3]), fields[0].shape[-1])
            self._build(shape, seed)
            self.history_: list[dict] = []
            if self.steps > 0:
                self._train(segments, len(regions), places, seed)
        return self

    def transform(self, X: npt.ArrayLike, *, starts: Sequence[int] | None = None) -> npt.ArrayLike:
        """Representation of every step of one record.

        Parameters
        ----------
        X : Samples, xr.DataArray, or array of shape (time, latitude, longitude, variable)
            Prepared fields; of windows the last step.
        starts : sequence of int, default=None
            Steps at which a gap-free segment begins, before which the encoder reads nothing; those of the samples by
            default.

        Returns
        -------
        array of shape (time, feature), or xr.DataArray where `X` is one
            Step t is encoded with at least `window` steps of context, if its segment has them.

        Raises
        ------
        DscTfError
            If the model is not fitted, or variables or grid of `X` differ from those in `fit`.
        """
        if not hasattr(self, "encoder_"):
            raise DscTfError("transform: the model is not fitted. Call fit first.")
        samples = _samples(X)
        starts = samples.segment_starts if starts is None else starts
        fields = self._fields(samples)
        grid, variables = self._shape
        if fields.shape[1:] != (*grid, variables):
            raise DscTfError(
                f"X: fields of shape {fields.shape[1:]}. Give such as fitted on: {(*grid, variables)}."
            )
        found = np.concatenate([self._encode(s.fields) for s in _split_segments([fields], [starts])])
        return wrap_like(found, X, "representation", "feature") if isinstance(X, xr.DataArray) else found

    @property
    def _n_features_out(self):
        return self.encoder_.output_shape[-1]

    def save(self, folder: str | PathLike) -> None:
        """Write `encoder.json` and `encoder.weights.h5`.

        Parameters
        ----------
        folder : path
            Existing folder.
        """
        settings = {name: v for name, v in self.get_params().items() if name not in NOT_SAVED}
        settings["contrast"] = dataclasses.asdict(self.contrast)
        text = {"encoder": type(self).__name__, "settings": settings, "shape": self._shape}
        (Path(folder) / "encoder.json").write_text(json.dumps(text, indent=2) + "\n")
        self.encoder_.save_weights(Path(folder) / "encoder.weights.h5")

    @classmethod
    def load(cls, folder: str | PathLike) -> Self:
        """Load an encoder written by `save`.

        Parameters
        ----------
        folder : path
            Folder given to `save`.

        Raises
        ------
        DscTfError
            If the folder holds no encoder.
        """
        path = Path(folder) / "encoder.json"
        if not path.exists():
            raise DscTfError(
                f"encoder: no encoder.json in {folder}. Give a folder that dsc_tf.pretrain wrote."
            )
        with refuse_damaged("encoder", folder, "Run dsc_tf.pretrain again."):
            text = read_json(path)
            settings, weights = text["settings"], Path(folder) / "encoder.weights.h5"
            check_weights(weights)
            check_sizes({name: settings.get(name) for name in ("size", "filters", "depth")}, weights)
            settings = settings | {"contrast": ContrastiveLossConfig.from_json(settings["contrast"])}
            if set(NOT_SAVED) & set(settings):
                raise ValueError(f"{' and '.join(NOT_SAVED)} are no part of a saved encoder")
            self = cls(**settings)
            self._build((tuple(text["shape"][0]), text["shape"][1]), None)
            self.encoder_.load_weights(weights)
        return self

    def _build(self, shape, seed):
        self._shape = shape
        grid, variables = shape
        options = {"filters": self.filters, "depth": self.depth, "linear": self.linear, "size": self.size}
        self.encoder_ = spacetime_encoder(grid, variables, seed=seed, **options)

    def _fields(self, X):
        """Return prepared fields at the encoder's size; those of samples in a scratch file are read when indexed."""
        if X.is_stored:
            return StoredFields(X, self._resized)
        return self._resized(np.asarray(X[:, -1], np.float32))

    def _resized(self, X):
        """Resize fields (time, latitude, longitude, variable) to the encoder's size."""
        if not np.isfinite(X).all():
            raise DscTfError("X: holds missing or infinite values. Fill them first, as `prepare` does.")
        size = (self.grid, self.grid) if self.grid else X.shape[1:3]
        if X.shape[1:3] == tuple(size):
            return X
        resize = keras.layers.Resizing(*size)
        return np.concatenate([np.asarray(resize(part)) for part in np.array_split(X, -(-len(X) // 512))])

    def _train(self, segments, regions, places, seed):
        options = {
            "batch_size": self.batch_size,
            "steps": steps_per_epoch(self.steps, STEPS_PER_EPOCH),
            "seed": seed,
        }
        batches = self._batches(segments, options)
        model = self._model(batches, regions)
        callbacks = list(self.callbacks)
        distances = None
        if self.objective == "contrast" and self.contrast.uses_lags:
            if places is not None:
                apart = great_circle(*np.asarray(places, np.float64).T)
                model.set_region_similarity(region_similarity(apart, _region_means(segments, regions)))
            distances = UpdateSemivariogram(lambda: self._semivariogram_vectors(segments[:4]))
            callbacks.insert(0, distances)
        train_contrastive(
            model,
            batches,
            self.steps,
            learning_rate=self.learning_rate,
            history=self.history_,
            callbacks=callbacks,
            checkpoint=self.checkpoint,
        )
        if distances:
            self.semivariogram_ = distances.semivariogram_
        warn_if_collapsed(self._encode(segments[0].fields[:512]))

    def _semivariogram_vectors(self, segments):
        """Last 1000 steps of segments as vectors: their representations, or the fields themselves."""
        parts = [s.fields[-1000:] for s in segments]
        if self.contrast.fitted == "input":
            return [part.reshape(len(part), -1) for part in parts]
        return [self._encode(part) for part in parts]

    def _batches(self, segments, options):
        series = [s.fields for s in segments]
        if self.objective == "simclr":
            return TimeShifts(series, window=self.window, **options)
        place = {"regions": [s.region for s in segments], "starts": [s.start for s in segments]}
        unit = self.contrast.temporal_unit
        return Crops(series, window=self.window, temporal_unit=unit, **place, **options)

    def _model(self, batches, regions):
        if self.objective == "masked":
            grid, variables = self._shape
            return MaskedReconstruction(self.encoder_, field_decoder(grid, variables, self.size))
        contrast = SIMCLR if self.objective == "simclr" else self.contrast
        return ContrastiveModel(self.encoder_, contrast, longest=batches.window, regions=regions)

    def _encode(self, fields):
        """Representations of a segment, encoded in chunks with preceding context."""
        ends = range(CHUNK, len(fields) + CHUNK, CHUNK)
        valid = []
        for first in range(0, len(ends), ENCODED):
            valid += self._encode_chunks(fields, ends[first : first + ENCODED])
        return np.concatenate(valid)[: len(fields)]

    def _encode_chunks(self, fields, ends):
        """Representations of the chunks that end at `ends`."""
        begins = [max(0, end - CHUNK - self.window) for end in ends]
        longest = CHUNK + self.window
        X = np.zeros((len(begins), longest, *fields.shape[1:]), np.float32)
        for row, begin in enumerate(begins):
            part = fields[begin : begin + longest]
            X[row, : len(part)] = part
        latent = encode_full(self.encoder_, X, batch_size=ENCODED)
        return [z[end - CHUNK - b : end - b] for z, end, b in zip(latent, ends, begins, strict=True)]


def _samples(X):
    samples = as_samples(X)
    if np.ndim(X) not in (4, 5):
        raise DscTfError(f"X: shape {np.shape(X)}. Give (time, latitude, longitude, variable).")
    return samples


@dataclasses.dataclass(frozen=True)
class Segment:
    """Gap-free fields (time, latitude, longitude, variable) of one region; `start` is the position of the first."""

    fields: np.ndarray | StoredFields
    region: int
    start: int


def _split_segments(fields, starts):
    cut = [
        Segment(select_fields(one, slice(begin, end)), region, begin)
        for region, (one, begins) in enumerate(zip(fields, starts, strict=True))
        for begin, end in zip(begins, [*begins[1:], len(one)], strict=True)
    ]
    if max(len(s.fields) for s in cut) < 2:
        raise DscTfError("X: no two consecutive steps. Give a longer record.")
    return [s for s in cut if len(s.fields)]


def _region_means(segments, regions):
    """Mean field of each region, one row each."""
    return np.stack(
        [
            np.concatenate([s.fields[:] for s in segments if s.region == region]).mean(axis=0).ravel()
            for region in range(regions)
        ]
    )
