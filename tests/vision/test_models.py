import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dl.errors import BadOption
from dl.options import check
from dl_vision import plugin

MODELS = {spec.name: spec for spec in plugin.register_models() if spec.build is not None}


def build(name, shape=(1, 28, 28), outputs=10, **options):
    spec = MODELS[name]
    return spec.build(shape, outputs, check(spec.options, options, name))


def parameters(network):
    return sum(weights.numel() for weights in network.parameters())


def test_the_book_convnet_has_93322_parameters_on_mnist():
    assert parameters(build("book-convnet")) == 93_322


def test_the_book_dense_network_has_407050_parameters_on_mnist():
    assert parameters(build("dense")) == 784 * 512 + 512 + 512 * 10 + 10


def test_a_dense_network_of_depth_zero_is_linear():
    assert parameters(build("dense", depth=0)) == 784 * 10 + 10


@pytest.mark.parametrize("name", MODELS)
def test_convolutions_are_returned_in_channels_last(name):
    for layer in build(name, (3, 32, 32)).modules():
        if isinstance(layer, nn.Conv2d):
            assert layer.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", MODELS)
def test_dropout_is_absent_at_zero_and_present_above(name):
    def dropouts(share):
        return [layer.p for layer in build(name, dropout=share).modules() if isinstance(layer, nn.Dropout)]

    assert dropouts(0.0) == []
    assert dropouts(0.25) == [0.25]


def test_large_images_are_averaged_so_that_parameters_do_not_grow_with_them():
    assert parameters(build("convnet", (3, 128, 128))) == parameters(build("convnet", (3, 224, 160)))


def test_pool_stride_has_no_pooling_layer():
    for name in ("convnet", "book-convnet"):
        kinds = {type(layer) for layer in build(name, pool="stride").modules()}
        assert not kinds & {nn.MaxPool2d, nn.AvgPool2d}


def test_an_image_too_small_is_one_line_that_names_the_smallest_size():
    with pytest.raises(BadOption, match="book-convnet with these options needs images of at least 18x18; found 8x30"):
        build("book-convnet", (1, 8, 30))


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(MODELS)),
    shape=st.tuples(st.sampled_from([1, 3, 4]), st.integers(1, 40), st.integers(1, 40)),
    outputs=st.integers(1, 5),
    pool=st.sampled_from(plugin.POOLS),
    depth=st.integers(1, 5),
)
def test_any_shape_gives_logits_or_one_clear_line(name, shape, outputs, pool, depth):
    wanted = {"width": 4, "pool": pool, "depth": depth}
    known = {option.name for option in MODELS[name].options}
    try:
        network = build(name, shape, outputs, **{key: value for key, value in wanted.items() if key in known})
    except BadOption as error:
        assert "needs images of at least" in str(error) and "\n" not in str(error)
        return
    assert network.eval()(torch.zeros(2, *shape)).shape == (2, outputs)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", MODELS)
def test_one_small_batch_is_learnt_by_heart(name):
    torch.manual_seed(0)
    network = build(name, (1, 20, 20), 3, width=16)
    images, target = torch.randn(12, 1, 20, 20), torch.arange(12) % 3
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), target).backward()
        optimizer.step()
    assert (network(images).argmax(1) == target).all()
