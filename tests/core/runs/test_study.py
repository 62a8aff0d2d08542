"""A study prints as a table with its conclusion, and is read back as it was written."""

import math

import pytest

from dl.errors import BadRun
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl.runs.study import Forecast, OneBatch, Study, StudyPoint, find_study, labels, read_study
from dl.stored import from_json

ACCURACY = MetricInfo("accuracy", True, 1.0, "proportion")
POINTS = (
    StudyPoint("10 examples", 10, 1, 5, 10, 8, 7, Estimate(1, 0.9, 1), Estimate(0.8, 0.7, 0.9), 0.5, 0.6),
    StudyPoint(
        *("20 examples", 20, 2, 5, 20, 4, 4, Estimate(1, 0.9, 1), Estimate(0.9, 0.8, 0.95), 0.25, 0.25),
        change=Estimate(0.1, -0.02, 0.21),
    ),
    StudyPoint("40 examples", 40, 3, state="failed", note="it failed"),
)
STUDY = Study(
    *("runs/0001-x", "curve", "data", "x", "dense", ACCURACY, 40, 30, "hold-out", ("nested",), "gain", POINTS),
    forecasts=(Forecast(2, Estimate(0.92, 0.85, 0.97)), Forecast(10, Estimate(0.95, 0.85, 0.99))),
    conclusion="more data helps",
    next="dl fit a b",
)
SHOWN = """\
x, dense: 40 to train on, 30 for validation, hold-out
  nested
               epochs  training  validation accuracy     lowest loss  last loss  gain
  10 examples  8       100.00 %  80.00 % [70.00, 90.00]  0.5          0.6
  20 examples  4       100.00 %  90.00 % [80.00, 95.00]  0.25         0.25       +10.00 % [-2.00, +21.00]
  40 examples  0       -         -                       -            -                                    it failed
more data helps
10 times the data: 95.00 % [85.00, 99.00]
next: dl fit a b"""


def test_it_prints_as_a_table_with_its_conclusion():
    assert str(STUDY) == SHOWN


def test_it_is_read_from_its_folder_and_refused_where_there_is_none(tmp_path):
    (tmp_path / "fits.json").write_text(STUDY.to_json())
    assert read_study(tmp_path).points[:2] == POINTS[:2] and read_study(tmp_path).path == str(tmp_path)
    (tmp_path / "fits.json").write_text("{")
    with pytest.raises(BadRun, match="is damaged"):
        read_study(tmp_path)
    with pytest.raises(BadRun, match=r"is no study: fits\.json is missing"):
        read_study(tmp_path / "x")


def test_it_is_read_back_as_it_was_written():
    batch = OneBatch(8, False, 1000, 0.1, math.inf, ("a fault",))
    found = from_json(Study(**{**vars(STUDY), "batch": batch, "points": POINTS[:2]}).to_json(), Study)
    assert found.points == POINTS[:2] and found.batch == batch and found.forecasts == STUDY.forecasts


def test_a_batch_is_described_with_what_to_look_for():
    batch = OneBatch(8, False, 1000, 0.1, 0.5, ("learning rate too low", "dead units"))
    lines = Study(**{**vars(STUDY), "batch": batch}).head()
    assert "8 examples not learnt by heart: loss 50 % of a constant answer's after 1,000 steps, lr=0.1" in lines[2]
    assert lines[3:5] == ["    learning rate too low", "    dead units"]


def test_the_axis_of_a_plot_has_the_values_alone():
    assert labels([StudyPoint("lr=0.1", 0.1, 1), StudyPoint("lr=1", 1, 2)]) == ["0.1", "1"]
    assert labels([StudyPoint("10 examples", 1, 1), StudyPoint("20 examples", 2, 2)]) == ["10", "20"]


def test_a_study_is_found_by_name_number_path_or_as_the_last(tmp_path):
    folder = tmp_path / "0003-x-curve"
    folder.mkdir()
    (folder / "fits.json").write_text("{}")
    (tmp_path / "0004-x-dense").mkdir()
    for which in ("3", "0003", "0003-x-curve", str(folder), "last"):
        assert find_study(which, tmp_path) == folder
    with pytest.raises(BadRun, match="no study '4'"):
        find_study("4", tmp_path)
