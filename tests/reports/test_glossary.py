"""The words of the field: complete for what reports print, found by any of their names."""

import re
from importlib.resources import files
from itertools import groupby

import pytest

from dl.plugins.loading import load_plugins
from dl.tasks.rows import TABLE
from dl.tasks.table import loss_name
from dl.terminal import console
from dl_reports.build import build_report
from dl_reports.formatting import metric_word
from dl_reports.glossary import find_word, nearest_words, unknown_word, words
from dl_reports.render import phrases
from dl_reports.render.terminal import print_report
from dl_reports.simulate import SimulatedFit, simulate

SOURCES = ("terminal.py", "cards.py", "page.html.j2")
VARYING = re.compile(r" on validation.*| of '.*|(?<=ahead of) .*")  # what follows a name in a label


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report with rivals, classes, findings and curves that turn."""
    fit = SimulatedFit(
        signal=[1.0, 3.0, 2.0, 1.5], probe_signal=[1.5, 3.5, 4.0, 5.0], rival=0.9, shares=(0.5, 0.3, 0.2)
    )
    return build_report(simulate(tmp_path_factory.mktemp("runs") / "0001-fit", fit))


def unexplained(labels):
    """The labels that are no word."""
    return sorted({name for label in labels if label and not find_word(name := VARYING.sub("", label))})


def test_every_title_and_column_of_a_report_has_an_entry():
    sources = [files("dl_reports.render").joinpath(name).read_text(encoding="utf-8") for name in SOURCES]
    titles = re.findall(r'(?:_titled|section|add_column)\("([^"]+)"', "\n".join(sources))
    assert len(titles) > 20 and not unexplained(titles)


def test_every_label_of_a_printed_report_has_an_entry(report, capsys):
    print_report(report, console())
    titles = re.findall(r"\n\n(\S.*)", capsys.readouterr().out)
    rows = [name for name, *_ in phrases.other_scores(report)]
    rows += [name for name, _ in phrases.facts(report.header)] + [one.question for one in report.verdict.answers]
    parts = [phrases.PARTS[curve.part] for curve in report.curves.loss]
    assert len(titles) > 6 and not unexplained([*titles[1:], *parts, *rows, *(one.severity for one in report.findings)])


def test_every_task_metric_loss_and_cheap_learner_has_an_entry():
    plugins = load_plugins()
    metrics = [one.info.name for row in TABLE.values() for one in row.metrics]
    losses = [loss_name(row.loss) for row in TABLE.values()]
    learners = [spec.name for spec in plugins.models.values() if spec.is_learner]
    own = [name for name in learners if name.partition("-")[0] not in plugins.domains]  # others name their domain
    assert not unexplained([*TABLE, *metrics, *map(metric_word, metrics), *losses, *own])


def test_a_name_belongs_to_one_word_and_no_code():
    named = [(re.sub("[ _-]+", " ", name.lower()), word.name) for word in words() for name in {word.name, *word.also}]
    twice = [name for name, of in groupby(sorted(set(named)), key=lambda pair: pair[0]) if len(list(of)) > 1]
    assert not twice and not {word.typed for word in words()} & set(load_plugins().checks)


def test_an_entry_fits_in_eighty_columns_names_codes_that_exist_and_stands_with_its_group():
    codes = load_plugins().checks
    for word in words():
        lines = word.picture.split("\n")
        assert max(map(len, lines)) <= 70 and len(lines) <= 8, word.name
        assert set(word.codes) <= set(codes), word.name
        assert 1 <= len(re.findall(r"[.?](?= |$)", word.means)) <= 4, word.name
    groups = [group for group, _ in groupby(words(), key=lambda word: word.group)]
    assert len(groups) == len(set(groups))


def test_a_word_is_found_in_any_case_with_hyphens_or_by_another_name():
    learning_rate = find_word("learning rate")
    assert learning_rate is find_word("Learning_Rate") is find_word("learning-rate") is find_word("lr")
    assert learning_rate.typed == "learning-rate" and learning_rate.gist == "How far the weights move in one step"
    assert find_word("no such word") is None


def test_a_part_of_a_word_and_a_slip_lead_to_it():
    assert nearest_words("stopping") == ["early-stopping"]
    assert nearest_words("calibratoin") == ["calibration"]
    assert nearest_words("xyzzyx") == []


def test_an_unknown_name_is_one_line_with_codes_among_the_nearest():
    assert "did you mean 'fit-gap'?" in str(unknown_word("fit-gab", ["fit-gap"]))
    assert str(unknown_word("xyzzyx", [])) == "no finding code or word named 'xyzzyx'  see: dl explain"
