import json

import pytest

from dl import sealed
from dl.errors import BadRun


@pytest.fixture
def run(tmp_path):
    """A folder with a committed file, ``a.txt``."""
    sealed.write(tmp_path / "a.txt", b"one")
    commit(tmp_path)
    return tmp_path


def commit(folder):
    """List what was written, as `dl.runs.commit` does."""
    lines = {name: str(seal) for name, seal in sealed.waiting(folder).items()}
    (folder / "next").write_text(json.dumps({"files": lines}))
    (folder / "next").replace(folder / sealed.RUN)
    sealed.forget(folder)


def test_a_listed_file_is_never_touched_and_the_new_one_is_read_after_the_commit_alone(run):
    sealed.write(run / "a.txt", b"two")
    assert (run / "a.txt").read_bytes() == b"one" and (run / "a-2.txt").read_bytes() == b"two"
    sealed.forget(run)  # as after a crash
    assert sealed.read(run / "a.txt") == b"one"
    sealed.write(run / "a.txt", b"two")
    commit(run)
    assert sealed.read(run / "a.txt") == b"two" and sealed.place(run / "a.txt") == run / "a-2.txt"


def test_a_content_that_is_listed_is_not_written_again(run):
    before = (run / "a.txt").stat().st_mtime_ns
    sealed.write(run / "a.txt", b"one")
    assert (run / "a.txt").stat().st_mtime_ns == before and not (run / "a-2.txt").exists()


def test_a_tag_is_in_the_name_of_the_file(run):
    sealed.write(run / "best.npz", b"x", "00003")
    assert sealed.place(run / "best.npz") == run / "best-00003.npz"
    commit(run)
    assert sealed.read(run / "best.npz") == sealed.read(run / "best-00003.npz") == b"x"


@pytest.mark.parametrize(("content", "why"), [(b"onE", "its checksum differs"), (b"on", "it has 2 bytes, and 3 were")])
def test_a_changed_file_is_refused_with_its_name_and_what_to_do(run, content, why):
    (run / "a.txt").write_bytes(content)
    with pytest.raises(BadRun, match=rf"a\.txt' is damaged: .*{why}.*; restore it from a copy, or fit again"):
        sealed.read(run / "a.txt")


def test_a_file_that_a_crash_left_unlisted_is_not_of_the_run(run):
    (run / "outcomes").mkdir()
    (run / "outcomes/epoch-00001.npz").write_bytes(b"left")
    assert not sealed.exists(run / "outcomes/epoch-00001.npz") and sealed.exists(run / "a.txt")


def test_without_a_listing_a_name_is_that_of_its_file(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"old")
    assert sealed.read(tmp_path / "a.npz") == b"old" and sealed.exists(tmp_path / "a.npz")
    for content in ("no json", "[]", '{"files": {"a.npz": "one word"}}', '{"files": {"a.npz": "0 3 ../a.npz"}}'):
        (tmp_path / sealed.RUN).write_text(content)
        assert sealed.listed(tmp_path) == {}


def test_a_file_of_a_head_is_listed_by_its_run_and_one_of_a_fold_by_the_fold(run):
    for inner in ("heads/00", "folds/01"):
        (run / inner).mkdir(parents=True)
        (run / inner / sealed.RUN).write_text("{}")
    sealed.write(run / "heads/00/x.npz", b"head")
    sealed.write(run / "folds/01/x.npz", b"fold")
    assert set(sealed.waiting(run)) == {"a.txt", "heads/00/x.npz"}
    assert set(sealed.waiting(run / "folds/01")) == {"x.npz"}
    sealed.forget(run)
    assert set(sealed.waiting(run / "folds/01")) == {"x.npz"}
