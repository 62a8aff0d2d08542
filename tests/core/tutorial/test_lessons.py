"""The table of lessons: texts, commands, and what each needs."""

import re
import shlex

from typer.main import get_command

from dl.cli.main import command_line
from dl.tutorial.lessons import LESSONS


def test_a_lesson_tells_what_and_why_in_a_few_sentences():
    for lesson in LESSONS:
        assert 1 <= len(re.findall(r"[.?:](?= |$)", lesson.why)) <= 6 and len(lesson.why) < 400, lesson.name
    assert len({lesson.name for lesson in LESSONS}) == len(LESSONS)


def test_a_lesson_needs_runs_of_earlier_ones_alone():
    for number, lesson in enumerate(LESSONS):
        assert set(lesson.needs) <= {one.name for one in LESSONS[:number]}


def test_commands_exist_and_name_the_runs(standing, monkeypatch):
    monkeypatch.setattr("dl.tutorial.reading.facts", lambda _: {"train": 60_000, "test": "closed; dl test opens it"})
    verbs, typed = get_command(command_line()).commands, []
    for lesson in LESSONS:
        typed += lesson.commands(standing)
    lines = [shlex.join(words) for words in typed]
    assert {words[0] for words in typed} <= set(verbs)
    assert "compare 2 3" in lines and "test 3" in lines and "predict 3 seven.pgm" in lines
    assert any(line.startswith("cv digits ") for line in lines)


def test_a_test_set_that_was_opened_and_one_that_is_not_there_are_left_alone(standing, monkeypatch):
    lesson = next(one for one in LESSONS if one.name == "test")
    monkeypatch.setattr("dl.tutorial.reading.facts", lambda _: {"test": "none"})
    assert lesson.commands(standing) == []
