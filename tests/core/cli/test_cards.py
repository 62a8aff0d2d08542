import json
import re
from dataclasses import replace

import numpy as np

from dl.cli.cards import Reading, show_dataset

NOTES = ("labels: drawn by a \x1b[31mtest", "the test set is made " + "by hand " * 60 + "alone")


def shown(plugins_with, dataset, capsys, **fields):
    one = dataset(np.zeros((8, 2)), np.array([0, 1] * 4), ("no", "yes"), **fields)
    for as_json in (True, False):
        show_dataset("given", plugins_with(given=one), Reading(), as_json=as_json)
    first, _, rest = capsys.readouterr().out.partition("\n")
    return json.loads(first), rest


def test_a_card_says_every_note_whole_and_as_text(plugins_with, dataset, capsys):
    as_json, card = shown(plugins_with, dataset, capsys, notes=NOTES)
    assert as_json["notes"] == list(NOTES)
    assert "labels: drawn by a \\x1b[31mtest" in card and "\x1b" not in card
    assert " ".join(card.split()).count("by hand") == 60 and "alone" in card


def test_a_card_without_notes_has_no_line_for_them(plugins_with, dataset, capsys):
    as_json, card = shown(plugins_with, dataset, capsys)
    assert as_json["notes"] == [] and "note" not in card


def test_examples_stand_apart_and_none_is_wider_than_its_share(plugins_with, dataset, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    one = dataset(np.zeros((8, 8)), np.array([0, 1] * 4), ("no", "yes"))
    show_dataset("given", plugins_with(given=one), Reading(), as_json=False)
    drawn = [line for line in capsys.readouterr().out.splitlines() if line.startswith("0.00")]
    assert [re.split(" {2,}", line.rstrip()) for line in drawn] == [["0.00 0.00 0.00 0.0"] * 4]


def test_a_card_shows_what_the_guards_find(plugins_with, dataset, capsys):
    names = tuple(f"film{k // 4:02}_{k}.png" for k in range(40))
    one = dataset(np.arange(80.0).reshape(40, 2), np.arange(40) // 4 % 2, ("no", "yes"))
    one = replace(one, train=replace(one.train, sources=names))
    for as_json in (True, False):
        show_dataset("given", plugins_with(given=one), Reading(), as_json=as_json)
    first, _, card = capsys.readouterr().out.partition("\n")
    assert [found["code"] for found in json.loads(first)["findings"]] == ["data-groups-in-sight"]
    assert "keep them together: --group-on name" in " ".join(card.split())
