"""A policy in one word: several changes of each image, in one pass over a batch (B, C, H, W) on its device.

All that moves pixels is one affine map for each image, and so one sampling; colours and erased rectangles follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dl.regularizer import Regularizer
from dl_augment.images import on_images, rectangles

MOVES, COLOURS, RECTANGLE = 5, 3, 5  # draws of an image
AREA = (0.02, 0.2)  # of an erased rectangle, as a share of the image


@dataclass(frozen=True)
class Policy:
    """How far the images of a batch are changed; each draws its own change within these bounds.

    Args:
        flip: Share of the images that are mirrored, left to right.
        view: Least and greatest side of the part that is shown, as a share of the image's; above 1 it has an edge.
        shift: Largest shift, as a share of the image's side.
        degrees: Largest turn, to either side.
        colour: Largest change of brightness, contrast and saturation, as a share.
        erase: Share of the images of which a rectangle is erased.
    """

    flip: float = 0.0
    view: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    degrees: float = 0.0
    colour: float = 0.0
    erase: float = 0.0


# What a policy does to images that may be cut to a part, as photographs, and to those that are whole, as digits
WHOLE = {
    "light": Policy(view=(0.9, 1.1), shift=1 / 14, degrees=8),
    "strong": Policy(view=(0.85, 1.2), shift=1 / 9, degrees=15, colour=0.2, erase=0.25),
}
CUT = {
    "light": Policy(view=(0.75, 1.0), degrees=5, colour=0.1),
    "strong": Policy(view=(0.5, 1.0), degrees=12, colour=0.3, erase=0.5),
}


def augment(policy: Policy) -> Regularizer:
    """Change each image as the policy allows."""

    def change(images: Tensor, draws: Tensor) -> Tensor:
        drawn, changed = draws.T, images
        if policy.flip or policy.view != (1.0, 1.0) or policy.shift or policy.degrees:
            changed = resample(changed, affine_maps(policy, drawn, images.shape[2] / images.shape[3]))
        if policy.colour:
            wanted = drawn[MOVES : MOVES + COLOURS, :, None, None, None]
            changed = recolour(changed, *(policy.colour * (2 * wanted - 1)).to(images.dtype))
        return _erase(changed, policy.erase, drawn[MOVES + COLOURS :, :, None]) if policy.erase else changed

    return on_images(change, MOVES + COLOURS + RECTANGLE)


def affine_maps(policy: Policy, drawn: Tensor, aspect: float) -> Tensor:
    """Return the affine map from a place in the new image to one in the old, (B, 2, 3), both in -1..1.

    Args:
        policy: The bounds.
        drawn: (5, B) in 0..1, or more.
        aspect: Height over width of the image, by which a turn is one in pixels.
    """
    mirror = 1 - 2 * (drawn[0] < policy.flip).to(drawn.dtype)
    side = policy.view[0] + (policy.view[1] - policy.view[0]) * drawn[1]
    angle = torch.deg2rad(policy.degrees * (2 * drawn[2] - 1))
    reach = (1 - side).clamp(min=0) + 2 * policy.shift  # how far the middle may lie from that of the image
    cosine, sine = side * angle.cos(), side * angle.sin()
    columns = torch.stack([cosine * mirror, -sine * aspect, reach * (2 * drawn[3] - 1)], dim=1)
    rows = torch.stack([sine / aspect * mirror, cosine, reach * (2 * drawn[4] - 1)], dim=1)
    return torch.stack([columns, rows], dim=1)


def resample(images: Tensor, maps: Tensor) -> Tensor:
    """Return the images under affine maps (B, 2, 3); beyond an edge it is repeated."""
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    return F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False).to(images.dtype)


def recolour(images: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    """Change the colours of images (B, C, H, W), by shares (B, 1, 1, 1) that are 0 for no change.

    Brightness is added in deviations of the image; contrast stretches about the mean of an image, saturation about the
    grey of a pixel.
    """
    if images.shape[1] == 3:
        grey = images.mean(dim=1, keepdim=True)
        images = grey + (1 + saturation) * (images - grey)
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    return middle + brightness * images.std(dim=(1, 2, 3), keepdim=True) + (1 + contrast) * (images - middle)


def _erase(images: Tensor, share: float, drawn: Tensor) -> Tensor:
    """Fill a rectangle of a share of the images with the image's mean colour.

    Source: Zhong et al. 2020, Random Erasing Data Augmentation.

    Args:
        images: (B, C, H, W).
        share: Of the images.
        drawn: (5, B, 1) in 0..1.
    """
    area = torch.where(drawn[0] < share, AREA[0] + (AREA[1] - AREA[0]) * drawn[1], 0.0)
    taller = torch.exp2(2 * drawn[2] - 1)  # height over width, from a half to two, as shares of the image's
    inside = rectangles(images, (area * taller).sqrt(), (area / taller).sqrt(), drawn[3], drawn[4])
    return torch.where(inside, images.mean(dim=(2, 3), keepdim=True), images)


def rotate(degrees: float) -> Regularizer:
    """Turn each image by up to ``degrees`` to either side, repeating the edge."""
    return augment(Policy(degrees=degrees))


def colour(most: float) -> Regularizer:
    """Change brightness, contrast and saturation of each image by up to ``most``."""
    return augment(Policy(colour=most))


def erase(share: float) -> Regularizer:
    """Erase a rectangle of a share of the images."""
    return augment(Policy(erase=share))
