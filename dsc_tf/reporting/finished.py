"""A finished run, read back from its folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import DscTfError, refuse_damaged
from ..stored import read_json
from .run_folder import partial_path

NEEDED = ("config.json", "metrics.json", "labels.nc", "regimes.nc")
MAX_BYTES = {".json": 10**7, ".nc": 10**10}  # far above what a run writes
STEPS = {1: "hourly", 24: "daily", 168: "weekly"}  # by hours


@dataclass(frozen=True)
class FinishedRun:
    """What `dsc_tf.train` left behind.

    Parameters
    ----------
    path : pathlib.Path
        The folder.
    config, data, software, measures, training : dict
        As config.json and metrics.json hold them.
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    first, last : str
        Times of the first and last step.
    step : str
        "daily" and the like; empty where steps differ.
    regimes : xr.Dataset
        Content of regimes.nc.
    warnings : list of str
        Warnings that the run showed.
    """

    path: Path
    config: dict
    data: dict
    software: dict
    measures: dict
    training: dict
    labels: np.ndarray
    first: str
    last: str
    step: str
    regimes: xr.Dataset
    warnings: list

    @property
    def span(self):
        """First and last time, and the months between if they are not all."""
        season = self.config.get("season")
        return f"{self.first} to {self.last}" + (f", {season.upper()} alone" if season else "")

    @property
    def variables(self):
        """Units, range and share missing of each variable, by name."""
        return self.data["variables"]


def read_run(run):
    """Read a finished run.

    Parameters
    ----------
    run : path
        Folder that `dsc_tf.train` wrote.

    Returns
    -------
    FinishedRun

    Raises
    ------
    DscTfError
        If the folder is missing, unfinished or damaged.
    """
    run = Path(run)
    check_finished(run)
    with refuse_damaged("run", run, "Repeat the run."):
        for name in NEEDED:
            if (run / name).stat().st_size > MAX_BYTES[Path(name).suffix]:
                raise ValueError(f"{name} is too large")
        config, metrics = read_json(run / "config.json"), read_json(run / "metrics.json")
        with xr.open_dataset(run / "labels.nc") as stored:
            labels, time = stored["labels"].load(), stored["time"].load()
        with xr.open_dataset(run / "regimes.nc") as stored:
            regimes = stored.load()
        if "cluster" not in regimes.sizes:
            raise ValueError("regimes.nc has no clusters")
        if labels.dtype.kind != "i" or not labels.size or int(labels.max()) >= regimes.sizes["cluster"]:
            raise ValueError("labels.nc has other clusters than regimes.nc")
        first, last = _ends(time)
        return FinishedRun(
            path=run.resolve(),
            config=config["config"],
            data=config["data"],
            software=config["software"],
            measures=metrics["measures"],
            training=metrics["training"],
            warnings=[str(text) for text in metrics.get("warnings", [])],
            labels=labels.values,
            first=first,
            last=last,
            step=_step(time.values),
            regimes=regimes,
        )


def check_finished(run):
    """Refuse a folder that holds no finished run of `dsc_tf.train`.

    Raises
    ------
    DscTfError
        If it is missing, unfinished, or of another command.
    """
    run = Path(run)
    if not run.is_dir():
        if partial_path(run).is_dir():
            raise DscTfError(f"run: {run} is unfinished. Add --resume to its dsc_tf.train command first.")
        raise DscTfError(f"run: there is no folder {run}. Give one that dsc_tf.train wrote.")
    missing = [name for name in NEEDED if not (run / name).is_file()]
    if missing:
        raise DscTfError(
            f"run: {run} holds no {missing[0]}. Give the folder of a finished run of dsc_tf.train."
        )


def _ends(time):
    """Return the first and last time, dates alone where the clock always says the same."""
    texts = [str(t) for t in time.values]
    same_clock = len({text[10:] for text in texts}) == 1
    return tuple(texts[i][: 10 if same_clock else 16].replace("T", " ") for i in (0, -1))


def _step(time):
    """How steps follow each other, mostly."""
    if len(time) < 2:
        return ""
    hours = np.diff(time) / np.timedelta64(1, "h") if time.dtype.kind == "M" else _hours(time)
    median = float(np.median(hours))
    if 28 * 24 <= median <= 31 * 24:
        return "monthly"
    return STEPS.get(round(median), f"{median:g}-hourly" if median < 24 else "")


def _hours(time):
    return np.array([(b - a).total_seconds() / 3600 for a, b in zip(time[:-1], time[1:], strict=True)])
