"""The layout of feature maps."""

import pytest
import torch
from torch import nn

from dl.training import layout
from dl.training.layout import FIRST, LAST, ROUNDS, choose_layout, faster, laid_out, lay_out, layout_of


@pytest.fixture
def clock(monkeypatch):
    """Passes that take the seconds of a list each, in turn, by a clock that only they move."""
    now = [0.0]
    monkeypatch.setattr(layout.time, "perf_counter", lambda: now[0])

    def taking(seconds):
        left = iter(seconds)
        return lambda: now.__setitem__(0, now[0] + next(left))

    return taking


@pytest.fixture
def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))


def test_another_layout_is_taken_only_if_it_is_faster_each_time(clock):
    slow, fast = [1.0] * (ROUNDS + 1), [9.0, *[0.5] * ROUNDS]  # the first round does not count
    assert faster({FIRST: clock(slow), LAST: clock(fast)}, FIRST) == LAST
    assert faster({FIRST: clock(slow), LAST: clock([*fast[:-1], 0.95])}, FIRST) == FIRST
    assert faster({FIRST: clock(fast), LAST: clock(slow)}, FIRST) == FIRST


def test_equal_fits_choose_alike_whatever_the_clock_says(network, monkeypatch, tmp_path):
    monkeypatch.setenv("DL_CACHE", str(tmp_path))
    answers = iter([LAST, FIRST, FIRST])
    monkeypatch.setattr(layout, "faster", lambda *_: next(answers))
    given = (network, lambda: torch.randn(2, 3, 4, 4), lambda net, x: net(x).sum())
    assert choose_layout(*given, steps=10_000) == choose_layout(*given, steps=20_000) == LAST
    assert choose_layout(network, lambda: torch.randn(3, 3, 4, 4), given[2], steps=10_000) == FIRST  # another batch


def test_few_steps_own_layers_and_rows_are_left_as_they_were_built(network, monkeypatch, tmp_path):
    monkeypatch.setenv("DL_CACHE", str(tmp_path))

    class Own(nn.Conv2d):
        pass

    def choose(net, steps=10_000):
        return choose_layout(net, lambda: torch.randn(2, 3, 4, 4), lambda net, x: net(x).sum(), steps)

    assert choose(network, steps=100) == choose(nn.Sequential(Own(3, 1, 3))) == choose(nn.Linear(4, 2)) == ""
    assert not list(tmp_path.iterdir())


def test_a_real_choice_is_one_of_the_two_and_changes_no_draw(network, monkeypatch, tmp_path):
    monkeypatch.setenv("DL_CACHE", str(tmp_path))
    network.insert(1, nn.Dropout(0.5))
    torch.manual_seed(0)
    before, batch = torch.get_rng_state(), torch.ones(2, 3, 4, 4)
    assert choose_layout(network, lambda: batch, lambda net, x: net(x).sum(), 10_000) in (FIRST, LAST)
    assert torch.equal(torch.get_rng_state(), before) and network[0].weight.grad is None


@pytest.mark.parametrize("name", [FIRST, LAST])
def test_weights_stay_the_same_tensors_in_another_layout(network, name):
    weight, values = network[0].weight, network[0].weight.clone()
    lay_out(network, name)
    assert layout_of(network) == name and network[0].weight is weight and torch.equal(weight, values)
    inputs = laid_out(torch.randn(2, 4, 4, 3).permute(0, 3, 1, 2), name)
    assert inputs.is_contiguous(memory_format=layout.FORMATS[name])
