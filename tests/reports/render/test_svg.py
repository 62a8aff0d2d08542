import math
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from dl.intervals import Estimate
from dl_reports.render.chart import charts
from dl_reports.render.svg import HIGH, WIDE, chart_svg, reliability_svg, sample
from dl_reports.report import Bin

SHAPES = {"line train", "line probe", "line val", "band probe", "band val"}


@pytest.fixture
def loss(report):
    return charts(report)[0]


def points(shape):
    return [tuple(map(float, place.split(","))) for place in shape.get("points").split()]


def test_every_line_and_band_lies_inside_the_drawing(loss):
    drawn = ElementTree.fromstring(chart_svg(loss))
    shapes = [*drawn.iter("polyline"), *drawn.iter("polygon")]
    assert {shape.get("class") for shape in shapes} == SHAPES
    assert all(0 <= x <= WIDE and 0 <= y <= HIGH for shape in shapes for x, y in points(shape))


def test_a_line_has_a_hole_where_a_value_is_missing(loss):
    (val,) = [curve for curve in loss.curves if curve.part == "val"]
    holed = replace(val, values=(*val.values[:5], math.nan, *val.values[6:]))
    drawn = ElementTree.fromstring(chart_svg(replace(loss, curves=(holed,))))
    assert [len(points(shape)) for shape in drawn.iter("polyline")] == [5, 14]


def test_a_label_is_text_whatever_it_holds(loss):
    drawn = chart_svg(replace(loss, title="<script>\x1b[31m</script>"))
    assert isinstance(drawn, Markup) and "<script>" not in drawn
    assert ElementTree.fromstring(drawn).find("title").text.startswith("<script>\\x1b[31m</script> over 20 epochs")


def test_a_bin_is_a_dot_with_its_interval_where_it_has_one():
    bins = [Bin(0.9, Estimate(0.8, 0.7, 0.9), 10), Bin(1.0, Estimate(1.0, math.nan, math.nan), 10)]
    drawn = ElementTree.fromstring(reliability_svg(bins))
    assert len(list(drawn.iter("circle"))) == 2
    assert len([line for line in drawn.iter("line") if line.get("class") == "line val"]) == 1


def test_the_sample_of_a_line_is_hidden_from_screen_readers():
    assert ElementTree.fromstring(sample("val")).get("aria-hidden") == "true"
