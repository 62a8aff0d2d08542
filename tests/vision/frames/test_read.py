"""Folders of frames become data sets: splits, sizes, notes, and the newest frames for a prediction."""

import pytest
from PIL import Image

from dl.data.examples import whole
from dl.errors import BadData, BadFile
from dl_vision.frames.prepare import learn
from dl_vision.frames.read import open_path, read


def series(*films, length=4):
    return {f"{film}/frame_{k}.png": 10 * k for film in films for k in range(1, length + 1)}


def test_a_folder_says_what_it_was_read_as_and_its_newest_frames_are_read_for_a_prediction(films, reading):
    root = films(series("a", "b"))
    found = open_path(root, reading(steps=2))
    assert found.train.array[:, :, 0, 0, 0].tolist() == [[10, 20, 30], [20, 30, 40]] * 2
    assert found.title == "2 sequences of 4 frames; 4 windows of 2 frames and the next one"
    assert found.notes[0].startswith("read as 2 sequences of 4 frames, as 'a has frames 1 to 4'"[:38])
    preprocessor = learn(whole(found.train), reading(steps=2))
    new = read([root / "b", root / "a/frame_1.png", root / "a/frame_2.png"], preprocessor, reading(steps=2))
    assert new.array[:, :, 0, 0, 0].tolist() == [[30, 40, 0], [10, 20, 0]]
    assert [source.endswith(name) for source, name in zip(new.sources, ("b/frame_4.png", "a/frame_2.png"), strict=True)]


def test_folders_of_splits_are_kept_apart_and_no_group_is_in_two(films, reading):
    found = open_path(films(series("train/a", "train/b", "val/c", "test/d")), reading(steps=3))
    parts = (found.train, found.val, found.open_test())
    assert [part.groups.tolist() for part in parts] == [[0, 1], [2], [3]]


def test_what_cannot_be_read_as_films_is_one_line(films, reading):
    root = films(series("a"))
    with pytest.raises(BadData, match="holds one sequence, of 4 frames, and a split needs two"):
        open_path(root, reading(steps=2))
    Image.new("L", (9, 5)).save(root / "a/frame_5.png")
    films(series("b"))
    with pytest.raises(BadData, match=r"sequence 'a' has frames of different sizes: 8x8 \('frame_1.png'\) and 5x9"):
        open_path(root, reading(steps=2))
    assert open_path(root, reading(steps=2, size=8)).train.array.shape[1:] == (3, 8, 8, 1)
    (root / "a/frame_5.png").write_bytes(b"torn")
    with pytest.raises(BadFile, match=r"1 of 9 frames in .* cannot be read: 'a/frame_5.png: .*no frame of a sequence"):
        open_path(root, reading(steps=2))
