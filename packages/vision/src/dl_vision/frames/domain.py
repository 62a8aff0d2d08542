"""The domain of frames: the functions that core calls to read, prepare and draw sequences of images."""

from __future__ import annotations

from pathlib import Path

from dl.domain import Domain
from dl.options import Options
from dl_vision.exported import prepare_frames
from dl_vision.frames import find
from dl_vision.frames.draw import draw, sketch
from dl_vision.frames.memory import from_memory
from dl_vision.frames.prepare import learn, restore
from dl_vision.frames.read import open_path, read


def load() -> Domain:
    """Return the domain."""
    return Domain(
        open_path=open_path,
        learn=learn,
        restore=restore,
        read=read,
        draw=draw,
        sketch=sketch,
        recognize=recognize,
        open_unlabelled=open_path,
        from_memory=from_memory,
        prepare=prepare_frames,
    )


def recognize(path: Path, _options: Options) -> float:
    """Rate from 0 to 1 whether a path holds sequences of frames."""
    return 1.0 if find.recognize(path) else 0.0
