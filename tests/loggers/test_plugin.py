"""Lightning's loggers by name, in a real fit."""

import csv

import pytest

import dl


def test_the_csv_logger_writes_a_row_an_epoch_into_the_run_folder(tmp_path):
    (tmp_path / "data").mkdir()
    rows = "".join(f"{'good fine nice' if k % 2 else 'bad poor sad'} {k},{k % 2}\n" for k in range(60))
    table = tmp_path / "data" / "small.csv"
    table.write_text("text,label\n" + rows)
    run = dl.fit("text", str(table), recipe="book-dense", epochs=2, val=12, runs=tmp_path / "runs", loggers={"csv": {}})
    with (run.path / "logs" / "metrics.csv").open(newline="") as stream:
        logged = list(csv.DictReader(stream))
    assert [float(row["val_loss"]) for row in logged] == pytest.approx(run.history.column("val_loss"), rel=1e-6)
    assert [int(row["step"]) for row in logged] == [int(row["step"]) for row in run.history.rows]
