"""The convolutional LSTM: its shapes, that it begins with the last frame, and that it reads all frames in order."""

import pytest
import torch

from dl.errors import BadOption
from dl.options import check
from dl_vision.frames.network import conv_lstm
from dl_vision.frames.specs import MODELS


def build(shape, **options):
    torch.manual_seed(0)
    return conv_lstm(shape, check(MODELS[0].options, {"width": 4, **options}, "conv-lstm"))


@pytest.mark.parametrize("options", [{}, {"patch": 3, "layers": 2}, {"kernel": 5, "patch": 16}])
def test_it_gives_a_frame_of_the_shape_of_each_and_begins_with_the_last_one(options):
    frames = torch.randn(2, 3, 3, 7, 9)
    assert torch.equal(build((3, 3, 7, 9), **options)(frames), frames[:, -1])


def test_a_convolution_without_a_middle_is_refused():
    with pytest.raises(BadOption, match="kernel=4: expected an odd number"):
        build((3, 1, 8, 8), kernel=4)


def test_it_learns_what_earlier_frames_say():
    frames = torch.zeros(2, 3, 1, 4, 4)
    frames[0, 0] = 1.0  # the next frame is as bright as the first one
    network = build((3, 1, 4, 4))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(100):
        loss = (network(frames) - frames[:, 0]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.01
