"""Preprocess windows of frames: stored uint8 (N, T, H, W, C) to standardized float (N, T, C, H, W)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from dl.data.examples import Examples, Subset
from dl.domain import Preprocessor
from dl.errors import BadData, DamagedRun
from dl.options import Options
from dl_vision import prepare

FRAMES = "frames"  # in the settings: T


class FramesPreprocessor(Preprocessor):
    """Standardizes the pixels of each frame alike.

    Args:
        frames: T, that to predict among them.
        images: Of one frame.
    """

    def __init__(self, frames: int, images: prepare.VisionPreprocessor) -> None:
        super().__init__()
        self.frames, self.images = frames, images

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(T, C, H, W)."""
        return (self.frames, *self.images.input_shape)

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the number of frames, and the settings of one."""
        return {FRAMES: self.frames, **self.images.settings()}

    def forward(self, inputs: Tensor) -> Tensor:
        """Standardize (N, T, H, W, C) uint8 to (N, T, C, H, W) float."""
        prepared: Tensor = self.images(inputs.flatten(0, 1))
        return prepared.view(*inputs.shape[:2], *prepared.shape[1:])

    def undone(self, prepared: Tensor) -> Tensor:
        """Return the frames (N, T, H, W, C) uint8 that would be prepared so, rounded and clipped to 0..255."""
        pixels = self.images.undone(prepared.flatten(0, 1))
        return pixels.view(*prepared.shape[:2], *pixels.shape[1:])


def learn(subset: Subset, options: Options) -> FramesPreprocessor:
    """Compute mean and deviation of each channel over all frames of a training set.

    Raises:
        BadData: If the inputs are not uint8 (N, T, H, W, C).
        BadOption: If the frames do not have the requested ``size`` or ``colour``.
    """
    inputs = subset.examples.array
    if inputs.ndim != 5 or inputs.dtype != np.uint8 or not len(subset):
        raise BadData(
            f"windows of frames are uint8 (N, T, height, width, channels); found {inputs.dtype} {inputs.shape}"
        )
    count = inputs.shape[1]
    rows = (subset.index[:, None] * count + np.arange(count)).ravel()
    single = inputs.reshape(-1, *inputs.shape[2:])
    examples = Examples(single, np.empty((len(single), 0)), np.arange(len(single)))
    return FramesPreprocessor(count, prepare.learn(Subset(examples, rows), options))


def restore(settings: Mapping[str, Any]) -> FramesPreprocessor:  # Any: JSON
    """Rebuild a preprocessor from its settings.

    Raises:
        BadRun: If they are not those of `FramesPreprocessor.settings`.
    """
    frames = settings.get(FRAMES)
    if not isinstance(frames, int) or frames < 2:
        raise DamagedRun(f"the stored preprocessor of frames cannot be read: frames is {frames!r}")
    return FramesPreprocessor(frames, prepare.restore(settings))
