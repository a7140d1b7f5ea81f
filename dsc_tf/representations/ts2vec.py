"""TS2Vec for series: `fit`, `encode`."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from ..errors import DscTfError
from ..models.ts2vec import series_encoder
from ..training.seeds import seeded
from .contrastive_model import ContrastiveModel, LearnDistances, learn
from .crops import Crops, an_epoch
from .inference import causal_steps, pooled, sliding, warn_of_collapse, whole
from .losses import TS2VEC, Contrast
from .series import as_series, cut, without_empty

FEW_NUMBERS, FEW_STEPS, MANY_STEPS = 100_000, 200, 600
STEPS_AN_EPOCH = 50


class TS2Vec(BaseEstimator):
    """Representations of every step of series, learned without labels.

    Parameters
    ----------
    size : int, default=320
        Features of a representation.
    width : int, default=64
        Features inside the encoder.
    depth : int, default=10
        Its residual blocks, and one.
    contrast : Contrast, default=TS2VEC
        Settings of the loss.
    mask : str, default="binomial"
        Steps hidden in training, see `TimestampMask`.
    steps : int, default=None
        Batches to learn from; 200 for at most 100000 numbers, else 600.
    batch_size : int, default=16
        Series a batch.
    learning_rate : float, default=0.001
        Of AdamW.
    max_train_length : int, default=None
        Longer series are cut into parts of about so many steps.
    random_state : int, default=None
        Seed.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Passed to Keras.

    Attributes
    ----------
    encoder_ : keras.Model
        As `series_encoder` returns it; weights are the mean over training.
    history_ : list of dict
        Mean loss of each epoch of 50 batches. Overlaps differ in length, and the loss with them.

    References
    ----------
    Yue et al. (2022), TS2Vec: Towards Universal Representation of Time Series. AAAI.
    """

    def __init__(
        self,
        size: int = 320,
        *,
        width: int = 64,
        depth: int = 10,
        contrast: Contrast = TS2VEC,
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
        """Learn from `X`.

        Parameters
        ----------
        X : array of shape (series, time, variable) or (series, time), or xr.DataArray with a dimension `time`
            NaN where missing. The other dimensions of a DataArray are series, but for `variable`, where it has one.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        DscTfError
            If the shape is none of these, or every value is missing.
        """
        X = as_series(X)
        steps = self.steps
        if steps is None:
            steps = FEW_STEPS if X.size <= FEW_NUMBERS else MANY_STEPS
        with seeded(self.random_state) as seed:
            self.encoder_ = self._encoder(X.shape[-1], seed)
            self.history_: list[dict] = []
            if steps > 0:
                self._train(without_empty(cut(X, self.max_train_length)), steps, seed)
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
        X : as for `fit`
            Series.
        pooling : int or {"series", "multiscale"}, default=None
            Largest value of each feature: over so many steps around each, over the whole series, or over windows of
            3, 5, 9, ... steps side by side. None takes steps as they are.
        mask : str, default=None
            Steps hidden, see `TimestampMask`.
        causal : bool, default=False
            In sliding inference, see nothing after a step.
        sliding_length : int, default=None
            Encode so many steps at a time, with `sliding_padding` before them and, unless `causal`, after them; None
            encodes series whole.
        sliding_padding : int, default=0
            Steps around.
        batch_size : int, default=64
            Series, or windows, encoded at a time.

        Returns
        -------
        array of shape (series, time, feature), or (series, feature) with pooling over the series

        Raises
        ------
        DscTfError
            If the model is not fitted, or `X` has other variables than it was fitted on.
        """
        if not hasattr(self, "encoder_"):
            raise DscTfError("encode: the model is not fitted. Call fit first.")
        X = as_series(X)
        if X.shape[-1] != self.encoder_.input["series"].shape[-1]:
            raise DscTfError(f"X: {X.shape[-1]} variables. Give those fitted on.")
        if sliding_length is None:
            latent = whole(self._with_mask(mask), X, batch_size)
        elif sliding_length == 1 and causal and mask is None:
            latent = causal_steps(self.encoder_, X, sliding_padding, batch_size)
        else:
            after = 0 if causal else sliding_padding
            latent = sliding(self._with_mask(mask), X, sliding_length, sliding_padding, after, batch_size)
        return pooled(latent, pooling)

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
        """Encoder with another mask in inference and the same weights."""
        if mask is None:
            return self.encoder_
        other = self._encoder(self.encoder_.input["series"].shape[-1], None, inference_mask=mask)
        for mine, its in zip(self.encoder_.trainable_variables, other.trainable_variables, strict=True):
            its.assign(mine)
        return other

    def _train(self, X, steps, seed):
        batches = Crops(
            list(X),
            window=self.max_train_length,
            batch_size=self.batch_size,
            steps=an_epoch(steps, STEPS_AN_EPOCH),
            temporal_unit=self.contrast.temporal_unit,
            seed=seed,
        )
        model = ContrastiveModel(self.encoder_, self.contrast, longest=batches.window, regions=None)
        callbacks = list(self.callbacks)
        if self.contrast.knows_distance:
            callbacks.insert(0, LearnDistances(lambda: list(whole(self.encoder_, X[:8], 8))))
        learn(
            model,
            batches,
            steps,
            learning_rate=self.learning_rate,
            history=self.history_,
            callbacks=callbacks,
        )
        warn_of_collapse(whole(self.encoder_, X[:8], 8))
