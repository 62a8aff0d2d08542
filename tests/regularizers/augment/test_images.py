import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.regularizer import Batch
from dl_augment.images import crop, cutmix, flip, shift


def ramps(count=1, channels=1, height=4, width=5):
    """Images (B, C, H, W) in which a pixel is 100 b + 1000 c + 10 h + w."""
    b, c, h, w = torch.meshgrid(*(torch.arange(n) for n in (count, channels, height, width)), indexing="ij")
    return (100 * b + 1000 * c + 10 * h + w).float()


def changed(regularizer, images, seed=0):
    batch = Batch(images, torch.arange(len(images)))
    before = images.clone()
    after = regularizer.batch(batch, torch.Generator().manual_seed(seed))
    assert torch.equal(images, before), "what is given stays as it is"
    assert after.inputs.shape == images.shape and after.inputs.dtype == images.dtype
    return after


# Shifts


@given(pixels=st.integers(0, 6), seed=st.integers(0, 200), channels=st.integers(1, 3))
def test_a_shifted_image_is_the_image_elsewhere_with_its_edge_repeated(pixels, seed, channels):
    images = ramps(3, channels)
    after = changed(shift(pixels), images, seed).inputs
    for image, moved in zip(images, after, strict=True):
        found = [
            (down, right)
            for down in range(-pixels, pixels + 1)
            for right in range(-pixels, pixels + 1)
            if torch.equal(moved, repeated(image, down, right))
        ]
        assert found, "no shift within the bound gives this image"


def repeated(image, down, right):
    rows = (torch.arange(image.shape[1]) - down).clamp(0, image.shape[1] - 1)
    columns = (torch.arange(image.shape[2]) - right).clamp(0, image.shape[2] - 1)
    return image[:, rows][:, :, columns]


def test_every_shift_is_as_likely_as_the_others_and_each_image_draws_its_own():
    images = ramps(1, 1, 9, 9).expand(18_000, 1, 9, 9).contiguous()
    middle = changed(shift(1), images).inputs[:, 0, 4, 4]  # 44 less 10 for each step down, less 1 for each to the right
    values, counts = middle.unique(return_counts=True)
    assert values.tolist() == [33, 34, 35, 43, 44, 45, 53, 54, 55]
    assert counts.min() > 1_800 and counts.max() < 2_200


def test_channels_last_images_are_shifted_like_others():
    images = ramps(4, 3)
    last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(changed(shift(2), images).inputs, changed(shift(2), last).inputs)


# Flips


def test_a_flipped_image_is_its_mirror_left_to_right():
    images = ramps(2)
    assert torch.equal(changed(flip(1.0), images).inputs, images.flip(3))
    assert torch.equal(changed(flip(0.0), images).inputs, images)


def test_a_share_of_the_images_is_flipped_each_by_its_own_draw():
    images = ramps(1).expand(10_000, 1, 4, 5).contiguous()
    flipped = changed(flip(0.3), images).inputs[:, 0, 0, 0] == 4
    assert flipped.float().mean().item() == pytest.approx(0.3, abs=0.015)


# Crops


def test_a_crop_of_the_whole_is_the_image():
    images = torch.rand(5, 2, 8, 6)
    assert torch.allclose(changed(crop(1.0), images).inputs, images, atol=1e-5)


@given(least=st.floats(0.1, 1.0), seed=st.integers(0, 200))
def test_a_part_of_a_ramp_is_a_flatter_ramp_from_within_it(least, seed):
    height = width = 32
    images = torch.arange(width).float().expand(4, 1, height, width).contiguous()
    after = changed(crop(least), images, seed).inputs
    slope = after[:, :, :, 1:].diff(dim=3)[:, :, :, 4:-4]  # away from the edges, which are repeated
    assert (after >= 0).all() and (after <= width - 1).all()
    assert ((slope > least - 0.01) & (slope < 1.01)).all()
    assert slope.std(dim=3).max() < 0.01


def test_each_image_has_a_part_of_its_own():
    images = torch.rand(1, 1, 8, 8).expand(50, 1, 8, 8).contiguous()
    assert len(changed(crop(0.5), images).inputs.flatten(1).unique(dim=0)) == 50


# Cutmix


@given(seed=st.integers(0, 300), count=st.integers(1, 6))
def test_a_rectangle_of_the_partner_is_put_into_each_image_and_counted(seed, count):
    images = torch.arange(count).float().view(-1, 1, 1, 1).expand(count, 1, 7, 9).contiguous()
    mixed = changed(cutmix(1.0), images, seed)
    for number in range(count):
        image, partner = mixed.inputs[number, 0], int(mixed.partners[number])
        foreign = image == partner if partner != number else torch.zeros(7, 9, dtype=torch.bool)
        assert ((image == number) | foreign).all()
        if partner != number:
            assert mixed.share[number].item() == pytest.approx(1 - foreign.float().mean().item(), abs=1e-6)
            rows, columns = foreign.any(dim=1), foreign.any(dim=0)
            assert torch.equal(foreign, rows[:, None] & columns[None, :]), "a rectangle"


def test_a_share_of_the_images_is_cut():
    mixed = changed(cutmix(0.25), torch.rand(8_000, 1, 16, 16))
    assert (mixed.share < 1).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert (changed(cutmix(0.0), torch.rand(50, 1, 8, 8)).share == 1).all()
