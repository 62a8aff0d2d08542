"""Each head of several targets is kept as a run of its own, with the epochs of the whole."""

import csv

import numpy as np
import pytest

import dl
from dl.runs.run import HEADS, Run
from dl.training.devices import Devices
from dl_reports.build import build_report


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("heads") / "t.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["x", "y", "price", "sold"])
        for _ in range(200):
            x, y = rng.normal(size=2)
            writer.writerow([f"{x:.4f}", f"{y:.4f}", f"{3 * x + y + 10:.3f}", "yes" if x - y > 0 else "no"])
    return path


@pytest.fixture(scope="module")
def run(table, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    given = {
        "target": "price,sold",
        "epochs": 5,
        "width": 16,
        "lr": 0.01,
        "linear": False,
        "runs": runs,
        "rivals": True,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DL_CACHE", str(runs / "cache"))
        return dl.fit("tabular", table, devices=Devices("cpu"), **given)


def test_a_head_is_a_run_with_the_epochs_of_the_whole(run):
    heads = [Run(run.path / HEADS / f"{k:02d}") for k in range(2)]
    assert [one.manifest.task.name for one in heads] == ["regression", "binary"]
    for one in heads:
        assert len(one.history) == len(run.history) and one.manifest.best_epoch == run.manifest.best_epoch
        assert one.manifest.status == "finished" and any(baseline.rival for baseline in one.manifest.baselines)
    mae = [row["val_price_mae"] for row in run.history.rows]
    assert [row["val_mae"] for row in heads[0].history.rows] == pytest.approx(mae, rel=1e-4)
    shares = [run.history.rows[-1][f"weight_{name}"] for name in ("price", "sold")]
    assert sum(shares) == pytest.approx(1.0)


def test_the_report_judges_each_head(run):
    report = build_report(run)
    price, sold = report.heads
    assert (price.name, price.task, sold.name, sold.task) == ("price", "regression", "sold", "binary")
    assert price.share + sold.share == pytest.approx(1.0) and sold.sentence and price.severity
    assert sold.score.low < sold.score.value and report.header.metric.name == "relative_error"


def test_predictions_answer_with_all_heads(run, table):
    answers = dl.predict(run, table)
    assert set(answers[0].heads) == {"price", "sold"} and set(answers[0].values) == {"price", "sold=no", "sold=yes"}
    with table.open() as stream:
        actual = list(csv.DictReader(stream))
    right = [answer.heads["sold"] == row["sold"] for answer, row in zip(answers, actual, strict=True)]
    assert np.mean(right) > 0.8


def test_new_data_is_scored_by_all_heads(run, table):
    found = dl.check(data=str(table), against=run, target="price,sold")
    assert any(part.name == "scores" and part.state != "unknown" for part in found.parts)
