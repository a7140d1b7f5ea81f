"""Fill the gaps of a gridded record."""

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ..atomic_write import atomic_write
from ..errors import DscTfError
from . import cli
from .data_settings import RecordConfig

EXAMPLES = """examples:
  python -m dsc_tf.interpolate gaps --data holes.nc --output whole.nc
  python -m dsc_tf.interpolate gaps --data 'sst_*.nc' --neighbours 32 --steps 1 --output whole.nc    cheaper
"""
TASKS = ("gaps",)


@dataclass(frozen=True)
class InterpolateConfig(RecordConfig):
    """Fill the gaps of a gridded record by kriging.

    Parameters
    ----------
    task : str
        "gaps": fill the missing values of a gridded record.
    neighbours : int
        Number of known values that an estimate is made from.
    steps : int
        Largest distance in time steps of a neighbour, for gaps; 0 interpolates each step by itself.
    seed : int
        Seed of everything random.
    output : str
        NetCDF file to write; STEM_filled.nc by default.
    quiet : bool
        Print nothing but errors and warnings.
    """

    task: str | None = field(default=None, metadata={"positional": True, "choices": TASKS})
    neighbours: int = 64
    steps: int = 2
    seed: int = 0
    output: str | None = None
    quiet: bool = False

    minimum = {"neighbours": 1, "steps": 0}
    excluded_from_hash: ClassVar[tuple[str, ...]] = ("output", "quiet")

    def __post_init__(self):
        super().__post_init__()
        if self.task is None:
            raise DscTfError(f"task: none given. Give one of {', '.join(TASKS)}.")

    @property
    def path(self):
        """File to write."""
        return Path(self.output or f"{self.data_stem}_filled.nc")


def run(config):
    """Fill the gaps of the selected record.

    Parameters
    ----------
    config : InterpolateConfig
        Settings.

    Returns
    -------
    pathlib.Path
        NetCDF file that was written.

    Raises
    ------
    DscTfError
        If settings or data are invalid, or the file cannot be written.
    """
    echo, began = cli.make_echo(config.quiet), time.perf_counter()
    ds = config.open()
    from ..interpolation.gaps import FILLED, SUFFIX, GapFiller

    filler = GapFiller(neighbours=config.neighbours, steps=config.steps, random_state=config.seed).fit(ds)
    filled = filler.transform(ds)
    for name in ds.data_vars:
        share = filled[name].attrs.get(FILLED, 0.0)
        echo(f"{name}: {100 * share:.1f} % missing, filled" if share else f"{name}: nothing is missing")
    filled.attrs["history"] = _history(ds, config)
    _write(config.path, filled, progress=not config.quiet and f"{SUFFIX}" in " ".join(filled.data_vars))
    echo(f"written to {config.path} ({time.perf_counter() - began:.0f} s)")
    return config.path


def main(argv=None):
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C."""
    again = "Run the same command again."
    return cli.run_command(
        lambda: run(
            cli.parse(InterpolateConfig, argv, program="python -m dsc_tf.interpolate", epilog=EXAMPLES)
        ),
        again=again,
    )


def _history(ds, config):
    line = f"dsc_tf.interpolate {config.task}, neighbours {config.neighbours}, steps {config.steps}, seed {config.seed}"
    return "\n".join([text for text in (ds.attrs.get("history"), line) if text])


def _write(path, ds, *, progress):
    """Write a Dataset as compressed netCDF, lazy variables in blocks."""
    encoding = {name: {"zlib": True, "complevel": 1} for name in ds.data_vars if ds[name].dtype.kind in "fiu"}
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, advice="run the same command again") as temporary, _bar(progress):
        ds.to_netcdf(temporary, engine="netcdf4", encoding=encoding)


def _bar(progress):
    if not progress:
        return nullcontext()
    from tqdm.dask import TqdmCallback

    return TqdmCallback(desc="filling")
