"""A fit is described before its first step: data, splits, network, regularizers and what is to be beaten."""

import io

import numpy as np
import pytest
from rich.console import Console

from dl.recipes.resolve import resolve
from dl.runs.manifest import MetricInfo
from dl.training.description import _show_baselines, describe
from dl.training.setup import set_up

PAGE = """\
given: three clouds
  train       72
  validation  18, stratified hold-out, seed 0; no exact duplicate across it
  test        closed; dl test opens it
  task        multiclass - 3 classes, one for each example
  - found by itself
  dense    gives  parameters
  Flatten  2
  Linear   32             96
  ReLU     32
  Linear   3              99
  in all                 195
  regularized l2=0.001
  to beat     33.33 % accuracy by always 'class 0'
"""


@pytest.fixture
def described(plugins_with):
    """A function that describes the fit of a data set at width 100: described(dataset, model="dense", ...)."""

    def show(given, reg=None, **choices):
        plugins = plugins_with(given=given)
        recipe = resolve(plugins, "numbers", "given", reg=reg or {}, **choices)
        stream = io.StringIO()
        describe(Console(file=stream, width=100, color_system=None), set_up(recipe, plugins), plugins)
        return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())

    return show


def test_the_description_is_one_page(described, blobs):
    given = blobs(3, n=90, title="three clouds", notes=("found by itself",), open_test=lambda: None)
    assert described(given, model="dense", reg={"l2": {"strength": 1e-3}}) == PAGE


def test_duplicates_across_the_split_are_told_where_the_split_is_and_as_a_finding(described, dataset):
    inputs = np.random.default_rng(0).normal(0, 1, (40, 2)).astype(np.float32)
    inputs[1::2] = inputs[::2]
    lines = described(dataset(inputs, np.arange(40) // 2 % 2), options={"duplicates": "ignore"}).splitlines()
    assert any(line.startswith("  validation ") and " exact duplicates across it" in line for line in lines)
    assert any(line.startswith("  ! ") and "bit for bit" in line for line in lines)


def test_without_a_test_part_there_is_none(described, blobs):
    assert "\n  test        none\n" in described(blobs())


def test_the_best_of_the_baselines_of_a_regression_has_the_least_error(described, dataset):
    inputs = np.linspace(0, 1, 50, dtype=np.float32)[:, None]
    page = described(dataset(inputs, np.where(inputs[:, 0] > 0.9, 100.0, 0.0), ["price"]))
    assert page.splitlines()[-1].startswith("  to beat     ") and " mae by " in page


def test_a_task_without_baselines_has_nothing_to_beat(blobs):
    page = io.StringIO()
    _show_baselines(Console(file=page), MetricInfo("mae", False, 0.0, "mean"), ())
    assert page.getvalue() == ""


def test_a_target_whose_logarithm_is_learnt_is_announced_with_the_way_out(described, dataset):
    rng = np.random.default_rng(0)
    inputs = rng.normal(0, 1, (200, 2)).astype(np.float32)
    given = dataset(inputs, np.exp(rng.normal(0, 1.5, 200)))
    lines = described(given).splitlines()
    (line,) = [line for line in lines if line.startswith("  learns ")]
    assert "the logarithm, as the target is positive and skewed (" in line
    assert not any("logarithm" in line for line in described(given, options={"target_scale": "plain"}).splitlines())
