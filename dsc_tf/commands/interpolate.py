"""Fill the gaps of a gridded record, or map station values to a grid."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ..atomic_write import atomic_write
from ..errors import DscTfError, refuse_damaged
from ..stored import read_json
from . import cli
from .data_settings import GAP_FILLING, RecordConfig

EXAMPLES = """examples:
  python -m dsc_tf.interpolate gaps --data holes.nc --output whole.nc
  python -m dsc_tf.interpolate gaps --data 'sst_*.nc' --neighbours 32 --steps 1 --output whole.nc    cheaper
  python -m dsc_tf.interpolate stations --data stations.nc --grid 0.25 --output map.nc
  python -m dsc_tf.interpolate stations --data stations.nc --grid 0.25 --covariates era5.nc --output map.nc
"""
TASKS = ("gaps", "stations")
METHODS = ("kriging", "field")
VALUES_OF_A_PART, MIN_STEPS = 1_000_000, 16  # a longer record is filled in parts
GRID_ONLY = ("season", "aggregate", "accumulated", "member", "level", "grib_filter")


@dataclass(frozen=True)
class InterpolateConfig(RecordConfig):
    """Fill the gaps of a gridded record, or map station values to a grid.

    Parameters
    ----------
    task : str
        "gaps": fill the missing values of a gridded record. "stations": map the values of a netCDF file over (time,
        station), with latitude and longitude over station, to a grid.
    neighbours : int
        Number of known values that an estimate is made from; 64 for gaps, 32 for stations.
    steps : int
        Largest distance in time steps of a neighbour, for gaps; 0 interpolates each step by itself.
    grid : float
        Spacing of the grid in degrees, for stations; it covers the region, by default the stations.
    covariates : tuple of str
        Gridded files at the dates of the stations: their fields predict the values, and residuals are kriged.
    log : bool
        Interpolate the logarithm, for skewed positive station values such as pollution.
    method : str
        For stations: "kriging" date by date, or "field" (EOFs of the series and a Gaussian process; for records of
        low rank).
    seed : int
        Seed of everything random.
    output : str
        NetCDF file to write; STEM_filled.nc or STEM_map.nc by default.
    resume : bool
        Continue an interrupted filling of the same settings; finished parts of a long record are in OUTPUT.parts.
    quiet : bool
        Print nothing but errors and warnings.
    """

    task: str | None = field(default=None, metadata={"positional": True, "choices": TASKS})
    neighbours: int | None = None
    steps: int = 2
    grid: float | None = None
    covariates: tuple[str, ...] | None = None
    log: bool = False
    method: str = field(default="kriging", metadata={"choices": METHODS})
    seed: int = 0
    output: str | None = None
    resume: bool = False
    quiet: bool = False

    minimum = {"neighbours": 1, "steps": 0}
    excluded_from_hash: ClassVar[tuple[str, ...]] = ("output", "resume", "quiet")

    def __post_init__(self):
        super().__post_init__()
        if self.task is None:
            raise DscTfError(f"task: none given. Give one of {', '.join(TASKS)}.")
        if self.task == "stations":
            self._check_stations()
        elif self.grid is not None or self.covariates or self.log or self.method != "kriging":
            raise DscTfError("task: gaps takes no grid, covariates, log or method. Leave these options out.")

    def _check_stations(self):
        if self.grid is None or self.grid <= 0:
            raise DscTfError(f"grid: {self.grid}. Give the spacing in degrees, such as 0.25.")
        if len(self.data) != 1 or self.data == ("sample",):
            raise DscTfError(f"data: {' '.join(self.data)}. Give one file of station values.")
        given = [name for name in GRID_ONLY if getattr(self, name)]
        if given:
            raise DscTfError(f"{given[0]}: not for stations. Leave the option out.")
        if self.method == "field" and (self.covariates or self.log):
            raise DscTfError("method: field takes no covariates and no log. Choose kriging.")

    @property
    def path(self):
        """File to write."""
        return Path(self.output or f"{self.data_stem}_{'filled' if self.task == 'gaps' else 'map'}.nc")


def run(config: InterpolateConfig) -> Path:
    """Interpolate as the settings say.

    Parameters
    ----------
    config : InterpolateConfig
        Settings.

    Returns
    -------
    pathlib.Path
        NetCDF file that was written; for stations, the scores of stations that were left out are in a CSV file next
        to it.

    Raises
    ------
    DscTfError
        If settings or data are invalid, or the file cannot be written.
    """
    began = time.perf_counter()
    echo = cli.make_echo(config.quiet)
    (_run_gaps if config.task == "gaps" else _run_stations)(config, echo)
    echo(f"written to {config.path} ({time.perf_counter() - began:.0f} s)")
    return config.path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C."""
    again = "Run the same command again, with --resume for a long record with gaps."
    return cli.main(InterpolateConfig, run, argv, epilog=EXAMPLES, again=again)


def _run_gaps(config, echo):
    parts = _Parts(config)
    ds = config.open()
    from ..preprocessing.gap_filling import FILLED, GapFiller

    options = {"neighbours": config.neighbours or 64, "steps": config.steps, "random_state": config.seed}
    length = max(MIN_STEPS, VALUES_OF_A_PART // (ds.sizes["latitude"] * ds.sizes["longitude"]))
    if ds.sizes["time"] > length:
        ds = ds.chunk(time=length, latitude=-1, longitude=-1)
    filler = parts.filler(lambda: GapFiller(**options).fit(ds))
    filled = filler.transform(ds, progress=not config.quiet)
    for name in ds.data_vars:
        share = filled[name].attrs.get(FILLED, 0.0)
        echo(f"{name}: {100 * share:.1f} % missing, filled" if share else f"{name}: nothing is missing")
    names = [name for name in filled.data_vars if FILLED in filled[name].attrs or name not in ds]
    if ds.sizes["time"] > length and names:
        filled = parts.compute(filled, names, filler, length)
    _write(config, filled)
    parts.remove()


class _Parts:
    """Finished parts of a filled record in a folder next to the output, so that an interrupted run can be resumed.

    Parameters
    ----------
    config : InterpolateConfig
        Settings; parts of other settings are refused.
    """

    def __init__(self, config):
        self.config, self._stored = config, []
        self.folder = config.path.with_name(f"{config.path.name}.parts")
        if not self.folder.exists():
            return
        if not config.resume:
            raise DscTfError(
                f"output: {self.folder} is there already, of an interrupted run. Add --resume, or remove it."
            )
        settings = self.folder / "config.json"
        with refuse_damaged("resume", self.folder, "Remove it."):
            before = read_json(settings) if settings.exists() else None
        if before != self._settings():
            raise DscTfError(
                f"resume: {self.folder} is of other settings. Remove it, or give these settings."
            )

    def filler(self, fit):
        """The stored filler, or what `fit` returns."""
        from ..preprocessing.gap_filling import load_gap_filler

        return load_gap_filler(self.folder) or fit()

    def compute(self, filled, names, filler, length):
        """Variables of the lazy record, computed in parts that are stored, and lazily read again."""
        import numpy as np
        import xarray as xr
        from tqdm.auto import tqdm

        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.json").write_text(json.dumps(self._settings()))
        np.savez(self.folder / GAP_FILLING, **filler.state())
        starts = range(0, filled.sizes["time"], length)
        files = [self.folder / f"{start:08d}.nc" for start in starts]
        for start, file in zip(
            tqdm(starts, "filling", unit="part", disable=self.config.quiet), files, strict=True
        ):
            if not file.exists():
                with atomic_write(file, advice="run the same command again with --resume") as path:
                    filled[names].isel(time=slice(start, start + length)).to_netcdf(path, engine="netcdf4")
        self._stored = [xr.open_dataset(file, chunks={}, decode_cf=False) for file in files]
        whole = xr.concat([one[names].drop_vars(one.coords) for one in self._stored], "time")
        return filled.assign({name: filled[name].copy(data=whole[name].data) for name in names})

    def remove(self):
        """Remove the folder."""
        for one in self._stored:
            one.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _settings(self):
        return json.loads(json.dumps(self.config.result_settings()))


def _run_stations(config, echo):
    from ..interpolation.stations import check_stations, cross_validate_stations, krige

    stations = check_stations(_open_stations(config))
    grid, covariates = _grid(config, stations), _covariates(config)
    options = {
        "covariates": covariates,
        "log": config.log,
        "neighbours": config.neighbours or 32,
        "random_state": config.seed,
        "progress": not config.quiet,
    }
    field_kind = "gp" if config.method == "field" else None
    rows = cross_validate_stations(stations, **options, field=field_kind)
    echo(_table(rows))
    if field_kind:
        result = _field_map(stations, grid, config.seed)
    else:
        result = krige(stations, grid, **options)
    _write(config, result)
    _write_scores(config, rows)


def _open_stations(config):
    import xarray as xr

    from ..records.paths import paths_of

    path = paths_of(config.data[0])[0]
    try:
        ds = xr.open_dataset(path)
    except Exception as error:  # each engine raises its own errors
        raise DscTfError(f"data: {path} cannot be read as netCDF. Give a file of station values.") from error
    if config.variables:
        missing = [name for name in config.variables if name not in ds.data_vars]
        if missing:
            raise DscTfError(
                f"variables: {', '.join(missing)} not in {path}. It has {', '.join(map(str, ds))}."
            )
        ds = ds[list(config.variables)]
    if config.period:
        if "time" not in ds.indexes:
            raise DscTfError(f"period: {path} has no dates. Leave the option out.")
        ds = ds.sel(time=slice(*config.period))
        if not ds.sizes["time"]:
            raise DscTfError(f"period: {' '.join(config.period)} has no date of {path}. Give another period.")
    return ds


def _grid(config, stations):
    """Grid of the requested spacing over the region, by default over the stations."""
    import numpy as np
    import xarray as xr

    latitude, longitude = stations["latitude"].values, stations["longitude"].values
    box = config.region or (latitude.max(), longitude.min(), latitude.min(), longitude.max())
    north, west, south, east = box

    def axis(low, high):
        first, last = np.floor(low / config.grid), np.ceil(high / config.grid)
        return np.arange(first, last + 1) * config.grid

    east = east + 360 if east < west else east
    return xr.Dataset(coords={"latitude": axis(south, north)[::-1], "longitude": axis(west, east)})


def _covariates(config):
    if not config.covariates:
        return None
    from ..records.open import open_dataset
    from ..records.paths import paths_of

    for text in config.covariates:
        paths_of(text)
    return open_dataset(config.covariates[0] if len(config.covariates) == 1 else list(config.covariates))


def _field_map(stations, grid, seed):
    import numpy as np
    import xarray as xr

    from ..geostatistics.kriging import sphere_points
    from ..interpolation.stations import station_field

    places = sphere_points(stations["latitude"].values, stations["longitude"].values)
    mesh = np.meshgrid(grid["latitude"].values, grid["longitude"].values, indexing="ij")
    targets = sphere_points(mesh[0].ravel(), mesh[1].ravel())
    result = xr.Dataset(coords={"time": stations["time"], **grid.coords})
    for name in stations.data_vars:
        field_model = station_field("gp", seed).fit(places, stations[name].values.T)
        values = field_model.predict(targets).T.reshape(-1, *mesh[0].shape)
        dims = ("time", "latitude", "longitude")
        result[name] = (dims, values.astype("float32"), dict(stations[name].attrs))
    return result


def _table(rows):
    lines = []
    for row in rows:
        shown = [
            f"{key} {row[key]:.3g}"
            for key in ("rmse", "mae", "spatial_r", "temporal_r", "coverage")
            if row[key] is not None
        ]
        lines.append(f"  {row['variable']}  {row['method']:<26}{'  '.join(shown)}")
    return "scores of stations that were left out:\n" + "\n".join(lines)


def _write_scores(config, rows):
    import csv

    path = config.path.with_name(f"{config.path.stem}_scores.csv")
    with atomic_write(path, advice="run the same command again") as temporary:
        with open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


def _write(config, ds):
    """Write a Dataset as compressed netCDF, lazy variables in blocks."""
    settings = ", ".join(
        f"{k} {v}" for k, v in config.result_settings().items() if v not in (None, [], False)
    )
    history = (ds.attrs.get("history"), f"dsc_tf.interpolate {settings}")
    ds.attrs |= {"Conventions": "CF-1.8", "history": "\n".join(text for text in history if text)}
    encoding = {
        name: {"zlib": True, "complevel": 1} | _chunk_sizes(ds[name])
        for name in ds.data_vars
        if ds[name].dtype.kind in "fiu"
    }
    config.path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(config.path, advice="run the same command again") as temporary:
        ds.to_netcdf(temporary, engine="netcdf4", encoding=encoding)


def _chunk_sizes(values):
    """Chunks in the file of whole fields, at most those of a part: others would be compressed once for each part."""
    if values.dims != ("time", "latitude", "longitude"):
        return {}
    steps, *cells = values.shape
    return {"chunksizes": (max(1, min(steps, VALUES_OF_A_PART // (cells[0] * cells[1]))), *cells)}
