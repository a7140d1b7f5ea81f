"""What is wanted, on the grid; and what it becomes for each source."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from dsc_tf.datasets.era5 import new_request, source
from dsc_tf.datasets.era5.cds import MOST_FIELDS
from dsc_tf.datasets.era5.paper_file import PAPER_FILE
from dsc_tf.datasets.era5.variables import VARIABLES
from dsc_tf.errors import DscTfError

PAPER = (tuple(PAPER_FILE.variables), PAPER_FILE.region, PAPER_FILE.period)


def test_the_papers_file_has_its_size_and_its_corners():
    wanted = new_request(*PAPER)
    assert (len(wanted.time), len(wanted.latitude), len(wanted.longitude)) == (365, 41, 41)
    assert wanted.latitude[[0, -1]].tolist() == [43, 33] and wanted.longitude[[0, -1]].tolist() == [-33, -23]
    assert wanted.n_bytes == 365 * 41 * 41 * 7 * 4 and wanted.file_name == "era5_2021.nc"


def test_the_papers_file_is_twelve_requests_of_seven_variables():
    asked = source("cds", new_request(*PAPER)).requests()
    assert [a["request"]["month"] for a in asked] == [[f"{month:02d}"] for month in range(1, 13)]
    assert sum(len(a["request"]["day"]) for a in asked) == 365
    assert asked[0]["dataset"] == "derived-era5-single-levels-daily-statistics"
    january = asked[0]["request"]
    assert january["variable"][:2] == ["sea_surface_temperature", "2m_temperature"]
    assert (january["daily_statistic"], january["frequency"], january["time_zone"]) == (
        "daily_mean",
        "1_hourly",
        "utc+00:00",
    )
    assert january["area"] == [43, -33, 33, -23]


def test_hours_are_asked_of_the_other_dataset():
    (asked,) = source(
        "cds", new_request(["t2m"], PAPER_FILE.region, ("2021-02-27", "2021-02-28"), "hourly")
    ).requests()
    assert asked["dataset"] == "reanalysis-era5-single-levels"
    assert asked["request"]["time"] == [f"{hour:02d}:00" for hour in range(24)]
    assert asked["request"]["day"] == ["27", "28"] and asked["request"]["data_format"] == "netcdf"
    assert "daily_statistic" not in asked["request"]


def test_no_request_asks_for_more_fields_than_the_service_gives():
    for piece in source(
        "cds", new_request(list(VARIABLES), PAPER_FILE.region, ("2019-11-15", "2020-03-02"))
    ).pieces():
        asked = piece.about["request"]
        assert 24 * len(asked["day"]) * len(asked["variable"]) <= MOST_FIELDS


def test_pieces_cover_every_day_once_and_have_names_of_their_own():
    wanted = new_request(list(VARIABLES)[:10], PAPER_FILE.region, ("2019-11-15", "2020-03-02"))
    pieces = source("cds", wanted).pieces()
    days = [
        (name, f"{a['year'][0]}-{a['month'][0]}-{day}")
        for a in (piece.about["request"] for piece in pieces)
        for day in a["day"]
        for name in a["variable"]
    ]
    every = [date(2019, 11, 15) + timedelta(days=i) for i in range(wanted.days)]
    assert len(days) == len(set(days)) == 10 * len(every) and {day for _, day in days} == set(map(str, every))
    assert len({piece.key for piece in pieces}) == len(pieces)


def test_size_of_transfers_by_hand():
    """Chunks of 4 x 4 points: rows 123 to 133 by fours of (lat + 90) / 0.25 are 11, columns 11, one chunk in time."""
    wanted = new_request(*PAPER)
    assert source("arco", wanted).transfer_bytes() == 7 * 11 * 11 * 67584 * 4 * 4 * 4
    assert source("google", wanted).transfer_bytes() == 7 * 8760 * 721 * 1440 * 4
    assert source("cds", wanted).transfer_bytes() == wanted.n_bytes


def test_tiles_of_a_zarr_store_cover_every_point_once_and_split_no_chunk():
    wanted = new_request(["t2m"], (43.3, 179.1, 33.1, -176.2), ("2000-01-01", "2020-12-31"))
    store = source("arco", wanted)
    points, blocks = [], []
    for piece in store.pieces():
        north, west, south, east = piece.about["region"]
        rows = np.arange(south, north + 0.1, 0.25)
        columns = np.arange(west, east + 0.1, 0.25)
        points += [(row, column) for row in rows for column in columns]
        blocks.append(
            {(int((r + 90) / 0.25) // 4, int((c + 180) % 360 / 0.25) // 4) for r in rows for c in columns}
        )
    assert sorted(points) == sorted((r, c) for r in wanted.latitude for c in wanted.longitude)
    assert sum(map(len, blocks)) == len(set().union(*blocks))


def test_a_box_is_what_lies_within_it_and_may_cross_the_date_line():
    wanted = new_request(["t2m"], (10.1, 179.6, 9.6, -179.6), PAPER_FILE.period)
    assert wanted.latitude.tolist() == [10.0, 9.75] and wanted.longitude.tolist() == [179.75, 180.0, 180.25]
    globe = new_request(["t2m"], (90, 0, -90, 360), PAPER_FILE.period)
    assert (len(globe.latitude), len(globe.longitude)) == (721, 1440)
    assert len(np.unique(globe.longitude % 360)) == 1440


def test_either_name_means_the_same_variable():
    names = ["2m_temperature", "sst", "t2m"]
    assert new_request(names, PAPER_FILE.region, PAPER_FILE.period).variables == ("t2m", "sst")


def test_table_of_variables_has_no_name_twice():
    assert len({variable.name for variable in VARIABLES.values()}) == len(VARIABLES)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"variables": ["2m_temprature"]}, "Did you mean 2m_temperature"),
        ({"variables": ["qqqq"]}, "Choose among sst"),
        ({"variables": []}, "Name at least one"),
        ({"region": (33, -33, 43, -23)}, "NORTH WEST SOUTH EAST"),
        ({"region": (91, -33, 43, -23)}, "NORTH WEST SOUTH EAST"),
        ({"region": (float("nan"), -33, 43, -23)}, "NORTH WEST SOUTH EAST"),
        ({"region": (33.2, 0.1, 33.1, 0.2)}, "no point of the 0.25-degree grid"),
        ({"period": ("2021-13-01", "2021-12-31")}, "Write them as"),
        ({"period": ("2021-02-01", "2021-01-31")}, "in this order"),
        ({"period": ("1939-12-31", "1940-01-31")}, "1940-01-01"),
        ({"period": ("2021-01-01", "2999-01-01")}, "today"),
        ({"statistic": "median"}, "mean, maximum"),
    ],
)
def test_what_is_refused(changed, message):
    asked = {"variables": ["t2m"], "region": PAPER_FILE.region, "period": PAPER_FILE.period} | changed
    with pytest.raises(DscTfError, match=message) as caught:
        new_request(**asked)
    assert "\n" not in str(caught.value)


def test_a_store_tells_what_it_lacks():
    wanted = new_request(["swvl1"], PAPER_FILE.region, PAPER_FILE.period)
    with pytest.raises(DscTfError, match="'swvl1'"):
        source("arco", wanted)
    assert json.dumps(source("google", wanted).requests())
