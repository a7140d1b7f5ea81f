"""Figure 1 shows the layers of the model it is given, each once and with its own shape."""

import keras
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from dsc_tf.experiments.network_figure import network_figure
from dsc_tf.layers import ConvLSTM, UpsampleConv2D
from dsc_tf.models import joint_clustering_model
from dsc_tf.models.dsc import dsc_autoencoder

DRAWN = (keras.layers.Conv2D, UpsampleConv2D, ConvLSTM, keras.layers.RNN, keras.layers.Dense)
NETWORKS = {
    "lstm": ((1, 9, 11, 3), "lstm"),
    "convlstm": ((1, 9, 11, 3), "convlstm"),
    "window of 3": ((3, 9, 11, 3), "lstm"),
    "convlstm, window of 3": ((3, 9, 11, 3), "convlstm"),
}


@pytest.fixture(scope="module", params=NETWORKS.values(), ids=NETWORKS)
def model(request):
    shape, cell = request.param
    return joint_clustering_model(dsc_autoencoder(shape, cell=cell, units=8, latent_size=4), 3)


def texts(figure):
    return [t for t in figure.findobj(Text) if t.get_text()]


def written(shape):
    return " × ".join(str(n) for n in shape[1:])


def test_each_layer_is_there_once_with_its_shape(model):
    shapes = [(t.get_gid(), t.get_text()) for t in texts(network_figure(model)) if t.get_gid()]
    assert len(dict(shapes)) == len(shapes)
    layers = {f"{part}/{x.name}": x for part in ("encoder", "decoder") for x in model.get_layer(part).layers}
    drawn = {key: written(x.output.shape) for key, x in layers.items() if isinstance(x, DRAWN)}
    assert len(drawn) > 10
    assert drawn.items() <= dict(shapes).items()
    other = {key for key, _ in shapes} - set(drawn)
    assert {key for key in other if "pool" not in key} == {
        "input",
        "reconstruction",
        "clustering/clustering",
    }
    assert dict(shapes)["reconstruction"] == dict(shapes)["input"] == written(model.input_shape)


def test_weights_of_all_parts_are_those_of_the_model(model):
    words = " ".join(t.get_text() for t in texts(network_figure(model)))
    for layer in (model.get_layer(name) for name in ("encoder", "decoder", "clustering")):
        assert f"{sum(w.value.numpy().size for w in layer.trainable_weights):,} trained weights" in words
    assert "identity" not in words


def test_no_text_is_clipped_or_covers_another(model):
    figure = network_figure(model, note="a note")
    FigureCanvasAgg(figure).draw()
    drawn = [t for t in texts(figure) if t.get_visible()]
    boxes = [(t.get_bbox_patch() or t).get_window_extent() for t in drawn]
    for i, (text, box) in enumerate(zip(drawn, boxes, strict=True)):
        assert figure.bbox.containsx(box.x0) and figure.bbox.containsx(box.x1), text
        assert figure.bbox.containsy(box.y0) and figure.bbox.containsy(box.y1), text
        assert not [drawn[j] for j in range(i) if boxes[j].overlaps(box)], text


def test_without_reconstruction_there_is_no_decoder():
    network = dsc_autoencoder((1, 9, 11, 3), units=8, latent_size=4)
    figure = network_figure(joint_clustering_model(network, 3, reconstruct=False))
    words = [t.get_text() for t in texts(figure)]
    assert any(word.startswith("clustering loss") for word in words)
    assert not [word for word in words if "reconstruction" in word or word == "Decoder"]
