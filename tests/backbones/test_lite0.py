"""The architecture, by the published weights: it names what two photographs show."""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from dl_backbones.lite0 import FEATURES, Lite0, SamePadConv

PALACE, DAISY = 698, 985  # of ImageNet's classes


@pytest.mark.parametrize(("name", "wanted"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_it_names_a_palace_and_a_daisy(lite0, name, wanted):
    photo = load_sample_image(name)
    side = min(photo.shape[:2])
    left = (photo.shape[1] - side) // 2
    square = Image.fromarray(photo[:side, left : left + side]).resize((224, 224), Image.Resampling.BICUBIC)
    pixels = torch.tensor(np.asarray(square)).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        assert int(lite0((pixels - 127) / 128).argmax()) == wanted


def test_without_its_last_layer_it_returns_features(lite0):
    images, network = torch.rand(2, 3, 40, 56), Lite0(tells=False).eval()
    network.load_state_dict({name: one for name, one in lite0.state_dict().items() if not name.startswith("_fc")})
    with torch.inference_mode():
        features = network(images)
        assert features.shape == (2, FEATURES)
        assert torch.allclose(lite0._fc(features), lite0(images), atol=1e-5)


@pytest.mark.parametrize(("side", "stride", "wanted"), [(8, 2, 4), (7, 2, 4), (7, 1, 7)])
def test_a_convolution_divides_a_side_by_its_stride_and_rounds_up(side, stride, wanted):
    assert SamePadConv(1, 1, 3, stride, bias=False)(torch.zeros(1, 1, side, side)).shape[2:] == (wanted, wanted)


def test_an_odd_pad_is_right_and_below():
    conv = SamePadConv(1, 1, 3, 2, bias=False)
    torch.nn.init.ones_(conv.weight)
    found = conv(torch.ones(1, 1, 4, 4))[0, 0]
    assert found.tolist() == [[9, 6], [6, 4]]


def test_its_stages_hold_every_layer_with_weights_once():
    network = Lite0(tells=False)
    of_stages = [id(one) for stage in network.stages for layer in stage for one in layer.parameters()]
    assert sorted(of_stages) == sorted(map(id, network.parameters()))
    assert len(network.stages) == 8
