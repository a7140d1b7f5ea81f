"""GRIB files written with eccodes, as centres deliver them."""

import logging

import numpy as np
import pytest

from dsc_tf.errors import DscTfError
from dsc_tf.records.open import open_dataset

eccodes = pytest.importorskip("eccodes")
pytest.importorskip("cfgrib")

GRID = {"Ni": 4, "Nj": 3, "latitudeOfFirstGridPointInDegrees": 50, "longitudeOfFirstGridPointInDegrees": 0}
GRID |= {"latitudeOfLastGridPointInDegrees": 48, "longitudeOfLastGridPointInDegrees": 3}
GRID |= {"iDirectionIncrementInDegrees": 1, "jDirectionIncrementInDegrees": 1}


def write(path, messages):
    with open(path, "wb") as file:
        for value, keys in messages:
            handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib1")
            for key, wanted in (GRID | keys).items():
                eccodes.codes_set(handle, key, wanted)
            eccodes.codes_set_values(handle, value + np.arange(12.0))
            eccodes.codes_write(handle, file)
            eccodes.codes_release(handle)
    return path


def temperature(days, hours=(0,)):
    return [
        (280.0 + d, {"paramId": 167, "dataDate": 20200601 + d, "dataTime": 100 * h})
        for d in range(days)
        for h in hours
    ]


def rain(days):
    """Hourly amounts of forecasts that begin at 06 and 18 UTC."""
    return [
        (d + step / 100, {"paramId": 228, "dataDate": 20200601 + d, "dataTime": start, "stepType": "accum"}
         | {"stepRange": f"{step - 1}-{step}"})
        for d in range(days) for start in (600, 1800) for step in range(1, 13)
    ]  # fmt: skip


def test_one_variable(tmp_path):
    opened = open_dataset(write(tmp_path / "a.grib", temperature(3)))
    np.testing.assert_allclose(opened.t2m[:, 0, 0], [280, 281, 282], rtol=1e-4)


def test_what_has_other_times_is_left_out_and_named(tmp_path, capfd, caplog):
    path = write(tmp_path / "a.grib", temperature(3, (0, 6, 12, 18)) + rain(3))
    with (
        caplog.at_level(logging.WARNING),
        pytest.warns(UserWarning, match="left out.*--grib-filter shortName="),
    ):
        opened = open_dataset(path)
    assert len(opened.data_vars) == 1
    assert "Traceback" not in capfd.readouterr().err and not caplog.records
    assert list(open_dataset(path, grib_filter={"shortName": "2t"})) == ["t2m"]
    hours = open_dataset(path, grib_filter={"shortName": "tp"}).time
    assert hours.size == 72 and (np.diff(hours) == np.timedelta64(1, "h")).all()


@pytest.mark.filterwarnings("ignore:time. 3 steps are common:UserWarning")
def test_variables_fit_after_aggregation(tmp_path):
    path = write(tmp_path / "a.grib", temperature(4, (0, 6, 12, 18)) + rain(4))
    with pytest.warns(UserWarning, match="incomplete periods"):
        opened = open_dataset(path, aggregate="daily")
    assert sorted(opened) == ["t2m", "tp"] and opened.sizes["time"] == 3


@pytest.mark.parametrize("position", [0, 3])
def test_two_values_of_one_field_are_refused(tmp_path, position):
    """cfgrib would take the first."""
    messages = temperature(3)
    path = write(tmp_path / "a.grib", messages[:position] + [(300.0, messages[1][1])] + messages[position:])
    with pytest.raises(DscTfError, match="holds 2t of 20200602 0000 twice with different values"):
        open_dataset(path)
    assert open_dataset(write(tmp_path / "b.grib", [*messages, messages[1]])).sizes["time"] == 3


def test_preliminary_data_in_front_of_final_ones_are_refused(tmp_path):
    local = {"setLocalDefinition": 1, "localDefinitionNumber": 1}
    versions = [
        (value + shift, keys | local | {"experimentVersionNumber": version})
        for version, shift in (("0005", 9.0), ("0001", 0.0))
        for value, keys in temperature(3)
    ]
    path = write(tmp_path / "a.grib", versions)
    with pytest.raises(DscTfError, match="expver 0005 and 0001.*--grib-filter expver=0001"):
        open_dataset(path)
    np.testing.assert_allclose(
        open_dataset(path, grib_filter={"expver": "0001"}).t2m[:, 0, 0], [280, 281, 282], rtol=1e-4
    )


def test_levels_of_several_kinds(tmp_path):
    pressure = [
        (level / 10.0, {"paramId": 130, "indicatorOfTypeOfLevel": 100, "level": level, "dataDate": 20200601 + d}
         | {"dataTime": 0})
        for d in range(2) for level in (850, 500)
    ]  # fmt: skip
    opened = open_dataset(write(tmp_path / "a.grib", temperature(2) + pressure))
    assert sorted(opened) == ["t2m", "t500hPa", "t850hPa"]
    np.testing.assert_allclose(opened.t500hPa[:, 0, 0], 50, rtol=1e-3)


def test_a_truncated_file_is_refused(tmp_path):
    path = write(tmp_path / "a.grib", temperature(3))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DscTfError, match="ends within a message, after 2 complete ones"):
        open_dataset(path)


def test_a_filter_that_nothing_passes(tmp_path):
    path = write(tmp_path / "a.grib", temperature(2))
    with pytest.raises(DscTfError, match="shortName=2t"):
        open_dataset(path, grib_filter={"shortName": "msl"})


@pytest.mark.parametrize("content", [b"", b"GRIB" + bytes(900), b"text"])
def test_what_is_no_grib_file_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "a.grib").write_bytes(content)
    with pytest.raises(DscTfError, match="^data: ") as caught:
        open_dataset(tmp_path / "a.grib")
    assert "\n" not in str(caught.value)


def test_a_filter_for_another_format(tmp_path):
    from dsc_tf.datasets.mock import mock_dataset

    mock_dataset().to_netcdf(tmp_path / "a.nc")
    with pytest.raises(DscTfError, match="grib_filter: .*no GRIB file"):
        open_dataset(tmp_path / "a.nc", grib_filter={"shortName": "2t"})
