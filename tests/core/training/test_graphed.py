"""Passes of a step as a graph; without a GPU by what stands in its place."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import dl
from dl.training import graphed as graphs
from dl.training.devices import Devices
from dl.training.graphed import PayBack, graphed, in_place_of_graph
from dl.training.optimizer_step import OptimizerStep
from dl.training.recorded import RecordedStep


def test_a_graph_repays_once_what_it_saves_is_what_it_cost():
    assert PayBack(0.3, before=0.004, after=0.001).steps == pytest.approx(100)
    assert PayBack(0.3, before=0.001, after=0.001).steps == float("inf")
    assert "repaid after 100 steps" in PayBack(0.3, before=0.004, after=0.001).in_words()


def losses_of(network):
    def losses(inputs, targets):
        logits = network(inputs)
        loss = F.cross_entropy(logits, targets)
        return logits.detach(), loss.detach(), loss

    return losses


def test_steps_as_a_graph_are_steps_as_ever_bit_by_bit(monkeypatch):
    monkeypatch.setattr("dl.training.recorded.LONGEST", 60.0)
    seconds = iter([2e-3, 1e-6])
    monkeypatch.setattr(graphs, "_seconds", lambda take, _: (take(), next(seconds))[1])
    found = []
    for capture in (None, in_place_of_graph):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2))
        parameters, given = list(network.parameters()), []
        step = RecordedStep(network, parameters, losses_of(network), steps=10**9, capture=capture)
        for _ in range(6):
            given += step(torch.randn(5, 3), torch.randint(0, 2, (5,)))
            with torch.no_grad():
                for parameter in parameters:
                    parameter -= 0.1 * parameter.grad
        assert (step.pay_back is not None) == (capture is not None)
        found.append([*given, *network.state_dict().values()])
    assert all(torch.equal(one, two) for one, two in zip(*found, strict=True))


def test_a_graph_that_saves_nothing_is_not_used(monkeypatch):
    monkeypatch.setattr(graphs, "_seconds", lambda take, _: 1.0)
    network = nn.Linear(3, 2)

    def passes(inputs):
        return [network(inputs).detach(), inputs.sum()]

    run, pay_back = graphed(passes, [torch.ones(1, 3)], network, in_place_of_graph)
    assert run is passes and pay_back.steps == float("inf")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_no_step_on_a_gpu_waits_for_it(plugins_with, runs, line, monkeypatch):
    take = OptimizerStep._take

    def strictly(self, *given, **how):
        torch.cuda.set_sync_debug_mode("error")
        try:
            return take(self, *given, **how)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(OptimizerStep, "_take", strictly)
    devices = Devices("gpu", "1")
    run = dl.fit("numbers", "given", plugins=plugins_with(given=line), runs=runs, devices=devices, epochs=2)
    assert run.manifest.status == "finished"
