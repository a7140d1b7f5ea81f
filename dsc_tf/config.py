"""The settings of the commands, checked one by one as they are made."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from .clusterers.registry import METHODS, ON_FEATURES
from .data import open_dataset, sample_dataset
from .data.memory import memory_limit
from .data.protocols import PROTOCOLS
from .errors import DscTfError
from .experiments.encoders import LEARNED
from .experiments.methods import BY_NAME
from .experiments.published import PAPER_FILE
from .reporting import partial_path
from .settings import Settings, check_seed
from .sources import SOURCES, STATISTICS

RECIPES = ("trained", "notebook", "untrained")
PRECISIONS = ("auto", "float32", "bfloat16")
GPUS = ("one", "all")
CELLS = ("lstm", "convlstm")
TASKS = ("field", "lamb", "drought", "order", "clusters", "forecast")
TABLES = ("table1", "table2", "table3", "figure1", "figure2", "all")


@dataclass(frozen=True)
class DataConfig(Settings):
    """What the commands share: the record, its preparation, the output.

    Parameters
    ----------
    data : tuple of str
        NetCDF, GRIB or Zarr: one path, several, or globs. "sample" is the embedded synthetic year.
    variables : tuple of str
        Names or standard names of the variables to use; all by default.
    region : tuple of float
        NORTH WEST SOUTH EAST in degrees; WEST above EAST crosses the date line.
    period : tuple of str
        First and last date, such as 2001-01-01 2010-12-31.
    season : str
        First letters of months in a row, such as DJF or NDJFM: these of every year.
    aggregate : str
        Average sub-daily data: "daily", "monthly", or a pandas offset such as 6h.
    accumulated : tuple of str
        Variables to sum rather than average, where the file does not say so.
    n_clusters : int
        Number of clusters.
    output : str
        Run folder; a free name under runs/ by default.
    resume : bool
        Go on with an interrupted run of the same settings.
    quiet : bool
        Print nothing but errors and warnings.
    """

    data: tuple[str, ...] = ("sample",)
    variables: tuple[str, ...] | None = None
    region: tuple[float, float, float, float] | None = field(
        default=None, metadata={"metavar": ("NORTH", "WEST", "SOUTH", "EAST")}
    )
    period: tuple[str, str] | None = field(default=None, metadata={"metavar": ("START", "END")})
    season: str | None = None
    aggregate: str | None = None
    accumulated: tuple[str, ...] = ()
    n_clusters: int = 7
    output: str | None = None
    resume: bool = False
    quiet: bool = False

    least = {"n_clusters": 2}
    unscientific: ClassVar[tuple[str, ...]] = ("output", "resume", "quiet")

    def open(self):
        """The record that the settings name, as `open_dataset` returns it.

        Raises
        ------
        DscTfError
            If it cannot be read or holds no such variable, region or period.
        """
        if self.data == ("sample",):
            source = sample_dataset()
        else:
            source = self.data[0] if len(self.data) == 1 else list(self.data)
        options = ("variables", "region", "period", "season", "aggregate", "accumulated")
        return open_dataset(source, **{name: getattr(self, name) for name in options})

    def folder(self, stem):
        """The folder asked for, or the first free runs/STEM; to resume, the last one interrupted."""
        if self.output:
            return Path(self.output)
        first = Path("runs") / stem
        names = [first, *(first.with_name(f"{first.name}-{i}") for i in range(2, 1000))]
        free = next(i for i, name in enumerate(names) if not (name.exists() or partial_path(name).exists()))
        interrupted = [name for name in names[:free] if partial_path(name).exists()]
        return interrupted[-1] if self.resume and interrupted else names[free]

    @property
    def data_stem(self):
        """The first file's name without its ending, for names of runs."""
        return Path(self.data[0].rstrip("/*")).stem.replace("*", "") or "data"


@dataclass(frozen=True)
class TrainConfig(DataConfig):
    """Cluster the steps of a gridded climate record into regimes.

    Parameters
    ----------
    method : str
        How to cluster.
    encoder : str
        Folder that dsc_tf.pretrain wrote: cluster its representation rather than fields. Method dsc then sets its
        clustering layer on top of that encoder. Window and protocol are the encoder's.
    window : int
        Consecutive steps seen together; the last one is labelled.
    protocol : str
        How values are prepared: "paper" (equations), "notebook" (what printed the published tables), or
        "anomaly" (without the seasonal cycle, weighted by area).
    recipe : str
        How the network is trained: "trained" learns, "notebook" repeats the published settings, "untrained" takes
        the network as it is drawn.
    cell : str
        Recurrent layers of the encoder of dsc.
    sequence_length : int
        Most steps of the sequence that dtc and dtcr read a sample as, by means over areas; every value by default.
    seed : int
        Seed of everything random.
    pretrain_epochs : int
        Passes over the record that learn reconstruction alone; the recipe's by default.
    epochs : int
        Most passes of joint training; the recipe's by default.
    batch_size : int
        Samples a training step; the recipe's by default.
    precision : str
        Number format; "auto" picks bfloat16 where the hardware computes it natively.
    gpus : str
        Whether one GPU trains the network, or all of them share each batch.
    memory : str
        Memory that the record may take, such as 2GB; half of what is available by default. A larger record is
        kept in a scratch file beside the run folder.
    tensorboard : str
        Folder to write losses to, for TensorBoard.
    """

    method: str = field(default="dsc", metadata={"choices": tuple(METHODS)})
    encoder: str | None = None
    window: int = 1
    protocol: str = field(default="paper", metadata={"choices": tuple(PROTOCOLS)})
    recipe: str = field(default="trained", metadata={"choices": RECIPES})
    cell: str = field(default="lstm", metadata={"choices": CELLS})
    sequence_length: int | None = None
    seed: int = 0
    pretrain_epochs: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    precision: str = field(default="auto", metadata={"choices": PRECISIONS})
    gpus: str = field(default="one", metadata={"choices": GPUS})
    memory: str | None = None
    tensorboard: str | None = field(default=None, metadata={"needs": "tensorboard"})

    unscientific = (*DataConfig.unscientific, "gpus", "memory", "tensorboard")
    least = DataConfig.least | {
        "window": 1,
        "sequence_length": 1,
        "pretrain_epochs": 0,
        "epochs": 1,
        "batch_size": 1,
    }

    def __post_init__(self):
        super().__post_init__()
        check_seed(self.seed)
        memory_limit(self.memory)
        if self.encoder is not None and self.method not in ON_FEATURES:
            raise DscTfError(
                f"method: {self.method} reads fields. With --encoder choose {', '.join(ON_FEATURES)}."
            )


@dataclass(frozen=True)
class EncoderConfig(DataConfig):
    """What makes an encoder of fields, for the commands that learn one.

    Parameters
    ----------
    size : int
        Features of a representation.
    grid : int
        Fields are resized to so many rows and columns; 0 keeps the record's own grid.
    filters : int
        Channels of each ConvLSTM layer.
    window : int
        Steps that a sample is cropped from, and steps of context when encoding.
    protocol : str
        How values are prepared: "anomaly" (without the seasonal cycle, weighted by area), "paper" or "notebook".
    steps : int
        Batches to learn from.
    batch_size : int
        Windows a batch.
    """

    size: int = 512
    grid: int = 60
    filters: int = 8
    window: int = 60
    protocol: str = field(default="anomaly", metadata={"choices": tuple(PROTOCOLS)})
    steps: int = 200
    batch_size: int = 8

    least = DataConfig.least | {"size": 1, "grid": 0, "filters": 1, "window": 2, "steps": 0, "batch_size": 1}

    def encoder_settings(self):
        """Arguments of `SpaceTimeTS2Vec`."""
        names = ("size", "filters", "window", "steps", "batch_size")
        return {name: getattr(self, name) for name in names} | {"grid": self.grid or None}


@dataclass(frozen=True)
class PretrainConfig(EncoderConfig):
    """Learn an encoder of fields in space and time without labels, and write the representation of every step.

    Parameters
    ----------
    objective : str
        What is learned: "ts2vec" and its kin "dep_ts2vec", "variogram" (near steps are no negatives) and
        "variogram_hard" (unit vectors too, and steps that lie closer than expected weigh more), or the rivals
        "simclr" (the field a little later) and "masked" (hidden steps); "untrained" takes the encoder as it is drawn.
    seed : int
        Seed of everything random.
    tensorboard : str
        Folder to write losses to, for TensorBoard.
    """

    objective: str = field(default="variogram", metadata={"choices": LEARNED})
    seed: int = 0
    tensorboard: str | None = field(default=None, metadata={"needs": "tensorboard"})

    unscientific = (*EncoderConfig.unscientific, "tensorboard")

    def __post_init__(self):
        super().__post_init__()
        check_seed(self.seed)


@dataclass(frozen=True)
class ProbeConfig(EncoderConfig):
    """Set frozen representations beside raw data, principal components and the untrained encoder.

    Parameters
    ----------
    what : tuple of str
        Any of "field" (a day and a week ahead, for daily records), "lamb" (weather types over the British Isles),
        "drought" (1 to 12 months ahead, for monthly records of SPI or PDSI), "order" (distance in time, next
        regime), "clusters" (regimes, agreement with known ones); or, alone, "forecast" (ETTh1.csv or ETTh2.csv by
        TS2Vec's protocol).
    encoders : tuple of str
        Encoders to learn.
    seeds : int
        Seeds of each encoder.
    gap : int
        Steps left out between the blocks of time for learning, choosing and testing.
    threshold : float
        Index below which a month is a drought, for what = drought; by default -1 for SPI and -2 for PDSI.
    multivariate : bool
        Forecast all variables rather than the oil temperature, for what = forecast.
    """

    what: tuple[str, ...] = field(default=("field",), metadata={"choices": TASKS, "positional": True})
    encoders: tuple[str, ...] = field(default=LEARNED, metadata={"choices": LEARNED})
    seeds: int = 5
    gap: int = 30
    threshold: float | None = None
    multivariate: bool = False

    least = EncoderConfig.least | {"seeds": 1, "gap": 0}

    def __post_init__(self):
        super().__post_init__()
        if "forecast" in self.what and len(self.what) > 1:
            raise DscTfError("what: forecast reads tables of its own. Ask for it alone.")


@dataclass(frozen=True)
class ReproduceConfig(DataConfig):
    """Run every method of a published table on one record and set the table beside the published figures.

    Parameters
    ----------
    what : str
        "table1" (properties), "table2" (baselines), "table3" (ablations), "figure1" (the network), "figure2" (latent
        vectors), or "all".
    runs : int
        Seeds of methods without a network and of the recipes "notebook" and "untrained".
    trained_runs : int
        Seeds of the recipe "trained".
    sequential_runs : int
        Most seeds of dtc and dtcr, whose training costs most.
    protocols : tuple of str
        How values are prepared: "notebook" (what printed the tables, without padding), "paper", "anomaly".
    recipes : tuple of str
        How networks are trained.
    methods : tuple of str
        Rows to run, by name; all of the table by default.
    sequence_length : int
        Most steps of the sequences of dtc and dtcr, by means over areas; 0 reads every value, as published.
    shortcut : bool
        Skip the training of the recipe "notebook" where it moves no label (DSC and the ablations); the tables say so.
    jobs : int
        Processes at once; as many as processors and memory bear by default.
    scheduler : str
        Address of a Dask scheduler whose workers take the runs.
    """

    what: str = field(default="all", metadata={"choices": TABLES, "positional": True})
    runs: int = 20
    trained_runs: int = 5
    sequential_runs: int = 20
    protocols: tuple[str, ...] = field(default=("notebook",), metadata={"choices": tuple(PROTOCOLS)})
    recipes: tuple[str, ...] = field(default=("notebook", "trained"), metadata={"choices": RECIPES})
    methods: tuple[str, ...] | None = field(default=None, metadata={"choices": tuple(BY_NAME)})
    sequence_length: int = 120
    shortcut: bool = False
    jobs: int | None = None
    scheduler: str | None = None

    least = DataConfig.least | {
        "runs": 1,
        "trained_runs": 1,
        "sequential_runs": 1,
        "sequence_length": 0,
        "jobs": 1,
    }

    @property
    def longest_sequence(self):
        """Most steps of a sequence, None where every value is read."""
        return self.sequence_length or None

    unscientific = (*DataConfig.unscientific, "jobs", "scheduler")


@dataclass(frozen=True)
class DownloadConfig(Settings):
    """Download ERA5: the paper's file by default, or any region, period and variables.

    Parameters
    ----------
    source : str
        "cds" (Climate Data Store: computes daily statistics, has a queue), "arco" (its Zarr store for long series of
        small regions: no queue, the same key, experimental) or "google" (no account, but whole globes hour by hour).
    variables : tuple of str
        Short names such as t2m, or the Climate Data Store's such as 2m_temperature.
    region : tuple of float
        NORTH WEST SOUTH EAST in degrees; WEST above EAST crosses the date line.
    period : tuple of str
        First and last day, such as 2001-01-01 2010-12-31.
    statistic : str
        Of the hours of each day, or "hourly" for all of them.
    output : str
        NetCDF file; era5_PERIOD.nc by default. A manifest is written beside it.
    limit : float
        Most gigabytes to transfer, uncompressed; more is refused before anything is fetched.
    dry_run : bool
        Print the requests as JSON and the estimated size, reaching no network.
    quiet : bool
        Print nothing but errors and warnings.
    """

    source: str = field(default="cds", metadata={"choices": SOURCES})
    variables: tuple[str, ...] = tuple(PAPER_FILE.variables)
    region: tuple[float, float, float, float] = field(
        default=PAPER_FILE.region, metadata={"metavar": ("NORTH", "WEST", "SOUTH", "EAST")}
    )
    period: tuple[str, str] = field(default=PAPER_FILE.period, metadata={"metavar": ("START", "END")})
    statistic: str = field(default="mean", metadata={"choices": STATISTICS})
    output: str | None = None
    limit: float = 20.0
    dry_run: bool = False
    quiet: bool = False

    unscientific = ("output", "limit", "dry_run", "quiet")
