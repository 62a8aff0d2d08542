"""The vision domain: the functions that core calls to read, prepare and draw images."""

from pathlib import Path

from dl.data.examples import Dataset
from dl.data.file_kinds import share_of_kind
from dl.data.groups import grouped, without_group_by_name
from dl.domain import Domain
from dl.options import Options
from dl.tables.options import is_table, refuse_options
from dl.tables.table import looks_like
from dl_vision import exported, folder
from dl_vision.columns import COLUMNS
from dl_vision.draw import draw, sketch
from dl_vision.frames import find as frames
from dl_vision.learners import pixel_rows
from dl_vision.listed import PATHS, open_list
from dl_vision.memory import from_memory
from dl_vision.prepare import learn, restore
from dl_vision.read import read
from dl_vision.shards import holds_shards, open_shards, open_unlabelled_shards

AS_FRAMES = 0.5  # the rating of images that are frames of a film, which the domain of frames takes


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
        open_unlabelled=open_unlabelled,
        from_memory=from_memory,
        columns=COLUMNS,
        rows=pixel_rows,
        prepare=exported.prepare,
    )


def open_path(path: Path, options: Options) -> Dataset:
    """Read a user's own images: a table with a column of paths, or a folder of images by class.

    Raises:
        DLError: As `open_list` or `folder.open_path`.
    """
    if is_table(path) and not path.is_dir():
        return open_list(path, options)
    refuse_options(without_group_by_name(options), str(path), "no table")
    opened = open_shards if path.is_dir() and holds_shards(path) else folder.open_path
    return grouped(opened(path, options), options)


def open_unlabelled(path: Path, options: Options) -> Dataset:
    """Read a user's own images without a target: those that a table lists, or all below a folder.

    Raises:
        DLError: As `open_list` or `folder.open_unlabelled`.
    """
    if is_table(path) and not path.is_dir():
        return open_list(path, options)
    refuse_options(without_group_by_name(options), str(path), "no table")
    opened = open_unlabelled_shards if path.is_dir() and holds_shards(path) else folder.open_unlabelled
    return grouped(opened(path, options), options)


def recognize(path: Path, options: Options) -> float:
    """Rate from 0 to 1 whether a path holds images: a table by a column of paths, a folder by its share of images."""
    if path.is_dir() and holds_shards(path):
        return 1.0
    if path.is_dir():
        return share_of_kind(path, folder.SUFFIXES) * (AS_FRAMES if frames.recognize(path) else 1)
    return 1.0 if is_table(path) and looks_like(path, options, PATHS) else 0.0
