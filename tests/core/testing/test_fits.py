"""The fits of known kinds are what they are called, and are made once."""

from dl.testing import check_check
from dl.testing.fits import FITS, KnownFit, content, fitted, kept_runs
from dl.testing.numbers import clouds


def test_the_fits_are_what_they_are_called(numbers):
    runs = kept_runs()
    overfits, clean, short = (runs[name] for name in ("overfits", "is clean", "is short"))
    assert overfits.best["probe_accuracy"] > 0.95 > 0.7 > overfits.best["val_accuracy"]
    assert clean.best["val_accuracy"] > 0.95 and len(short.history) == 1
    assert runs["is a regression"].manifest.task.name == "regression"
    said = {one.rule: one.message for one in check_check(numbers.check("fit-overfit-loss"), numbers)}
    assert (
        "overfits: 1 found" in said["it has a result for any run"]
        and "is clean: 1" not in said["it has a result for any run"]
    )


def test_a_fit_is_made_once_a_process():
    assert kept_runs() is kept_runs() and set(kept_runs()) == set(FITS)


def test_a_fit_needs_no_plugin_that_is_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("DL_PLUGINS", "-vision,-text,-tabular,-reports,-regularizers")
    run = fitted(KnownFit(clouds(12), "linear", {"epochs": 1}), tmp_path)
    assert run.manifest.domain == "numbers" and len(run.history) == 1


def test_the_content_of_a_folder_changes_with_a_byte_or_a_name(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"x")
    first = content(tmp_path)
    assert list(first) == ["inner/a"] and content(tmp_path) == first
    (tmp_path / "inner" / "a").write_bytes(b"y")
    assert content(tmp_path) != first
