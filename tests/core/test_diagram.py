"""Diagrams of networks."""

import json

import pytest

from dl.diagram import Diagram, DrawnLayer, as_json, stack
from dl.stored import from_json

BRANCHES = Diagram(
    (
        DrawnLayer("image", "Input", (), "1 x 8 x 8"),
        DrawnLayer("wide", "Conv", (0,), "4 x 8 x 8", 104),
        DrawnLayer("narrow", "Conv", (0,), "4 x 8 x 8", 40),
        DrawnLayer("relu_1", "ReLU", (2,), "4 x 8 x 8"),
        DrawnLayer("add_1", "add", (1, 3), "4 x 8 x 8"),
    )
)


def test_branches_part_and_meet_on_rails_of_their_own():
    assert BRANCHES.text().splitlines() == [
        "image   ●    Input  1 x 8 x 8",
        "        ├─╮",
        "wide    │ ●  Conv   4 x 8 x 8  104",
        "narrow  ● │  Conv   4 x 8 x 8   40",
        "relu_1  ● │  ReLU   4 x 8 x 8",
        "        ├─╯",
        "add_1   ●    add    4 x 8 x 8",
        "144 parameters",
    ]


def test_a_folded_diagram_names_an_activation_beside_the_layer_that_it_alone_reads():
    folded = BRANCHES.folded()
    assert [(one.name, one.kind, one.reads) for one in folded.layers[2:]] == [
        ("narrow", "Conv, ReLU", (0,)),
        ("add_1", "add", (1, 2)),
    ]
    assert folded.parameters == BRANCHES.parameters


def test_three_branches_cross_and_meet_in_one_line():
    three = [DrawnLayer(name, "Conv", (0,), "4", 1) for name in "abc"]
    drawn = Diagram((DrawnLayer("image", "Input", (), "4"), *three, DrawnLayer("all", "concat", (1, 2, 3), "12")))
    assert [line.rails for line in drawn.lines()] == ["●", "├─╮", "│ ●", "├─┼─╮", "│ │ ●", "● │ │", "├─┴─╯", "●"]


def test_shared_weights_are_counted_once_and_name_the_layer_that_has_them():
    left, right = DrawnLayer("left", "Input", (), "4"), DrawnLayer("right", "Input", (), "4")
    twice = DrawnLayer("dense_1", "Dense", (0,), "2", 10), DrawnLayer("dense_2", "Dense", (1,), "2", 0, "dense_1")
    drawn = Diagram((left, right, *twice))
    assert drawn.text().splitlines()[3:] == ["dense_2    ●  Dense  2      weights of dense_1", "10 parameters"]


def test_a_long_drawing_ends_with_the_number_of_its_other_lines():
    assert BRANCHES.text(most=3).splitlines()[2:] == ["... and 5 more lines", "144 parameters"]


def test_a_stack_has_no_rails():
    drawn = stack([DrawnLayer("0", "Linear", (), "5", 10), DrawnLayer("1", "ReLU", (), "5")])
    assert drawn.text().splitlines() == ["0  Linear  5  10", "1  ReLU    5", "10 parameters"]


@pytest.mark.parametrize("diagram", [BRANCHES, stack(BRANCHES.layers)])
def test_a_diagram_comes_back_from_its_json(diagram):
    assert from_json(json.dumps(as_json(diagram)), Diagram) == diagram
