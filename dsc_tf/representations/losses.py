"""Contrastive losses in time: TS2Vec, DepTS2Vec and variogram-aware contrast as settings of one loss function.

Two views of the same steps, each of shape (series, time, feature), are compared at every scale of a pyramid that
halves the time axis by max pooling. At each scale every vector i contributes

    loss_i = - sum_j P_ij log( W_ij exp(s_ij) / sum_m W_im exp(s_im) )

where j and m run over the vectors of both views that are compared with i, s_ij is the dot product divided by the
temperature, P_ij the weight of the positive j, and W_ij the weight of the candidate j. In TS2Vec, P is 1 for the same
step in the other view and 0 otherwise, and W is 1 for every candidate except i itself, for which it is 0. The positive
is a candidate as well. The similarity of a lag is 1 - semivariogram / sill: it falls from 1 at lag 0 to 0 at the range,
the lag beyond which the semivariogram is constant.
"""

from dataclasses import dataclass
from typing import NamedTuple

from keras import ops

from ..errors import DscTfError
from .negatives import FORMS, pair_log_weights

EXCLUDED = -1e9  # logit added to excluded candidates
NEIGHBOUR_WEIGHTINGS = ("as_negatives", "downweight", "as_positives", "causal")
# Values in `encoder.json` files of earlier versions.
OLD_NAMES = {"negative": "as_negatives", "drop": "downweight", "attract": "as_positives", "follow": "causal"}


@dataclass(frozen=True)
class ContrastiveLossConfig:
    """Settings of the contrastive loss; the defaults are those of TS2Vec.

    Parameters
    ----------
    alpha : float, default=0.5
        Weight of the instance term (same step of other series); the temporal term has the weight 1 - alpha.
    temporal_unit : int, default=0
        Number of scales, from the finest, without a temporal term.
    normalise : bool, default=False
        Whether vectors are scaled to length 1 before they are compared.
    temperature : float, default=1.0
        Divisor of the dot products.
    instance_temperature : float or None, default=None
        Divisor of the dot products of the instance term; if None, `temperature` is used.
    neighbour_weighting : {"as_negatives", "downweight", "as_positives", "causal"}, default="as_negatives"
        Role of steps that are near in time. "as_negatives": candidates like all others (TS2Vec). "downweight":
        candidates are weighted by their expected dissimilarity, 1 - similarity of the lag, so that near steps count
        less. "as_positives": positives, weighted by the similarity of the lag. "causal": the later steps of the same
        view are positives (DepTS2Vec); the instance term is that of TS2Vec.
    hardness : float, default=0.0
        Additional weight of hard negatives: pairs whose lag is beyond the range of the semivariogram, but whose
        representations are closer to each other than the mean of all pairs.
    pair_weights : {None, "abstract", "hard", "paper"}, default=None
        Weights of pairs of steps by the difference between their distance and the semivariogram, see
        `pair_log_weights`. With None, pairs are not weighted in this way. The weights replace `neighbour_weighting`
        and `hardness`.
    beta : float, default=2.0
        Maximum log-weight of hard negatives, for `pair_weights`.
    fitted : {"embedding", "input"}, default="embedding"
        Vectors to which the semivariogram is fitted: "embedding", the representations, refitted in every epoch; or
        "input", the inputs, fitted once. For `pair_weights` the vectors are first scaled to length 1.

    Raises
    ------
    DscTfError
        If a setting is outside its range.

    References
    ----------
    Yue et al. (2022), TS2Vec; Marusov et al. (2025), DepTS2Vec; Chen et al. (2025), spatial contrastive
    learning with variograms, who apply the semivariogram between places; here it is applied between times.

    Examples
    --------
    >>> ContrastiveLossConfig(neighbour_weighting="downweight").uses_lags
    True
    """

    alpha: float = 0.5
    temporal_unit: int = 0
    normalise: bool = False
    temperature: float = 1.0
    instance_temperature: float | None = None
    neighbour_weighting: str = "as_negatives"
    hardness: float = 0.0
    pair_weights: str | None = None
    beta: float = 2.0
    fitted: str = "embedding"

    def __post_init__(self):
        if not 0 <= self.alpha <= 1:
            raise DscTfError(f"alpha: {self.alpha}. Give a number from 0 to 1.")
        for name in ("temperature", "instance_temperature"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise DscTfError(f"{name}: {value}. Give a number above 0.")
        if self.neighbour_weighting not in NEIGHBOUR_WEIGHTINGS:
            raise DscTfError(
                f"neighbour_weighting: {self.neighbour_weighting!r}. Choose one of "
                f"{', '.join(NEIGHBOUR_WEIGHTINGS)}."
            )
        if self.hardness < 0 or self.temporal_unit < 0:
            raise DscTfError("hardness, temporal_unit: below 0. Give 0 or more.")
        if self.fitted not in ("embedding", "input"):
            raise DscTfError(f"fitted: {self.fitted!r}. Choose one of embedding, input.")
        if self.pair_weights is not None:
            if self.pair_weights not in FORMS:
                raise DscTfError(f"pair_weights: {self.pair_weights!r}. Choose one of {', '.join(FORMS)}.")
            if self.neighbour_weighting != "as_negatives" or self.hardness > 0:
                raise DscTfError(
                    "pair_weights: given with neighbour_weighting or hardness. Give one way of weighting pairs."
                )

    @property
    def uses_lags(self):
        """Whether the weight of a pair depends on its lag in time."""
        return (
            self.neighbour_weighting != "as_negatives" or self.hardness > 0 or self.pair_weights is not None
        )

    @property
    def uses_regions(self):
        """Whether pairs of series are weighted by the similarity of their regions (`series_similarity`)."""
        return self.uses_lags and self.neighbour_weighting != "causal" and self.pair_weights is None

    @classmethod
    def from_json(cls, settings):
        """Return settings from a dict; the names and values of older `encoder.json` files are accepted."""
        settings = dict(settings)
        if "neighbours" in settings:
            settings["neighbour_weighting"] = OLD_NAMES[settings.pop("neighbours")]
        return cls(**settings)


TS2VEC = ContrastiveLossConfig()
DEP_TS2VEC = ContrastiveLossConfig(neighbour_weighting="causal", temperature=0.1, instance_temperature=1.0)
VARIOGRAM = ContrastiveLossConfig(neighbour_weighting="downweight")
VARIOGRAM_HARD = ContrastiveLossConfig(
    neighbour_weighting="downweight", hardness=1.0, normalise=True, temperature=0.1
)


def hierarchical_loss(
    first,
    second,
    contrast=TS2VEC,
    *,
    length=None,
    lag_similarity=None,
    semivariance=None,
    series_similarity=None,
    scales=None,
):
    """Mean loss of two views over all scales.

    Parameters
    ----------
    first, second : tensor of shape (series, time, feature)
        Representations of the same steps in two views.
    contrast : ContrastiveLossConfig, default=TS2VEC
        Settings of the loss.
    length : tensor of int, shape (), default=None
        Number of valid steps; the steps after them are padding. If None, all steps are valid.
    lag_similarity : callable, default=None
        Function from lags in steps of the finest scale (tensor) to similarities: 1 - semivariogram / sill, which
        falls from 1 at lag 0 to 0 at the range. Needed if `contrast.uses_lags`.
    semivariance : callable, default=None
        Semivariogram of vectors of length 1, see `pair_log_weights`. Needed if `contrast.pair_weights`.
    series_similarity : tensor of shape (series, series), default=None
        Similarity of series; None weights all series equally.
    scales : int, default=None
        Maximum number of scales, needed if the length of the views is unknown when the graph is built.

    Returns
    -------
    tensor of shape ()
        alpha times the instance term plus 1 - alpha times the temporal term, averaged over the scales.

    References
    ----------
    Yue et al. (2022), equations 1 to 3 and algorithm 1.
    """
    steps = ops.shape(first)[1]
    length = ops.cast(steps if length is None else length, "int32")
    if contrast.normalise:
        first, second = _unit(first), _unit(second)
    total = count = 0.0
    for scale in range(scales or first.shape[1].bit_length()):
        left = length // 2**scale
        is_valid = ops.cast(left > 0, "float32")
        valid_mask = ops.cast(ops.arange(ops.shape(first)[1]) < left, "float32")
        total = total + is_valid * contrast.alpha * instance_term(
            first, second, contrast, valid_mask, series_similarity
        )
        if contrast.alpha < 1 and scale >= contrast.temporal_unit:
            term = temporal_term(first, second, contrast, valid_mask, lag_similarity, 2**scale, semivariance)
            total = total + ops.cast(left > 1, "float32") * (1 - contrast.alpha) * term
        count = count + is_valid
        first, second = _halve(first, left), _halve(second, left)
    return total / count


def instance_term(first, second, contrast=TS2VEC, valid_mask=None, similarity=None):
    """Mean of loss_i over series and steps; the candidates are the same step of the other series.

    Parameters
    ----------
    first, second : tensor of shape (series, time, feature)
        Two views.
    contrast : ContrastiveLossConfig, default=TS2VEC
        Settings of the loss.
    valid_mask : tensor of shape (time,), default=None
        1 for valid steps, 0 for padding.
    similarity : tensor of shape (series, series), default=None
        Similarity of series: the weight of a candidate is 1 - similarity.
    """
    if first.shape[0] == 1:
        return ops.zeros(())
    views = [ops.transpose(v, (1, 0, 2)) for v in (first, second)]
    temperature = contrast.instance_temperature or contrast.temperature
    losses = _pair_losses(views[0], views[1], temperature, _shared_weights(similarity))
    return _masked_mean(ops.transpose(losses, (1, 0)), valid_mask)


def temporal_term(
    first, second, contrast=TS2VEC, valid_mask=None, lag_similarity=None, stride=1, semivariance=None
):
    """Mean of loss_i over series and steps; the candidates are the other steps of the same series.

    Parameters
    ----------
    first, second : tensor of shape (series, time, feature)
        Two views.
    contrast : ContrastiveLossConfig, default=TS2VEC
        Settings of the loss.
    valid_mask : tensor of shape (time,), default=None
        1 for valid steps, 0 for padding.
    lag_similarity : callable, default=None
        Similarity as a function of the lag, see `hierarchical_loss`.
    stride : int, default=1
        Number of steps of the finest scale in one step of this scale.
    semivariance : callable, default=None
        Semivariogram as a function of the lag, see `hierarchical_loss`.
    """
    steps = ops.shape(first)[1]
    valid_mask = ops.ones((steps,)) if valid_mask is None else valid_mask
    index = ops.arange(steps)
    lag = ops.cast(ops.abs(index[:, None] - index[None, :]) * stride, "float32")
    if contrast.pair_weights is not None:
        weights = LogWeights(
            *(
                pair_log_weights(
                    _half_squared_distance(*pair),
                    lag,
                    semivariance,
                    beta=contrast.beta,
                    form=contrast.pair_weights,
                )
                for pair in ((first, first), (second, second), (first, second))
            )
        )
        losses = _pair_losses(first, second, contrast.temperature, weights, valid_mask)
        return _masked_mean(losses, valid_mask)
    similarity = lag_similarity(lag) if contrast.uses_lags else None
    if contrast.neighbour_weighting == "causal":
        return _causal_term(first, second, contrast, valid_mask, similarity)
    weights = _shared_weights(similarity if contrast.neighbour_weighting == "downweight" else None)
    if contrast.hardness > 0:
        pairs = ((first, first), (second, second), (first, second))
        hard = (_hard_negative_log_weight(*pair, similarity, contrast.hardness, valid_mask) for pair in pairs)
        weights = LogWeights(*(w + extra for w, extra in zip(weights, hard, strict=True)))
    attraction = similarity if contrast.neighbour_weighting == "as_positives" else None
    losses = _pair_losses(first, second, contrast.temperature, weights, valid_mask, attraction)
    return _masked_mean(losses, valid_mask)


class LogWeights(NamedTuple):
    """Logarithms of the candidates' weights within the first view, within the second, and between the views."""

    first: object = 0.0
    second: object = 0.0
    across: object = 0.0


def _shared_weights(similarity):
    """Candidate weights 1 - similarity, the same matrix within and between the views; 1 without a similarity."""
    if similarity is None:
        return LogWeights()
    log_weight = _log_dissimilarity(similarity)
    return LogWeights(log_weight, log_weight, log_weight)


def _pair_losses(first, second, temperature, weights, valid_mask=None, attraction=None):
    """loss_i averaged over both views, shape (group, member); the members of axis 1 are contrasted."""
    members = ops.shape(first)[1]
    valid_mask = ops.ones((members,)) if valid_mask is None else valid_mask
    padding = EXCLUDED * (1.0 - valid_mask)[None, None, :]
    itself = _identity(members)
    other = ops.matmul(first, ops.transpose(second, (0, 2, 1))) / temperature
    positive = ops.diagonal(other, axis1=1, axis2=2)
    weighted_other = other + weights.across
    total = 0.0
    for view, weight, crossed, weighted in (
        (first, weights.first, other, weighted_other),
        (second, weights.second, *(ops.transpose(m, (0, 2, 1)) for m in (other, weighted_other))),
    ):
        own = ops.matmul(view, ops.transpose(view, (0, 2, 1))) / temperature
        inner = ops.logsumexp(own + weight + EXCLUDED * itself + padding, axis=2)
        total = total + ops.logaddexp(inner, ops.logsumexp(weighted + padding, axis=2))
        if attraction is None:
            total = total - positive
        else:
            total = total - _attraction_term(own, crossed, attraction * valid_mask[None, :], itself)
    return total / 2


def _attraction_term(own, crossed, attraction, itself):
    """sum_j P_ij s_ij with P proportional to the attraction, which is 1 for the same step in the other view."""
    of_own = attraction * (1.0 - itself)
    total = ops.maximum(ops.sum(of_own + attraction, axis=1), 1e-9)
    return ops.sum(of_own * own + attraction * crossed, axis=2) / total


def _causal_term(first, second, contrast, valid_mask, similarity):
    """DepTS2Vec: each step compared with the later steps of its own view, mean over both views."""
    index = ops.arange(ops.shape(first)[1])
    later = ops.cast(index[:, None] < index[None, :], "float32") * valid_mask[None, :]
    weight = similarity * later
    weight = weight / ops.maximum(ops.sum(weight, axis=1, keepdims=True), 1e-9)
    total = 0.0
    for view in (first, second):
        products = ops.matmul(view, ops.transpose(view, (0, 2, 1))) / contrast.temperature
        norm = ops.logsumexp(products + EXCLUDED * (1.0 - later), axis=2)
        # The weights of a row sum to 1, or to 0 if there is no later valid step.
        total = total + _masked_mean(ops.sum(weight * (norm[..., None] - products), axis=2), valid_mask)
    return total / 2


def _hard_negative_log_weight(left, right, similarity, hardness, valid_mask):
    """Logarithm of the additional weight of pairs beyond the range whose distance is below the mean distance."""
    distance = _half_squared_distance(left, right)
    both = valid_mask[:, None] * valid_mask[None, :]
    expected = ops.sum(distance * both, axis=(1, 2), keepdims=True) / ops.maximum(ops.sum(both), 1.0)
    closer = ops.maximum(expected - distance, 0.0) / ops.maximum(expected, 1e-6)
    return ops.log(1.0 + hardness * closer * ops.cast(similarity <= 0, "float32"))


def _half_squared_distance(left, right):
    """Half the squared distances of vectors scaled to length 1; no gradient is propagated through them."""
    left, right = (ops.stop_gradient(_unit(v)) for v in (left, right))
    return 1.0 - ops.matmul(left, ops.transpose(right, (0, 2, 1)))


def _halve(view, left):
    """Max pooling of time by 2; an odd last step is dropped, as in the authors' program."""
    steps = ops.arange(ops.shape(view)[1])[None, :, None]
    valid = ops.where(steps < 2 * (left // 2), view, ops.zeros_like(view))
    extended = ops.concatenate([valid, ops.zeros_like(valid[:, :1])], axis=1)
    return ops.max_pool(extended, 2, 2, padding="valid")


def _masked_mean(losses, valid_mask):
    if valid_mask is None:
        return ops.mean(losses)
    masked = ops.where(valid_mask[None, :] > 0, losses, ops.zeros_like(losses))
    return ops.mean(ops.sum(masked, axis=1)) / ops.maximum(ops.sum(valid_mask), 1.0)


def _unit(view):
    return view * ops.rsqrt(ops.maximum(ops.sum(view**2, axis=-1, keepdims=True), 1e-12))


def _identity(size):
    index = ops.arange(size)
    return ops.cast(index[:, None] == index[None, :], "float32")


def _log_dissimilarity(similarity):
    """Logarithm of 1 - similarity; the diagonal, which holds the positive pair between views, has the weight 1."""
    weight = 1.0 - similarity * (1.0 - _identity(ops.shape(similarity)[0]))
    return ops.where(weight > 1e-6, ops.log(ops.maximum(weight, 1e-6)), EXCLUDED)
