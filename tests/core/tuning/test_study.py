import json
import math

import pytest

from dl.errors import BadRun
from dl.intervals import Interval
from dl.recipes.asked import Asked
from dl.runs.luck import Luck
from dl.runs.manifest import MetricInfo
from dl.tuning.space import Dimension
from dl.tuning.study import best_of, count_trials, describe_options, read_study, typed_options, write_study

SPACE = (
    Dimension("lr", "train", 0.001, 0.0001, 0.01, log=True),
    Dimension("l2", "reg", None, 1e-6, 1e-2, log=True, can_be_off=True),
    Dimension("noise", "reg", 0.1, 0.01, 0.5, log=True, can_be_off=True),
)


def test_a_study_reads_as_it_was_written(study, trial, tmp_path):
    luck = Luck(3, 0.9, 0.85, 0.05, Interval(-math.inf, 0.95), 0.4, (1,))
    options = {"lr": 0.002, "l2": None, "noise": "off"}
    trials = [trial(1), trial(2, 0.75, options=options, point={"lr": 0.3, "noise": "off"}, low=-math.inf)]
    asked = Asked("tabular", "wine", options={"epochs": "3"}, reg={"l2": {"": "0.1"}})
    made = study(trials, space=SPACE, luck=luck, asked=asked, path=tmp_path, importances={"lr": 0.9})
    write_study(made)
    found = read_study(tmp_path)
    assert found.path == tmp_path and found.best.number == found.best_number == 2
    assert (found.trials, found.luck, found.asked, found.space) == (made.trials, luck, asked, SPACE)


def test_the_best_trial_is_the_best_finished_one_and_the_first_among_equals(trial):
    accuracy = MetricInfo("accuracy", True, 1.0, "proportion")
    trials = [
        trial(1, 0.5),
        trial(2, 0.7),
        trial(3, 0.7),
        trial(4, 0.9, status="pruned"),
        trial(5, None, status="failed"),
    ]
    assert best_of(trials, accuracy, "metric").number == 2
    assert best_of([trial(1, 0.9, loss=2.0), trial(2, 0.5, loss=1.0)], accuracy, "loss").number == 2
    error = MetricInfo("mae", False, 0.0, "mean")
    assert best_of([trial(1, 3.0), trial(2, 2.0)], error, "metric").number == 2
    assert best_of(trials[3:], accuracy, "metric") is None


def test_options_are_typed_where_they_differ_from_the_recipe(trial):
    one = trial(2, options={"lr": 0.001, "l2": 0.005, "noise": None})
    assert typed_options(SPACE, one) == ["--reg", "l2=0.005", "--reg", "noise=off"]
    assert describe_options(SPACE, one) == "l2=0.005 noise=off"
    assert (
        describe_options(SPACE, trial(1, options={"lr": 0.001, "l2": None, "noise": 0.1})) == "the recipe as it stands"
    )


def test_the_command_is_short_where_it_leads_to_the_recipe_and_names_its_file_elsewhere(study, trial, tmp_path):
    one = trial(7, options={"lr": 0.004, "l2": None, "noise": 0.1})
    given = {"space": SPACE, "asked": Asked("tabular", "my wine.csv"), "path": tmp_path}
    assert study([one], typed=True, **given).command == "dl fit tabular 'my wine.csv' lr=0.004"
    assert study([one], **given).command == f"dl fit --recipe {tmp_path}/trials/007/recipe.toml"
    assert study([one], space=SPACE, typed=True).command == ""


def test_trials_are_counted_by_their_end(study, trial):
    assert count_trials(study([trial(1)])) == "1 trial"
    assert count_trials(study([trial(1), trial(2, status="pruned")])) == "2 trials, 1 finished, 1 pruned"


def test_what_is_no_study_is_one_line(study, tmp_path):
    with pytest.raises(BadRun, match=r"is no study: study\.json is missing"):
        read_study(tmp_path)
    write_study(study(path=tmp_path))
    whole = json.loads((tmp_path / "study.json").read_text())
    for text, words in (("[", "is damaged"), (json.dumps(whole | {"format": 9}), "has format 9"), ("[]", "is damaged")):
        (tmp_path / "study.json").write_text(text)
        with pytest.raises(BadRun, match=words):
            read_study(tmp_path)
