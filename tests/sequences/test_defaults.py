import pytest

from dl.defaults import DataFacts, FitFacts
from dl_sequences.defaults import defaults


@pytest.mark.parametrize(("series", "size", "epochs"), [(200, 16, 80), (5_000, 64, 38), (20_000, 128, 20)])
def test_batches_and_epochs_follow_the_number_of_series(series, size, epochs):
    facts = FitFacts(DataFacts(series + 50, target="classes"), series, 50, "conv1d", {"horizon": 0})
    found = {one.name: one.value for one in defaults(facts)}
    assert (found["batch_size"], found["epochs"], found["monitor"]) == (size, epochs, "loss")


def test_windows_overlap_so_fewer_steps_are_enough():
    facts = FitFacts(DataFacts(1_000, target="numbers"), 1_000, 200, "conv1d", {"horizon": 7})
    found = {one.name: one.value for one in defaults(facts)}
    assert found["epochs"] == 47 and "monitor" not in found
