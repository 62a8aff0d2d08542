"""Steps by a record of one, against steps as ever."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dl.training.recorded import RecordedStep, Recorder, is_recordable, state_of

NETWORKS = {
    "dense": lambda: nn.Sequential(nn.Linear(12, 6), nn.ReLU(), nn.Dropout(0.4), nn.Linear(6, 3)),
    "residual": lambda: nn.Sequential(nn.LayerNorm(12), nn.Linear(12, 6), nn.GELU(), nn.Linear(6, 3)),
    "convnet": lambda: nn.Sequential(
        *(nn.Unflatten(1, (3, 2, 2)), nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 3)),
    ),
}


def steps_of(network, count, *, is_wanted, sizes=(8,)):
    """Take steps of plain descent; return logits and losses of all, the weights after them, and the step."""
    torch.manual_seed(1)

    def losses(inputs, targets):
        logits = network(inputs)
        loss = F.cross_entropy(logits, targets)
        return logits.detach(), loss.detach(), loss

    parameters = list(network.parameters())
    step, given = RecordedStep(network, parameters, losses, is_wanted=is_wanted), []
    for number in range(count):
        size = sizes[number % len(sizes)]
        given += step(torch.randn(size, 12), torch.randint(0, 3, (size,)))
        with torch.no_grad():
            for parameter in parameters:
                parameter -= 0.1 * parameter.grad
    return given + list(network.state_dict().values()), step


@pytest.mark.parametrize("name", NETWORKS)
def test_recorded_steps_are_steps_as_ever_bit_by_bit(name, monkeypatch):
    monkeypatch.setattr("dl.training.recorded.LONGEST", 60.0)
    torch.manual_seed(0)
    network = NETWORKS[name]()
    (found, step), (expected, as_ever) = (
        steps_of(deepcopy(network), 8, is_wanted=wanted, sizes=(8, 8, 8, 5)) for wanted in (True, False)
    )
    assert step.run is not None and as_ever.run is None
    assert len(found) == len(expected) and all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


def test_a_record_ends_where_the_network_is_another(monkeypatch):
    monkeypatch.setattr("dl.training.recorded.LONGEST", 60.0)
    network = NETWORKS["dense"]()
    _, step = steps_of(network, 3, is_wanted=True)
    step.look()
    assert step.run is not None
    network[2].p = 0.1
    step.look()
    assert step.run is None


def test_a_network_that_is_watched_has_no_state_to_be_recorded_by():
    network = NETWORKS["dense"]()
    assert state_of(network) == state_of(network)
    handle = network[0].register_forward_hook(lambda *_: None)
    assert state_of(network) is None
    handle.remove()
    network[0].forward = lambda inputs: inputs[:, :6]
    assert state_of(network) is None


def test_layers_that_nobody_knows_are_not_recorded():
    class Own(nn.Linear):
        pass

    assert is_recordable(NETWORKS["convnet"]()) and not is_recordable(nn.Sequential(Own(2, 2)))


def test_what_depends_on_a_number_that_python_reads_is_not_recorded():
    inputs = torch.ones(3)
    with Recorder([inputs]) as recorder:
        given = inputs * 2 if float(inputs.sum()) > 0 else inputs
    assert recorder.passes([given]) is None
