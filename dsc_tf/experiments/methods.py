"""The rows of the tables: which method, under which settings."""

from dataclasses import dataclass, field

from ..clusterers import DEEP_METHODS

CONTROL, BASELINE, ABLATION, CLIMATE = "controls", "baselines", "ablations", "climate practice"


@dataclass(frozen=True)
class Row:
    """A method as the tables show it.

    Parameters
    ----------
    name : str
        Key of its runs and of its published figures.
    title : str
        As printed.
    method : str
        Name in the registry.
    group : str
        Which part of the table it stands in.
    tables : tuple of str
        Published tables and figures that hold it, or that it is added to; the comparison holds every row.
    recipe : str, default=None
        The only recipe it is run with; None is every recipe asked for, if it is a network.
    options : dict, default={}
        Parameters other than the defaults.
    """

    name: str
    title: str
    method: str
    group: str
    tables: tuple
    recipe: str | None = None
    options: dict = field(default_factory=dict)

    def recipes(self, asked):
        """Recipes to run it with; ("",) where there is nothing to train."""
        if self.method not in DEEP_METHODS:
            return ("",)
        return (self.recipe,) if self.recipe else tuple(asked)


BOTH = ("table2", "table3")
ROWS = (
    Row("kmeans", "k-means", "kmeans", BASELINE, BOTH),
    Row("hierarchical", "hierarchical (Ward)", "hierarchical", BASELINE, ("table2",)),
    Row("dec", "DEC", "dec", BASELINE, ("table2", "figure2")),
    Row("dtc", "DTC", "dtc", BASELINE, ("table2",)),
    Row("dtcr", "DTCR", "dtcr", BASELINE, ("table2",)),
    Row("cnn_encoder", "CNN encoder", "cnn_encoder", ABLATION, ("table3",)),
    Row("cnn_autoencoder", "CNN autoencoder", "cnn_autoencoder", ABLATION, ("table3",)),
    Row("cnn_lstm_encoder", "CNN-LSTM encoder", "cnn_lstm_encoder", ABLATION, ("table3",)),
    Row("dsc", "DSC (CNN-LSTM autoencoder)", "dsc", BASELINE, (*BOTH, "figure2")),
    Row("eof_kmeans", "EOF + k-means", "eof_kmeans", CLIMATE, ("table2",)),
    Row(
        "spherical_kmeans",
        "spherical k-means",
        "spherical_kmeans",
        CLIMATE,
        ("table2",),
        options={"centre": False},
    ),
    Row("persistent_kmeans", "persistent k-means", "persistent_kmeans", CLIMATE, ("table2",)),
    Row("gaussian_mixture", "EOF + Gaussian mixture", "gaussian_mixture", CLIMATE, ("table2",)),
    Row("predictive_kmeans", "predictive k-means", "predictive_kmeans", CLIMATE, ()),
    Row("switching", "switching autoregression", "switching", CLIMATE, ()),
    Row("random_network", "random DSC network", "dsc", CONTROL, BOTH, recipe="untrained"),
    Row("random_partition", "random partition", "random_partition", CONTROL, BOTH),
)
BY_NAME = {row.name: row for row in ROWS}
SEQUENTIAL = ("dtc", "dtcr")  # read a sample as one long sequence
# Their published learning rate of 1e-7 moves no label: the recipe "notebook" ends where "untrained" begins.
UNMOVED = ("dsc", "cnn_encoder", "cnn_autoencoder", "cnn_lstm_encoder")


def rows_of(table, chosen=None):
    """Rows of a table, of all published tables, or of the comparison.

    Parameters
    ----------
    table : str
        "table2", "table3", "figure2", "all" for every row of these, or "comparison" for every row.
    chosen : tuple of str, default=None
        Names to keep; None keeps all.

    Returns
    -------
    list of Row
    """
    rows = [
        row for row in ROWS if table == "comparison" or table in row.tables or (table == "all" and row.tables)
    ]
    return [row for row in rows if chosen is None or row.name in chosen]
