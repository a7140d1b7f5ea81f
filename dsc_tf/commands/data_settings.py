"""Settings that several commands share: the record, its preparation, the output, and the encoder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ..datasets.synthetic import sample_dataset
from ..preprocessing.protocols import PROTOCOLS
from ..records.grib import parse_grib_filter
from ..records.open import open_dataset
from ..reporting import partial_path
from .settings import Settings

RECIPES = ("trained", "notebook", "untrained")


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
    member : str
        Ensemble member by its label, or "all": the members one after the other as further samples.
    level : tuple of str
        Levels such as 500 or 500hPa; all by default, each as a variable.
    grib_filter : tuple of str
        Keys and values that the messages of a GRIB file must have, such as typeOfLevel=surface.
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
    member: str | None = None
    level: tuple[str, ...] | None = None
    grib_filter: tuple[str, ...] = ()
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
        options = ("variables", "region", "period", "season", "aggregate", "accumulated", "member", "level")
        chosen = {name: getattr(self, name) for name in options}
        return open_dataset(source, **chosen, grib_filter=parse_grib_filter(self.grib_filter))

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
