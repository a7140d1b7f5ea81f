"""Settings that several commands share: the record, its preparation, the output, and the encoder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from ..errors import DscTfError
from ..preprocessing.protocols import PROTOCOLS, SMOOTHINGS, Protocol
from ..records.paths import paths_of
from .settings import Settings

FILLS = ("constant", "kriging")
CHECKPOINT = "checkpoint.npz"  # state of an unfinished training in a run folder
GAP_FILLING = "gap_filling.npz"  # fitted gap filler in a run folder
RECIPES = ("trained", "notebook", "untrained")


@dataclass(frozen=True)
class RecordConfig(Settings):
    """Settings that select a gridded record.

    Parameters
    ----------
    data : tuple of str
        NetCDF, GRIB or Zarr: one path, several, or globs. "sample" is the embedded synthetic year.
    variables : tuple of str
        Names or standard names of the variables to use; all by default.
    region : tuple of float
        NORTH WEST SOUTH EAST in degrees; WEST above EAST crosses the date line; all by default.
    period : tuple of str
        First and last date, such as 2001-01-01 2010-12-31; all by default.
    season : str
        First letters of consecutive months, such as DJF or NDJFM: these months of every year; by default all.
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

    def open(self):
        """Open the record, as `open_dataset` returns it.

        Raises
        ------
        DscTfError
            If it cannot be read or has no such variable, region or period.
        """
        if self.data == ("sample",):
            from ..datasets.synthetic import sample_dataset

            source = sample_dataset()
        else:
            for text in self.data:
                paths_of(text)  # a missing file is reported before xarray and pandas are imported
            source = self.data[0] if len(self.data) == 1 else list(self.data)
        from ..records.grib import parse_grib_filter
        from ..records.open import open_dataset

        options = ("variables", "region", "period", "season", "aggregate", "accumulated", "member", "level")
        chosen = {name: getattr(self, name) for name in options}
        return open_dataset(source, **chosen, grib_filter=parse_grib_filter(self.grib_filter))

    @property
    def data_stem(self) -> str:
        """The first file's name without its ending, for names of runs."""
        return Path(self.data[0].rstrip("/*")).stem.replace("*", "") or "data"


@dataclass(frozen=True)
class FilledRecordConfig(RecordConfig):
    """Settings that select a gridded record, and how its missing values are filled.

    Parameters
    ----------
    fill : str
        How missing values are filled: "constant" (as the protocol does), or "kriging" (in space and time, before
        the protocol).
    """

    fill: str = field(default="constant", metadata={"choices": FILLS})

    def open(self):
        """Open the record; missing values are filled if the settings say so."""
        return self.open_filled()[0]

    def open_filled(self, trained=None):
        """Open the record and fill its missing values.

        Parameters
        ----------
        trained : path, default=None
            Folder of a finished run: a gap filler stored there is applied instead of a new one.

        Returns
        -------
        ds : xr.Dataset
            Record; in memory if gaps were filled and memory suffices, otherwise gaps are filled whenever it is read.
        filler : GapFiller or None
            Fitted filler, to be stored with the run.
        """
        ds = super().open()
        stored = trained is not None and (Path(trained) / GAP_FILLING).exists()
        if self.fill == "constant" and not stored:
            return ds, None
        from ..preprocessing.gap_filling import GapFiller, load_gap_filler
        from ..records.memory import memory_limit

        if 4 * ds.nbytes <= memory_limit():
            ds = ds.load()
        filler = load_gap_filler(trained) if stored else GapFiller().fit(ds)
        return filler.transform(ds, progress=not getattr(self, "quiet", True))[list(ds.data_vars)], filler


@dataclass(frozen=True)
class OutputConfig(FilledRecordConfig):
    """Settings of every command that prepares a record and writes a run folder.

    Parameters
    ----------
    output : str
        Run folder; a free name under runs/ by default.
    resume : bool
        Continue an interrupted run of the same settings.
    quiet : bool
        Print nothing but errors and warnings.
    """

    output: str | None = None
    resume: bool = False
    quiet: bool = False

    excluded_from_hash: ClassVar[tuple[str, ...]] = ("output", "resume", "quiet")


@dataclass(frozen=True)
class DataConfig(OutputConfig):
    """Settings of every command that clusters a record.

    Parameters
    ----------
    n_clusters : int
        Number of clusters.
    """

    n_clusters: int = 7

    minimum: ClassVar[dict[str, int]] = {"n_clusters": 2}


@dataclass(frozen=True)
class PreparationConfig(Settings):
    """Settings of the further steps of a preparation, for commands that have a protocol.

    Parameters
    ----------
    transform : tuple of str
        Transforms of variables with skewed distributions, such as tp=sqrt (or log1p), before anything else.
    detrend : bool
        Remove the linear trend of each cell.
    smooth : int
        Number of steps over which each cell is smoothed in time, within gap-free segments; 1 smooths nothing.
    smoothing : str
        Kind of smoothing: "centred" running mean, "causal" (of a step and those before it), or "low_pass" (Lanczos
        filter with this cutoff period).
    weights : tuple of str
        Weights of variables in distances, such as t2m=1 tp=0.5; 1 by default.
    """

    transform: tuple[str, ...] = ()
    detrend: bool = False
    smooth: int = 1
    smoothing: str = field(default="centred", metadata={"choices": SMOOTHINGS})
    weights: tuple[str, ...] = ()

    def __post_init__(self):
        super().__post_init__()
        self.preparation("anomaly")  # refuses invalid choices

    @property
    def further_steps(self) -> dict[str, Any]:
        """Choices of the further steps that are not at their defaults, by name."""
        found = {
            "transform": tuple(pairs("transform", self.transform, str)),
            "detrend": self.detrend,
            "smooth": self.smooth,
            "weights": tuple(pairs("weights", self.weights, float)),
        }
        found = {name: value for name, value in found.items() if value and (name, value) != ("smooth", 1)}
        return found | ({"smoothing": self.smoothing} if self.smooth > 1 else {})

    def preparation(self, protocol: str) -> str | Protocol:
        """Protocol of this name with the further steps that the settings ask for; the name if there are none.

        Parameters
        ----------
        protocol : str
            A name in `PROTOCOLS`.

        Returns
        -------
        str or Protocol
        """
        return replace(PROTOCOLS[protocol], **self.further_steps) if self.further_steps else protocol


def pairs(name: str, texts: Sequence[str], kind: Callable[[str], Any]) -> list[tuple[str, Any]]:
    """Pairs of a variable and a choice from texts such as tp=sqrt.

    Parameters
    ----------
    name : str
        Name of the setting, for messages.
    texts : sequence of str
        The texts.
    kind : type
        Type of the choice: `str` or `float`.

    Raises
    ------
    DscTfError
        If a text has another form, or a variable is given twice.

    Examples
    --------
    >>> pairs("weights", ["t2m=1", "tp=0.5"], float)
    [('t2m', 1.0), ('tp', 0.5)]
    """
    found = []
    for text in texts:
        variable, _, choice = text.rpartition("=")
        try:
            found.append((variable.strip(), kind(choice.strip())))
        except ValueError:
            variable = ""
        if not variable.strip():
            raise DscTfError(f"{name}: {text!r}. Write VARIABLE={'0.5' if kind is float else 'sqrt'}.")
    if len(dict(found)) < len(found):
        raise DscTfError(f"{name}: a variable is given twice. Give each once.")
    return found


@dataclass(frozen=True)
class EncoderConfig(OutputConfig):
    """Settings of an encoder of fields, for the commands that train one.

    Parameters
    ----------
    size : int
        Number of features of a representation.
    grid : int
        Number of rows and columns that fields are resized to; 0 keeps the record's own grid.
    filters : int
        Channels of each ConvLSTM layer.
    window : int
        Number of steps that a sample is cropped from, and of steps of context when encoding.
    protocol : str
        How values are prepared: "anomaly" (without the seasonal cycle, weighted by area), "paper" or "notebook".
    steps : int
        Number of training batches.
    batch_size : int
        Number of windows in a batch.
    """

    size: int = 512
    grid: int = 60
    filters: int = 8
    window: int = 60
    protocol: str = field(default="anomaly", metadata={"choices": tuple(PROTOCOLS)})
    steps: int = 200
    batch_size: int = 8

    minimum: ClassVar[dict[str, int]] = {
        "size": 1,
        "grid": 0,
        "filters": 1,
        "window": 2,
        "steps": 0,
        "batch_size": 1,
    }

    def encoder_settings(self) -> dict[str, Any]:
        """Arguments of `SpaceTimeTS2Vec`."""
        names = ("size", "filters", "window", "steps", "batch_size")
        return {name: getattr(self, name) for name in names} | {"grid": self.grid or None}


def start_run(config: Any, stem: str, ds: Any = None) -> Any:
    """Open the run folder of a command and write its settings first of all.

    Parameters
    ----------
    config : Settings
        Settings with `output` and, if the command can be continued, `resume`.
    stem : str
        Name of a folder under runs/ if none is requested.
    ds : xr.Dataset, default=None
        The record, whose description is written as well; None writes the settings alone.

    Returns
    -------
    RunFolder

    Raises
    ------
    DscTfError
        If the folder cannot be written, or contains a run of other settings, data or versions.
    """
    from ..reporting import open_run, write_config

    resume = getattr(config, "resume", False)
    folder = open_run(run_folder(config.output, stem, resume=resume), resume=resume)
    if ds is None:
        folder.write_json("config.json", {"config": config.result_settings()})
    else:
        write_config(folder, config.result_settings(), ds)
    return folder


def run_folder(output: str | None, stem: str, *, resume: bool = False) -> Path:
    """The requested folder, or the first free runs/STEM; to resume, the last interrupted one.

    Parameters
    ----------
    output : str or None
        The requested folder.
    stem : str
        Name of a folder under runs/ if none is requested.
    resume : bool, default=False
        Whether an interrupted run is continued.

    Returns
    -------
    pathlib.Path
    """
    from ..reporting.run_folder import partial_path

    if output:
        return Path(output)
    first = Path("runs") / stem
    names = [first, *(first.with_name(f"{first.name}-{i}") for i in range(2, 1000))]
    free = next(i for i, name in enumerate(names) if not (name.exists() or partial_path(name).exists()))
    interrupted = [name for name in names[:free] if partial_path(name).exists()]
    return interrupted[-1] if resume and interrupted else names[free]
