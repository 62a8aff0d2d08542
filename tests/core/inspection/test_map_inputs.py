"""What a map reads: features of a run, and a draw by seed."""

import pytest

import dl
from dl.inspection.map_inputs import draw_some


def test_a_draw_is_ascending_and_the_same_for_a_seed():
    assert draw_some(5, 9, 0).tolist() == [0, 1, 2, 3, 4]
    drawn = draw_some(100, 10, 1)
    assert drawn.tolist() == sorted(set(drawn.tolist())) == draw_some(100, 10, 1).tolist()


def test_features_of_a_run_are_what_its_last_layer_reads(dl_run):
    dl_run("fit", "tabular", "wine", "--model", "dense", "epochs=1", "width=16", "depth=1")
    shown = dl.map_examples(data="wine", on="last", project="pca")
    assert shown.read_as.startswith("features of the run ") and len(shown.shares) == 16 and shown.agreement.k == 3
    with pytest.raises(dl.DLError):
        dl.map_examples(data="digits", on="last")
