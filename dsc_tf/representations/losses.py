"""One contrastive loss for time: TS2Vec, DepTS2Vec and variogram-aware contrast are settings of it.

Two views of the same steps, each of shape (series, time, feature), are compared at every scale of a pyramid that
halves time. At a scale, every vector i takes part in

    loss_i = - sum_j P_ij log( W_ij exp(s_ij) / sum_m W_im exp(s_im) )

where s is the dot product over the temperature, P says how much of a positive j is to i, and W how much of a
candidate. TS2Vec: P is 1 for the same step in the other view; W is 1 for all but i itself.
"""

from dataclasses import dataclass
from typing import NamedTuple

from keras import ops

from ..errors import DscTfError

FAR = -1e9  # a logit that counts for nothing
NEIGHBOURS = ("negative", "drop", "attract", "follow")


@dataclass(frozen=True)
class Contrast:
    """Settings of the loss; the defaults are TS2Vec's.

    Parameters
    ----------
    alpha : float, default=0.5
        Share of the instance term (the same step of other series); the rest is the temporal term.
    temporal_unit : int, default=0
        Scales, from the finest, that have no temporal term.
    normalise : bool, default=False
        Compare directions: vectors of length 1.
    temperature : float, default=1.0
        Divides the dot products.
    neighbours : {"negative", "drop", "attract", "follow"}, default="negative"
        What near steps are to each other. "negative": TS2Vec. "drop": candidates by their dissimilarity alone, the
        nearer the less. "attract": positives by their similarity. "follow": DepTS2Vec, in which each step is drawn to
        the later ones of its own view.
    hardness : float, default=0.0
        Extra weight of pairs beyond the range that are closer than the semivariogram expects.

    Raises
    ------
    DscTfError
        If a setting is out of its range.

    References
    ----------
    Yue et al. (2022), TS2Vec; Marusov et al. (2025), DepTS2Vec; the semivariogram's use after Chen et al. (2025),
    there for places, here for time.
    """

    alpha: float = 0.5
    temporal_unit: int = 0
    normalise: bool = False
    temperature: float = 1.0
    neighbours: str = "negative"
    hardness: float = 0.0

    def __post_init__(self):
        if not 0 <= self.alpha <= 1:
            raise DscTfError(f"alpha: {self.alpha}. Give a number from 0 to 1.")
        if self.temperature <= 0:
            raise DscTfError(f"temperature: {self.temperature}. Give a number above 0.")
        if self.neighbours not in NEIGHBOURS:
            raise DscTfError(f"neighbours: {self.neighbours!r}. Choose one of {', '.join(NEIGHBOURS)}.")
        if self.hardness < 0 or self.temporal_unit < 0:
            raise DscTfError("hardness, temporal_unit: below 0. Give 0 or more.")

    @property
    def knows_distance(self):
        """Whether pairs are weighed by how far apart they are."""
        return self.neighbours != "negative" or self.hardness > 0


TS2VEC = Contrast()
DEP_TS2VEC = Contrast(neighbours="follow", temperature=0.1)
VARIOGRAM = Contrast(neighbours="drop")
VARIOGRAM_HARD = Contrast(neighbours="drop", hardness=1.0, normalise=True, temperature=0.1)


def hierarchical_loss(
    first, second, contrast=TS2VEC, *, length=None, near=None, series_near=None, scales=None
):
    """The loss of two views at all scales, their mean.

    Parameters
    ----------
    first, second : tensor of shape (series, time, feature)
        Representations of the same steps in two views.
    contrast : Contrast, default=TS2VEC
        Settings.
    length : tensor of int, shape (), default=None
        Steps that count; those after it are padding. None counts all.
    near : callable, default=None
        From lags in steps of the finest scale, a tensor, to similarity: 1 - semivariogram / sill, from 1 at lag
        0 to 0 from the range on. None where `contrast` knows no distance.
    series_near : tensor of shape (series, series), default=None
        The same between series; None weighs all alike.
    scales : int, default=None
        Most scales there can be, where the length of the views is not known before they come.

    Returns
    -------
    tensor of shape ()
        Instance term times alpha plus temporal term times 1 - alpha, mean over the scales.

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
        there = ops.cast(left > 0, "float32")
        inside = ops.cast(ops.arange(ops.shape(first)[1]) < left, "float32")
        total = total + there * contrast.alpha * instance_term(first, second, contrast, inside, series_near)
        if contrast.alpha < 1 and scale >= contrast.temporal_unit:
            term = temporal_term(first, second, contrast, inside, near, 2**scale)
            total = total + ops.cast(left > 1, "float32") * (1 - contrast.alpha) * term
        count = count + there
        first, second = _halved(first, left), _halved(second, left)
    return total / count


def instance_term(first, second, contrast=TS2VEC, inside=None, near=None):
    """Mean of loss_i over series and steps, where candidates are the same step of the other series.

    Parameters
    ----------
    first, second : tensor of shape (series, time, feature)
        Two views.
    contrast : Contrast, default=TS2VEC
        Settings.
    inside : tensor of shape (time,), default=None
        1 for steps that count.
    near : tensor of shape (series, series), default=None
        Similarity of series: the candidate's weight is 1 minus it.
    """
    if first.shape[0] == 1:
        return ops.zeros(())
    views = [ops.transpose(v, (1, 0, 2)) for v in (first, second)]
    weights = Weights() if near is None else Weights(*[_less(near)] * 3)
    losses = _pair_losses(*views, contrast.temperature, weights)
    return _mean_inside(ops.transpose(losses, (1, 0)), inside)


def temporal_term(first, second, contrast=TS2VEC, inside=None, near=None, stride=1):
    """Mean of loss_i over series and steps, where candidates are the other steps of the same series.

    Parameters
    ----------
    first, second : tensor of shape (series, time, feature)
        Two views.
    contrast : Contrast, default=TS2VEC
        Settings.
    inside : tensor of shape (time,), default=None
        1 for steps that count.
    near : callable, default=None
        From lags to similarity, see `hierarchical_loss`.
    stride : int, default=1
        Steps of the finest scale in one step of this one.
    """
    steps = ops.shape(first)[1]
    inside = ops.ones((steps,)) if inside is None else inside
    at = ops.arange(steps)
    similar = None
    if contrast.knows_distance:
        similar = near(ops.cast(ops.abs(at[:, None] - at[None, :]) * stride, "float32"))
    if contrast.neighbours == "follow":
        return _following_term(first, second, contrast, inside, similar)
    weights = Weights()
    if contrast.neighbours == "drop":
        weights = Weights(*[_less(similar)] * 3)
    if contrast.hardness > 0:
        pairs = ((first, first), (second, second), (first, second))
        hard = (_hard(*pair, similar, contrast.hardness, inside) for pair in pairs)
        weights = Weights(*(w + extra for w, extra in zip(weights, hard, strict=True)))
    attraction = similar if contrast.neighbours == "attract" else None
    losses = _pair_losses(first, second, contrast.temperature, weights, inside, attraction)
    return _mean_inside(losses, inside)


class Weights(NamedTuple):
    """Logarithms of candidates' weights in the first view, in the second, and of the second view to the first."""

    first: object = 0.0
    second: object = 0.0
    across: object = 0.0


def _pair_losses(first, second, temperature, weights, inside=None, attraction=None):
    """loss_i averaged over both views, shape (group, member). Axis 1 is contrasted."""
    members = ops.shape(first)[1]
    inside = ops.ones((members,)) if inside is None else inside
    padding = FAR * (1.0 - inside)[None, None, :]
    itself = _diagonal(members)
    other = ops.matmul(first, ops.transpose(second, (0, 2, 1))) / temperature
    positive = ops.diagonal(other, axis1=1, axis2=2)
    weighed_other = other + weights.across
    total = 0.0
    for view, weight, crossed, weighed in (
        (first, weights.first, other, weighed_other),
        (second, weights.second, *(ops.transpose(m, (0, 2, 1)) for m in (other, weighed_other))),
    ):
        own = ops.matmul(view, ops.transpose(view, (0, 2, 1))) / temperature
        inner = ops.logsumexp(own + weight + FAR * itself + padding, axis=2)
        total = total + ops.logaddexp(inner, ops.logsumexp(weighed + padding, axis=2))
        if attraction is None:
            total = total - positive
        else:
            total = total - _pulled(own, crossed, attraction * inside[None, :], itself)
    return total / 2


def _pulled(own, crossed, attraction, itself):
    """sum_j P_ij s_ij, P in proportion to attraction: the same step in the other view attracts most, by 1."""
    of_own = attraction * (1.0 - itself)
    total = ops.maximum(ops.sum(of_own + attraction, axis=1), 1e-9)
    return ops.sum(of_own * own + attraction * crossed, axis=2) / total


def _following_term(first, second, contrast, inside, similar):
    """DepTS2Vec: each step against the later ones of its own view, mean over both views."""
    at = ops.arange(ops.shape(first)[1])
    later = ops.cast(at[:, None] < at[None, :], "float32") * inside[None, :]
    weight = similar * later
    weight = weight / ops.maximum(ops.sum(weight, axis=1, keepdims=True), 1e-9)
    total = 0.0
    for view in (first, second):
        products = ops.matmul(view, ops.transpose(view, (0, 2, 1))) / contrast.temperature
        norm = ops.logsumexp(products + FAR * (1.0 - later), axis=2)
        # The weights of a row sum to 1, or to 0 where nothing comes after it.
        total = total + _mean_inside(ops.sum(weight * (norm[..., None] - products), axis=2), inside)
    return total / 2


def _hard(left, right, similar, hardness, inside):
    """Logarithm of the extra weight of pairs beyond the range that are closer than expected."""
    left, right = (ops.stop_gradient(_unit(v)) for v in (left, right))
    distance = 1.0 - ops.matmul(left, ops.transpose(right, (0, 2, 1)))  # half the squared distance
    both = inside[:, None] * inside[None, :]
    expected = ops.sum(distance * both, axis=(1, 2), keepdims=True) / ops.maximum(ops.sum(both), 1.0)
    closer = ops.maximum(expected - distance, 0.0) / ops.maximum(expected, 1e-6)
    return ops.log(1.0 + hardness * closer * ops.cast(similar <= 0, "float32"))


def _halved(view, left):
    """Time pooled by 2, steps beyond `left` aside; a half step at the end is lost, as in the authors' program."""
    steps = ops.arange(ops.shape(view)[1])[None, :, None]
    kept = ops.where(steps < 2 * (left // 2), view, ops.zeros_like(view))
    grown = ops.concatenate([kept, ops.zeros_like(kept[:, :1])], axis=1)
    return ops.max_pool(grown, 2, 2, padding="valid")


def _mean_inside(losses, inside):
    if inside is None:
        return ops.mean(losses)
    weighed = ops.where(inside[None, :] > 0, losses, ops.zeros_like(losses))
    return ops.mean(ops.sum(weighed, axis=1)) / ops.maximum(ops.sum(inside), 1.0)


def _unit(view):
    return view * ops.rsqrt(ops.maximum(ops.sum(view**2, axis=-1, keepdims=True), 1e-12))


def _diagonal(size):
    at = ops.arange(size)
    return ops.cast(at[:, None] == at[None, :], "float32")


def _less(similar):
    """Logarithm of 1 - similarity: the nearer, the less of a candidate. A step's own twin stays, as the positive."""
    weight = 1.0 - similar * (1.0 - _diagonal(ops.shape(similar)[0]))
    return ops.where(weight > 1e-6, ops.log(ops.maximum(weight, 1e-6)), FAR)
