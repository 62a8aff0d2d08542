"""Long verbs end alike at --max-time: with what they have, the reason, and the exit code of a fit that it ended."""

import pytest

from dl import limits


@pytest.fixture
def time_is_up(monkeypatch):
    """A function that lets the time be over at a call of a function: time_is_up("dl.splits.sight.check", number)."""

    def let(name, number=1):
        module, _, function = name.rpartition(".")
        real, calls = getattr(__import__(module, fromlist=[function]), function), []

        def called(*given, **named):
            calls.append(given)
            if len(calls) == number:
                limits._limits[-1].set()
                raise KeyboardInterrupt
            return real(*given, **named)

        monkeypatch.setattr(name, called)

    return let


def test_a_baseline_shows_the_learners_that_are_fitted(dl_run, time_is_up):
    time_is_up("dl.learners.known_answers.key_of", 2)
    found = dl_run("baseline", "tabular", "wine", "--max-time", "1h", "--json")
    assert found.code == 0 and found.json["time_up"] and len(found.json["rivals"]) == 1 and found.json["constants"]
    time_is_up("dl.learners.known_answers.key_of", 2)
    shown = dl_run("baseline", "tabular", "wine", "--max-time", "1h")
    assert shown.code == 0 and shown.out.endswith("the time was up before all were fitted\n")
    assert not dl_run("baseline", "tabular", "wine", "--max-time", "1h", "--json").json["time_up"]


@pytest.mark.parametrize("name", ["dl.splits.partition.check_split", "dl.splits.partition.check_inputs"])
def test_a_check_shows_what_the_guards_have_found_and_what_is_left(dl_run, time_is_up, name):
    whole = dl_run("check", "wine", "--max-time", "1h", "--json").json
    time_is_up(name)
    cut = dl_run("check", "wine", "--max-time", "1h", "--json")
    assert cut.code == 0
    unchecked = dict(cut.json["unchecked"])
    assert unchecked["shift of the inputs"] == "the time was up" and unchecked["row counters"] == "the time was up"
    copies = {"exact duplicates", "conflicting targets"}
    assert copies <= {*whole["clean"], *(one["code"] for one in whole["findings"])}
    assert copies <= set(unchecked if name.endswith("check_split") else cut.json["clean"])
    assert "row counters" not in cut.json["clean"] and "row counters" in whole["clean"]


def test_a_verb_that_has_nothing_to_show_yet_asks_for_more_time(dl_run, time_is_up):
    time_is_up("dl.inspection.check.load_dataset")
    found = dl_run("check", "wine", "--max-time", "1h", "--json")
    assert found.code == 2
    assert found.json["error"]["line"] == (
        "--max-time 1h: the time was up before there was anything to show; give it more"
    )


@pytest.mark.parametrize("verb", ["overfit", "curve"])
def test_a_study_of_capacity_keeps_the_fits_that_are_finished(dl_run, time_is_up, verb):
    time_is_up("dl.capacity.study.fit_into", 2)
    found = dl_run(verb, "wine", "epochs=1", "batch_size=16", "--max-time", "1h", "--json")
    assert found.code == 0 and found.json["status"] == "interrupted" and len(found.json["points"]) == 1
    assert found.json["conclusion"] == "the time was up; the finished fits are kept"
    assert "--resume" in found.json["next"]


def test_a_cross_validation_between_two_folds_says_how_to_go_on(dl_run, time_is_up):
    time_is_up("dl.cross_validation.fold.fit_into", 2)
    words = ("wine", "epochs=1", "--protocol", "kfold:2", "--no-rivals", "--json")
    found = dl_run("cv", *words, "--max-time", "1h")
    assert (found.code, found.json["status"]) == (0, "interrupted")
    assert found.json["message"] == "the time was up between two folds; go on with: dl cv --resume 0001-wine-dense"
    assert dl_run("cv", "--resume", "1", "--no-rivals", "--json").json["status"] == "finished"
