"""Networks as bodies: how images are prepared, what is trained, and at what rate."""

import pytest
import torch
from torch import nn

from dl.backbone import Backbone
from dl.errors import BadOption
from dl_backbones.bodies import Learnt, PhotoBody, code_of, network_of, with_head

OPTIONS = {"weights": "auto", "unfreeze": 0, "discriminative": 0.5, "dropout": 0.0, "side": 8}


class Sizes(nn.Module):
    """Returns height, width and mean of images as features."""

    def forward(self, images):
        sides = torch.tensor([images.shape[2:]], dtype=images.dtype).expand(len(images), -1)
        return torch.cat([sides, images.mean(dim=(1, 2, 3))[:, None]], dim=1)


def body(least=8, most=0):
    return PhotoBody(Sizes(), (0.5,) * 3, (0.25,) * 3, least, most)


def learnt(stages=3):
    layers = [nn.Linear(2, 2) for _ in range(stages)]
    whole = PhotoBody(nn.Sequential(*layers), (0.0,) * 3, (1.0,) * 3, 1)
    return Learnt("small", "small 1", whole, 2, [[layer] for layer in layers])


def test_pixels_are_scaled_as_the_network_has_learnt_them():
    assert body()(torch.ones(1, 3, 8, 8))[0, 2] == 2  # (1 - 0.5) / 0.25


@pytest.mark.parametrize(
    ("size", "least", "most", "wanted"),
    [((4, 6), 8, 0, [8, 12]), ((8, 9), 8, 0, [8, 9]), ((40, 20), 8, 16, [16, 8]), ((40, 20), 8, 0, [40, 20])],
)
def test_small_images_are_enlarged_and_large_ones_reduced(size, least, most, wanted):
    assert body(least, most)(torch.zeros(1, 3, *size))[0, :2].tolist() == wanted


def test_grey_images_are_three_equal_colours():
    assert torch.equal(body()(torch.full((2, 1, 8, 8), 0.3)), body()(torch.full((2, 3, 8, 8), 0.3)))


def test_features_of_another_size_have_another_code():
    assert code_of(learnt()) != code_of(Learnt("small", "small 1", body(9), 3, []))


def test_each_stage_that_is_trained_has_a_share_of_the_rate_of_the_one_above_it():
    network = with_head(learnt(), (3, 8, 8), 2, OPTIONS | {"unfreeze": 2})
    assert [stage.share for stage in network.thawed] == [0.25, 0.5]
    trained = [name for name, one in network.named_parameters() if one.requires_grad and name.endswith("weight")]
    assert trained == ["body.network.1.weight", "body.network.2.weight", "head.1.weight"]


def test_more_stages_than_there_are_cannot_be_trained():
    with pytest.raises(BadOption, match="unfreeze=4: small has 3 stages"):
        with_head(learnt(), (3, 8, 8), 2, OPTIONS | {"unfreeze": 4})


@pytest.mark.parametrize("shape", [(2, 8, 8), (10,)])
def test_other_inputs_than_images_are_refused(shape):
    with pytest.raises(BadOption, match="small reads grey images, or those with three colours"):
        with_head(learnt(), shape, 2, OPTIONS)


def test_without_weights_all_is_learnt_from_the_start():
    network = with_head(learnt(), (3, 8, 8), 2, OPTIONS | {"weights": "none"})
    assert not isinstance(network, Backbone)
    assert all(one.requires_grad for one in network.parameters())
    assert network_of(network) is None
