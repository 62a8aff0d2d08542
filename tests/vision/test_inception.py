import torch

from dl_vision.blocks import Branches


def test_the_parameters_of_a_small_inception_network_are_counted_by_hand(build, parameters):
    stem, logits = 25 * 8 + 2 * 8, 8 * 10 + 10
    point, filters = 8 * 2 + 2 * 2, 9 * 2 * 2 + 2 * 2
    module = point + (point + filters) + (point + 2 * filters) + point
    assert parameters(build("inception", width=2, depth=1)) == stem + module + logits


def test_a_module_has_four_branches_of_as_many_channels(build):
    modules = [layer for layer in build("inception", width=2, depth=2) if isinstance(layer, Branches)]
    assert [len(module.branches) for module in modules] == [4, 4]
    assert [module(torch.zeros(1, 8, 6, 6)).shape[1] for module in modules] == [8, 16]
