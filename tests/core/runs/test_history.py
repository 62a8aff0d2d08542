import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dl import sealed
from dl.errors import BadRun
from dl.runs.history import History, read_history, write_history

IN_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
NUMBERS = st.floats(width=32)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8).map(
    lambda found: [{"epoch": k + 1.0, "val_loss": a, "val_accuracy": b} for k, (a, b) in enumerate(found)]
)


@IN_TMP
@given(rows=ROWS)
def test_rows_are_read_as_they_were_written(tmp_path, rows):
    write_history(tmp_path / "history.csv", rows)
    read = read_history(tmp_path / "history.csv")
    assert len(read) == len(rows)
    for mine, theirs in zip(rows, read.rows, strict=True):
        assert theirs == pytest.approx(mine, rel=1e-8, nan_ok=True)


def test_a_run_without_an_epoch_has_no_rows(tmp_path):
    assert read_history(tmp_path / "history.csv") == History()


def test_a_number_that_an_epoch_lacks_is_not_a_number(tmp_path):
    write_history(tmp_path / "history.csv", [{"epoch": 1, "a": 2.0}, {"epoch": 2, "b": 3.0}])
    read = read_history(tmp_path / "history.csv")
    assert read.rows == ({"epoch": 1.0, "a": 2.0}, {"epoch": 2.0, "b": 3.0})
    assert math.isnan(read.column("b")[0]) and read.column("b")[1] == 3.0


def test_the_best_epoch_is_the_earliest_among_equals_and_never_not_a_number():
    history = History(tuple({"x": value} for value in (math.nan, 2.0, 5.0, 5.0, 1.0)))
    assert history.best("x", higher=True) == 2
    assert history.best("x", higher=False) == 4
    assert history.best("y", higher=True) is None


def test_a_line_that_is_no_row_of_numbers_is_named(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss\n1,0.5\n2,half\n")
    with pytest.raises(BadRun, match=r"history.csv: line 3 is not a row of numbers"):
        read_history(tmp_path / "history.csv")


def test_a_table_of_something_else_is_refused(tmp_path):
    (tmp_path / "history.csv").write_text("name,price\n1,0.5\n")
    with pytest.raises(BadRun, match="not the history of a run"):
        read_history(tmp_path / "history.csv")


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "history.csv").mkdir()
    with pytest.raises(BadRun):
        read_history(tmp_path / "history.csv")


@IN_TMP
@given(rows=ROWS.filter(len), data=st.data())
def test_a_damaged_history_is_refused_in_words_or_read_as_numbers(tmp_path, rows, data):
    path = tmp_path / "history.csv"
    write_history(path, rows)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), "cut"):
        content = content[: data.draw(st.integers(0, len(content)))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        read = read_history(path)
    except BadRun:
        return
    assert all(isinstance(value, float) for row in read.rows for value in row.values())
    assert all("epoch" in row for row in read.rows)


def test_the_history_is_a_frame_with_a_row_for_each_epoch(fit, blobs):
    frame = fit(blobs(), epochs=3).history.frame()
    assert frame.index.tolist() == [1, 2, 3] and frame["val_loss"].is_monotonic_decreasing


def test_rows_that_a_fit_adds_while_they_are_read_are_no_damage(tmp_path, monkeypatch):
    path, row = tmp_path / "history.csv", {"epoch": 1.0, "val_loss": 0.5}

    def write(count):
        write_history(path, [row | {"epoch": float(epoch)} for epoch in range(1, count + 1)])
        files = {name: str(seal) for name, seal in sealed.waiting(tmp_path).items()}
        (tmp_path / "run.json").write_text(json.dumps({"files": files}))
        sealed.forget(tmp_path)

    write(2)
    read = sealed.read

    def meanwhile(asked):
        content = read(asked)
        write(3)
        return content

    monkeypatch.setattr("dl.sealed.read", meanwhile)
    assert len(read_history(path)) == 2
