"""The verbs rm, tag and note, as they are typed."""

import shutil

import pytest

from dl.testing.fits import kept_runs


@pytest.fixture
def runs(tmp_path):
    """Three copies of a run in the folder where verbs look."""
    for number in (1, 2, 3):
        shutil.copytree(kept_runs()["is clean"].path, tmp_path / f"runs/000{number}-mine")
    return tmp_path / "runs"


def test_tags_and_notes_are_shown_where_runs_are(dl_run, runs):
    assert dl_run("tag", "2", "kept", "paper").out == "0002-mine: kept paper\n"
    assert dl_run("note", "2", "no [bold]better").out == "0002-mine: kept paper; no [bold]better\n"
    assert (
        dl_run("note", "2").out.endswith("no [bold]better\n")
        and dl_run("tag", "1").out == "0001-mine: no tags and no note\n"
    )
    line = next(line for line in dl_run("ls", "runs").out.splitlines() if "0002" in line)
    assert "kept paper" in line
    (row,) = dl_run("ls", "runs", "--tag", "kept", "--json").json
    assert (row["name"], row["tags"], row["note"]) == ("0002-mine", ["kept", "paper"], "no [bold]better")
    assert "no [bold]better" in dl_run("report", "2").out
    assert dl_run("tag", "2", "kept", "--remove", "--json").json["tags"] == ["paper"]
    assert dl_run("tag", "9", "x").code == 2 and "is no tag" in dl_run("tag", "1", "a=b").err


def test_lists_are_filtered_sorted_and_cut(dl_run, runs):
    newest = dl_run("ls", "runs", "--sort", "-name", "--limit", "2", "--json").json
    assert [row["name"] for row in newest] == ["0003-mine", "0002-mine"]
    assert len(dl_run("ls", "runs", "--where", "epochs>0 and number<3", "--json").json) == 2
    assert "lr=" in dl_run("ls", "runs", "--where", "lr>0").out
    unknown = dl_run("ls", "runs", "--sort", "nosuch")
    assert unknown.code == 2 and "no run has a field 'nosuch'" in unknown.err
    assert "is an option of runs" in dl_run("ls", "models", "--limit", "2").err


def test_nothing_is_removed_without_a_word_on_a_terminal_or_yes(dl_run, runs):
    refused = dl_run("rm", "1", "2")
    assert refused.code == 2 and "2 runs, and there is no terminal; add --yes" in refused.err
    assert dl_run("rm").code == 2 and dl_run("rm", "1", "--where", "epochs>0").code == 2
    assert len(list(runs.glob("0*"))) == 3
    assert dl_run("rm", "1", "0002-mine", "--yes").out == "removed 0001-mine\nremoved 0002-mine\n"
    assert dl_run("rm", "--where", "number=9", "--yes").out == "no run matches; nothing was removed\n"
    assert dl_run("rm", "--where", "number=3", "--yes", "--json").json == {"removed": ["0003-mine"], "kept": []}
    assert list(runs.glob("0*")) == []


def test_a_folder_that_is_no_run_is_never_removed(dl_run, runs, tmp_path):
    shutil.copytree(runs / "0001-mine", tmp_path / "precious")
    (runs / "0004-link").symlink_to(runs / "0001-mine")
    for word in (str(tmp_path), str(tmp_path / "precious"), "0004-link"):
        answer = dl_run("rm", word, "--yes", "--force")
        assert answer.code == 2 and "not removed" in answer.err, word
    assert (tmp_path / "precious/run.json").exists() and (runs / "0001-mine/run.json").exists()
