"""Fine fields from coarse ones: learn from two records, draw an ensemble for other days, score it on held-out days."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ..errors import DscTfError
from ..records.paths import paths_of
from . import cli
from .data_settings import start_run
from .settings import Settings

EXAMPLES = """examples:
  python -m dsc_tf.downscale --coarse low.nc --fine high.nc --apply low_later.nc --members 20
  python -m dsc_tf.downscale --fine high.nc --coarsen 4              how well it works, on block means
  python -m dsc_tf.downscale --coarse low.nc --fine rain.nc --conserve
  python -m dsc_tf.downscale --coarse low.nc --fine high.nc --split 2008-01-01 2009-01-01
  python -m dsc_tf.downscale --coarse low.nc --fine high.nc --method unet --encoder next_day
"""
METHODS = ("regression", "unet", "diffusion")
RECIPES = ("standard", "published", "published_small")
NEXT_DAY, PRETRAINED = "next_day", "encoder.json"
SCORES = "scores.json"
SHOWN = ("rmse", "crps", "spread_error_ratio", "variogram_error", "small_scale_power")


@dataclass(frozen=True)
class DownscaleConfig(Settings):
    """Learn fine fields from coarse ones, and draw an ensemble for days without fine fields.

    Parameters
    ----------
    coarse : tuple of str
        Coarse record: NetCDF, GRIB or Zarr, one path, several, or globs.
    fine : tuple of str
        Fine record of the same region, with at least 60 days in common.
    apply : tuple of str
        Coarse record of other days; by default the days of --coarse that --fine lacks, or the test days.
    coarsen : int
        Make the coarse record from block means of so many cells of the fine one, in place of --coarse.
    variables : tuple of str
        Variables of the fine record; all by default.
    coarse_variables : tuple of str
        Variables of the coarse record; all by default.
    method : str
        "regression", or a network on top of it.
    encoder : str
        Frozen encoder of the coarse record, for a network: a folder that dsc_tf.pretrain wrote, or "next_day", a
        network that first learns to predict the next day of the coarse record.
    recipe : str
        Of the method diffusion: "standard", or a published model of tiles with its settings ("published", which needs
        a GPU) or with small networks ("published_small").
    members : int
        Members of the ensemble.
    conserve : bool
        Make the mean of every member over a coarse cell equal to the coarse value.
    split : tuple of str
        First validation day and first test day; by default seven tenths of the days are training days and two tenths
        test days.
    seed : int
        Seed of everything random.
    output : str
        Run folder; a free name under runs/ by default.
    resume : bool
        Continue an interrupted run of the same settings.
    quiet : bool
        Print nothing but errors and warnings.
    """

    coarse: tuple[str, ...] = ()
    fine: tuple[str, ...] = ()
    apply: tuple[str, ...] = ()
    coarsen: int | None = None
    variables: tuple[str, ...] | None = None
    coarse_variables: tuple[str, ...] | None = None
    method: str = field(default="regression", metadata={"choices": METHODS})
    encoder: str | None = None
    recipe: str = field(default="standard", metadata={"choices": RECIPES})
    members: int = 20
    conserve: bool = False
    split: tuple[str, str] | None = field(default=None, metadata={"metavar": ("VALIDATION", "TEST")})
    seed: int = 0
    output: str | None = None
    resume: bool = False
    quiet: bool = False

    minimum = {"members": 1, "coarsen": 2}
    excluded_from_hash: ClassVar[tuple[str, ...]] = ("output", "resume", "quiet")

    def __post_init__(self):
        super().__post_init__()
        if not self.fine:
            raise DscTfError("fine: no file given. Give the fine record.")
        if bool(self.coarse) == (self.coarsen is not None):
            raise DscTfError("coarse: give either --coarse, a record, or --coarsen, a number of cells.")
        if self.encoder is not None and self.method == METHODS[0]:
            raise DscTfError(f"encoder: {self.method} takes none. Choose {' or '.join(METHODS[1:])}.")
        self._check_recipe()
        if self.encoder not in (None, NEXT_DAY) and not (Path(self.encoder) / PRETRAINED).is_file():
            raise DscTfError(
                f"encoder: no {PRETRAINED} in {self.encoder}. Give {NEXT_DAY} or a folder that dsc_tf.pretrain wrote."
            )

    def _check_recipe(self):
        if self.recipe != RECIPES[0] and self.method != METHODS[2]:
            raise DscTfError(f"recipe: {self.recipe} is one of {METHODS[2]}. Add --method {METHODS[2]}.")
        if self.recipe != RECIPES[0] and self.encoder is not None:
            raise DscTfError(f"recipe: {self.recipe} has an encoder of its own. Leave --encoder out.")

    def open(self):
        """The coarse and the fine record."""
        for text in (*self.coarse, *self.fine, *self.apply):
            paths_of(text)  # a missing file is reported before xarray and pandas are imported
        from ..downscaling.pairs import coarsen
        from ..records.open import open_dataset

        fine = open_dataset(_sources(self.fine), variables=self.variables)
        if self.coarsen is not None:
            return coarsen(fine, self.coarsen)
        return open_dataset(_sources(self.coarse), variables=self.coarse_variables), fine

    def open_applied(self):
        """The coarse record of other days, or None."""
        from ..records.open import open_dataset

        return open_dataset(_sources(self.apply), variables=self.coarse_variables) if self.apply else None

    def opened_encoder(self):
        """The encoder as `Downscaler` takes it."""
        if self.encoder in (None, NEXT_DAY):
            return self.encoder
        cli.load_keras()
        from ..representations.encoded_days import PretrainedEncoder

        return PretrainedEncoder(self.encoder)


def run(config: DownscaleConfig) -> Path:
    """Learn, draw and score as `config` asks for.

    Parameters
    ----------
    config : DownscaleConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished run folder: downscaled.nc, scores.json, figures, the fitted downscaler and config.json.

    Raises
    ------
    DscTfError
        If settings or data are at fault, or the output folder is.
    """
    echo = cli.make_echo(config.quiet)
    coarse, fine = config.open()
    later = config.open_applied()
    from ..downscaling.downscaler import new_days
    from ..downscaling.pairs import check_applied, check_grids, match_days, split_days
    from ..downscaling.published import check_recipe

    check_grids(coarse, fine)
    check_recipe(config.recipe, config.method, config.encoder, fine)
    split_days(fine["time"][match_days(coarse, fine)[1]], config.split)
    if later is not None:
        check_applied(coarse, later)
        later = later[list(coarse.data_vars)]
    method = config.method if config.recipe == RECIPES[0] else config.recipe
    stem = f"{method}-{Path(config.fine[0].rstrip('/*')).stem.replace('*', '')}-seed{config.seed}"
    folder = start_run(config, stem, fine)
    if config.method != METHODS[0]:
        cli.load_keras()
    began = time.perf_counter()
    fitted = _fitted(config, coarse, fine, folder)
    counts = [int((fitted.parts_ == part).sum()) for part in range(3)]
    echo(
        f"{sum(counts)} common days: {counts[0]} to learn from, {counts[1]} to choose by, {counts[2]} to test on"
    )
    if counts[2] and folder.read_json(SCORES) is None:
        _write_scores(folder, fitted, coarse, fine, config, echo)
    days = coarse.isel(time=new_days(fitted, coarse)) if later is None else later
    _write_members(folder, fitted.predict(days, config.members, lazy=True), quiet=config.quiet)
    path = folder.finish()
    echo(f"results in {path} ({time.perf_counter() - began:.0f} s)")
    return path


def _fitted(config, coarse, fine, folder):
    """The downscaler that an interrupted run wrote, or a new one, fitted and written."""
    from ..downscaling.downscaler import SETTINGS, Downscaler

    encoder = config.opened_encoder()
    if (folder.path / SETTINGS).exists():
        return Downscaler.load(folder.path, encoder=None if encoder == NEXT_DAY else encoder)
    options = {"split": config.split, "conserve": config.conserve, "random_state": config.seed}
    options["recipe"] = config.recipe
    fitted = Downscaler(config.method, encoder=encoder, **options).fit(coarse, fine)
    with folder.raise_on_full_disk():
        fitted.save(folder.path)
    return fitted


def _write_members(folder, members, *, quiet):
    """Draw and write one member after the other, with a progress bar."""
    import dask

    bar = nullcontext()
    if not quiet:
        from tqdm.dask import TqdmCallback

        bar = TqdmCallback(desc="drawing members", unit="task")
    with dask.config.set(scheduler="synchronous"), bar:
        folder.write_netcdf("downscaled.nc", members)


def _write_scores(folder, fitted, coarse, fine, config, echo):
    """Write scores and figures of the test days, and show a table of the scores."""
    from ..downscaling.scores import score_downscaler

    scores = score_downscaler(fitted, coarse, fine, members=config.members)
    for name, methods in scores.items():
        echo(f"{name}, test days:\n" + _table(methods))
        _write_figures(folder, name, methods, fitted, coarse, fine)
    folder.write_json(SCORES, scores)  # last: a resumed run takes it as a sign that the figures are there


def _write_figures(folder, name, methods, fitted, coarse, fine):
    import numpy as np

    from ..downscaling.pairs import TEST
    from ..reporting.ensemble_figures import day_maps, rank_histogram_figure, ratio_figure

    variogram = {method: values["variogram_ratio"] for method, values in methods.items()}
    spectrum = {method: values["spectrum_ratio"] for method, values in methods.items()}
    lag = {"xlabel": "lag (cells)", "ylabel": "semivariogram, ratio to observed"}
    band = {"xlabel": "band of wavenumber (large to small scales)", "ylabel": "power, ratio to observed"}
    folder.save_figure(f"variogram_{name}.png", ratio_figure(variogram, **lag))
    folder.save_figure(f"spectrum_{name}.png", ratio_figure(spectrum, **band))
    folder.save_figure(
        f"rank_histogram_{name}.png", rank_histogram_figure(methods["drawn"]["rank_histogram"])
    )
    tests = np.flatnonzero(fitted.parts_ == TEST)
    day = len(tests) // 2
    chosen = coarse.isel(time=fitted.days_[0][tests[day - 1 : day + 1]])  # the day before is a predictor
    drawn, mean = fitted.predict(chosen, 2)[name], fitted.predict_mean(chosen)[name]
    observed = fine[name].isel(time=fitted.days_[1][tests[day]])
    known = fitted.models_[name].known.reshape(observed.shape)
    fields = {"coarse": chosen[name][-1]} if name in chosen else {}
    fields |= {"mean": mean[-1], "member 1": drawn[0, -1], "member 2": drawn[1, -1]}
    fields["observed"] = observed.where(known)
    label = f"{name} ({fine[name].attrs.get('units', '')})"
    figure = day_maps(fields, label=label, note=str(observed["time"].values)[:10])
    folder.save_figure(f"day_{name}.png", figure)


def _table(methods):
    width = max(map(len, methods))
    lines = ["  " + " " * width + "".join(f"  {shown:>18}" for shown in SHOWN)]
    for method, values in methods.items():
        cells = "".join(f"  {'' if values[s] is None else format(values[s], '.4g'):>18}" for s in SHOWN)
        lines.append(f"  {method:<{width}}{cells}")
    return "\n".join(lines)


def _sources(paths):
    return paths[0] if len(paths) == 1 else list(paths)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C."""
    again = "Run the same command again, with --resume."
    return cli.main(DownscaleConfig, run, argv, epilog=EXAMPLES, again=again)
