"""What the networks are built from, and what holds for every network."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dl.errors import BadOption
from dl_vision import plugin
from dl_vision.blocks import ACTIVATIONS, Branches, PreActivated, Subsampled, halved, initialize, norm, pointwise

MODELS = {spec.name: spec for spec in plugin.register_models() if spec.build is not None}
CONVOLVED = [name for name, spec in MODELS.items() if "norm" in {option.name for option in spec.options}]


@pytest.mark.parametrize("name", MODELS)
def test_convolutions_are_returned_in_channels_last(name, build):
    for layer in build(name, (3, 32, 32)).modules():
        if isinstance(layer, nn.Conv2d):
            assert layer.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", ["resnet", "separable"])
def test_a_narrow_network_with_shortcuts_is_trained_in_a_process_that_goes_on(name, tmp_path):
    """Torch would end the process, so it is one of its own."""
    lines = [
        "import torch",
        "from dl.plugins.loading import load_plugins",
        f"spec = load_plugins().model('vision', {name!r})",
        "options = {one.name: one.default for one in spec.options} | {'width': 2}",
        "network = spec.build((3, 24, 24), 2, options)",
        "for _ in range(40):",
        "    network(torch.randn(8, 3, 24, 24).to(memory_format=torch.channels_last)).sum().backward()",
    ]
    ended = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-500:]


def test_a_strided_pointwise_convolution_of_few_channels_gives_what_torch_gives():
    maps = torch.randn(2, 4, 5, 6)
    narrow, wide = pointwise(4, 6, 2), nn.Conv2d(4, 6, 1, 2, bias=False)
    assert type(narrow) is Subsampled and type(pointwise(8, 16, 2)) is nn.Conv2d is type(pointwise(4, 8, 1))
    wide.load_state_dict(narrow.state_dict())
    assert torch.allclose(narrow(maps), wide(maps), atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_dropout_is_absent_at_zero_and_present_above(name, build):
    def dropouts(share):
        return [layer.p for layer in build(name, dropout=share).modules() if isinstance(layer, nn.Dropout)]

    assert dropouts(0.0) == []
    assert dropouts(0.25) == [0.25]


def test_an_image_too_small_is_one_line_that_names_the_smallest_size(build):
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
def test_any_shape_gives_logits_or_one_clear_line(name, shape, outputs, pool, depth, build):
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
def test_one_small_batch_is_learnt_by_heart(name, build):
    torch.manual_seed(0)
    network = build(name, (1, 20, 20), 3, width={"separable": 8, "inception": 4}.get(name, 16))
    images, target = torch.randn(12, 1, 20, 20), torch.arange(12) % 3
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), target).backward()
        optimizer.step()
    assert (network(images).argmax(1) == target).all()


@pytest.mark.parametrize(("name", "least"), [("resnet", 9), ("separable", 17), ("inception", 9)])
def test_an_image_whose_last_map_would_be_one_pixel_is_refused(build, name, least):
    assert build(name, (1, least, least))(torch.rand(1, 1, least, least)).shape == (1, 10), "also one image to train on"
    with pytest.raises(BadOption, match=f"{name} with these options needs images of at least {least}x{least}; found "):
        build(name, (1, least - 1, 30))


def test_the_activations_of_the_option_are_those_that_are_built():
    assert tuple(ACTIVATIONS) == plugin.ACTIVATIONS


@pytest.mark.parametrize("name", MODELS)
def test_no_other_activation_is_left_where_one_is_asked_for(build, name):
    kinds = {type(layer) for layer in build(name, activation="silu").modules()}
    assert nn.SiLU in kinds and nn.ReLU not in kinds


@pytest.mark.parametrize("name", CONVOLVED)
def test_a_norm_is_of_the_batch_of_groups_or_none(build, name):
    def kinds(norm):
        return {type(layer) for layer in build(name, norm=norm).modules()} & {nn.BatchNorm2d, nn.GroupNorm}

    assert (kinds("batch"), kinds("group"), kinds("none")) == ({nn.BatchNorm2d}, {nn.GroupNorm}, set())


@pytest.mark.parametrize("name", CONVOLVED)
def test_by_groups_an_image_is_answered_alike_in_any_batch(build, name):
    network, images = build(name, norm="group").train(), torch.randn(3, 1, 28, 28)
    assert torch.allclose(network(images)[:1], network(images[:1]), atol=1e-5)


@pytest.mark.parametrize(("channels", "groups"), [(16, 8), (12, 6), (7, 7), (11, 1), (1, 1)])
def test_the_groups_divide_the_channels(channels, groups):
    assert norm(channels, {"norm": "group"})[0].num_groups == groups


def test_he_and_glorot_draw_weights_of_their_deviations_and_torch_draws_none():
    layer = nn.Linear(400, 600)
    before = layer.weight.clone()
    assert torch.equal(initialize(layer, "torch").weight, before)
    assert initialize(layer, "he").weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.01)
    assert initialize(layer, "glorot").weight.std().item() == pytest.approx((2 / 1000) ** 0.5, rel=0.01)
    assert not layer.bias.any()


def test_a_shortcut_adds_the_map_as_it_is_or_by_a_layer_that_reads_the_active_one():
    maps = torch.tensor([-2.0, 3.0]).view(1, 2, 1, 1)
    plain = PreActivated([nn.ReLU()], [nn.Identity()], None)
    by_layer = PreActivated([nn.ReLU()], [nn.Identity()], nn.Identity())
    assert plain(maps).flatten().tolist() == [-2.0, 6.0]
    assert by_layer(maps).flatten().tolist() == [0.0, 6.0]


def test_branches_are_joined_in_order():
    assert Branches(nn.Identity(), nn.ReLU())(-torch.ones(1, 1, 1, 1)).flatten().tolist() == [-1.0, 0.0]


@pytest.mark.parametrize(("kind", "wanted"), [("max", [[4.0]]), ("avg", [[2.5]])])
def test_a_map_of_two_is_halved_to_one(kind, wanted):
    (pool,) = halved(kind)
    assert pool(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))[0, 0].tolist() == wanted
