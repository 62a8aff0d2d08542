"""dl overfit and dl curve: a table, a plot, a conclusion, and one line for a mistake."""

import json

import pytest


def test_overfit_prints_batch_table_plot_and_next_command(dl_run):
    answer = dl_run("overfit", "tabular", "wine", "epochs=4", "width=4")
    assert answer.code == 0
    assert "one batch   8 examples" in answer.out and "width=16" in answer.out
    assert "accuracy over units" in answer.out and "next: dl " in answer.out.splitlines()[-1]
    assert "fit 3  width=16: accuracy" in answer.err


def test_curve_prints_json_alone_and_its_fits_are_reported_on(dl_run, tmp_path):
    answer = dl_run("curve", "tabular", "wine", "--over", "capacity", "epochs=2", "width=4", "--json")
    found = json.loads(answer.out)
    assert answer.code == 0 and found["points"][0]["label"] == "width=1"
    assert dl_run("report", f"{found['path']}/fits/01").code == 0
    last = dl_run("report", "last")
    assert last.code == 2 and "there is no run" in last.err
    assert "is a study of several fits" in dl_run("report", "1").err
    assert "0001-wine-curve" in dl_run("ls", "runs").out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--over", "epochs"), "over=epochs: expected data, capacity, lr"),
        (("--model", "linear", "--over", "capacity"), "dl curve trains networks, and the model 'linear' is a learner"),
        (("batch_size=64",), "a curve over data needs 256 training examples"),
        (("seed=1",), "seed=1 is a flag here  type: --seed 1"),
        (("--resume", "7"), "no study '7'"),
    ],
)
def test_a_mistake_is_one_line(dl_run, tmp_path, words, line):
    answer = dl_run("curve", "tabular", "wine", *words)
    assert answer.code in (2, 3) and len(answer.err.splitlines()) == 1 and line in answer.err
    assert not (tmp_path / "runs").exists()
