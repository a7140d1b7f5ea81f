"""Every method on the ladder of labelled regimes: `python -m dsc_tf.reproduce ladder`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import cli
from .settings import Settings

RUNGS = (1, 2, 3, 4, 5, 6, 7, 8)  # those of `dsc_tf.datasets.regime_ladder`, which imports xarray

EXAMPLES = """examples:
  python -m dsc_tf.reproduce ladder
  python -m dsc_tf.reproduce ladder --rungs 2 4 6 --methods eof_kmeans switching
  python -m dsc_tf.reproduce ladder --methods dsc dec --output runs/deep       an hour for each rung
  python -m dsc_tf.reproduce ladder --rungs 1 --methods dsc_small     a small network: a minute
"""
# Deep methods that look at single days are left to `methods`: they cost minutes a record.
DEFAULT_METHODS = (
    "random_partition",
    "kmeans",
    "spherical_kmeans",
    "hierarchical",
    "eof_kmeans",
    "gaussian_mixture",
    "persistent_kmeans",
    "consensus",
    "predictive_kmeans",
    "switching",
    "switching_dsc",
    "ceiling",
)
DEEP_METHODS = (
    "dsc",
    "dsc_small",
    "b_tgat",
    "b_tgat_small",
    "dec",
    "cnn_autoencoder",
    "cnn_small",
    "dtc_short",
)


@dataclass(frozen=True)
class LadderConfig(Settings):
    """Fit methods to synthetic records with known regimes, of eight difficulties, and compare their labels.

    Parameters
    ----------
    rungs : tuple of int
        Rungs of the ladder.
    data_seeds : tuple of int
        Seeds of the records; 0 to 2 were used while the methods were built.
    methods : tuple of str
        Methods; "ceiling" is the best linear chain whose parameters are estimated from the true regimes.
    output : str
        Run folder.
    resume : bool
        Continue an interrupted run.
    quiet : bool
        Print nothing but errors.
    """

    rungs: tuple[int, ...] = field(default=tuple(RUNGS), metadata={"choices": tuple(RUNGS)})
    data_seeds: tuple[int, ...] = (11, 12, 13)
    methods: tuple[str, ...] = field(
        default=DEFAULT_METHODS, metadata={"choices": (*DEFAULT_METHODS, *DEEP_METHODS)}
    )
    output: str = "runs/ladder"
    resume: bool = False
    quiet: bool = False


def run(config: LadderConfig) -> Path:
    """Fit what is not there yet and write `ladder.md`, `ladder.csv` and `ladder.png`.

    Parameters
    ----------
    config : LadderConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished folder.

    Raises
    ------
    DscTfError
        If the output folder is there already or cannot be written.
    """
    from tqdm.auto import tqdm

    from ..experiments import ladder
    from ..reporting import open_run

    folder = open_run(config.output, resume=config.resume)
    if any(name not in ladder.BY_NAME or ladder.BY_NAME[name].deep for name in config.methods):
        cli.load_keras()
    records = ladder.run_ladder(
        folder,
        config.methods,
        config.rungs,
        config.data_seeds,
        follow=lambda fits: tqdm(fits, unit="fit", disable=config.quiet),
    )
    folder.write_text("ladder.md", ladder.report(records, config.methods, config.rungs, config.data_seeds))
    columns = (
        "method",
        "rung",
        "data_seed",
        "ari",
        "causal_ari",
        "branch",
        "mean_run_length",
        "seconds",
        "error",
    )
    folder.write_csv("ladder.csv", [{name: r.get(name, "") for name in columns} for r in records])
    folder.save_figure("ladder.png", ladder.ladder_figure(records, config.methods, config.rungs))
    path = folder.finish()
    cli.make_echo(config.quiet)(f"results in {path}")
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(LadderConfig, run, argv, epilog=EXAMPLES, program="python -m dsc_tf.reproduce ladder")
