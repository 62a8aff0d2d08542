"""Explaining codes in the terminal."""

import json
from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from dl.errors import UnknownName
from dl.hookspecs import hookimpl
from dl.plugins.loading import load_plugins
from dl.specs import CheckSpec
from dl.terminal import console
from dl_reports.explain import explained, list_all, show_page
from dl_reports.glossary import words
from dl_reports.registry import OWN


def test_the_page_of_a_code_is_printed_as_it_is_kept(capsys):
    show_page("fit-gap", console())
    assert capsys.readouterr().out.startswith("# fit-gap\n\nTraining looks certainly better than validation.\n")


def test_an_unknown_code_names_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'fit-gap'"):
        show_page("fit-gab", console())


def test_all_codes_and_words_are_listed_by_group(capsys):
    list_all(console())
    out = capsys.readouterr().out
    assert all(entry[0] in out for entry in OWN) and all(group in out for group in {word.group for word in words()})
    assert max(map(len, out.splitlines())) <= 80 and out.index("data-imbalance") < out.index("fit-gap")
    list_all(console(), as_json=True)
    stored = json.loads(capsys.readouterr().out)
    assert [len(stored["codes"]), len(stored["words"])] == [len(load_plugins().checks), len(words())]


def test_a_word_is_shown_with_its_meaning_picture_place_and_remedy(capsys):
    show_page("Macro-F1", console())
    out = capsys.readouterr().out
    assert out.startswith("macro F1 ") and "in dl  Behind accuracy" in out and "████" in out and "\x1b" not in out
    assert all(len(line) <= 80 and line == line.rstrip() for line in out.splitlines())
    show_page("gap", console(), as_json=True)
    stored = json.loads(capsys.readouterr().out)
    assert (stored["word"], stored["codes"]) == ("gap", ["fit-gap"]) and "78 %" in stored["picture"]


def test_on_a_terminal_commands_are_bold_and_elsewhere_between_backticks():
    shown = []
    for terminal in (True, False):
        out = Console(file=StringIO(), force_terminal=terminal, width=80)
        show_page("checkpoint", out)
        shown.append(out.file.getvalue())
    assert "\x1b[1mdl export\x1b[0m" in shown[0] and "`dl export`" in shown[1]


def test_codes_and_words_can_be_completed():
    assert {"fit-gap", "learning-rate"} <= {word for word, about in explained() if about}


def test_a_page_as_json_names_its_plugin(capsys):
    show_page("health-nan", console(), as_json=True)
    stored = json.loads(capsys.readouterr().out)
    assert stored["plugin"] == "reports" and stored["page"].startswith("# health-nan")


def test_a_page_of_a_strangers_cannot_act_on_the_terminal(capsys):
    def register_checks():
        return [CheckSpec("other-odd", "of a test", lambda: print, lambda: "# other\n\x1b[2Jgone\n")]

    plugins = load_plugins([SimpleNamespace(register_checks=hookimpl(register_checks), __name__="other")])
    show_page("other-odd", console(), plugins=plugins)
    assert capsys.readouterr().out == "# other\n\\x1b[2Jgone\n"
