"""Defaults that follow the data: steps, epochs, and how a choice is typed."""

import pytest

from dl.defaults import DataFacts, Default, FitFacts, enough_epochs, stopping


@pytest.mark.parametrize(
    ("per_epoch", "epochs"),
    [(1, 40), (3, 40), (30, 30), (89, 11), (90, 10), (450, 2), (100_000, 2)],
)
def test_epochs_make_up_900_steps_between_2_and_40(per_epoch, epochs):
    assert enough_epochs(per_epoch, 900, 2, 40) == epochs


def test_a_stated_batch_size_counts_the_steps():
    facts = FitFacts(DataFacts(125), 100, 25, "net", {"batch_size": 10})
    assert facts.steps(32) == 4, "what the recipe has is no statement"
    stated = FitFacts(DataFacts(125), 100, 25, "net", {"batch_size": 10}, frozenset({"batch_size"}))
    assert stated.steps(32) == 10
    assert FitFacts(DataFacts(1), 0, 1, "net").steps(32) == 1


def test_a_default_is_typed_as_an_option_or_a_regularizer():
    assert Default("lr", 0.003, "why").typed == "lr=0.003"
    assert Default("early-stopping", 13, "why", is_regularizer=True).typed == "--reg early-stopping=13"
    assert stopping(40).typed == "--reg early-stopping=13" and stopping(3).value == 3
