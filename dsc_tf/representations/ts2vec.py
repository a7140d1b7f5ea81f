"""TS2Vec: contrastive representations of time series."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from ..errors import DscTfError
from ..models.ts2vec import series_encoder
from ..training.seeds import seeded
from .contrastive_model import ContrastiveModel, UpdateSemivariogram, train_contrastive
from .crops import Crops, steps_per_epoch
from .inference import encode_causal, encode_full, encode_sliding, pool_time, warn_if_collapsed
from .losses import TS2VEC, ContrastiveLossConfig
from .series import as_series, drop_empty_series, split_long_series

SMALL_SIZE, STEPS_IF_SMALL, STEPS_IF_LARGE = 100_000, 200, 600  # of the authors' program
STEPS_PER_EPOCH = 50


class TS2Vec(BaseEstimator):
    """Representations of every step of time series, learned without labels.

    Parameters
    ----------
    size : int, default=320
        Number of features of a representation.
    width : int, default=64
        Number of hidden features of the encoder.
    depth : int, default=10
        Number of residual blocks of `width` features; one block of `size` features follows.
    contrast : ContrastiveLossConfig, default=TS2VEC
        Settings of the loss.
    mask : str, default="binomial"
        Mask of time steps in training, see `TimestampMask`.
    steps : int, default=None
        Number of training steps; None is 200 for at most 100000 values and 600 for more.
    batch_size : int, default=16
        Number of series in a batch.
    learning_rate : float, default=0.001
        Learning rate of AdamW.
    max_train_length : int, default=None
        Length of the parts into which longer series are split for training.
    random_state : int, default=None
        Seed of initial weights, crops and masks.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Further callbacks of `fit`.

    Attributes
    ----------
    encoder_ : keras.Model
        Encoder returned by `series_encoder`; its weights are the mean over all training steps.
    history_ : list of dict
        Mean loss of each epoch of 50 batches. The loss depends on the length of the overlap, which varies.

    References
    ----------
    Yue et al. (2022), TS2Vec: Towards Universal Representation of Time Series. AAAI.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(4, 30, 2))
    >>> model = TS2Vec(8, width=4, depth=2, steps=0, random_state=0).fit(X)
    >>> model.encode(X).shape
    (4, 30, 8)
    """

    def __init__(
        self,
        size: int = 320,
        *,
        width: int = 64,
        depth: int = 10,
        contrast: ContrastiveLossConfig = TS2VEC,
        mask: str = "binomial",
        steps: int | None = None,
        batch_size: int = 16,
        learning_rate: float = 1e-3,
        max_train_length: int | None = None,
        random_state: int | None = None,
        callbacks: Sequence = (),
    ):
        self.size = size
        self.width = width
        self.depth = depth
        self.contrast = contrast
        self.mask = mask
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_train_length = max_train_length
        self.random_state = random_state
        self.callbacks = callbacks

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Train the encoder.

        Parameters
        ----------
        X : array of shape (series, time, variable) or (series, time), or xr.DataArray with a dimension `time`
            Series; NaN where missing. The dimensions of a DataArray other than `time` and `variable` are series.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        DscTfError
            If `X` has another shape, or every value is missing.
        """
        X = as_series(X)
        steps = self.steps
        if steps is None:
            steps = STEPS_IF_SMALL if X.size <= SMALL_SIZE else STEPS_IF_LARGE
        with seeded(self.random_state) as seed:
            self.encoder_ = self._encoder(X.shape[-1], seed)
            self.history_: list[dict] = []
            if steps > 0:
                self._train(drop_empty_series(split_long_series(X, self.max_train_length)), steps, seed)
        return self

    def encode(
        self,
        X: npt.ArrayLike,
        *,
        pooling: int | str | None = None,
        mask: str | None = None,
        causal: bool = False,
        sliding_length: int | None = None,
        sliding_padding: int = 0,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Representations of `X`.

        Parameters
        ----------
        X : same as in `fit`
            Series.
        pooling : int or {"series", "multiscale"}, default=None
            Maximum of each feature over this number of steps around each step, over the whole series, or over windows
            of 3, 5, 9, ... steps (concatenated). None does not pool.
        mask : str, default=None
            Mask of time steps, see `TimestampMask`.
        causal : bool, default=False
            Whether sliding inference uses only steps up to the encoded one.
        sliding_length : int, default=None
            Number of steps encoded by one window, with `sliding_padding` steps of context before and, unless `causal`,
            after them. None encodes full series.
        sliding_padding : int, default=0
            Number of context steps.
        batch_size : int, default=64
            Number of series, or windows, encoded together.

        Returns
        -------
        array of shape (series, time, feature), or (series, feature) if pooled over the series

        Raises
        ------
        DscTfError
            If the model is not fitted, or the number of variables differs from that in `fit`.
        """
        if not hasattr(self, "encoder_"):
            raise DscTfError("encode: the model is not fitted. Call fit first.")
        X = as_series(X)
        if X.shape[-1] != self.encoder_.input["series"].shape[-1]:
            raise DscTfError(f"X: {X.shape[-1]} variables. Give those fitted on.")
        if sliding_length is None:
            latent = encode_full(self._with_mask(mask), X, batch_size)
        elif sliding_length == 1 and causal and mask is None:
            latent = encode_causal(self.encoder_, X, sliding_padding, batch_size)
        else:
            after = 0 if causal else sliding_padding
            latent = encode_sliding(
                self._with_mask(mask), X, sliding_length, sliding_padding, after, batch_size
            )
        return pool_time(latent, pooling)

    def _encoder(self, variables, seed, **options):
        return series_encoder(
            variables,
            width=self.width,
            depth=self.depth,
            size=self.size,
            mask=self.mask,
            seed=seed,
            **options,
        )

    def _with_mask(self, mask):
        """Return an encoder with another mask in inference and the same weights."""
        if mask is None:
            return self.encoder_
        other = self._encoder(self.encoder_.input["series"].shape[-1], None, inference_mask=mask)
        for source, target in zip(self.encoder_.trainable_variables, other.trainable_variables, strict=True):
            target.assign(source)
        return other

    def _train(self, X, steps, seed):
        batches = Crops(
            list(X),
            window=self.max_train_length,
            batch_size=self.batch_size,
            steps=steps_per_epoch(steps, STEPS_PER_EPOCH),
            temporal_unit=self.contrast.temporal_unit,
            seed=seed,
        )
        model = ContrastiveModel(self.encoder_, self.contrast, longest=batches.window, regions=None)
        callbacks = list(self.callbacks)
        if self.contrast.uses_lags:
            if self.contrast.fitted == "input":
                vectors = [x[np.isfinite(x).all(axis=1)] for x in np.asarray(X[:8])]
                callbacks.insert(0, UpdateSemivariogram(lambda: vectors))
            else:
                callbacks.insert(0, UpdateSemivariogram(lambda: list(encode_full(self.encoder_, X[:8], 8))))
        train_contrastive(
            model,
            batches,
            steps,
            learning_rate=self.learning_rate,
            history=self.history_,
            callbacks=callbacks,
        )
        warn_if_collapsed(encode_full(self.encoder_, X[:8], 8))
