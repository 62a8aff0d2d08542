"""What stands out: planted structure is named with its numbers, shuffled classes are not."""

import numpy as np

from dl.data.examples import Examples
from dl.data.ragged import texts
from dl.maps.example_map import CLASS, Colouring
from dl.maps.remarks import cluster, remark_all, remark_copies


def remarks(points, classes, names=("cat", "dog")):
    clusters = cluster(points, points, 0)
    colouring = Colouring(CLASS, names, classes)
    return remark_all(points, points, clusters, colouring, [f"{k}.png" for k in range(len(points))], 0)


def two_blobs(each=80):
    side = np.repeat([0, 1], each)
    points = np.random.default_rng(0).normal(size=(2 * each, 4))
    return points + 9 * side[:, None] * np.eye(4)[0], side


def test_clusters_that_cut_all_classes_are_no_class_and_no_class_is_two_for_it():
    points, side = two_blobs()
    found = remarks(points, np.arange(160) % 2)
    assert [one.kind for one in found] == ["clusters", "no-class", "no-class"]
    assert found[1].message == "a cluster of 80 is no class: it holds 50 % of cat, 50 % of dog"
    assert [one.kind for one in remarks(points, side)] == ["clusters"]


def test_a_class_of_two_clusters_is_named_with_its_shares():
    points, side = two_blobs()
    third = np.random.default_rng(1).normal(size=(80, 4)) + 9 * np.eye(4)[1]
    found = remarks(np.concatenate([points, third]), np.repeat([0, 0, 1], 80))
    (split,) = [one for one in found if one.kind == "split-class"]
    assert split.message.startswith("class cat is 2 clusters, of 50 %, 50 % of its 160 examples")
    assert len(split.examples) == 80 and side.sum() == 80


def test_noise_with_classes_has_nothing_and_a_lone_example_its_name():
    points = np.random.default_rng(0).normal(size=(200, 5))
    assert remarks(points, np.arange(200) % 2) == []
    points[11] = 30
    (found,) = remarks(points, np.arange(200) % 2)
    assert found.kind == "lone" and found.examples == (11,) and "11.png (" in found.message


def test_copies_and_near_copies_of_texts_are_counted():
    line = "the quick brown fox jumps over the lazy dog and runs into the deep dark wood"
    given = [line, line, f"{line} again", "nothing of all that is in this one, which is long as well, and other"]
    examples = Examples(texts(given), np.zeros((4, 0)), np.arange(4))
    exact, near = remark_copies(examples)
    assert exact.message == "1 of 4 examples repeat another one, bit for bit, as #0 and #1"
    assert near.message.startswith("2 of 4 texts share a third of their runs of three words or more with another one")
