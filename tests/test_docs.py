"""What the README and the pages say works: blocks run, commands are commands, links lead somewhere."""

import configparser
import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import dsc_tf
from dsc_tf.clusterers import METHODS
from dsc_tf.commands import (
    choose,
    cli,
    compare,
    download,
    downscale,
    evaluate,
    interpolate,
    predict,
    pretrain,
    probe,
    report,
    reproduce,
    train,
)
from dsc_tf.datasets import synthetic
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.datasets.synthetic import sample_dataset
from dsc_tf.downscaling import coarsen
from dsc_tf.errors import DscTfError

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
CONFIGS = {
    "train": train.TrainConfig,
    "reproduce": reproduce.ReproduceConfig,
    "pretrain": pretrain.PretrainConfig,
    "probe": probe.ProbeConfig,
    "download": download.DownloadConfig,
    "downscale": downscale.DownscaleConfig,
    "compare": compare.CompareConfig,
    "evaluate": evaluate.EvaluateConfig,
    "choose": choose.ChooseConfig,
    "predict": predict.PredictConfig,
    "report": report.ReportConfig,
    "interpolate": interpolate.InterpolateConfig,
}
PACKAGES = (
    "records preprocessing datasets downscaling evaluation regimes representations geostatistics interpolation "
    "reporting layers "
    "models training downstream.probes datasets.era5"
).split()


def name_of(path):
    return str(path.relative_to(ROOT))


@pytest.fixture
def records(tmp_path, monkeypatch, one_test_without_figures):
    """The files that the pages speak of, in a folder of their own, where the test then works."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    short = sample_dataset(days=40)[["sp"]]
    monkeypatch.setattr(
        synthetic, "sample_dataset", lambda **kwargs: sample_dataset(**kwargs) if kwargs else short
    )
    mock_dataset(days=96, freq="1h", variables=("t2m", "tp")).to_netcdf("hourly.nc")
    mock_dataset(days=60, nan_policy="isolated").to_netcdf("holes.nc")
    mock_dataset(days=60, gaps=True).to_netcdf("gaps.nc")
    station_record().to_netcdf("stations.nc")
    mock_dataset(days=10, variables=("slp",)).to_netcdf("covariates.nc")
    rotated().to_netcdf("rotated.nc")
    one = mock_dataset(days=40, variables=("z",)).drop_vars("regime")
    xr.concat([one, one + 1], xr.Variable("number", [0, 1])).assign_coords(number=[0, 1]).to_netcdf(
        "ensemble.nc"
    )
    level = ("level", [500.0, 850.0], {"units": "hPa"})
    xr.concat([one, one + 1], "level").assign_coords(level=level).to_netcdf("levels.nc")
    coarse, fine = coarsen(mock_dataset(days=200, latitudes=8, longitudes=12, variables=("t2m",)), 4)
    coarse.to_netcdf("low.nc")
    fine.isel(time=slice(180)).to_netcdf("high.nc")
    coarse.isel(time=slice(190, 200)).to_netcdf("low_later.nc")
    mock_dataset(days=60, start="2021-01-01", variables=("tp",)).to_netcdf("rain.nc")
    mock_dataset(days=60, start="2021-01-01", variables=("msl",)).to_netcdf("msl_atlantic.nc")
    for year in (2021, 2022):
        mock_dataset(days=60, start=f"{year}-01-01").to_netcdf(f"era5_{year}.nc")


def station_record():
    """Thirty stations over ten days, inside the grid of `mock_dataset`."""
    rng = np.random.default_rng(0)
    place = {
        "latitude": ("station", rng.uniform(46, 59, 30)),
        "longitude": ("station", rng.uniform(-9, 5, 30)),
    }
    values = np.sin(place["latitude"][1] / 3) * rng.normal(size=(10, 1)) + 0.1 * rng.normal(size=(10, 30))
    time = mock_dataset(days=10).time.values
    return xr.Dataset({"tas": (("time", "station"), values, {"units": "degC"})}, place | {"time": time})


def rotated():
    """Fields over a grid that is turned against latitude and longitude."""
    north, east = np.meshgrid(np.linspace(-12, 12, 16), np.linspace(-12, 12, 16), indexing="ij")
    ds = mock_dataset(days=30, latitudes=16, longitudes=16, variables=("tas",))
    fields = (("time", "rlat", "rlon"), ds.tas.values, {"units": "K"})
    coords = {
        "time": ds.time.values,
        "lat": (("rlat", "rlon"), 52 + north - 0.2 * east),
        "lon": (("rlat", "rlon"), 9 + east + 0.2 * north),
    }
    return xr.Dataset({"tas": fields}, coords)


def blocks(text):
    """Language and content of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


def commands(block):
    """The commands of a shell block, as words."""
    for line in block.replace("\\\n", " ").splitlines():
        for part in line.split("&&"):
            if words := shlex.split(os.path.expandvars(part), comments=True):
                yield words


def check_command(words):
    """A command must be known, its options and extras too."""
    if words[:3] == ["python", "-m", "pip"]:
        known = configparser.ConfigParser(interpolation=None)
        known.read(ROOT / "setup.cfg")
        asked = re.findall(r"\[(.*?)\]", " ".join(words))
        assert {extra for one in asked for extra in one.split(",")} <= set(known["options.extras_require"])
    elif words[:2] == ["python", "-m"] and words[2].startswith("dsc_tf."):
        command = words[2].removeprefix("dsc_tf.")
        cli.parse(CONFIGS[command], words[3:], program=words[2], epilog="")
    else:
        assert words[:3] in (["python", "-m", "pytest"], ["python", "-m", "dsc_tf"]) or words[0] in (
            "export",
            "python",
        )
        assert words[0] != "python" or words[1] in ("-m", "-c")


def run_if_cheap(words):
    """Run what takes a second: classical methods, reports, requests that are not sent."""
    line = " ".join(words)
    cheap = {
        "train": "--method kmeans",
        "report": "report",
        "download": "--dry-run",
        "interpolate": "",
        "downscale": "",
    }
    for module in (train, report, download, interpolate, downscale):
        name = module.__name__.rpartition(".")[2]
        if words[:2] == ["python", "-m"] and words[2] == f"dsc_tf.{name}" and cheap[name] in line:
            assert module.main([*words[3:], "--quiet"]) == 0, line


def follow(page, *, runs):
    """Do what a page says, from top to bottom; return what its Python blocks have named."""
    names = {}
    for language, block in blocks(page.read_text()):
        if language == "python":
            exec(compile(block, str(page), "exec"), names)
        if language == "bash":
            for words in commands(block):
                check_command(words)
                if runs:
                    run_if_cheap(words)
    return names


def test_readme_can_be_followed(records):
    names = follow(README, runs=False)
    assert len(names["labels"]) == 60 and "t2m" in names["described"]


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if "```python" in page.read_text() or "```bash" in page.read_text()],
    ids=name_of,
)
def test_page_can_be_followed(page, records):
    follow(page, runs=True)


@pytest.mark.parametrize(
    "wrong", ["python -m dsc_tf.train --no-such-option", "python -m dsc_tf.train --method best", "rm x"]
)
def test_a_wrong_command_would_be_found(wrong, capsys):
    with pytest.raises((DscTfError, AssertionError)):
        check_command(shlex.split(wrong))


@pytest.mark.parametrize("page", [README, *PAGES], ids=name_of)
def test_every_option_named_is_there(page):
    text = re.sub(r"^#SBATCH.*$", "", page.read_text(), flags=re.M)
    text = re.sub(r"`python benchmarks/[^`]*`", "", text)  # scripts of the source with options of their own
    fields = [name for one in CONFIGS.values() for name in one.__dataclass_fields__]
    options = {"--" + name.replace("_", "-") for name in fields} | {
        "--help",
        "--config",
        "--version",
        "--log-level",
    }
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= options


@pytest.mark.parametrize("page", [README, *PAGES], ids=name_of)
def test_links_and_pictures_exist(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages; building fails on any warning."""
    for module in ("sphinx", "myst_parser", "furo", "latex2mathml"):
        pytest.importorskip(module)
    out = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(out)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def test_site_builds_every_page(site):
    assert all((site / page.relative_to(DOCS)).with_suffix(".html").exists() for page in PAGES)


def test_site_fetches_nothing_from_elsewhere(site):
    for path in site.rglob("*.html"):
        assert not re.findall(
            r'<(?:script|img)[^>]+src="https?:|<link[^>]+stylesheet[^>]+https?:', path.read_text()
        )


def test_links_between_pages_lead_to_places(site):
    pages = {path: path.read_text() for path in site.rglob("*.html") if "_static" not in path.parts}
    for path, text in pages.items():
        for target, anchor in re.findall(r'href="([^":#?]*)(?:#([^"]*))?"', text):
            there = (path.parent / target).resolve() if target else path
            assert there.exists(), (path.name, target)
            if anchor and there in pages:
                assert f'id="{anchor}"' in pages[there], (path.name, target, anchor)


def test_reference_holds_every_public_name(site):
    pages = [site / "reference.html", *(site / "reference").glob("*.html")]
    text = "".join(page.read_text() for page in pages)
    wanted = [
        "dsc_tf." + ".".join(["clusterers", METHODS[name].module, METHODS[name].class_name])
        for name in METHODS
    ] + ["dsc_tf.errors.DscTfError"]
    for package in PACKAGES:
        module = importlib.import_module(f"dsc_tf.{package}")
        named = {name: getattr(module, name) for name in module.__all__}
        wanted += [
            f"dsc_tf.{package}.{n}" for n, v in named.items() if inspect.isclass(v) or inspect.isfunction(v)
        ]
    assert len(wanted) > 60
    assert not [name for name in wanted if f'id="{name}"' not in text]
    assert not [name for name in dsc_tf.__all__ if not re.search(rf'id="dsc_tf\.[\w.]*\b{name}"', text)]


def test_every_page_is_reachable_from_the_index():
    linked, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        linked.add(page)
        for entry in re.findall(r"^```{toctree}\n(.*?)^```$", page.read_text(), re.M | re.S):
            names = [line for line in entry.splitlines() if line and not line.startswith(":")]
            waiting += [page.parent / f"{name}.md" for name in names]
    assert linked == set(PAGES)
