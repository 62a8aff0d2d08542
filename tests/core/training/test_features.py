"""What a fit reads: features where a body is frozen; where it is trained, they serve to solve the head."""

import pytest
import torch
from torch import nn

from dl.backbone import Backbone, Thawed
from dl.hookspecs import hookimpl
from dl.recipes.resolve import resolve
from dl.specs import ModelSpec
from dl.training.features import FeaturePreprocessor, read_features
from dl.training.setup import set_up


class Networks:
    """Models with a body that doubles a number: ``frozen``, and ``tuned``, whose body is trained."""

    @hookimpl
    def register_models(self):
        return [
            ModelSpec("frozen", "numbers", "of a test", lambda shape, outputs, options: parted(outputs), start=double),
            ModelSpec(
                "tuned", "numbers", "of a test", lambda shape, outputs, options: parted(outputs, 1), start=double
            ),
        ]


def parted(outputs, thawed=0):
    body = nn.Sequential(nn.Linear(1, 3))
    stages = [Thawed([body[0]], 0.5)] if thawed else []
    return Backbone(body, nn.Sequential(nn.Dropout(0.0), nn.Linear(3, outputs)), "double", "double 1", stages)


def double(network, options):
    nn.init.constant_(network.body[0].weight, 2.0)
    nn.init.zeros_(network.body[0].bias)


@pytest.fixture
def setup(plugins_with, line):
    def make(model, **choices):
        plugins = plugins_with(given=line, more=[Networks()])
        return set_up(resolve(plugins, "numbers", "given", model=model, **choices), plugins)

    return make


def read(setup):
    return read_features(setup, torch.device("cpu"), lambda: False)


def test_a_frozen_body_is_replaced_by_its_features(setup):
    one = setup("frozen")
    reading = read(one)
    assert isinstance(reading.preprocessor, FeaturePreprocessor) and reading.preprocessor.input_shape == (3,)
    assert reading.data.train_data is reading.data.val_data
    stored = one.data.train_data.inputs
    assert torch.allclose(reading.data.train_data.inputs, one.preprocessor(stored) * torch.full((1, 3), 2.0))
    assert torch.equal(reading.data.train_data.targets, one.data.train_data.targets)


def test_where_a_regularizer_changes_inputs_they_are_read_as_they_are(setup):
    one = setup("frozen", reg={"noise": 0.1})
    assert read(one).data is one.data


def test_a_body_that_is_trained_begins_with_a_head_that_is_solved(setup):
    one = setup("tuned")
    reading = read(one)
    assert reading.data is one.data
    logits = one.network.eval().requires_grad_(False)(one.preprocessor(one.data.train_data.inputs))
    assert float((logits - one.data.train_data.targets).square().mean()) < 0.01  # the points lie on a line


def test_a_network_without_a_body_reads_its_inputs(setup):
    one = setup("linear")
    assert read(one).data is one.data
