"""ls, show and doctor: what is registered and what is kept, a line each, or as JSON."""

import io

import pytest
from rich.console import Console

from dl.cli.look import KINDS, _print_rows
from dl.testing.fits import kept_runs


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_what_is_registered_is_listed_by_name_as_words_and_as_json(dl_run, dl_plugins, kind):
    rows = dl_run("ls", kind, "--json").json
    assert [row["name"] for row in rows] == [spec.name for spec in getattr(dl_plugins, kind).values()]
    assert all({"name", "description"} <= set(row) for row in rows)
    words = dl_run("ls", kind).out.splitlines()
    assert words[0] == kind and all(any(line.startswith(f"  {row['name']} ") for line in words) for row in rows)


def test_without_a_kind_all_but_runs_are_listed(dl_run):
    assert list(dl_run("ls", "--json").json) == list(KINDS[:-1])


def test_a_kind_that_there_is_none_of_is_refused_with_the_nearest(dl_run):
    answer = dl_run("ls", "dataset")
    assert (answer.code, answer.out) == (2, "") and "did you mean 'datasets'" in answer.err


def test_runs_are_listed_and_one_that_cannot_be_read_is_too(dl_run, tmp_path):
    assert dl_run("ls", "runs").out.splitlines()[-1] == "  none yet"
    run = kept_runs()["is clean"]
    runs = tmp_path / "runs"
    for number in (1, 2):
        (runs / f"000{number}-mine").mkdir(parents=True)
        for name in ("run.json", "recipe.toml", "history.csv"):
            (runs / f"000{number}-mine" / name).write_bytes((run.path / name).read_bytes())
    (runs / "0002-mine" / "run.json").write_text("no json")
    good, bad = sorted(dl_run("ls", "runs", "--json").json, key=lambda row: row["name"])
    assert good["status"] == "finished" and good["score"].startswith("accuracy ")
    assert bad["status"] == "unreadable" and "run.json" in bad["score"]


def test_columns_are_as_wide_as_their_widest_cell_and_the_last_is_folded():
    stream = io.StringIO()
    rows = [
        {"name": "a", "kind": "日本", "what": "one two three four five six seven"},
        {"name": "b\x1b[2J", "kind": "x", "what": ""},
    ]
    _print_rows(Console(file=stream, width=40, color_system=None), rows)
    assert [line.rstrip() for line in stream.getvalue().splitlines()] == [
        "  a         日本  one two three four",
        "                  five six seven",
        "  b\\x1b[2J  x",
    ]


def test_one_thing_is_shown_whatever_it_is(dl_run):
    for words in (["mnist"], ["convnet"], ["recipe", "book-convnet"], ["l2"]):
        answer = dl_run("show", *words)
        assert answer.code == 0 and words[-1] in answer.out, words


def test_the_doctor_answers_each_check_and_exits_with_one_where_something_is_wrong(dl_run, monkeypatch):
    answer = dl_run("doctor", "--json")
    assert answer.code == int(not all(check["ok"] for check in answer.json))
    monkeypatch.setenv("DL_CACHE_SIZE", "a lot")
    ill = dl_run("doctor", "--json")
    assert ill.code == 1 and any("DL_CACHE_SIZE" in check["message"] for check in ill.json if not check["ok"])
    assert len(dl_run("doctor").out.splitlines()) >= len(ill.json)
