"""Labels of another record from a finished run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DscTfError
from ..logging import record_warnings
from ..records.paths import paths_of
from . import cli
from .data_settings import start_run
from .settings import Settings

EXAMPLES = """examples:
  python -m dsc_tf.predict runs/mine --data era5_2022.nc
  python -m dsc_tf.predict runs/mine --data 'era5_*.nc' --period 2022-01-01 2022-12-31 --unassigned 0.9
"""


@dataclass(frozen=True)
class PredictConfig(Settings):
    """Label another record with a finished run of dsc_tf.train: same region, season, variables, units and preparation.

    Parameters
    ----------
    run : str
        Folder that dsc_tf.train wrote.
    data : tuple of str
        NetCDF, GRIB or Zarr: one path, several, or globs.
    period : tuple of str
        First and last date, such as 2022-01-01 2022-12-31; all by default.
    unassigned : float
        Share of the steps of the run, such as 0.9: steps farther from their centre than this quantile of the distances
        in the run get no cluster; by default every step gets one.
    unassigned_by : str
        What decides that a step gets no cluster: "distance" from the centre, or "membership", the largest soft
        assignment, for methods that have them.
    output : str
        Folder of the labels; a free name under runs/ by default.
    quiet : bool
        Print nothing but errors and warnings.
    """

    run: str | None = field(default=None, metadata={"positional": True})
    data: tuple[str, ...] = ()
    period: tuple[str, str] | None = field(default=None, metadata={"metavar": ("START", "END")})
    unassigned: float | None = None
    unassigned_by: str = field(default="distance", metadata={"choices": ("distance", "membership")})
    output: str | None = None
    quiet: bool = False

    def __post_init__(self):
        super().__post_init__()
        if not self.run:
            raise DscTfError("run: no folder given. Give one that dsc_tf.train wrote.")
        if not self.data:
            raise DscTfError("data: no file. Give at least one with --data.")
        if self.unassigned is not None and not 0 < self.unassigned <= 1:
            raise DscTfError(
                f"unassigned: {self.unassigned:g}. Give a share above 0 and up to 1, such as 0.9."
            )


def run(config: PredictConfig) -> Path:
    """Label a record with the settings of `config`.

    Parameters
    ----------
    config : PredictConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished folder: `labels.nc`, `labels.csv` and `config.json`.

    Raises
    ------
    DscTfError
        If the run or the data are invalid, or the method of the run cannot label new samples.
    """
    with record_warnings() as messages:
        return _run_recorded(config, messages)


def _run_recorded(config, messages):
    from ..reporting.finished import check_finished

    check_finished(config.run)
    for text in config.data:
        paths_of(text)  # a missing file is reported before xarray and Keras are imported
    from ..clusterers import DEEP_METHODS
    from ..reporting import load_run
    from ..reporting.labels import label_rows, labels_dataset
    from ..reporting.readme import write_readme

    echo = cli.make_echo(config.quiet)
    trained = load_run(config.run)
    if trained.config["method"] in DEEP_METHODS or trained.config.get("encoder"):
        cli.load_keras()
    ds = trained.open(list(config.data), period=config.period)
    X = trained.samples(ds)
    found = trained.classify(X, unassigned=config.unassigned, by=config.unassigned_by)
    labels = over_record(found["labels"].values, X, ds, -1)
    written = labels_dataset(
        labels,
        ds["time"],
        n_clusters=trained.n_clusters,
        soft=over_record(found["soft_assignment"].values, X, ds) if "soft_assignment" in found else None,
        distance=over_record(found["distance"].values, X, ds),
        attrs={"title": f"Regimes of {ds.attrs.get('title', 'a gridded record')}, by the run {config.run}"},
    )
    stem = f"labels-{Path(config.run).name}-{Path(config.data[0].rstrip('/*')).stem.replace('*', '')}"
    folder = start_run(config, stem, ds)
    folder.write_netcdf("labels.nc", written)
    folder.write_csv("labels.csv", label_rows(written))
    sizes = ", ".join(f"{j}: {int((labels == j).sum())}" for j in range(trained.n_clusters))
    echo(f"{len(labels)} steps; cluster: steps {sizes}; unassigned {int((labels < 0).sum())}")
    write_readme(folder)
    path = folder.finish(warnings=messages)
    echo(f"labels in {path}")
    return path


def over_record(values, X, ds, missing=None):
    """Values of samples over all steps of a record; NaN, or `missing`, at steps that end no sample.

    Parameters
    ----------
    values : array of shape (sample, ...)
        One row for each sample.
    X : Samples
        The samples.
    ds : xr.Dataset
        Their record.
    missing : int, default=None
        Value of other steps.

    Returns
    -------
    array of shape (time, ...)
    """
    import numpy as np

    whole = np.full(
        (ds.sizes["time"], *values.shape[1:]), np.nan if missing is None else missing, values.dtype
    )
    whole[X.sample_index] = values
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(PredictConfig, run, argv, epilog=EXAMPLES, again=cli.REPEAT)
