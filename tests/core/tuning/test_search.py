import pytest

from dl.errors import BadOption, BadRun
from dl.tuning.search import JOURNAL, Search, check_sampler
from dl.tuning.space import Dimension
from dl.tuning.storage import mend_journal

SPACE = (
    Dimension("lr", "train", 0.001, 0.0001, 0.01, log=True),
    Dimension("schedule", "train", "cosine", choices=("constant", "cosine")),
    Dimension("l2", "reg", None, 1e-6, 1e-2, log=True, can_be_off=True),
)


@pytest.fixture
def search(study, tmp_path):
    """A function that opens the search of a study anew: search(sampler="tpe", **fields of a study)."""
    return lambda sampler="tpe", **fields: Search.of(study(space=SPACE, path=tmp_path, sampler=sampler, **fields))


def run(search, trial, numbers, score=lambda found: found.options["lr"]):
    """Propose and end trials; return their options."""
    options = []
    for number in numbers:
        asked = search.propose(number)
        ended = trial(number, score(asked), asked=asked.asked, options=asked.options, point=asked.point)
        search.tell(ended, "metric")
        options.append(asked.options)
    return options


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_the_first_trial_is_the_recipe_as_it_stands(search, sampler):
    assert search(sampler).propose(1).options == {"lr": 0.001, "schedule": "cosine", "l2": None}


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_a_search_that_is_opened_again_goes_on_as_if_it_had_not_been_closed(search, trial, tmp_path, sampler):
    first = run(search(sampler), trial, range(1, 9))
    again = run(search(sampler), trial, range(9, 13))
    (tmp_path / JOURNAL).unlink()
    assert run(search(sampler), trial, range(1, 13)) == first + again
    assert len({str(options) for options in first + again}) == 12 or sampler == "grid"


def test_another_seed_draws_other_points(search, trial, tmp_path):
    first = run(search(), trial, range(1, 4))
    (tmp_path / JOURNAL).unlink()
    assert run(search(seed=1), trial, range(1, 4))[1:] != first[1:]


def test_tpe_learns_which_values_score_high(search, trial):
    rates = [options["lr"] for options in run(search(), trial, range(1, 41))]
    assert sum(rates[-10:]) / 10 > 2 * sum(rates[1:11]) / 10


def test_a_grid_ends_after_every_point(search, trial):
    one = search("grid")
    found = run(one, trial, range(1, len(one.points) + 2))
    assert len({str(options) for options in found}) == len(found) == 24
    assert one.is_exhausted(24) and not one.is_exhausted(23) and not search().is_exhausted(1_000)


def test_after_a_kill_the_journal_is_told_what_it_lacks_and_gives_up_what_only_it_knows(search, trial):
    cut = search()
    asked = cut.propose(1)
    done = trial(1, 0.7, asked=asked.asked, options=asked.options, point=asked.point)
    lost = cut.propose(2)
    again = search()
    again.give_up_unknown([done])
    again.tell(done, "metric")
    states = [one.state.name for one in again._optuna.trials]
    assert states == ["COMPLETE", "FAIL"] and again._optuna.trials[0].value == 0.7
    assert again.propose(2).options == lost.options


def test_a_pruned_trial_is_told_with_how_far_it_came_and_a_failed_one_as_failed(search, trial):
    one = search()
    for number, fields in enumerate(({"status": "pruned", "epochs": 4}, {"status": "failed"}), start=1):
        asked = one.propose(number)
        one.tell(trial(number, 0.4, asked=asked.asked, **fields), "metric")
        one.tell(trial(number, 0.4, asked=asked.asked, **fields), "metric")
    asked = one.propose(3)
    one.tell(trial(3, None, asked=asked.asked, status="pruned"), "metric")
    assert [one.state.name for one in one._optuna.trials] == ["PRUNED", "FAIL", "PRUNED"]
    assert one._optuna.trials[0].intermediate_values == {4: 0.4}


def test_by_the_loss_smaller_is_better(search, trial):
    one = search(monitor="loss")
    asked = one.propose(1)
    one.tell(trial(1, 0.9, loss=0.25, asked=asked.asked), "loss")
    assert one._optuna.best_value == 0.25 and one._optuna.direction.name == "MINIMIZE"


def test_importances_are_shares_from_eight_trials_on_and_the_same_again(search, trial):
    one = search("random")
    run(one, trial, range(1, 8))
    assert one.importances() == {}
    run(one, trial, range(8, 31))
    found = one.importances()
    assert found == search("random").importances()
    assert sum(found.values()) == pytest.approx(1, abs=0.001) and max(found, key=found.get) == "lr"


def test_without_any_difference_nothing_matters(search, trial):
    one = search("random")
    run(one, trial, range(1, 10), score=lambda found: 0.5)
    assert one.importances() == {}


def test_a_line_that_a_kill_cut_off_is_removed(tmp_path):
    path = tmp_path / JOURNAL
    path.write_bytes(b'{"a":1}\n{"b"')
    mend_journal(path)
    assert path.read_bytes() == b'{"a":1}\n'
    mend_journal(path)
    assert path.read_bytes() == b'{"a":1}\n'


def test_a_journal_that_lacks_a_trial_is_one_line(search, trial):
    with pytest.raises(BadRun, match=r"journal\.log lacks trial 3"):
        search().tell(trial(3), "metric")


def test_an_unknown_sampler_is_one_line():
    with pytest.raises(BadOption, match="--sampler tp: expected one of tpe, random, grid; did you mean 'tpe'"):
        check_sampler("tp")
