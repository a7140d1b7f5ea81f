"""Probes of frozen representations: one table over seeds, compared with raw data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..downstream.encoder_names import LEARNED
from ..errors import DscTfError
from ..logging import record_warnings
from . import cli
from .data_settings import EncoderConfig, RecordConfig, start_run

EXAMPLES = """examples:
  python -m dsc_tf.probe field --data era5_2021.nc                     a day and a week ahead
  python -m dsc_tf.probe lamb field order --data slp.nc --grid 0 --size 256
  python -m dsc_tf.probe drought --data spi3.nc --gap 24 --window 24   gridded, monthly
  python -m dsc_tf.probe drought --data nclimdiv_pdsi.nc               places without a grid, by series encoders
  python -m dsc_tf.probe clusters --encoders ts2vec variogram --seeds 3
  python -m dsc_tf.probe forecast --data ETTh1.csv --seeds 3
"""
ROWS = "rows.json"
TASKS = ("field", "lamb", "drought", "order", "clusters", "forecast")


@dataclass(frozen=True)
class ProbeConfig(EncoderConfig):
    """Compare frozen representations with raw data, principal components and the untrained encoder.

    Parameters
    ----------
    what : tuple of str
        Any of "field" (a day and a week ahead, for daily records), "lamb" (weather types over the British Isles),
        "drought" (1 to 12 months ahead, for monthly records of SPI or PDSI), "order" (distance in time, next
        regime), "clusters" (regimes, agreement with known ones); or, alone, "forecast" (ETTh1.csv or ETTh2.csv by
        TS2Vec's protocol).
    encoders : tuple of str
        Encoders to train.
    n_clusters : int
        Number of regimes, for what = order and clusters.
    seeds : int
        Number of seeds of each encoder.
    gap : int
        Number of steps left out between the periods for training, validation and test.
    threshold : float
        Index below which a month is a drought, for what = drought; by default -1 for SPI and -2 for PDSI.
    multivariate : bool
        Forecast all variables rather than the oil temperature, for what = forecast.
    """

    what: tuple[str, ...] = field(default=("field",), metadata={"choices": TASKS, "positional": True})
    encoders: tuple[str, ...] = field(default=LEARNED, metadata={"choices": LEARNED})
    n_clusters: int = 7
    seeds: int = 5
    gap: int = 30
    threshold: float | None = None
    multivariate: bool = False

    minimum = EncoderConfig.minimum | {"n_clusters": 2, "seeds": 1, "gap": 0}

    def __post_init__(self):
        super().__post_init__()
        if "forecast" in self.what and len(self.what) > 1:
            raise DscTfError("what: forecast reads tables of its own. Ask for it alone.")
        if self.what == ("forecast",) and self.fill != "constant":
            raise DscTfError("fill: forecast reads tables without a grid. Leave the option out.")


def run(config: ProbeConfig) -> Path:
    """Probe with the settings of `config`.

    Parameters
    ----------
    config : ProbeConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished folder: `probe.csv` and `probe.md`, mean and standard deviation over seeds, and `rows.json`, every
        figure.

    Raises
    ------
    DscTfError
        If settings, data or the output folder are invalid.
    """
    with record_warnings() as messages:
        return _run_recorded(config, messages)


def _run_recorded(config, messages):
    from ..downstream.table import probe_table
    from ..experiments.tables import as_csv, as_markdown

    echo = cli.make_echo(config.quiet)
    work, ds = _work(config)
    folder = start_run(config, f"probe-{'-'.join(config.what)}-{config.data_stem}", ds)
    cli.load_keras()
    rows = work(folder, echo)
    header, body = probe_table(rows)
    folder.write_json(ROWS, rows)
    folder.write_text("probe.csv", as_csv(header, body))
    folder.write_text("probe.md", as_markdown(header, body))
    echo(as_markdown(header, body).rstrip())
    path = folder.finish(warnings=messages)
    echo(f"results in {path}")
    return path


def _work(config):
    """A function of an open run folder and an echo that returns rows, and the record if there is a gridded one.

    Invalid data are refused before the function is called.
    """
    from ..downstream import drought_divisions as divisions
    from ..downstream import ett
    from ..downstream import tasks as probing
    from ..downstream.encoders import open_record

    seeds = range(config.seeds)
    if config.what == ("forecast",):
        path = config.data[0]
        ett.read_ett(path, univariate=not config.multivariate)

        def forecast(folder, echo):
            found = ett.run_ett(path, univariate=not config.multivariate, seeds=tuple(seeds), echo=echo)
            return [
                {"task": "forecast", "measure": f"{name} +{row['horizon']}", "value": row[name]}
                | {key: row[key] for key in ("encoder", "seed")}
                for row in found
                for name in ("mse", "mae")
            ]

        return forecast, None
    probing.check_gap(config.what, config.gap)
    if config.what == ("drought",) and (pdsi := _divisions(config.data)) is not None:
        if config.fill != "constant":
            raise DscTfError("fill: these places have no grid. Leave the option out.")
        names = [name for name in config.encoders if name in divisions.ENCODERS]
        threshold = -2.0 if config.threshold is None else config.threshold

        def of_divisions(folder, echo):
            return divisions.probe_divisions(
                pdsi,
                seeds,
                names,
                threshold=threshold,
                steps=config.steps,
                gap=config.gap,
                follow=_teller(echo),
            )

        return of_divisions, None
    record = open_record(
        RecordConfig.open(config),  # not filled: the filler learns from the training block
        protocol=config.protocol,
        fill=config.fill,
        gap=config.gap,
        n_clusters=config.n_clusters,
    )

    def of_record(folder, echo):
        return probing.probe_record(
            record, config.what, seeds, config.encoders, kept=RowStore(folder), follow=_teller(echo),
            threshold=config.threshold, **config.encoder_settings(),
        )  # fmt: skip

    return of_record, record.ds


class RowStore:
    """Rows of each encoder and seed as JSON files of a run folder, so that a resumed run repeats none.

    Parameters
    ----------
    folder : RunFolder
        An open run folder.
    """

    def __init__(self, folder):
        self.folder = folder
        (folder.path / "rows").mkdir(exist_ok=True)

    def load(self, name, seed):
        """Rows, or None if there are none yet."""
        return self.folder.read_json(f"rows/{name}-{seed}.json")

    def save(self, name, seed, rows):
        """Write rows."""
        self.folder.write_json(f"rows/{name}-{seed}.json", rows)


def _divisions(data):
    """Palmer's index of places without a grid, or None if the file is something else."""
    from ..datasets.pdsi import open_divisions

    if len(data) != 1 or not Path(data[0]).is_file():
        return None
    try:
        return open_divisions(data[0])
    except DscTfError:
        return None


def _teller(echo):
    def tell(rows):
        found = ", ".join(f"{row['measure']} {row['value']:.4g}" for row in rows)
        echo(f"{rows[0]['encoder']}, seed {rows[0]['seed']}: {found}")

    return tell


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(ProbeConfig, run, argv, epilog=EXAMPLES)
