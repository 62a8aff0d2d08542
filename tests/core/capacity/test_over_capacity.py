"""Would a bigger network help?"""

import numpy as np
import pytest

from dl.errors import BadOption


def test_a_network_too_small_for_its_task_is_told_how_large_to_be(dataset, study):
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(600, 2)).astype(np.float32)
    given = dataset(inputs, (np.linalg.norm(inputs, axis=1) > 1.1).astype(int), ("in", "out"))
    found = study("curve", given, over="capacity", width=1, epochs=20, lr=0.02)
    assert [point.label for point in found.points] == ["width=1", "width=2", "width=4"]
    better = found.next.split("width=")[1].split()[0]
    assert found.state == "bigger" and int(better) > 1
    assert f"a bigger network helps: width={better} is better than width=1 by +" in found.conclusion


def test_where_all_do_as_well_the_smallest_is_named(blobs, study):
    found = study("curve", blobs(spread=0.2), over="capacity", width=16, epochs=8)
    assert len(found.points) == 5 and found.state == "enough"
    assert "no bigger network is certainly better than width=16; width=4 does as well" in found.conclusion


def test_a_model_without_units_is_refused_with_those_that_have_them(blobs, study, runs):
    with pytest.raises(BadOption, match=r"the model linear has no option for a number of units.*with one: dense"):
        study("curve", blobs(), over="capacity", model="linear")
    assert not runs.exists()
