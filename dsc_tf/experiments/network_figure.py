"""Figure 1: a network with a clustering layer, drawn from the Keras model itself."""

import math
from dataclasses import dataclass, replace

from matplotlib.colors import to_rgb
from matplotlib.patches import Polygon, Rectangle

from ..reporting.style import PALETTE, UNASSIGNED, new_figure

COLOURS = {
    "convolution": PALETTE[0],
    "pooling": PALETTE[1],
    "recurrent": PALETTE[2],
    "dense": PALETTE[3],
    "clustering": PALETTE[5],
    "fields": UNASSIGNED,
}
# By the name of a layer's class or of one of its bases; all other layers are words on an arrow.
KINDS = {
    "BaseConv": "convolution",
    "BaseConvTranspose": "convolution",
    "BasePooling": "pooling",
    "UpsampleConv2D": "convolution",
    "RNN": "recurrent",
    "ConvLSTM": "recurrent",
    "Bidirectional": "recurrent",
    "Dense": "dense",
    "ClusteringLayer": "clustering",
}
WORDS = {
    "Conv2D": "conv",
    "MaxPooling2D": "max-pool",
    "UpsampleConv2D": "up 2 ×, conv",
    "ConvLSTM": "ConvLSTM",
    "Dense": "dense",
    "ZeroPadding2D": "pad",
    "Cropping2D": "crop",
}
CHANGE_NOTHING = ("InputLayer", "Identity")
LOSS_WORDS = {"kld": "Kullback-Leibler\ndivergence", "mse": "mean squared error"}

# Inches.
PITCH, WIDER = 1.07, 0.45
LEFT, RIGHT, BRANCH = 0.9, 0.95, 1.5
HEAD, BETWEEN, LOSS_BELOW = 0.55, 0.7, 1.75
LINE, TEXT_GAP = 0.16, 0.07
GRID, SKEW = 1.6, (0.2, 0.15)
CHANNELS, BAR, BAR_LENGTH = 0.05, 0.14, 0.13

SCALES = "height and depth: grid, width: log of channels, height of bars: log of length"
INK, FAINT = "0.15", "0.4"
SIZE = 9.5


@dataclass(frozen=True)
class Step:
    """A layer that is drawn as a box, and the words of those passed on the way to it."""

    key: str
    kind: str
    label: str
    shape: tuple
    passed: tuple = ()


@dataclass(frozen=True)
class Box:
    """Width, height and skew of a step's box, in inches."""

    width: float
    height: float
    skew: tuple

    @property
    def half_width(self):
        return (self.width + self.skew[0]) / 2

    @property
    def half_height(self):
        return (self.height + self.skew[1]) / 2


def network_figure(model, *, note=""):
    """A network with a clustering layer: its layers as boxes, their output shapes, weights and losses.

    The encoder runs from left to right, the decoder back below it. Heights and depths of boxes follow
    the grid, their widths the logarithm of the channels; heights of bars the logarithm of the length.

    Parameters
    ----------
    model : keras.Model
        As `joint_clustering_model` returns it, with layers `encoder`, `clustering` and, unless the reconstruction is no
        output, `decoder`. Layers are drawn in the order in which they are applied.
    note : str, default=""
        Small text below.

    Returns
    -------
    matplotlib.figure.Figure
        The text of an output shape has the layer's name as its gid, such as "encoder/conv2d".
    """
    encoder, clustering = model.get_layer("encoder"), model.get_layer("clustering")
    upper, latent = _upper_row(encoder)
    lower = _lower_row(model.get_layer("decoder")) if "reconstruction" in model.output else []
    return _Drawing(upper, lower, latent, _step(clustering, "clustering"), note).draw(model)


def _upper_row(encoder):
    """All steps of the encoder but the last, and the last, whose output is the latent vector."""
    steps, _ = _steps(encoder)
    source = Step("input", "fields", "input", encoder.input_shape[1:])
    return [source, *steps[:-1]], steps[-1]


def _lower_row(decoder):
    steps, passed = _steps(decoder)
    shape = decoder.output_shape[1:]
    return [*steps, Step("reconstruction", "fields", "reconstruction", shape, passed)]


def _steps(network):
    """Steps of a network in order, and the words passed after the last one."""
    steps, passed = [], ()
    for layer in network.operations:
        if _kind(layer):
            steps.append(_step(layer, network.name, passed))
            passed = ()
        elif type(layer).__name__ not in CHANGE_NOTHING:
            passed = (*passed, _word(layer))
    return steps, passed


def _step(layer, part, passed=()):
    shape = tuple(layer.output.shape[1:])
    return Step(f"{part}/{layer.name}", _kind(layer), _label(layer), shape, passed)


def _kind(layer):
    names = (base.__name__ for base in type(layer).__mro__)
    return next((KINDS[name] for name in names if name in KINDS), None)


def _word(layer):
    name = type(layer).__name__
    return WORDS.get(name, name if name.isupper() else name.lower())


def _label(layer):
    """Kind, window and activation of a layer in two lines."""
    if _kind(layer) == "clustering":
        return f"{layer.n_clusters} centres\nStudent's t, {layer.metric}"
    sizes = (getattr(layer, name, None) for name in ("kernel_size", "pool_size", "size"))
    details = [_product(size) for size in sizes if size]
    if hasattr(layer, "activation"):
        details.append(layer.activation.__name__)
    return f"{_word(layer)}\n{', '.join(details)}"


def _product(sizes):
    return " \u00d7 ".join(str(n) for n in (sizes if isinstance(sizes, tuple) else (sizes,)))


def _weights(layer):
    trained, fixed = (
        sum(math.prod(w.shape) for w in weights)
        for weights in (layer.trainable_weights, layer.non_trainable_weights)
    )
    return f"{trained:,} trained weights" + (f", {fixed:,} fixed" if fixed else "")


def _loss(output):
    from ..clusterers.deep import LOSSES  # here: it loads Keras

    return f"{output} loss\n{LOSS_WORDS.get(LOSSES[output], LOSSES[output])}"


class _Drawing:
    """Two rows of boxes side by side in columns, the latent vector and the clustering layer at their right."""

    def __init__(self, upper, lower, latent, clustering, note):
        self.upper, self.lower, self.latent, self.clustering = upper, lower[::-1], latent, clustering
        grids = [s.shape[-3:-1] for s in (*upper, *lower) if len(s.shape) > 2]
        self.scale = GRID / max((n for grid in grids for n in grid), default=1)
        self.columns = self._columns()
        half = max(self._box(s).half_height for s in (*upper, *lower)) + TEXT_GAP + 2 * LINE
        self.y_upper = -HEAD - half
        self.y_lower = self.y_upper - (2 * half + BETWEEN if lower else 0)
        self.y_latent = (self.y_upper + self.y_lower) / 2
        self.x_latent = self.columns[-1] + PITCH + (WIDER if latent.passed else 0)
        self.foot = min(self.y_lower - half, self.y_latent - LOSS_BELOW - 2 * LINE) - HEAD
        width, height = self.x_latent + BRANCH + RIGHT, -self.foot + (0.1 if note else 0)
        self.figure = new_figure(width, height, note)
        self.figure.set_layout_engine("none")
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(-height, 0))
        self.axes.set_axis_off()

    def _columns(self):
        """Horizontal centres: the output below the input, wider where words lie between two boxes."""
        x = [LEFT]
        for i in range(1, max(len(self.upper), len(self.lower))):
            above = i < len(self.upper) and self.upper[i].passed
            below = i < len(self.lower) and self.lower[i - 1].passed
            x.append(x[-1] + PITCH + (WIDER if above or below else 0))
        return x

    def _box(self, step):
        if len(step.shape) < 3:
            return Box(BAR, BAR_LENGTH * math.log2(step.shape[-1] + 1), (0.06, 0.045))
        height, width, channels = step.shape[-3:]
        skew = tuple(s * self.scale * width for s in SKEW)
        return Box(CHANNELS * math.log2(channels + 1), self.scale * height, skew)

    def draw(self, model):
        self._row(self.upper, self.y_upper, 1)
        self._row(self.lower, self.y_lower, -1)
        self._latent()
        self._clustering(model.get_layer("clustering"))
        self._heading(LEFT - 0.65, -0.25, "Encoder", model.get_layer("encoder"))
        if self.lower:
            self._heading(LEFT - 0.65, self.foot + 0.25, "Decoder", model.get_layer("decoder"))
            self._reconstruction_loss()
        self._legend()
        self._text(self.axes.get_xlim()[1] - 0.25, -0.25, SCALES, ha="right", size=SIZE - 1, color=FAINT)
        return self.figure

    def _row(self, steps, y, direction):
        for x, step in zip(self.columns, steps, strict=False):
            self._labelled(step, x, y)
        placed = list(zip(self.columns, steps, strict=False))[::direction]
        for (x, step), (next_x, next_step) in zip(placed, placed[1:], strict=False):
            start = x + direction * self._box(step).half_width
            end = next_x - direction * self._box(next_step).half_width
            self._arrow((start, y), (end, y))
            self._words(next_step.passed, (x + next_x) / 2, y)

    def _labelled(self, step, x, y):
        """Box of a step, its label above and its shape below."""
        box = self._box(step)
        self._cuboid(box, x, y, COLOURS[step.kind])
        self._text(x, y + box.half_height + TEXT_GAP, step.label, va="bottom")
        self._shape(step, x, y - box.half_height - TEXT_GAP, va="top")

    def _cuboid(self, box, x, y, colour):
        left, low = x - box.half_width, y - box.half_height
        right, high = left + box.width, low + box.height
        dx, dy = box.skew
        front = [(left, low), (right, low), (right, high), (left, high)]
        top = [(left, high), (right, high), (right + dx, high + dy), (left + dx, high + dy)]
        side = [(right, low), (right + dx, low + dy), (right + dx, high + dy), (right, high)]
        for face, towards, share in ((front, 1, 0.12), (top, 1, 0.5), (side, 0, 0.22)):
            mixed = [(1 - share) * c + share * towards for c in to_rgb(colour)]
            self.axes.add_patch(Polygon(face, fc=mixed, ec="white", lw=0.6, joinstyle="round", zorder=3))

    def _latent(self):
        box = self._box(self.latent)
        x, y = self.x_latent, self.y_latent
        label = "latent vector\n" + self.latent.label.replace("\n", ", ")
        if not self.lower:
            self._labelled(replace(self.latent, label=label), x, y)
            self._enter((x - box.half_width, y), straight=True)
            return
        self._cuboid(box, x, y, COLOURS[self.latent.kind])
        self._text(x - 0.2, y + 0.5 * LINE, label, ha="right")
        self._shape(self.latent, x - 0.2, y - 1.2 * LINE, ha="right")
        self._enter((x, y + box.half_height), straight=False)
        first = self.lower[-1]
        start, end = (x, y - box.half_height), self._right_of(self.lower, self.y_lower)
        self._arrow(start, end, bend=(90, 0))
        self._words(first.passed, x, (start[1] + end[1]) / 2)

    def _enter(self, end, *, straight):
        start = self._right_of(self.upper, self.y_upper)
        self._arrow(start, end, bend=None if straight else (0, 90))
        middle = [(a + b) / 2 for a, b in zip(start, end, strict=True)]
        self._words(self.latent.passed, middle[0] if straight else end[0], middle[1])

    def _right_of(self, row, y):
        return self.columns[len(row) - 1] + self._box(row[-1]).half_width, y

    def _clustering(self, layer):
        """Cells for the soft assignments, the layer's weights above and its loss below."""
        x, y = self.x_latent + BRANCH, self.y_latent
        n = self.clustering.shape[-1]
        height = max(0.4, min(1.0, 0.13 * n))
        for i in range(n):
            cell = Rectangle((x - 0.1, y - height / 2 + i * height / n), 0.2, height / n, zorder=3)
            cell.set(fc=COLOURS["clustering"], ec="white", lw=1.2 if n < 20 else 0)
            self.axes.add_patch(cell)
        self._arrow((self.x_latent + self._box(self.latent).half_width, y), (x - 0.1, y))
        above, below = y + height / 2 + TEXT_GAP, y - height / 2 - TEXT_GAP
        self._text(x, above, self.clustering.label, va="bottom")
        weights = _weights(layer).replace(", ", "\n") if layer.non_trainable_weights else _weights(layer)
        self._text(x, above + 2.4 * LINE, weights, va="bottom", color=FAINT)
        self._text(x, above + 4.7 * LINE, "Clustering", va="bottom", weight="bold", size=SIZE + 2)
        self._shape(self.clustering, x, below, va="top")
        self._text(x, below - LINE, "soft assignments", va="top")
        loss = y - LOSS_BELOW
        self._arrow((x, below - 2.2 * LINE), (x, loss + 2.1 * LINE), ls="--")
        self._loss(x, loss, "clustering")

    def _reconstruction_loss(self):
        x = self.columns[0]
        bottom = self.y_upper - self._box(self.upper[0]).half_height - TEXT_GAP - 1.2 * LINE
        top = self.y_lower + self._box(self.lower[0]).half_height + TEXT_GAP + 1.2 * LINE
        middle = (bottom + top) / 2
        self._arrow((x, bottom), (x, middle + 1.6 * LINE), ls="--")
        self._arrow((x, top), (x, middle - 1.6 * LINE), ls="--")
        self._loss(x, middle, "reconstruction")

    def _loss(self, x, y, output):
        frame = {"boxstyle": "round,pad=0.5", "fc": "white", "ec": INK, "lw": 1.0}
        self._text(x, y, _loss(output), bbox=frame)

    def _legend(self):
        kinds = {s.kind for s in (*self.upper, *self.lower, self.latent, self.clustering)}
        names = [kind for kind in COLOURS if kind in kinds and kind != "fields"]
        widths = [0.55 + 0.078 * len(name) for name in names]
        x, y = self.axes.get_xlim()[1] - sum(widths), self.foot + 0.25
        for name, width in zip(names, widths, strict=True):
            self.axes.add_patch(Rectangle((x, y - 0.07), 0.2, 0.14, fc=COLOURS[name], ec="none"))
            self._text(x + 0.28, y, name, ha="left")
            x += width

    def _heading(self, x, y, name, layer):
        self._text(x, y, name, ha="left", weight="bold", size=SIZE + 2)
        self._text(x + 0.85, y, _weights(layer), ha="left", color=FAINT)

    def _shape(self, step, x, y, **style):
        self._text(x, y, _product(step.shape), gid=step.key, size=SIZE - 0.5, **style)

    def _words(self, words, x, y):
        """Layers that are not boxes: upright on the arrow."""
        if words:
            frame = {"boxstyle": "round,pad=0.25", "fc": "white", "ec": "0.6", "lw": 0.7}
            style = {"rotation": 90, "size": SIZE - 1, "color": FAINT, "bbox": frame}
            self._text(x, y, ", ".join(dict.fromkeys(words)), **style)

    def _text(self, x, y, text, **style):
        style = {"ha": "center", "va": "center", "size": SIZE, "color": INK, "linespacing": 1.2} | style
        self.axes.text(x, y, text, zorder=5, **style)

    def _arrow(self, start, end, *, bend=None, ls="-"):
        style = {"arrowstyle": "-|>", "shrinkA": 2, "shrinkB": 2, "mutation_scale": 10, "lw": 1.1}
        if bend:
            style["connectionstyle"] = "angle,angleA={},angleB={},rad=8".format(*bend)
        self.axes.annotate("", end, start, arrowprops=style | {"color": FAINT, "ls": ls})
