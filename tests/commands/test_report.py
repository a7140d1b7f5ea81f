"""One page about a run: whole, self-contained, readable by all, and one line where there is no run."""

import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.commands import cli, report, train
from dsc_tf.commands.train import TrainConfig
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.regimes.impact import regime_impact, steps_in_common

QUICK = "--method kmeans --n-clusters 3 --quiet".split()


@pytest.fixture(scope="module")
def trained(tmp_path_factory, no_figures):
    place = tmp_path_factory.mktemp("runs")
    ds = mock_dataset(days=80, gaps=True, nan_policy="coast").assign_attrs(
        title="<script>alert('Days')</script> & more"
    )
    ds.to_netcdf(place / "days.nc")
    asked = ["--data", str(place / "days.nc"), "--window", "2", "--output", str(place / "run")]
    assert train.main([*asked, *QUICK]) == 0
    return place / "run"


@pytest.fixture(scope="module")
def page(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    assert report.main([str(trained), "--output", str(path), "--quiet"]) == 0
    return path.read_text()


class Elements(HTMLParser):
    """Every element with its attributes, in order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def elements(page):
    return Elements(page)


def test_page_tells_data_settings_and_measures(page, trained, elements):
    record = json.loads((trained / "config.json").read_text())
    words = " ".join(elements.words)
    assert record["data"]["sha256"] in words and "3 clusters of 80" in words
    for name in [*record["config"], *record["software"], *record["data"]["variables"]]:
        assert name in words
    measures = json.loads((trained / "metrics.json").read_text())["measures"]
    assert f"{measures['silhouette_euclidean']:.4g}" in words and "Mean silhouette with Euclidean" in words


def test_every_measure_has_a_definition(trained, page):
    for name in json.loads((trained / "metrics.json").read_text())["measures"]:
        assert f"<code>{name}</code></th>" in page
    assert '<td role="cell" class="text"></td>' not in page


def test_what_was_found_comes_before_how(elements):
    sections = [section["id"] for section in elements.of("section")]
    assert (
        sections.index("maps")
        < sections.index("measures")
        < sections.index("data")
        < sections.index("method")
    )
    assert [link["href"] for link in elements.of("a")] == [f"#{one}" for one in sections]


def test_settings_that_were_chosen_stand_apart(page):
    chosen, defaults = page.split("<details>")
    assert "<code>window</code>" in chosen and "<code>accumulated</code>" not in chosen
    assert "<code>accumulated</code>" in defaults and "<code>window</code>" not in defaults


def test_a_run_by_defaults_says_so(trained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    record = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(record | {"config": {"data": TrainConfig().data}}))
    assert report.main([str(run), "--quiet"]) == 0
    page = (run / "report.html").read_text()
    assert "Every setting is at its default." in page and "Settings that were chosen" not in page


def test_season_is_told(trained, tmp_path):
    data = str(trained.parent / "days.nc")
    run = tmp_path / "run"
    assert train.main(["--data", data, "--season", "JFM", "--output", str(run), *QUICK]) == 0
    assert report.main([str(run), "--quiet"]) == 0
    assert "2001-03-31, JFM alone, by kmeans" in (run / "report.html").read_text()


def test_nothing_is_fetched(elements):
    named = [a.get("src") or a.get("href") for _, a in elements.found if "src" in a or "href" in a]
    assert len(named) > 5 and all(one.startswith(("#", "data:")) for one in named)
    assert not elements.of("script")


def test_titles_of_others_are_text(page):
    assert "<script" not in page and "&lt;script&gt;alert" in page


def test_page_is_readable_by_all(elements):
    assert elements.of("html")[0]["lang"] == "en"
    assert all(len(image["alt"]) > 20 for image in elements.of("img")) and elements.of("img")
    assert all(cell["scope"] in ("col", "row") for cell in elements.of("th"))
    levels = [int(tag[1]) for tag, _ in elements.found if tag in ("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    ids = [a["id"] for _, a in elements.found if "id" in a]
    assert len(ids) == len(set(ids))
    pointed = [a["aria-labelledby"] for _, a in elements.found if "aria-labelledby" in a]
    pointed += [a["href"][1:] for a in elements.of("a")]
    assert set(pointed) <= set(ids)


def test_pictures_are_those_of_the_run(trained, elements):
    figures = (
        1  # of the statistics: lengths of spells; 80 days have no trend, and protocol paper no regime index
    )
    assert len(elements.of("img")) == len(list(trained.glob("*.png"))) + figures


def test_same_run_same_page(trained, page, tmp_path):
    assert report.main([str(trained), "--output", str(tmp_path / "again.html"), "--quiet"]) == 0
    assert (tmp_path / "again.html").read_text() == page


def test_page_lies_in_the_run_by_default(trained, capsys):
    assert report.main([str(trained)]) == 0
    assert "report.html" in capsys.readouterr().out and (trained / "report.html").exists()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"data": ("a file.nc", "b.nc"), "region": (60.0, -30.5, 35.0, 20.0), "n_clusters": 4},
        {"method": "kmeans", "period": ("2001-01-01", "2010-12-31"), "protocol": "anomaly", "seed": 3},
    ],
)
def test_command_on_the_page_asks_for_the_same_run(settings):
    import shlex

    asked = TrainConfig(**settings)
    words = shlex.split(report.command(asked))
    assert words[:3] == ["python", "-m", "dsc_tf.train"]
    assert cli.parse(TrainConfig, words[3:], program="", epilog="") == asked


def damaged(name, content):
    def damage(run):
        (run / name).write_text(content)

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: shutil.rmtree(run), "there is no folder"),
        (lambda run: run.rename(run.with_name(run.name + ".partial")), "is unfinished"),
        (lambda run: (run / "labels.nc").unlink(), "holds no labels.nc"),
        (damaged("labels.nc", "no netCDF"), "is damaged"),
        (damaged("metrics.json", "{"), "is damaged"),
        (damaged("config.json", "{}"), "config.json"),
        (damaged("calendar.png", "no picture"), "calendar.png is damaged"),
    ],
)
def test_what_report_refuses(trained, tmp_path, damage, message, capsys):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    damage(run)
    assert report.main([str(run)]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_a_run_must_be_named(capsys):
    assert report.main([]) == 2
    assert "no folder given" in capsys.readouterr().err


def test_output_must_be_a_file(trained, tmp_path, capsys):
    assert report.main([str(trained), "--output", str(tmp_path)]) == 2
    assert "output" in capsys.readouterr().err


def test_one_cluster_alone_has_no_measures(trained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / "metrics.json").write_text('{"measures": {}, "training": {"seconds": 1}}')
    assert report.main([str(run), "--quiet"]) == 0
    assert "no measure is defined" in (run / "report.html").read_text()


def test_warnings_of_the_run_are_in_the_page(trained, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    metrics = json.loads((copy / "metrics.json").read_text())
    metrics["warnings"] = ["clusters <small>"]
    (copy / "metrics.json").write_text(json.dumps(metrics))
    assert report.main([str(copy), "--quiet"]) == 0
    assert "<li>clusters &lt;small&gt;</li>" in (copy / "report.html").read_text()


HOSTILE = {
    "config.json": ["[]", '{"config": [], "software": {}}', '{"config": {}, "software": []}', "[" * 100_000],
    "metrics.json": ["[]", '{"measures": 3, "training": {}}', '{"measures": {"a": "x"}, "training": {}}'],
    "labels.nc": ["x"],
    "history.csv": ["a,b\n1,2\n", "reconstruction\nnone\n"],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_run_folder_is_one_line(name, trained, tmp_path, capsys):
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    (copy / "report.html").unlink(missing_ok=True)  # of an earlier test
    for content in HOSTILE[name]:
        (copy / name).write_text(content)
        assert report.main([str(copy), "--quiet"]) == 2, content[:50]
        error = capsys.readouterr().err
        assert error.startswith("error: run: ") and error.count("\n") == 1
    assert not (copy / "report.html").exists()


def test_only_names_and_versions_of_packages_are_in_a_command(trained):
    [*_, versions] = report.commands(
        TrainConfig(), trained, {"numpy": "2.1.0+x!1", "keras; rm -rf ~": "1$(id)"}
    )
    assert versions["command"] == "python -m pip install 'numpy==2.1.0+x!1'"


def test_statistics_names_and_impact_of_another_record(trained, tmp_path):
    ds = mock_dataset(days=80, variables=("tp",))
    ds.to_netcdf(tmp_path / "rain.nc")
    given = [str(trained), "--output", str(tmp_path / "page.html"), "--quiet"]
    extra = ["--reference", str(trained), "--impact", str(tmp_path / "rain.nc"), "--impact-quantile", "0.8"]
    assert report.main([*given, *extra]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "0: run 0" in page and 'id="impact"' in page and "tp above the 0.8 quantile" in page
    with xr.open_dataset(tmp_path / "page_statistics.nc") as found:
        np.testing.assert_allclose(found.correlation.values.diagonal(), 1, atol=1e-5)
        assert {"frequency_by_year", "trend", "residence_survival", "transition_p_adjusted"} <= set(found)
    rows = pd.read_csv(tmp_path / "page_impact.csv")
    with xr.open_dataset(trained / "labels.nc") as stored:
        labels, time = stored.labels.values, stored.time.values
    at, other = steps_in_common(time, ds.time.values)
    mean = ds.tp.weighted(np.cos(np.deg2rad(ds.latitude))).mean(("latitude", "longitude"))[other]
    mean = mean.expand_dims(latitude=[0.0], longitude=[0.0]).transpose("time", "latitude", "longitude")
    expected = regime_impact(mean, labels[at], quantile=0.8)
    np.testing.assert_allclose(rows.odds_ratio, expected.odds_ratio.values.ravel(), rtol=1e-3)
    assert not (tmp_path / "page_life_cycles.csv").exists()


def test_life_cycles_are_in_the_report_of_anomalies(trained, tmp_path):
    data, run = str(trained.parent / "days.nc"), tmp_path / "run"
    given = ["--data", data, "--protocol", "anomaly", "--output", str(run)]
    assert train.main([*given, "--method", "eof_kmeans", "--n-clusters", "3", "--quiet"]) == 0
    assert report.main([str(run), "--quiet"]) == 0
    page = (run / "report.html").read_text()
    assert 'id="cycles"' in page and 'id="components"' in page and "Leading EOFs of t2m" in page
    assert list(pd.read_csv(run / "report_life_cycles.csv"))[:3] == ["cluster", "onset", "maximum"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--impact", "none.nc"], "none.nc"),
        (["--reference", "none.nc"], "reference: there is no none.nc"),
        (["--impact-quantile", "1"], "impact_quantile: 1"),
        (["--impact-block", "0"], "impact_block: 0"),
    ],
)
def test_statistics_that_are_refused(trained, given, message, capsys):
    assert report.main([str(trained), *given]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_records_and_patterns_that_do_not_fit(trained, tmp_path, capsys):
    mock_dataset(days=20, variables=("tp",), start="2050-01-01").to_netcdf(tmp_path / "later.nc")
    assert report.main([str(trained), "--impact", str(tmp_path / "later.nc")]) == 2
    assert "impact: no step in common" in capsys.readouterr().err
    assert report.main([str(trained), "--reference", str(trained / "labels.nc")]) == 2
    assert "holds no maps" in capsys.readouterr().err
