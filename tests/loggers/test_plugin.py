"""Trackers by name, in a real fit."""

import csv

import pytest


def test_the_csv_logger_writes_a_row_an_epoch_into_the_run_folder(fit_rows):
    run = fit_rows("csv")
    with (run.path / "logs" / "metrics.csv").open(newline="") as stream:
        logged = list(csv.DictReader(stream))
    assert [float(row["val_loss"]) for row in logged] == pytest.approx(run.history.column("val_loss"), rel=1e-6)
    assert [int(row["step"]) for row in logged] == [int(row["step"]) for row in run.history.rows]
