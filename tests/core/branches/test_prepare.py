"""A preprocessor for each branch, kept as one; what is missing for the first time is noted."""

import numpy as np
import pytest
import torch

from dl.branches import read
from dl.data.examples import whole
from dl.domain import encode_examples
from dl.errors import BadRun
from dl.padded import Padded, as_tensors, in_precision, rows_of
from dl.plugins.registry import Plugins


@pytest.fixture(scope="module")
def dataset(members, table, reading):
    return read.open_path(members, table, reading(target="price", leave_out="sold"))


@pytest.fixture(scope="module")
def domain(plugins):
    assert isinstance(plugins, Plugins)
    return plugins.domain("mixed").load()


@pytest.fixture(scope="module")
def preprocessor(domain, dataset, reading):
    return domain.learn(whole(dataset.train), reading(target="price"))


def test_each_branch_is_prepared_by_its_domain(preprocessor, dataset):
    stored = as_tensors(encode_examples(dataset.train, preprocessor).inputs)
    batch = preprocessor(stored.take(torch.tensor([0, 5])))
    assert isinstance(batch["review"], Padded) and batch["photo"].shape == (2, 1, 8, 8) and rows_of(batch) == 2
    assert abs(float(preprocessor(stored.take(torch.arange(120)))["photo"].mean())) < 1e-3
    half = in_precision(batch, torch.float16)
    assert half["photo"].dtype == torch.float16 and half["review"].values.dtype == torch.int64
    assert preprocessor.input_shape.parts["photo"] == (1, 8, 8) and preprocessor.kinds["rows"] == "tabular"


def test_it_is_rebuilt_from_its_settings(preprocessor, domain, dataset):
    again = domain.restore(preprocessor.settings())
    stored = as_tensors(encode_examples(dataset.train, again).inputs)
    first, second = (one(stored.take(torch.arange(9))) for one in (preprocessor, again))
    assert torch.equal(first["rows"], second["rows"]) and torch.equal(first["photo"], second["photo"])
    with pytest.raises(BadRun, match="a branch of the run is of the domain 'sound', which is not installed"):
        kept = preprocessor.settings()["branches"]
        domain.restore({"branches": [{**kept[0], "domain": "sound"}]})


def test_what_no_training_row_lacked_is_noted(preprocessor, dataset):
    blank = dataset.train.inputs[np.array([0, 1])]
    parts = {**blank.parts, "photo": np.zeros_like(blank.parts["photo"])}
    notes = preprocessor.unseen(blank.changed(parts))
    assert notes == {at: ["photo is missing, as in no training row; a blank is in its place"] for at in (0, 1)}
