"""dl cv: the protocol and its reason before, a line for each fold, the report of all folds after; --resume."""

from pathlib import Path

import pytest

from dl.runs.run import Run


def test_a_table_is_cross_validated_tested_and_predicted(dl_run, dl_table):
    fitted = dl_run("cv", "tabular", dl_table, "--target", "label", "epochs=1", "--protocol", "kfold:3", "--json")
    assert fitted.code == 0, fitted.err
    assert "protocol    kfold:3; 3 fits" in fitted.err and "fold 3/3" in fitted.err
    assert fitted.json["status"] == "finished"
    answered = dl_run("predict", "last", dl_table, "--json")
    assert len(answered.json) == 60 and {one["answer"] for one in answered.json} <= {"no", "yes"}
    report = dl_run("report", "last", "--json")
    assert report.json["header"]["val"] == 60


def test_the_protocol_is_chosen_by_size_and_the_screen_says_why(dl_run, dl_table):
    fitted = dl_run("cv", "tabular", dl_table, "--target", "label", "epochs=1")
    assert fitted.code == 0, fitted.err
    assert "iterated-kfold:4x3" in fitted.err and "60 are few: each is held out once in each of 3" in fitted.err


def test_resume_goes_on_with_the_missing_folds(dl_run, dl_table):
    fitted = dl_run("cv", "tabular", dl_table, "--target", "label", "epochs=1", "--protocol", "kfold:3", "--json")
    run = Path(fitted.json["run"])
    (run / "folds/02/run.json").unlink()
    (run / "run.json").write_text(Run(run).manifest.with_status("interrupted").to_json())
    again = dl_run("cv", "--resume", "last", "--json")
    assert again.code == 0 and again.json == fitted.json | {"best": again.json["best"]}
    assert again.json["best"]["val_loss"] == fitted.json["best"]["val_loss"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--resume", "1", "--model", "dense"), "--resume 1 goes on with the choices of that run; leave --model out"),
        (("tabular", "wine", "--protocol", "kfold"), "protocol=kfold: expected holdout, kfold:4"),
        (("tabular", "wine", "--protocol", "kfold:4", "val=0.3"), "of kfold:4 each fold holds out its share"),
        (("tabular", "wine", "model=dense"), "model=dense is a flag here  type: --model dense"),
        (("tabular", "wine", "--protocol", "kfold:4", "--time-on", "x"), "time_on"),
    ],
)
def test_what_does_not_go_together_is_one_line(dl_run, words, line):
    answer = dl_run("cv", *words)
    assert answer.code in (2, 3) and line in answer.err and "Traceback" not in answer.err
