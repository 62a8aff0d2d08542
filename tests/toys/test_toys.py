"""Scikit-learn's small data sets: what is in them, a fixed test set, and real fits that beat the dumb answer."""

import numpy as np
import pytest

import dl
from dl_toys.toys import load

SIZES = {"digits": 1797, "wine": 178, "breast-cancer": 569, "diabetes": 442}


@pytest.mark.parametrize("name", SIZES)
def test_every_row_is_in_one_part_and_its_id_is_its_own(name):
    dataset = load(name)
    train, test = dataset.train, dataset.open_test()
    assert len(train) + len(test) == SIZES[name] == len({*train.ids.tolist(), *test.ids.tolist()})
    assert 0.1 < len(test) / SIZES[name] < 0.3
    assert (np.diff(train.ids) > 0).all()


def test_digits_are_images_and_the_darkest_pixel_is_255():
    inputs = load("digits").train.inputs
    assert inputs.shape[1:] == (8, 8, 1) and inputs.dtype == np.uint8 and inputs.max() == 255


@pytest.mark.parametrize(
    ("name", "task"), [("wine", "multiclass"), ("breast-cancer", "binary"), ("diabetes", "regression")]
)
def test_a_linear_model_beats_the_dumb_answer(name, task, tmp_path):
    run = dl.fit("tabular", name, recipe="linear", runs=tmp_path / "runs")
    headline = run.manifest.task.headline
    scores = [baseline.score for baseline in run.manifest.baselines]
    reached = run.best[f"val_{headline.name}"]
    assert run.manifest.task.name == task
    assert reached > max(scores) + 0.2 if headline.higher else reached < 0.8 * min(scores)
    assert dl.evaluate(run).examples == len(load(name).open_test())
