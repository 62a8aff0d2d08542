"""Real fits of all five tasks: each report keeps to the schema, and says nothing in the words of another task."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

import dl
from dl.data.examples import Examples
from dl.plugins.loading import load_plugins
from dl.specs import DatasetSpec
from dl_reports.as_json import to_json
from dl_reports.build import build_report
from dl_reports.render.html import to_html
from dl_reports.render.markdown import to_markdown
from dl_reports.render.terminal import print_report

DATA = ("mnist", "mnist-even", "mnist-attributes", "mnist-slant", "mnist-ink")


class Few:
    """A plugin with the first 3,000 training digits of a data set."""

    def __init__(self, full):
        chosen = full.train
        few = Examples(chosen.inputs[:3000], chosen.targets[:3000], chosen.ids[:3000], chosen.names)
        self.dataset = replace(full, name="few", train=few)

    @dl.hookimpl
    def register_datasets(self):
        return (DatasetSpec("few", "vision", "few digits", lambda _options: self.dataset),)


@pytest.fixture(scope="module", params=DATA)
def report(request, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    plugins = load_plugins([Few(load_plugins().dataset("vision", request.param).load({}))])
    run = dl.fit("vision", "few", model="dense", runs=runs, plugins=plugins, val=1_500, epochs=2, width=64)
    return build_report(run)


def shown(report, width):
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=width))
    return stream.getvalue()


def test_the_json_keeps_to_the_schema(report, violations):
    assert violations(json.loads(to_json(report))) == []


def test_the_ladder_goes_from_worst_to_best(report):
    sign = 1 if report.header.metric.higher else -1
    scores = [sign * rung.score.value for rung in report.ladder]
    assert scores == sorted(scores) and sum(rung.ours for rung in report.ladder) == 1


def test_the_gap_that_is_found_is_the_gap_that_is_shown(report):
    found = [finding.evidence for finding in report.findings if finding.code == "fit-gap"]
    for numbers in found:
        assert numbers["gap"] == pytest.approx(report.scores.gap.value, rel=1e-6)
        assert numbers["probe"] == pytest.approx(report.scores.probe.value, rel=1e-6)
        assert numbers["val"] == pytest.approx(report.scores.val.value, rel=1e-6)
        assert numbers["interval"] == pytest.approx(list(report.scores.gap[1:]), rel=1e-6)


def test_only_tasks_of_right_and_wrong_speak_of_accuracy(report):
    texts = [
        " ".join(text.split()) for text in (shown(report, 80), shown(report, 140), to_html(report), to_markdown(report))
    ]
    if report.header.task not in ("binary", "multiclass"):
        assert not any("accuracy" in text for text in texts)
    if "regression" in report.header.task:
        assert all("mean absolute error" in text and " points " not in text for text in texts)


def test_validation_was_evaluated_once_an_epoch(report):
    assert [(one.part, one.evaluations, one.runs) for one in report.reuse] == [("val", 2, 1), ("test", 0, 0)]
