"""The settings of the main job, checked one by one as they are made."""

import dataclasses
from dataclasses import dataclass, field

from .clusterers.registry import METHODS
from .data.protocols import PROTOCOLS
from .errors import DscTfError

RECIPES = ("trained", "notebook")
PRECISIONS = ("auto", "float32", "bfloat16")
CELLS = ("lstm", "convlstm")


@dataclass(frozen=True)
class TrainConfig:
    """Cluster the steps of a gridded climate record into regimes.

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
    aggregate : str
        Average sub-daily data: "daily", "monthly", or a pandas offset such as 6h.
    accumulated : tuple of str
        Variables to sum rather than average, where the file does not say so.
    method : str
        How to cluster.
    n_clusters : int
        Number of clusters.
    window : int
        Consecutive steps seen together; the last one is labelled.
    protocol : str
        How values are prepared: "paper" (equations), "notebook" (what printed the published tables), or
        "anomaly" (without the seasonal cycle, weighted by area).
    recipe : str
        How the network is trained: "trained" learns, "notebook" repeats the published settings.
    cell : str
        Recurrent layers of the encoder.
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
    output : str
        Run folder; runs/NAME by default.
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
    aggregate: str | None = None
    accumulated: tuple[str, ...] = ()
    method: str = field(default="dsc", metadata={"choices": tuple(METHODS)})
    n_clusters: int = 7
    window: int = 1
    protocol: str = field(default="paper", metadata={"choices": tuple(PROTOCOLS)})
    recipe: str = field(default="trained", metadata={"choices": RECIPES})
    cell: str = field(default="lstm", metadata={"choices": CELLS})
    seed: int = 0
    pretrain_epochs: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    precision: str = field(default="auto", metadata={"choices": PRECISIONS})
    output: str | None = None
    resume: bool = False
    quiet: bool = False

    def __post_init__(self):
        for name in ("data", "variables", "region", "period", "accumulated"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        for entry in dataclasses.fields(self):
            choices = entry.metadata.get("choices")
            if choices and getattr(self, entry.name) not in choices:
                raise DscTfError(
                    f"{entry.name}: {getattr(self, entry.name)!r}. Choose one of {', '.join(choices)}."
                )
        for name, least in (
            ("n_clusters", 2),
            ("window", 1),
            ("pretrain_epochs", 0),
            ("epochs", 1),
            ("batch_size", 1),
        ):
            value = getattr(self, name)
            if value is not None and value < least:
                raise DscTfError(f"{name}: {value}. Give an integer of at least {least}.")
        if not 0 <= self.seed < 2**32:
            raise DscTfError(f"seed: {self.seed}. Give an integer from 0 to {2**32 - 1}.")

    def science(self):
        """The settings that results depend on, as JSON can hold them."""
        settings = dataclasses.asdict(self)
        for name in ("output", "resume", "quiet"):
            del settings[name]
        return {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()}
