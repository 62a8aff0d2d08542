"""The domain of plain numbers: its preprocessor leaves them alone, and its data sets hold what they are for."""

import json

import numpy as np
import pytest
import torch

from dl.errors import BadFile
from dl.plugins.loading import load_plugins
from dl.testing.numbers import DOMAIN, Numbers, NumbersPlugin, clouds, random_answers, slopes


@pytest.fixture
def domain(numbers):
    return numbers.domain(DOMAIN).load()


def test_numbers_stay_as_they_are_and_the_settings_make_the_same_again(domain):
    made = domain.restore(json.loads(json.dumps(Numbers((2, 3)).settings())))
    rows = torch.arange(12).reshape(2, 2, 3)
    assert made.input_shape == (2, 3) and torch.equal(made(rows), rows.float())


def test_the_data_sets_that_are_given_are_registered_as_they_are():
    given = clouds(6)
    plugins = load_plugins(extra=[NumbersPlugin({"given": given, "other": slopes(6)})])
    assert plugins.dataset(DOMAIN, "given").load({}).train is given.train
    assert {name for domain, name in plugins.datasets if domain == DOMAIN} == {"given", "other"}


@pytest.mark.parametrize(("model", "parameters"), [("linear", 6 * 3 + 3), ("dense", 6 * 4 + 4 + 4 * 3 + 3)])
def test_a_model_flattens_a_row_and_gives_a_number_an_output(numbers, model, parameters):
    network = numbers.model(DOMAIN, model).build((2, 3), 3, {"width": 4})
    assert network(torch.zeros(5, 2, 3)).shape == (5, 3)
    assert sum(one.numel() for one in network.parameters()) == parameters


def test_rows_for_a_prediction_are_read_from_arrays_and_from_nothing_else(domain, tmp_path):
    np.save(tmp_path / "a.npy", np.eye(2))
    np.save(tmp_path / "b.npy", np.ones((1, 2)))
    read = domain.read([tmp_path / "a.npy", tmp_path / "b.npy"], None)
    assert read.inputs.tolist() == [[1, 0], [0, 1], [1, 1]] and read.sources == ("row 0", "row 1", "row 2")
    (tmp_path / "c.npy").write_text("no array")
    with pytest.raises(BadFile, match=r"c\.npy is not an array"):
        domain.read([tmp_path / "c.npy"], None)
    with pytest.raises(BadFile, match="numbers are given by a program"):
        domain.open_path(tmp_path / "a.npy", {})


def test_each_data_set_is_the_same_for_the_same_seed_and_has_ids_of_its_own():
    for make in (clouds, random_answers, slopes):
        first, again, other = make(30), make(30), make(30, seed=1)
        assert np.array_equal(first.train.inputs, again.train.inputs)
        assert not np.array_equal(first.train.inputs, other.train.inputs)
        assert first.train.ids.tolist() == list(range(30))


def test_a_point_of_a_cloud_is_nearest_to_its_own_centre():
    train = clouds(60).train
    centres = np.stack([train.inputs[train.targets == k].mean(axis=0) for k in range(3)])
    distances = np.linalg.norm(train.inputs[:, None] - centres, axis=2)
    assert (distances.argmin(axis=1) == train.targets).all()
