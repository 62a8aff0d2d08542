import copy
import pickle

import pytest
import torch
from torch import nn

from dl.errors import BadOption
from dl.options import Option
from dl.specs import ModelSpec
from dl_regularizers.networks import dropout, shrink


def spec(*options):
    return ModelSpec("given", "vision", "of a test", lambda *_: nn.Identity(), options)


def test_shrink_takes_its_share_of_what_counts_units_and_of_nothing_else():
    model = spec(Option("width", 64, "units", low=2, units=True), Option("depth", 3, "layers"))
    smaller = shrink(0.25).choices(model.name, model.options, {"width": 64, "depth": 4})
    assert smaller == {"width": 16, "depth": 4}
    assert shrink(1.0).choices(model.name, model.options, {"width": 64, "depth": 4}) == {"width": 64, "depth": 4}


def test_shrink_stops_at_the_fewest_units_that_the_model_takes():
    options = (Option("width", 64, "units", low=2, units=True), Option("more", 8, "units", units=True))
    assert shrink(0.001).choices("given", options, {"width": 64, "more": 8}) == {"width": 2, "more": 1}


def test_a_model_that_counts_no_units_is_not_shrunk():
    with pytest.raises(BadOption, match="the model given has no option for a number of units"):
        shrink(0.5).choices("given", (Option("depth", 3, "layers"),), {"depth": 3})


@pytest.fixture
def dense():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 1000), nn.ReLU(), nn.Linear(1000, 2))


def read_by(layer, network, inputs):
    """What a layer reads when the network reads these inputs."""
    kept = []
    hook = layer.register_forward_hook(lambda _, given, __: kept.append(given[0].detach()))
    network(inputs)
    hook.remove()
    return kept[0]


def test_half_of_what_later_dense_layers_read_is_dropped_and_the_rest_doubled(dense):
    inputs = torch.rand(8, 4)
    whole = read_by(dense[3], dense, inputs)
    dropout(0.5).network(dense)
    read = read_by(dense[3], dense.train(), inputs)
    there = whole > 0
    kept = read[there] != 0
    assert kept.float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert torch.allclose(read[there][kept], 2 * whole[there][kept])
    assert not torch.equal(read[0] == 0, read[1] == 0), "each example drops its own"
    assert torch.equal(read_by(dense[1], dense, inputs), inputs), "the first layer reads all"


def test_dropout_leaves_evaluation_and_the_names_of_parameters_as_they_are(dense):
    inputs, names = torch.rand(3, 4), list(dense.state_dict())
    before = dense.eval()(inputs)
    dropout(0.9).network(dense)
    assert torch.equal(dense(inputs), before) and list(dense.state_dict()) == names


def test_a_network_with_dropout_can_be_copied_and_pickled(dense):
    dropout(0.5).network(dense)
    for copied in (copy.deepcopy(dense), pickle.loads(pickle.dumps(dense))):
        read = read_by(copied[3], copied.train(), torch.rand(8, 4))
        assert (read == 0).float().mean() > 0.6, "it drops, too"


def test_a_place_that_the_model_has_kept_for_dropout_is_taken():
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Dropout(0.0), nn.Linear(2, 1))
    dropout(0.3).network(network)
    assert network[2].p == 0.3 and not network[3]._forward_pre_hooks


@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.2), nn.Dropout2d(0.1), nn.LSTM(2, 2, 2, dropout=0.1), nn.MultiheadAttention(2, 1, 0.1)]
)
def test_a_network_that_drops_already_is_refused(layer):
    network = nn.Sequential(nn.Linear(2, 2), layer, nn.Linear(2, 1))
    with pytest.raises(BadOption, match="already has dropout; set its rate with dropout= and leave out --reg"):
        dropout(0.3).network(network)


def test_a_network_without_a_later_dense_layer_has_no_place_for_dropout():
    for network in (nn.Linear(2, 1), nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3))):
        with pytest.raises(BadOption, match="no dense layer after its first layer to apply dropout to"):
            dropout(0.3).network(network)
