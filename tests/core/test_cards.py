import json

import numpy as np

from dl.cli.cards import Reading, show_dataset

NOTES = ("labels: drawn by a \x1b[31mtest", "the test part is made " + "by hand " * 60 + "alone")


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
