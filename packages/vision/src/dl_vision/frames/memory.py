"""Sequences of frames in memory: arrays (S, L, H, W) or (S, L, H, W, C), S sequences of L frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dl.data.examples import Dataset
from dl.data.memory import ARRAY, Given
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.options import Options
from dl_vision.frames.windows import Sequences, windows_of
from dl_vision.memory import from_memory as images_from_memory


def from_memory(given: Given, options: Options, preprocessor: Preprocessor | None) -> Dataset:
    """Cut sequences into windows, each with the frame that follows.

    Raises:
        BadData: If these are no sequences of frames, or too short.
        BadOption: If they are of another size or colour than was asked for.
    """
    if given.form != ARRAY or given.values.ndim not in (4, 5):
        raise BadData(
            f"sequences of frames are (S, L, height, width) or (S, L, height, width, channels); {given.words}"
        )
    count, length = given.values.shape[:2]
    flat = replace(given, values=given.values.reshape(-1, *given.values.shape[2:]))
    images = images_from_memory(flat, options, None)
    frames = images.train.array.astype(np.uint8, copy=False).reshape(count, length, *images.train.array.shape[1:])
    sequences = Sequences.of_equal_length(frames, [f"sequence {k}" for k in range(count)])
    steps = int(options["steps"])
    if preprocessor is not None and frames.shape[2:] != (*preprocessor.input_shape[2:], preprocessor.input_shape[1]):
        found, known = " x ".join(map(str, frames.shape[2:])), " x ".join(map(str, preprocessor.input_shape[1:]))
        raise BadData(f"frames of {found} (height, width, channels); the run reads {known} (channels, height, width)")
    return replace(images, name="frames", train=windows_of(sequences, steps))
