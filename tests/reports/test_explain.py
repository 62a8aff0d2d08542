"""Explaining codes in the terminal."""

import json
from types import SimpleNamespace

import pytest

from dl.errors import UnknownName
from dl.hookspecs import hookimpl
from dl.plugins.loading import load_plugins
from dl.specs import CheckSpec
from dl.terminal import console
from dl_reports.explain import list_codes, show_page
from dl_reports.registry import OWN


def test_the_page_of_a_code_is_printed_as_it_is_kept(capsys):
    show_page("fit-gap", console())
    assert capsys.readouterr().out.startswith("# fit-gap\n\nTraining looks certainly better than validation.\n")


def test_an_unknown_code_names_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'fit-gap'"):
        show_page("fit-gab", console())


def test_all_codes_are_listed(capsys):
    list_codes(console())
    out = capsys.readouterr().out
    assert all(entry[0] in out for entry in OWN)


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
