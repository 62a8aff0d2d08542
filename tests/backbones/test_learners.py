"""Linear models on learnt features: where they are rivals, and what they answer."""

import numpy as np
import pytest

import dl
from dl.data.examples import Examples, Subset, whole
from dl.errors import BadRun
from dl.learners.fit_rivals import Rival, fit_rivals
from dl.tasks.table import decide
from dl_backbones.learners import ANSWERED, _rows, classifier, regressor, suits


def images(shape, n=4):
    return whole(Examples(np.zeros((n, *shape), np.uint8), np.zeros(n, np.int64), np.arange(n)))


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((224, 224, 3), True), ((48, 48, 3), True), ((32, 32, 3), False), ((64, 64, 1), False), ((28, 28, 1), False)],
)
def test_they_are_rivals_where_images_are_coloured_and_not_small(shape, wanted):
    assert suits(images(shape), images(shape)) is wanted


def test_they_are_no_rivals_of_many_validation_images():
    some = images((48, 48, 3))
    assert not suits(some, Subset(some.examples, np.zeros(ANSWERED + 1, np.int64)))


def test_as_a_model_it_tells_the_photographs_apart(folder, tmp_path):
    run = dl.fit("vision", str(folder), model="linear-features", size=64, runs=tmp_path, rivals=False)
    assert run.best["val_accuracy"] == 1
    assert {one.answer for one in dl.predict(run, str(folder / "china"))} == {"china"}


def test_as_a_rival_it_is_fitted_to_photographs_and_left_out_of_others(tiles):
    pixels, names = tiles
    targets = (names == "china").astype(np.int64)
    for side, wanted in ((64, 1), (40, 0)):
        examples = Examples(np.ascontiguousarray(pixels[:, :side, :side]), targets, np.arange(40), ("no", "yes"))
        train, val = (Subset(examples, np.arange(start, 40, 2)) for start in (0, 1))
        rivals = [Rival("linear-features", classifier({"penalty": "auto"}))]
        found = fit_rivals(rivals, decide(targets, examples.names), train, val, quick=True)
        assert len(found) == wanted and all(one.baseline.score > 0.8 for one in found)


def test_rows_of_another_network_are_refused():
    with pytest.raises(BadRun, match="other weights now"):
        _rows("0" * 32, images((48, 48, 3)))


def test_the_options_are_those_of_the_estimator():
    assert classifier({"penalty": 4.0}).build().C == 0.25
    assert classifier({"penalty": "auto"}).build().C == 1
    assert regressor({"penalty": 4.0}).build()[-1].alpha == 4
