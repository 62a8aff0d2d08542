"""The verb tutorial."""

from dl.tutorial.lessons import LESSONS
from dl.tutorial.progress import Progress, write_progress


def test_the_steps_are_listed_with_their_runs(dl_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tutorial/runs/0001-mnist-dense").mkdir(parents=True)
    write_progress(tmp_path / "tutorial", Progress("mnist", ("look", "baseline", "fit"), {"fit": "0001-mnist-dense"}))
    lines = dl_run("tutorial", "--list").out.splitlines()
    assert len(lines) == len(LESSONS) and lines[2].split() == ["ok", "3", "a", "small", "network", "0001-mnist-dense"]
    assert lines[3].startswith(">    4  overfit on purpose")


def test_mistakes_are_one_line(dl_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words, line in (
        (("--step", "99"), f"--step 99: there are {len(LESSONS)} steps  see: dl tutorial --list"),
        (("--data", "minst"), "--data 'minst' is no data set, folder or table; did you mean 'mnist'?"),
    ):
        done = dl_run("tutorial", *words)
        assert done.code == 2 and line in done.err and done.err.count("\n") == 1


def test_when_all_is_done_it_says_how_to_begin_again(dl_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tutorial-wine").mkdir()
    write_progress(tmp_path / "tutorial-wine", Progress("wine", tuple(one.name for one in LESSONS)))
    done = dl_run("tutorial", "--data", "wine")
    assert done.code == 0 and "again: dl tutorial --data wine --step 1" in done.out


def test_where_the_input_is_no_terminal_it_does_not_wait(dl_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = dl_run("tutorial", "--step", str(len(LESSONS)))
    assert done.code == 0 and "no terminal: the steps run without waiting" in done.err and "what next" in done.out
