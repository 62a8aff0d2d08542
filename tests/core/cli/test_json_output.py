"""Documents of --json: finite, in one line, and asked for by a flag before any --."""

import json
from pathlib import Path

import pytest

from dl.cli.json_output import error_document, is_asked, json_line, last_document, print_json

SOURCES = [Path(__file__).parents[3] / one for one in ("packages/core/src/dl/cli", "reports/src/dl_reports")]


def test_numbers_that_are_not_finite_are_null(capsys):
    print_json({"a": [float("nan"), 1.5], "b": (float("inf"),), "c": {"d": -float("inf")}, "e": True})
    out = capsys.readouterr().out
    assert out == '{"a": [null, 1.5], "b": [null], "c": {"d": null}, "e": true}\n'


@pytest.mark.parametrize(("words", "asked"), [("ls --json", True), ("ls", False), ("predict 1 -- --json", False)])
def test_json_is_asked_for_by_a_flag_before_two_dashes(words, asked):
    assert is_asked(words.split()) == asked


def test_an_error_is_a_document_with_its_code_line_and_command():
    document = json.loads(error_document(2, "BadRun", "no run '9'  see: dl ls runs", "dl ls runs"))
    assert document["error"] == {
        "code": 2,
        "kind": "BadRun",
        "line": "no run '9'  see: dl ls runs",
        "command": "dl ls runs",
    }


def test_the_last_document_of_an_output_is_found_among_other_lines():
    assert last_document(["{not", '{"a": 1}', "[1, 2", "dl: no"]) == '{"a": 1}'
    assert last_document(["dl: no", ""]) == ""


def test_verbs_print_json_through_one_function_alone():
    found = [path.name for folder in SOURCES for path in folder.rglob("*.py") if "print(json.dumps" in path.read_text()]
    assert found == [] and json_line({"a": float("nan")}) == '{"a": null}'
