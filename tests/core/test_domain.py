import json

import numpy as np
import pytest
import torch

from dl.domain import Domain, Preprocessor, draw_bars
from dl.errors import BadRun


class Shifted(Preprocessor):
    def __init__(self, length, shift):
        super().__init__(length=length, shift=shift)
        self.length = int(length)
        self.register_buffer("shift", torch.tensor(shift))

    @property
    def input_shape(self):
        return (self.length,)

    def forward(self, inputs):
        return inputs + self.shift


def test_a_preprocessor_is_kept_by_what_it_is_made_from_and_made_again():
    first = Shifted(3, [0.5, 1.0, -2.0])
    kept = json.loads(json.dumps(first.settings()))
    assert kept == {"length": 3, "shift": [0.5, 1.0, -2.0]}
    second = Shifted.restore(kept)
    assert isinstance(second, Shifted) and second.settings() == kept
    assert torch.equal(second(torch.zeros(1, 3)), first(torch.zeros(1, 3)))


def test_its_settings_cannot_be_changed_from_without():
    one = Shifted(3, 0.5)
    one.settings()["length"] = 4
    assert one.settings() == {"length": 3, "shift": 0.5}


@pytest.mark.parametrize("kept", [{}, {"length": 3}, {"length": "three", "shift": 0.5}, {"length": 3, "shift": "x"}])
def test_settings_that_do_not_fit_are_one_line(kept):
    with pytest.raises(BadRun, match=r"the stored Shifted cannot be read: (TypeError|ValueError)") as caught:
        Shifted.restore(kept)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("numbers", "width", "drawn"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([0, 0, 7, 7], 2, "▁█"),
        ([[0, 7], [7, 0]], 40, "▁██▁"),
        ([5, 5, 5], 40, "▁▁▁"),
    ],
)
def test_numbers_are_drawn_as_bars(numbers, width, drawn):
    assert draw_bars(np.array(numbers), width) == drawn


def test_a_domain_draws_and_sketches_numbers_unless_it_says_otherwise():
    domain = Domain(open_path=None, learn=None, restore=None, read=None)
    row = np.arange(200)
    assert domain.draw(row, 40) == draw_bars(row, 40) and domain.sketch(row) == draw_bars(row, 60)
