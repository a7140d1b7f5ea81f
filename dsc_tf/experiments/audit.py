"""What the published tables hide: definitions, identities, distance from a k-means optimum."""

import numpy as np

from ..evaluation.published_variants import block_variance
from ..evaluation.statistics import cluster_statistics as statistics_of
from . import published
from .published import COLUMNS, FEATURES, MEAN_SQUARE, PADDED_FEATURES, PUBLISHED, RMSE, VARIANCE
from .tables import as_markdown, every_measure, number, title


def broken_identities():
    """Relations that hold for every partition and that the printed figures break.

    Returns
    -------
    list of dict
        row, law (in words), left and right (the two sides by the printed figures).

    References
    ----------
    Faruque et al. (2023), equations 10 and 11 and Tables 2 and 3.
    """
    found = []
    for row, figures in PUBLISHED.items():
        rmse, variance = (figures[COLUMNS.index(column)] for column in (RMSE, VARIANCE))
        if not np.isclose(rmse**2, variance, rtol=0.5):
            law = "RMSE_mean squared is the size-weighted mean of the variances of equation 10"
            found.append({"row": row, "law": law, "left": rmse**2, "right": variance})
    floor = least_padded_variance()
    variance = PUBLISHED["dsc"][COLUMNS.index(VARIANCE)]
    if variance < floor:
        law = "on the padded fields of its notebook the variance of all entries is at least this"
        found.append({"row": "dsc", "law": law, "left": variance, "right": floor})
    return found


def least_padded_variance():
    """Least "avg variance" of any partition of the published data after padding with zeros.

    The variance of a cluster's block is its mean square less the square of its mean; padding divides the former by r
    and the latter by r squared, r being padded over plain features, and the latter is at most the former.
    """
    ratio = PADDED_FEATURES / FEATURES
    return MEAN_SQUARE / ratio - MEAN_SQUARE / ratio**2


def padded_variance(X, labels, padded_shape):
    """`block_variance` on fields padded with zeros at the ends of both axes.

    Parameters
    ----------
    X : array of shape (time, latitude, longitude, variable)
        Fields.
    labels : array of int, shape (time,)
        Cluster of each.
    padded_shape : tuple of int
        (latitude, longitude) after padding.

    Returns
    -------
    float
    """
    ends = [(0, new - old) for old, new in zip(X.shape[1:3], padded_shape, strict=True)]
    padded = np.pad(X, [(0, 0), *ends, (0, 0)]).reshape(len(X), -1)
    return block_variance(statistics_of(padded, np.asarray(labels)))


def audit_page(summaries, samples, *, sequence_length=None):
    """The audit of one protocol's runs as Markdown.

    Parameters
    ----------
    summaries : list of dict
        As `tables.summarise` returns them, of one protocol.
    samples : PreparedRecord
        The data they were made from.
    sequence_length : int, default=None
        Of the sequential methods.

    Returns
    -------
    str
    """
    ended = [s for s in summaries if "best" in s]
    parts = [
        "## One labelling, every definition\n",
        'The best run of each method. The published column "avg inter-cluster distance" is `nearest_pair_row_minimum` '
        "in every row but DSC's, where it is `nearest_pair_row_mean`; by equation 9 it would be "
        '`nearest_pair_distance`. "Avg variance" is `block_variance`; by equation 10, `cluster_variance`.\n',
        as_markdown(*every_measure(ended)),
        _distance_text(ended),
        _padding_text(ended, samples),
        "## Identities that the printed figures break\n",
        _identities_text(),
        "## Distance from a k-means optimum\n",
        "RMSE_mean is the objective of k-means. Lloyd's iterations from a method's own labels can only lower it: a row "
        "with few moved days is, by this measure, k-means under another name.\n",
        as_markdown(*_descent_table(ended, sequence_length)),
    ]
    return "\n".join(parts)


def _distance_text(ended):
    """How much the two published definitions of one column differ on the same labels."""
    ratios = [s["best"]["nearest_pair_row_mean"] / s["best"]["nearest_pair_row_minimum"] for s in ended]
    random = [s["best"] for s in ended if s["row"] == "random_partition"]
    text = (
        "\nOn the same labels the mean of the rows, which printed DSC's figure, is "
        f"{min(ratios):.2f} to {max(ratios):.2f} times the minimum of the rows, which printed all others."
    )
    if random:
        others = [s["best"]["nearest_pair_row_minimum"] for s in ended if s["row"] != "random_partition"]
        wins = sum(random[0]["nearest_pair_row_mean"] > other for other in others)
        text += (
            f" By the mean of the rows a random partition scores {number(random[0]['nearest_pair_row_mean'])}: more "
            f"than {wins} of the {len(others)} other methods by the minimum."
        )
    return text + "\n"


def _padding_text(ended, samples):
    fields = samples.X[:, -1]
    padded = tuple(-(-cells // 16) * 16 for cells in fields.shape[1:3])
    if padded == fields.shape[1:3]:
        return ""
    s = next((s for s in ended if s["row"] == "dsc"), ended[0])
    after = padded_variance(fields, s["best_labels"], padded)
    size = " x ".join(map(str, padded))
    return (
        f'\nPadding the fields to {size}, as the DSC notebook does before it measures, changes "avg variance" of '
        f"{title(s)} from {number(s['best']['block_variance'])} to {number(after)} on the same labels, and no "
        "distance.\n"
    )


def _identities_text():
    header = ["row", "law", "one side", "other side"]
    rows = [[b["row"], b["law"], number(b["left"]), number(b["right"])] for b in broken_identities()]
    return as_markdown(header, rows)


def _descent_table(ended, sequence_length):
    header = ["method", "RMSE_mean", "after Lloyd", "days moved, best run", "days moved, mean"]
    rows = [
        [
            title(s, sequence_length),
            number(s["best"]["rmse_mean"]),
            number(s["best_descent"]["rmse_mean"]),
            f"{s['best_descent']['moved']:.1%}",
            f"{s['moved']:.1%}",
        ]
        for s in ended
    ]
    return header, rows


def not_comparable_notes():
    """The asterisks of the tables, as Markdown."""
    reasons: dict = {}
    for (row, column), reason in published.NOT_COMPARABLE.items():
        reasons.setdefault((row, reason), []).append(column)
    return "".join(
        f"- {row}: {', '.join(columns)}: {reason}.\n" for (row, reason), columns in reasons.items()
    )
