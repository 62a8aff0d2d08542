"""The words that may follow those typed so far."""

import pytest

from dl.cli.candidates import FILES, candidates
from dl.cli.main import MODULES


def words(*typed):
    """The candidates themselves; a path as the name of its kind."""
    return [one.help if one is FILES else one.word for one in candidates(typed)]


def test_nothing_typed_gives_every_verb():
    assert {*MODULES, "report"} <= set(words(""))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (["fit", "vision", "mnist-e"], ["files", "mnist-even"]),
        (["fit", "vision", "mnist", "epo"], ["epochs="]),
        (["fit", "vision", "mnist", "optimizer=ada"], ["optimizer=adam", "optimizer=adamw"]),
        (["fit", "vision", "--model", "conv"], ["conv-autoencoder", "convnet"]),
        (["fit", "vision", "mnist", "--model=conv"], ["--model=conv-autoencoder", "--model=convnet"]),
        (["fit", "--reg", "drop"], ["dropout="]),
        (["fit", "--accept"], ["--accept-changes"]),
        (["fit", "--epochs", "no"], ["files"]),
        (["fit", "--seed", ""], []),
        (["ls", "rec"], ["recipes"]),
        (["new", "plugin", "waves", "--kind", "mo"], ["model"]),
        (["plugins", "tr"], ["trust"]),
        (["explain", "fit-overfit-l"], ["fit-overfit-loss"]),
        (["nosuch", "x"], []),
        (["predict", "last", ""], ["files"]),
    ],
)
def test_words_follow_from_what_is_typed(typed, found):
    assert words(*typed) == found


def test_runs_are_named_newest_first_but_not_those_whose_names_a_shell_would_read(tmp_path):
    for name in ("0001-a", "0002-b", "0003-$(touch x)", "else"):
        (tmp_path / name).mkdir()
    assert words("report", "--runs", str(tmp_path), "") == ["last", "0002-b", "0001-a"]
