from torch import nn


def test_the_parameters_of_a_small_separable_network_are_counted_by_hand(build, parameters):
    stem, logits = 25 * 4, 8 * 10 + 10
    block = 2 * 4 + 9 * 4 + 4 * 8 + 2 * 8 + 9 * 8 + 8 * 8 + 4 * 8
    for pool in ("max", "avg", "stride"):
        assert parameters(build("separable", width=4, depth=1, pool=pool)) == stem + block + 2 * 8 + logits


def test_every_3x3_convolution_reads_each_channel_by_itself(build):
    found = [layer for layer in build("separable").modules() if isinstance(layer, nn.Conv2d)]
    spatial = [layer for layer in found if layer.kernel_size == (3, 3)]
    assert len(spatial) == 6 and all(layer.groups == layer.in_channels for layer in spatial)
