"""dl tune: a line for each trial, then the best ones, their luck and what to type next; --resume, --over, --json."""

import shlex

import pytest

from dl.cli.tune import show_study
from dl.terminal import console
from dl.tuning.study import read_study

FEW = ("tune", "tabular", "wine", "epochs=2", "--trials", "2", "--over", "lr,width")


def test_a_study_ends_with_its_best_trials_the_luck_and_commands_that_run(dl_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    answer = dl_run(*FEW)
    assert answer.code == 0, answer.err
    assert "search      tpe, 2 trials, over lr" in answer.err and "trial 2/2" in answer.err
    lines = answer.out.splitlines()
    assert lines[0].startswith("0001-wine-tune: 2 trials") and "the recipe as it stands" in answer.out
    assert "the luck" in answer.out and "corrected for that choice" in " ".join(answer.out.split())
    again, test = (next(line for line in lines if line.strip().startswith(word)) for word in ("fit again", "test"))
    fitted = dl_run(*shlex.split(again.split("dl ", 1)[1]), "--json")
    best = next(line for line in lines if line.startswith("  *")).split()
    assert fitted.code == 0 and f"{100 * fitted.json['best']['val_accuracy']:.2f}" == best[2]
    tested = dl_run(*shlex.split(test.split("dl ", 1)[1]))
    assert tested.code == 0 and "of 0001-wine-tune on the test set of wine, 34 examples" in tested.out


def test_a_study_is_listed_reported_by_trial_and_refused_as_a_run(dl_run):
    assert dl_run(*FEW).code == 0
    listed = dl_run("ls", "runs", "--json").json
    assert [(one["name"], one["status"]) for one in listed] == [("0001-wine-tune", "finished")]
    assert listed[0]["score"].startswith("2 trials") and "in trial" in listed[0]["score"]
    trial = "runs/0001-wine-tune/trials/001"
    report = dl_run("report", trial)
    assert report.code == 0 and "trial 1 of 0001-wine-tune" in report.out
    refused = dl_run("report", "last")
    assert refused.code == 2 and "is a study of several fits, not a run  take its best: " in refused.err


def test_the_looks_of_all_trials_count(dl_run):
    assert dl_run(*FEW).code == 0
    report = dl_run("report", "runs/0001-wine-tune/trials/001", "--json").json
    (val,) = [one for one in report["reuse"] if one["part"] == "val"]
    assert (val["evaluations"], val["runs"]) == (4, 2)


def test_a_study_goes_on_with_more_trials_and_prints_its_json(dl_run):
    assert dl_run(*FEW).code == 0
    refused = dl_run("tune", "--resume", "last")
    assert refused.code == 2 and "0001-wine-tune is finished after 2 trials" in refused.err
    more = dl_run("tune", "--resume", "1", "--trials", "3", "--json")
    assert more.code == 0 and [trial["number"] for trial in more.json["trials"]] == [1, 2, 3]
    assert more.json["status"] == "finished" and more.json["best_number"] in (1, 2, 3)


def test_what_is_typed_stays_and_is_said_where_over_names_it(dl_run):
    answer = dl_run(*FEW, "lr=0.01")
    assert answer.code == 0 and "lr was typed, so it stays as it is" in answer.err
    assert "lr=0.01" in answer.out.split("fit again")[1]


def test_an_interrupted_study_says_how_to_go_on(study, trial, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    cut = study([trial(1, 0.5, low=0.4, high=0.6), trial(2, None, status="running")], status="interrupted", signal=2)
    show_study(console(), cut)
    out = capsys.readouterr().out
    assert "go on       dl tune --resume 0001-given-tune" in out and "no other trial beats it" in out
    assert "unknown: there are too few validation examples" in out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("tabular", "wine", "--trials", "0"), "--trials 0: expected a whole number, at least 1"),
        (("tabular", "wine", "--max-time", "20"), "expected a time such as 20m, 1h30m or 90s"),
        (("tabular", "wine", "--over", "lr", "lr=1"), "nothing is left to tune: lr is fixed by what was typed"),
        (("tabular", "wine", "--over", "rate"), "--over rate: nothing to try by this name"),
        (("tabular", "wine", "--sampler", "best"), "--sampler best: expected one of tpe, random, grid"),
        (("tabular", "wine", "protocol=kfold:4", "fold=1"), "a trial is fitted on all folds"),
        (("tabular", "wine", "model=dense"), "model=dense is a flag here  type: --model dense"),
        (("--resume", "1", "--model", "dense"), "--resume 1 goes on with the choices of that study; leave --model out"),
        (("--resume", "last"), "no study 'last' in"),
        (("tabular", "nosuch"), "nosuch"),
    ],
)
def test_what_does_not_go_together_is_one_line(dl_run, words, line):
    answer = dl_run("tune", *words)
    assert answer.code in (2, 3) and line in answer.err and "Traceback" not in answer.err


def test_a_study_reads_without_a_fit(dl_run, tmp_path):
    answer = dl_run(*FEW, "--json")
    assert answer.json["format"] == 1 and read_study(tmp_path / "runs/0001-wine-tune").best.number
