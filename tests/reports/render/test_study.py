"""The plot of a study: validation and training over a logarithmic axis, with forecasts of more data."""

import math

from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl.runs.study import Forecast, Study, StudyPoint
from dl_reports.render.study import draw_study

SIZES = (100, 200, 400)
POINTS = tuple(
    StudyPoint(f"{n} examples", n, k, best_epoch=1, probe=Estimate(1, 0.9, 1), val=Estimate(0.5 + k / 10, 0.5, 0.9))
    for k, n in enumerate(SIZES, 1)
)
ACCURACY = MetricInfo("accuracy", True, 1.0, "proportion")
STUDY = Study("runs/1", "curve", "data", "x", "dense", ACCURACY, 400, 50, "hold-out", points=POINTS)


def test_the_axis_names_every_size_evenly_and_the_forecasts_after_them():
    forecasts = (Forecast(2, Estimate(0.85, 0.8, 0.9)), Forecast(10, Estimate(0.9, 0.8, 1.0)))
    lines = [line.plain for line in draw_study(Study(**{**vars(STUDY), "forecasts": forecasts}), 100)]
    assert lines[1].startswith("accuracy over training examples") and max(map(len, lines)) <= 100
    names = lines[-2]
    assert names.split() == ["100", "200", "400", "x2", "x10"]
    middles = [names.index(one) + len(one) // 2 for one in ("200", "400", "x2")]
    assert abs((middles[1] - middles[0]) - (middles[2] - middles[1])) <= 2


def test_fits_without_a_score_are_left_out_and_one_point_is_no_plot():
    failed = StudyPoint("800 examples", 800, 4, val=Estimate(math.nan, math.nan, math.nan))
    shown = [line.plain for line in draw_study(Study(**{**vars(STUDY), "points": (*POINTS, failed)}), 80)]
    assert "800" not in shown[-2]
    assert draw_study(Study(**{**vars(STUDY), "points": POINTS[:1]}), 80) == []
