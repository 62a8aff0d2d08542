import pytest

from dl.runs.study import StudyPoint
from dl.stages.overfit import fixed_by_user, has_learnt, leave, need_skill, size_to_go_on, units_of


def point(factor, state):
    return StudyPoint(f"width={int(64 * factor)}", factor, 1, best_epoch=3, state=state)


@pytest.mark.parametrize(
    ("states", "state", "size"),
    [
        (("growing", "growing", "turned"), "turned", "width=256"),
        (("growing", "turned", "turned"), "turned", None),
        (("turned", "growing", "turned"), "turned", None),
        (("growing", "growing", "growing"), "growing", "width=256"),
        (("saturated", "saturated", "saturated"), "saturated", None),
        (("saturated", "saturated", "saturated"), "unknown", None),
    ],
)
def test_it_goes_on_with_the_first_size_that_overfits_or_the_largest_where_none_does(states, state, size):
    points = [point(factor, one) for factor, one in zip((0.25, 1.0, 4.0), states, strict=True)]
    found = size_to_go_on(points, state)
    assert (found.label if found else None) == size


def test_without_an_option_for_units_the_size_stays():
    alone = StudyPoint("linear", 1.0, 1, best_epoch=2, state="growing")
    assert size_to_go_on([alone], "growing") is None and units_of(alone) == {}


def test_the_units_of_a_size_are_options_and_what_was_typed_stays(workflow_state):
    several = StudyPoint("width=64 layers=2", 4.0, 1)
    assert units_of(several) == {"width": 64, "layers": 2}
    state = workflow_state(asked=workflow_state().asked.__class__("tabular", "blobs", options={"width": "8"}))
    assert fixed_by_user(state, units_of(several)) == ["width"] and fixed_by_user(workflow_state(), {"width": 1}) == []


@pytest.mark.parametrize(
    ("state", "options", "passed", "stops", "words"),
    [
        ("turned", {}, True, False, "it overfits: regularize the recipe as it is"),
        ("turned", {"width": 256}, True, False, "it overfits: regularize width=256"),
        (
            "growing",
            {"width": 256},
            False,
            False,
            "enlarge it before you regularize; it goes on with the largest, width=256",
        ),
        ("growing", {}, False, False, "it goes on with the recipe's own size"),
        ("saturated", {}, True, False, "there is nothing to regularize"),
        ("unknown", {}, True, False, "cannot be told; the remedies are tried all the same"),
    ],
)
def test_it_passes_if_the_border_is_crossed_and_stops_where_nothing_is_learnt(
    workflow_state, state, options, passed, stops, words
):
    whole = workflow_state(overfit={"state": state, "options": options, "next": "dl overfit"})
    found = leave(whole, whole.stage("overfit"))
    assert (found.passed, found.stops) == (passed, stops) and words in found.words
    assert found.next == ("" if passed else "dl overfit")


@pytest.mark.parametrize(
    ("fit", "fits", "stops", "words"),
    [
        ("nothing", 1, True, "nothing is certainly learnt that holds for the 40 validation examples; neither remedies"),
        ("nothing", 12, False, "whether anything is shows the final score, over all examples"),
        (
            "constant",
            1,
            False,
            "bare, the network is not certainly better than a constant answer",
        ),
    ],
)
def test_where_no_size_has_learnt_anything_it_stops_unless_the_recipe_has_or_the_folds_may_tell(
    workflow_state, fit, fits, stops, words
):
    whole = workflow_state(fit={"state": fit}, fits=fits, overfit={"status": "finished", "state": "memorizes"})
    found = leave(whole, whole.stage("overfit"))
    assert not found.passed and found.stops == stops and words in found.words
    assert has_learnt(whole) == need_skill(whole).begins == (fit != "nothing")
