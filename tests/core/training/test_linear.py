"""The linear path of a network: solved as ridge regression by hand, with a strength and a share by what is held out."""

import numpy as np
import pytest
import torch
from torch import nn

from dl.linear_path import LinearPath
from dl.tasks.losses import cross_entropy, squared_error
from dl.tasks.rows import REGRESSION
from dl.training import linear
from dl.training.linear import STRENGTHS, few_enough, linear_path, mix, solve


def solved(inputs, targets, loss):
    path = LinearPath(nn.Identity(), inputs.shape[1:], targets.shape[1] if targets.ndim == 2 else 2)
    return path, solve(path.linear, inputs, targets, loss)


@pytest.mark.parametrize("columns", [5, 90])
def test_with_squared_errors_it_is_ridge_regression(columns):
    rng = np.random.default_rng(0)
    rows = rng.normal(3, 1, (60, columns))
    values = rows[:, :2] @ [1.0, -2.0] + rng.normal(0, 1, 60)
    path, strength = solved(torch.tensor(rows).float(), torch.tensor(values[:, None]).float(), squared_error)
    centred = rows - rows.mean(axis=0)
    penalty = strength * (centred**2).sum(axis=1).mean() / 2  # half the squares: the mean of squares has a factor of 2
    products = centred.T @ centred / 60 + penalty * np.eye(columns)
    expected = np.linalg.solve(products, centred.T @ (values - values.mean()) / 60)
    assert path.linear.weight.numpy()[0] == pytest.approx(expected, abs=0.01)
    assert float(path.linear.bias) == pytest.approx(values.mean() - rows.mean(axis=0) @ expected, abs=0.1)


def test_noise_is_penalized_strongly_and_a_clean_line_weakly():
    rows = torch.randn(80, 30, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(80, 1, generator=torch.Generator().manual_seed(1))
    assert solved(rows, noise, squared_error)[1] == STRENGTHS[0]
    assert solved(rows, rows[:, :1], squared_error)[1] == STRENGTHS[-1]


def test_templates_under_noise_are_told_by_the_linear_model_as_well_as_by_their_means():
    generator = torch.Generator().manual_seed(0)
    kinds = torch.arange(900) % 2
    images = torch.randn(900, 1, 12, 12, generator=generator)
    images[:, 0, 0] += torch.where(kinds == 0, 0.4, -0.4)[:, None]
    path, _ = solved(images[:100], kinds[:100], cross_entropy)
    right = float((path.linear(images[100:]).argmax(dim=1) == kinds[100:]).float().mean())
    means = torch.stack([images[:100][kinds[:100] == kind].mean(dim=0).flatten() for kind in (0, 1)])
    by_means = float((torch.cdist(images[100:].flatten(1), means).argmin(dim=1) == kinds[100:]).float().mean())
    assert right > 0.7 and right > by_means - 0.03


def test_constant_inputs_have_no_weight():
    path, _ = solved(torch.ones(20, 3), torch.randn(20, 1), squared_error)
    assert not path.linear.weight.any() and torch.isfinite(path.linear.bias).all()


def test_a_path_gets_the_share_with_the_least_loss_over_all_batches():
    path = LinearPath(nn.Linear(1, 1, bias=False), (1,), 1).eval()
    nn.init.constant_(path.deep.weight, 1.0)
    path.linear.weight.fill_(3.0)
    batches = [(torch.tensor([[2.0], [3.0]]), torch.tensor([[5.0], [7.4]])), (torch.ones(1, 1), torch.tensor([[2.6]]))]
    assert mix(path, iter(batches), REGRESSION) == float(path.share) == 0.75  # 2.5 times the input


def test_where_there_is_no_solution_the_linear_model_stays_empty():
    path, _ = solved(torch.randn(8, 2), torch.full((8, 1), torch.nan), squared_error)
    assert not path.linear.weight.any() and not path.linear.bias.any()


@pytest.mark.parametrize("examples", [1, 2, 3])
@pytest.mark.parametrize("columns", [1, 9])
def test_a_handful_of_examples_is_enough(examples, columns):
    rows = torch.randn(examples, columns, generator=torch.Generator().manual_seed(0))
    path, _ = solved(rows, torch.arange(examples) % 2, cross_entropy)
    assert torch.isfinite(path.linear(rows)).all()


def test_many_examples_or_large_ones_are_thinned_out_evenly(monkeypatch):
    assert len(few_enough(np.arange(900), 784)) == 900
    assert 2_500 < len(few_enough(np.arange(60_000), 784)) <= linear.MOST_EXAMPLES
    large = few_enough(np.arange(10_000), 3_000_000)
    assert len(large) == 10 and large[-1] >= 9_000


def test_a_network_without_one_has_none():
    assert linear_path(nn.Linear(2, 2)) is None
    path = LinearPath(nn.Linear(2, 2), (2,), 2)
    assert linear_path(nn.Sequential(path)) is path
