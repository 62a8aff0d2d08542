"""The rows and curves of the board: what they hold, and that only what has changed is read again."""

import json
import os
import shutil

from dl.runs.history import History
from dl.runs.notes import add_tags
from dl_reports.board import entries
from dl_reports.board.entries import Entries, curves_of, key_of, script


def test_each_run_is_a_row_with_its_scores_choices_and_curves(folder):
    snapshot = Entries(folder).read()
    rows = {row["id"]: row for row in snapshot.rows}
    assert len(rows) == 7 and rows["0001-mine/folds/01"]["inside"] == "0001-mine"
    mine = rows["0001-mine"]
    assert mine["score"] == mine["scores"][f"val_{mine['metrics'][0]['name']}"] and mine["choices"]["train.lr"] > 0
    curves = snapshot.curves["0001-mine"]
    assert len(curves["epochs"]) == len(curves["val_loss"]) == mine["epochs"] and "val_low" not in curves
    assert rows["0004-broken"]["status"] == "unreadable" and rows["0005-gone"]["status"] == "killed"
    assert rows["0006-curve"]["points"][0]["label"] == "10 examples"
    json.dumps(snapshot.rows, allow_nan=False)


def test_texts_hold_no_character_that_acts_and_a_name_that_is_no_plain_text_gets_a_key(folder):
    row = next(row for row in Entries(folder).read().rows if row["name"].startswith("0003"))
    assert row["message"].endswith(r"\x1b[2J") and row["note"].endswith(r"\u202e")
    assert row["id"].isascii() and "<" not in row["id"] and row["id"].startswith("0003--img")
    assert "<" not in script("dlBoard", [row]) and script("dlBoard", [row]).isascii()
    assert key_of(folder / "0001-ü", folder) != key_of(folder / "0001-ö", folder)


def test_only_what_has_changed_is_read_again(folder, tmp_path, monkeypatch):
    root = shutil.copytree(folder, tmp_path / "runs")
    board, read = Entries(root), []
    known = entries.overview
    monkeypatch.setattr(entries, "overview", lambda path, inside: read.append(path.name) or known(path, inside))
    first = board.read()
    assert len(read) == 7 and board.read().version == first.version and len(read) == 7
    add_tags(root / "0002-mine", ["kept"])
    shutil.rmtree(root / "0005-gone")
    second = board.read()
    assert read[7:] == ["0002-mine"] and second.version != first.version and len(second.entries) == 6
    os.utime(root / "0001-mine/run.json", (1, 1))
    board.read()
    assert read[8:] == ["0001-mine"]


def test_long_curves_are_thinned_and_keep_their_last_epoch():
    rows = tuple({"epoch": float(k), "val_loss": 1 / k, "val_score": float("nan")} for k in range(1, 1_001))
    found = curves_of(History(rows))
    assert len(found["epochs"]) <= entries.MOST_POINTS + 1 and (found["epochs"][0], found["epochs"][-1]) == (1, 1_000)
    assert found["val_loss"][-1] == 0.001 and set(found["val_score"]) == {None} and curves_of(History()) == {}
