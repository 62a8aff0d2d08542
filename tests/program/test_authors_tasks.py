"""docs/authors-tasks.md: the row that it shows is fitted by the lines that it shows, and conforms."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from dl.tasks.task import TaskKind

PAGE = (Path(__file__).parents[2] / "docs/authors-tasks.md").read_text(encoding="utf-8")
SOURCE = re.search(r"```python\n# plugin: rates\n(.*?)```", PAGE, re.DOTALL)[1]
LINES = re.search(r"```console\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()


@pytest.fixture
def rates(site):
    site.add("rates", SOURCE)


def test_the_row_of_the_page_is_fitted_tested_and_reported(rates, dl_run):
    answers = {line: dl_run(*shlex.split(line)[1:]) for line in LINES}
    assert {line: answer.code for line, answer in answers.items()} == dict.fromkeys(LINES, 0), answers
    assert "deviance" in answers["dl test last"].out and "deviance on validation" in answers["dl report last"].out


def test_the_row_of_the_page_conforms(rates, dl_run):
    checked = dl_run("plugins", "check", "rates")
    assert checked.code == 0, checked.out


def test_the_fields_that_the_page_names_are_those_of_a_row():
    table = re.search(r"\| field \|.*?\n\n", PAGE, re.DOTALL)[0]
    named = {name for row in table.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named <= {field.name for field in fields(TaskKind)}
