"""A fit that every tracker logs, and a report made by hand."""

from types import SimpleNamespace

import pytest

import dl
from dl.intervals import Estimate


@pytest.fixture(scope="session")
def fit_rows(tmp_path_factory):
    """A function that fits sixty short texts, logged by name: fit_rows("csv", "wandb")."""
    folder = tmp_path_factory.mktemp("loggers")
    table = folder / "small.csv"
    rows = "".join(f"{'good fine nice' if k % 2 else 'bad poor sad'} {k},{k % 2}\n" for k in range(60))
    table.write_text("text,label\n" + rows)

    def fit(*names, **options):
        loggers = {name: {} for name in names}
        given = {"recipe": "book-dense", "epochs": 2, "val": 12, "loggers": loggers, "runs": folder / "runs"}
        return dl.fit("text", str(table), **given | options)

    return fit


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """Give a tracker the time that it needs on a busy machine, so that what it kept can be read."""
    monkeypatch.setattr("dl.training.trackers.AT_START", 300.0)
    monkeypatch.setattr("dl.training.trackers.AT_END", 300.0)


@pytest.fixture
def made_report():
    """A report made by hand: better than the baseline, but overfitted."""
    return SimpleNamespace(
        verdict="It overfits.",
        answers=[
            SimpleNamespace(question="skill", state="better"),
            SimpleNamespace(question="memorization", state="large gap"),
        ],
        findings=[
            SimpleNamespace(code="fit-gap", severity="issue"),
            SimpleNamespace(code="data-duplicates", severity="tip"),
        ],
        scores={"val": Estimate(0.9, 0.8, 0.95), "gap": Estimate(0.1, float("-inf"), 0.2)},
        _repr_html_=lambda: "<p>It overfits.</p>",
    )
