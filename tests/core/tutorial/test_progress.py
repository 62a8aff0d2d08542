"""The progress of a tutorial in its folder."""

import pytest

from dl.errors import BadRun
from dl.tutorial.progress import Progress, read_progress, write_progress


def test_progress_is_read_as_it_was_written_without_runs_that_are_gone(tmp_path):
    progress = (
        Progress("wine").with_done("look").with_done("fit", "0001-wine-dense").with_done("overfit", "0012-wine-dense")
    )
    (tmp_path / "runs/0012-wine-dense").mkdir(parents=True)
    write_progress(tmp_path, progress)
    found = read_progress(tmp_path, "wine")
    assert found.done == ("look", "fit", "overfit") and found.runs == {"overfit": "0012-wine-dense"}
    assert found.number("overfit") == "12"


def test_a_lesson_that_is_done_again_takes_its_new_run():
    progress = Progress("wine").with_done("fit", "0001-a").with_done("look").with_done("fit", "0002-a")
    assert progress.done == ("look", "fit") and progress.runs == {"fit": "0002-a"}


def test_a_damaged_file_and_other_data_are_refused(tmp_path):
    assert read_progress(tmp_path, "wine") == Progress("wine")
    write_progress(tmp_path, Progress("wine"))
    with pytest.raises(BadRun, match="has a tutorial on 'wine'; take another folder"):
        read_progress(tmp_path, "digits")
    (tmp_path / "tutorial.json").write_text("[")
    with pytest.raises(BadRun, match=r"cannot be read: .*remove it to begin anew"):
        read_progress(tmp_path, "wine")
