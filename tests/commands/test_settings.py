"""Settings are checked in one place, whether they are typed, read from a file or given in Python."""

import json
import subprocess
import sys

import pytest

from dsc_tf.commands import COMMANDS, cli
from dsc_tf.commands.download import DownloadConfig
from dsc_tf.commands.report import ReportConfig
from dsc_tf.commands.reproduce import ReproduceConfig
from dsc_tf.commands.settings import suggest
from dsc_tf.commands.train import TrainConfig
from dsc_tf.errors import DscTfError

REFUSED = [
    ("n_clusters", "three", "Give an integer of at least 2"),
    ("n_clusters", 2.5, "Give an integer"),
    ("n_clusters", None, "Give an integer"),
    ("n_clusters", True, "Give an integer"),
    ("n_clusters", [2], "Give an integer"),
    ("n_clusters", 10**30, "a number too large"),
    ("seed", -1, "from 0 to"),
    ("data", "x.nc", "Give a list of texts"),
    ("data", [], "nothing given"),
    ("data", [1], "Give a text"),
    ("data", [""], "an empty text"),
    ("data", ["a\nb"], "printable"),
    ("data", ["a" * 5000], "at most 4096"),
    ("region", [1, 2], "Give 4 numbers"),
    ("region", ["a", "b", "c", "d"], "Give a number"),
    ("region", [float("nan"), 0, 0, 1], "Give a number"),
    ("region", [float("inf"), 0, 0, 1], "Give a number"),
    ("region", [[60], 0, 50, 1], "Give a number"),
    ("region", [40, -10, 60, 10], "south 60 above north 40"),
    ("region", [95, -10, 50, 2], "latitudes"),
    ("region", [60, -1e9, 50, 2], "longitudes"),
    ("region", [60, -10, 50, -10], "west and east"),
    ("period", ["2001-01-15", "2001-01-03"], "is after"),
    ("period", ["foo", "bar"], "is not two dates"),
    ("period", ["2001"], "Give 2 texts"),
    ("period", [1, 2], "Give a text"),
    ("season", "", "an empty text"),
    ("method", ["kmeans"], "Give a text"),
    ("method", "kmaens", "Did you mean kmeans?"),
    ("quiet", "yes", "Give true or false"),
    ("accumulated", "t2m", "Give a list"),
    ("memory", 5, "Give a text"),
]


@pytest.mark.parametrize(("name", "value", "words"), REFUSED)
def test_a_wrong_value_is_one_line_however_it_is_given(name, value, words, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"config": {name: value}}))
    for make in (
        lambda: TrainConfig(**{name: value}),
        lambda: cli.parse(TrainConfig, ["--config", str(file)], program="x", epilog=""),
    ):
        with pytest.raises(DscTfError) as caught:
            make()
        assert str(caught.value).startswith(f"{name}: ") and words in str(caught.value)
        assert "\n" not in str(caught.value)


TYPED = [
    ("--n-clusters abc", "n_clusters: 'abc'. Give an integer of at least 2."),
    ("--n-clusters 2.5", "n_clusters: '2.5'"),
    ("--region 60 -10 50", "region: expected 4 arguments"),
    ("--region a b c d", "region: 'a'. Give a number."),
    ("--seed nan", "seed: 'nan'. Give an integer."),
    ("--protocol x", "protocol: 'x'. Choose one of"),
    ("--log-level loud", "log_level: 'loud'. Choose one of"),
    ("--n-cluster-s 3", "option: --n-cluster-s is unknown. See x --help. Did you mean --n-clusters?"),
    ("foo", "arguments: 'foo' belongs to no option"),
]


@pytest.mark.parametrize(("arguments", "words"), TYPED)
def test_a_wrong_option_is_one_line_without_usage(arguments, words, capsys):
    status = cli.run_command(lambda: cli.parse(TrainConfig, arguments.split(), program="x", epilog=""))
    error = capsys.readouterr().err
    assert status == 2 and error.startswith("error: ") and words in error and error.count("\n") == 1


CONFIGS = {
    "list": "[]", "no config": "{}", "config is a list": '{"config": []}', "garbage": "{", "deep": "[" * 100_000,
    "unknown": '{"config": {"clusters": 3}}', "huge number": '{"config": {"seed": ' + "9" * 5000 + "}}",
}  # fmt: skip


@pytest.mark.parametrize("case", CONFIGS)
def test_a_wrong_config_file_is_one_line(case, tmp_path):
    (tmp_path / "c.json").write_text(CONFIGS[case])
    with pytest.raises(DscTfError, match="config: "):
        cli.parse(TrainConfig, ["--config", str(tmp_path / "c.json")], program="x", epilog="")


def test_a_config_of_another_version_causes_a_warning(tmp_path):
    (tmp_path / "c.json").write_text('{"config": {"seed": 4}, "software": {"dsc_tf": "9.9"}}')
    with pytest.warns(UserWarning, match=r"written by dsc_tf 9\.9"):
        config = cli.parse(TrainConfig, ["--config", str(tmp_path / "c.json")], program="x", epilog="")
    assert config.seed == 4


def test_options_override_a_config_and_lists_become_tuples(tmp_path):
    (tmp_path / "c.json").write_text('{"config": {"seed": 4, "region": [60, -30, 35, 20]}}')
    arguments = ["--config", str(tmp_path / "c.json"), "--seed", "5"]
    config = cli.parse(TrainConfig, arguments, program="x", epilog="")
    assert (config.seed, config.region) == (5, (60.0, -30.0, 35.0, 20.0))


@pytest.mark.parametrize(
    "period", [("2001", "2001"), ("2001-01-03", "2001-02-30"), ("0001-01-01", "9999-12-31")]
)
def test_periods_of_any_calendar_are_accepted(period):
    assert TrainConfig(period=period).period == period


def test_texts_of_files_with_undecodable_names_are_accepted():
    assert TrainConfig(data=("x\udcff.nc",)).data == ("x\udcff.nc",)


@pytest.mark.parametrize("config_class", [TrainConfig, DownloadConfig, ReproduceConfig, ReportConfig])
def test_every_option_has_a_text_and_its_default_in_the_help(config_class, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.parse(config_class, ["--help"], program="x", epilog="")
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, about in cli.parameter_texts(config_class).items():
        assert about and about in text, name
    if config_class is TrainConfig:
        assert "Number of clusters. (default: 7)" in text and "(default: dsc)" in text


def test_suggestions_are_near_or_none():
    assert suggest("kmean", ["kmeans", "dsc"]) == " Did you mean kmeans?"
    assert suggest("zzz", ["kmeans", "dsc"]) == ""


LIGHT = """
import sys, io, contextlib
from importlib import import_module
heavy = "xarray pandas scipy sklearn matplotlib keras tensorflow jax dask joblib netCDF4".split()
for name in sys.argv[1:]:
    main = import_module(f"dsc_tf.commands.{name}").main
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as error:
        try:
            main(["--help"])
        except SystemExit as ended:
            statuses = [ended.code]
        statuses.append(main(["--no-such-option"]))
        if name in ("train", "pretrain", "reproduce"):
            statuses.append(main(["--data", "nowhere.nc"]))
    print(name, *statuses, len(error.getvalue().splitlines()), [module for module in heavy if module in sys.modules])
"""


@pytest.mark.parametrize("flags", [[], ["-OO"]])
def test_help_and_bad_input_import_no_large_library(flags):
    done = subprocess.run([sys.executable, *flags, "-c", LIGHT, *COMMANDS], capture_output=True, text=True)
    assert done.stderr == ""
    for line in done.stdout.splitlines():
        name = line.split()[0]
        has_data = name in ("train", "pretrain", "reproduce")
        assert line == (f"{name} 0 2 2 2 []" if has_data else f"{name} 0 2 1 []")
    assert len(done.stdout.splitlines()) == len(COMMANDS)
