import torch


def test_the_parameters_of_a_small_residual_network_are_counted_by_hand(build, parameters):
    stem, logits = 25 * 4, 8 * 10 + 10
    first = 2 * 4 + 9 * 4 * 4 + 2 * 4 + 9 * 4 * 4
    second = 2 * 4 + 9 * 4 * 8 + 2 * 8 + 9 * 8 * 8 + 4 * 8
    assert parameters(build("resnet", width=4, stages=2)) == stem + first + second + 2 * 8 + logits
    assert parameters(build("resnet")) == 77_818


def test_a_block_that_changes_nothing_has_no_layer_on_its_shortcut_and_one_that_halves_has(build):
    shortcuts = [block.shortcut for block in build("resnet", stages=2, blocks=2)[1:5]]
    assert [one is None for one in shortcuts] == [True, True, False, True]
    assert shortcuts[2].stride == (2, 2)


def test_the_map_is_halved_by_the_stem_and_by_each_further_stage(build):
    network = build("resnet")
    maps = network[:4](torch.zeros(1, 1, 28, 28))
    assert maps.shape == (1, 64, 4, 4)
    assert build("resnet", stem=1)[:4](torch.zeros(1, 1, 28, 28)).shape == (1, 64, 7, 7)
