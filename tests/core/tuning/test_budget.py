import pytest

from dl.errors import BadOption
from dl.tuning.budget import read_budget, show_budget
from dl.tuning.study import Budget


def test_without_a_budget_there_are_twenty_trials_and_with_a_time_alone_any_number():
    assert read_budget(None, "") == Budget(20)
    assert read_budget(None, "1m") == Budget(0, 60.0)
    assert read_budget(5, "1m") == Budget(5, 60.0)


@pytest.mark.parametrize("trials", [0, -3])
def test_fewer_trials_than_one_are_refused(trials):
    with pytest.raises(BadOption, match=f"--trials {trials}: expected a whole number, at least 1"):
        read_budget(trials, "")


def test_a_budget_is_shown_as_it_is_typed():
    assert show_budget(Budget(20)) == "20 trials"
    assert show_budget(Budget(1, 5400.0)) == "1 trial or 1h30m"
    assert show_budget(Budget(0, 90.0)) == "1m30s"
