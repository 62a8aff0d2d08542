"""The verb fit: its document on stdout, its progress on stderr, and what cannot be fitted as one line."""

import pytest


def test_a_fit_its_test_and_its_predictions_are_json_where_that_is_asked_for(dl_run, dl_table):
    fitted = dl_run("fit", "tabular", dl_table, "--target", "label", "epochs=1", "--json")
    assert fitted.code == 0 and fitted.json["status"] == "finished" and fitted.json["best"]["epoch"] == 1.0
    assert "epoch" in fitted.err and "epoch" not in fitted.out.replace('"epoch"', "")
    answered = dl_run("predict", "last", dl_table, "--json")
    assert len(answered.json) == 60 and {one["answer"] for one in answered.json} <= {"no", "yes"}
    untested = dl_run("test", "last", "--json")
    assert untested.code == 3 and "has no test set" in untested.err and untested.json["error"]["kind"] == "BadData"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["vision", "mnist", "seed=3"], "--seed 3"),
        (["vision", "mnist", "model=two words"], "--model 'two words'"),
        (["vision", "mnist", "epochs=soon"], "epochs=soon"),
        (["vision", "minst"], "did you mean 'mnist'"),
        (["vision", "mnist", "--logger", "cvs"], "did you mean 'csv'"),
        (["tabular", "t.csv", "--target", "a", "target=b"], "'target' is given twice"),
    ],
)
def test_what_cannot_be_fitted_is_one_line_and_no_run(dl_run, tmp_path, words, line):
    answer = dl_run("fit", *words)
    assert answer.code == 2 and answer.out == "" and line in answer.err and answer.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()
