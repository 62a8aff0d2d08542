from dataclasses import replace

import pytest

from dl import sealed
from dl.errors import BadRun
from dl.runs.commit import commit, remove_run, replace_file
from dl.runs.outcomes import read_logits, write_logits
from dl.runs.run import Run
from dl.testing.fits import kept_runs


@pytest.fixture
def run(tmp_path):
    """A run of one epoch, with the manifest of a known fit."""
    folder = tmp_path / "0001-mine"
    (folder / "outcomes").mkdir(parents=True)
    sealed.write(folder / "recipe.toml", b"a")
    write(folder, 1)
    commit(folder, replace(kept_runs()["is clean"].manifest, files={}))
    return Run(folder)


def write(folder, epoch):
    import numpy as np

    write_logits(folder / "outcomes", "best", np.full((2, 2), epoch, np.float32), epoch=epoch)


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_listed_no_longer_is_removed_and_what_a_crash_left_too(run):
    (run.path / "outcomes/best-00007.npz").write_bytes(b"left by a crash")
    write(run.path, 2)
    assert float(read_logits(run.outcomes_folder, "best")[0, 0]) == 2
    commit(run.path, run.manifest)
    assert files_of(run.path) == {"run.json", "recipe.toml", "outcomes/best-00002.npz"}
    assert set(Run(run.path).manifest.files) == {"recipe.toml", "outcomes/best.npz"}


def test_a_byte_of_the_manifest_that_has_changed_is_noticed(run):
    text = (run.path / "run.json").read_text()
    (run.path / "run.json").write_text(text.replace('"best_epoch": 1', '"best_epoch": 2', 1).replace(": 8,", ": 9,", 1))
    with pytest.raises(BadRun, match=r"run\.json is damaged: it is not what was written"):
        _ = Run(run.path).manifest


def test_a_file_is_replaced_in_its_place_and_is_right_at_any_moment(run, monkeypatch):
    path, seen = run.path / "recipe.toml", []
    real = sealed.files.write_bytes
    monkeypatch.setattr(sealed.files, "write_bytes", lambda *a: (seen.append(sealed.read(path)), real(*a)))
    replace_file(path, b"bb")
    assert sealed.read(path) == path.read_bytes() == b"bb" and seen == sorted(seen)
    assert set(Run(run.path).manifest.files) == {"recipe.toml", "outcomes/best.npz"}


def test_a_run_that_is_removed_leaves_nothing_to_commit(run):
    write(run.path, 3)
    remove_run(run.path)
    assert sealed.waiting(run.path) == {} and not run.path.exists()
