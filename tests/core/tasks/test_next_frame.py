"""Errors of the next frame, by hand; a network that cannot see it; windows that go on."""

import pytest
import torch
from torch import nn

from dl.tasks.next_frame import Enclosed, append, errors, extrapolate, replace_last

WINDOWS = torch.tensor([[1.0, 2.0, 4.0], [3.0, 3.0, 0.0]]).reshape(2, 3, 1, 1, 1)


def test_an_error_is_that_of_the_last_frame_alone():
    output = torch.tensor([[3.0], [2.0]]).reshape(2, 1, 1, 1)
    assert errors(output, WINDOWS).tolist() == [[1.0], [4.0]]


def test_a_network_does_not_see_the_frame_to_predict():
    class Total(nn.Module):
        def forward(self, frames):
            return frames.sum(dim=1)

    assert Enclosed(Total())(WINDOWS).flatten().tolist() == [3.0, 6.0]


def test_the_line_through_two_frames_goes_on_and_one_frame_stays():
    assert extrapolate(WINDOWS).flatten().tolist() == [3.0, 3.0]
    assert extrapolate(WINDOWS[:, 1:]).flatten().tolist() == [2.0, 3.0]


@pytest.mark.parametrize(("go_on", "first"), [(replace_last, [1, 2, 9]), (append, [2, 9, 9])])
def test_a_predicted_frame_takes_its_place(go_on, first):
    assert go_on(torch.full((2, 1, 1, 1), 9.0), WINDOWS)[0].flatten().tolist() == first
