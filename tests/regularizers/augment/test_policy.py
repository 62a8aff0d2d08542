import math

import pytest
import torch

from dl.regularizer import Batch
from dl_augment.policy import AREA, CUT, WHOLE, Policy, affine_maps, augment, colour, erase, recolour, resample, rotate

SMALL = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])  # (1, 1, 2, 2)


def changed(regularizer, images, seed=0):
    before = images.clone()
    after = regularizer.batch(Batch(images, torch.arange(len(images))), torch.Generator().manual_seed(seed)).inputs
    assert torch.equal(images, before), "what is given stays as it is"
    assert after.shape == images.shape and after.dtype == images.dtype
    return after


# Where pixels go, by hand


def test_a_mirrored_image_of_two_by_two_has_its_columns_changed():
    assert changed(augment(Policy(flip=1.0)), SMALL)[0, 0].tolist() == [[2.0, 1.0], [4.0, 3.0]]


def moved(policy, images, drawn):
    """Images after the change that six draws stand for: mirror, view, turn, across, down, and one more."""
    maps = affine_maps(policy, torch.tensor(drawn)[:, None], images.shape[2] / images.shape[3])
    return resample(images, maps)[0, 0]


def test_half_of_an_image_of_two_by_two_from_its_middle_is_a_mix_of_its_pixels():
    found = moved(Policy(view=(0.5, 0.5)), SMALL, [0.5] * 6)
    assert found.tolist() == [[1.75, 2.25], [2.75, 3.25]]


def test_a_shift_by_half_the_side_moves_a_pixel_out_and_repeats_the_edge():
    assert moved(Policy(shift=0.5), SMALL, [1.0] * 6).tolist() == [[4.0, 4.0], [4.0, 4.0]]
    assert moved(Policy(shift=0.5), SMALL, [1.0, 1.0, 0.5, 1.0, 0.5, 0.5]).tolist() == [[2.0, 2.0], [4.0, 4.0]]


def test_a_quarter_turn_turns_an_image_in_pixels():
    turned = [0.5, 0.5, 1.0, 0.5, 0.5, 0.5]
    found = moved(Policy(degrees=90.0), SMALL, turned)
    assert torch.allclose(found, torch.tensor([[2.0, 4.0], [1.0, 3.0]]), atol=1e-5)
    middle = moved(Policy(degrees=90.0), torch.arange(8.0).view(1, 1, 2, 4), turned)[:, 1:3]
    assert torch.allclose(middle, torch.tensor([[2.0, 6.0], [1.0, 5.0]]), atol=1e-5), "also where it is not square"


def test_turns_and_parts_and_mirrors_in_one_are_what_they_are_one_after_the_other():
    images = torch.rand(3, 2, 40, 40)
    together = changed(augment(Policy(flip=1.0, degrees=20)), images, seed=1)
    alone = changed(augment(Policy(degrees=20)), images, seed=1)
    assert torch.allclose(together, alone.flip(3), atol=1e-4), "mirrored is what was turned"


# Colours and rectangles


def share(value):
    return torch.full((1, 1, 1, 1), value)


def test_brightness_moves_and_contrast_stretches_an_image_about_its_mean():
    found = recolour(SMALL, share(0.5), share(1.0), share(0.0))
    assert torch.allclose(found, 2.5 + 0.5 * math.sqrt(5 / 3) + 2 * (SMALL - 2.5))
    assert torch.equal(recolour(SMALL, share(0.0), share(0.0), share(0.7)), SMALL), "grey has no saturation"


def test_without_saturation_a_colour_is_grey():
    red = torch.tensor([3.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 2, 2).contiguous()
    assert torch.allclose(recolour(red, share(0.0), share(0.0), share(-1.0)), torch.ones(1, 3, 2, 2))
    assert torch.equal(changed(colour(0.0), red), red)


def test_an_erased_rectangle_has_the_mean_colour_and_an_area_within_bounds():
    images = torch.rand(300, 2, 20, 30)
    after = changed(erase(1.0), images)
    gone = (after != images).any(dim=1)
    means = images.mean(dim=(2, 3), keepdim=True).expand_as(images)
    assert torch.equal(after[gone[:, None].expand_as(after)], means[gone[:, None].expand_as(after)])
    shares = gone.float().mean(dim=(1, 2))
    assert shares.max() <= AREA[1] + 0.02 and shares.median() > AREA[0], "a rectangle at the edge is cut"
    assert ((changed(erase(0.3), images) != images).any(dim=(1, 2, 3))).float().mean().item() == pytest.approx(
        0.3, abs=0.08
    )


# Policies


def test_a_policy_that_changes_nothing_gives_the_image():
    assert torch.equal(changed(augment(Policy()), SMALL), SMALL)


@pytest.mark.parametrize("word", ["light", "strong"])
def test_what_may_be_a_digit_is_shown_almost_whole_and_never_mirrored(word):
    assert WHOLE[word].view[0] >= 0.85 and WHOLE[word].flip == 0 and WHOLE[word].degrees <= 15
    assert CUT[word].view[0] < WHOLE[word].view[0] and CUT[word].shift == 0


def test_a_turn_alone_is_within_its_bound_and_nothing_else():
    images = torch.rand(4, 1, 16, 16)
    assert torch.allclose(changed(rotate(0.01), images), images, atol=1e-2)
    assert not torch.allclose(changed(rotate(30.0), images), images, atol=1e-2)


def test_each_image_is_changed_by_its_own_draw_and_by_the_seed():
    images = torch.rand(1, 3, 8, 8).expand(20, 3, 8, 8).contiguous()
    first = changed(augment(CUT["strong"]), images, seed=4)
    assert len(first.flatten(1).unique(dim=0)) == 20
    assert torch.equal(first, changed(augment(CUT["strong"]), images, seed=4))
    assert not torch.equal(first, changed(augment(CUT["strong"]), images, seed=5))
