import pytest

from dl.runs.study import StudyPoint
from dl.stages.overfit import fixed_by_user, leave, size_to_go_on, units_of


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
        ("memorizes", {}, False, True, "nothing is learnt that holds for new examples"),
        ("failed", {}, False, True, "neither remedies nor a search mend that"),
    ],
)
def test_it_passes_if_the_border_is_crossed_and_stops_where_nothing_is_learnt(
    workflow_state, state, options, passed, stops, words
):
    whole = workflow_state(overfit={"state": state, "options": options, "next": "dl overfit"})
    found = leave(whole, whole.stage("overfit"))
    assert (found.passed, found.stops) == (passed, stops) and words in found.words
    assert found.next == ("" if passed else "dl overfit")
