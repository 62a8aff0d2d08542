import pytest

from dl.options import Option
from dl.recipes.recipe import Recipe
from dl.runs.workflow import Remedy
from dl.specs import RegularizerSpec
from dl.stages.regularize import Change, change_of, enter, leave

SPEC = RegularizerSpec("l2", "penalty", "of a test", lambda options, task: None, (Option("strength", 0.5, "how much"),))


@pytest.mark.parametrize(
    ("record", "begins", "words"),
    [
        ({"status": "finished", "state": "saturated"}, False, "there is nothing to regularize"),
        ({"status": "finished", "state": "turned"}, True, "there is something to regularize"),
        ({"status": "finished", "state": "growing"}, True, "it has not overfitted"),
        ({"status": "finished", "state": "unknown"}, True, "could not be told"),
        ({"status": "finished", "state": "memorizes"}, True, "the bare network learnt nothing for certain"),
        ({"status": "skipped"}, True, "whether it overfits was not tried"),
    ],
)
def test_it_begins_unless_there_is_nothing_to_regularize(workflow_state, record, begins, words):
    found = enter(workflow_state(overfit=record, fit={"state": "constant"}))
    assert found.begins == begins and words in found.words


def test_where_nothing_is_learnt_no_change_could_be_told(workflow_state):
    found = enter(workflow_state(overfit={"status": "skipped"}, fit={"state": "nothing"}))
    assert not found.begins and "on 40 validation examples nothing is certainly learnt" in found.words


def test_a_remedy_takes_the_advised_value_else_its_default_and_an_option_of_the_model_in_its_place():
    recipe = Recipe("numbers", "given", "dense", model_options={"dropout": 0.2})
    assert change_of(SPEC, recipe) == Change("l2", "--reg l2=0.5", {}, {"l2": "0.5"})
    advised = RegularizerSpec(SPEC.name, SPEC.place, "", SPEC.build, SPEC.options, remedy="0.01")
    assert change_of(advised, recipe).typed == "--reg l2=0.01"
    plain = RegularizerSpec("mirror", "batch", "", SPEC.build)
    assert change_of(plain, recipe) == Change("mirror", "--reg mirror", {}, {"mirror": {}})
    apart = RegularizerSpec("mirror", "batch", "", SPEC.build, linear=False)
    assert change_of(apart, Recipe("numbers", "given", "dense", model_options={"linear": True})) == (
        Change("mirror", "--reg mirror linear=no", {"linear": False}, {"mirror": {}})
    )
    own = RegularizerSpec("dropout", "network", "", SPEC.build, SPEC.options, remedy="0.5")
    assert change_of(own, recipe) == Change("dropout", "dropout=0.5", {"dropout": "0.5"}, {})
    assert change_of(own, Recipe("numbers", "given", "dense", model_options={"dropout": 0.6})) is None


def test_the_exit_names_what_is_kept(workflow_state):
    kept, left = Remedy("--reg l2=0.01", "0003-l2", kept=True), Remedy("dropout=0.5", "0004-dropout")
    for remedies, words in (
        ((kept, left), "it goes on with --reg l2=0.01"),
        ((left,), "none of 1 change tried is certainly better on 40 validation examples: the recipe stays as it is"),
    ):
        state = workflow_state(regularize={"remedies": remedies})
        assert leave(state, state.stage("regularize")).words == words
