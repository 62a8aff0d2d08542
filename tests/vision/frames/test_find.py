"""Names of files become sequences in order; what is missing, doubled or nameless is one line."""

import shutil

import numpy as np
import pytest
from PIL import Image

from dl.errors import BadData
from dl_vision.frames.find import find_sequences, number_of, recognize


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("frame_0012.png", ("frame_", "0012", "")),
        ("film07_frame0012.png", ("film07_frame", "0012", "")),
        ("12b.jpg", ("", "12", "b")),
        ("cover.png", None),
    ],
)
def test_the_last_number_of_a_name_is_that_of_the_frame(name, parts):
    assert number_of(name) == parts


def test_folders_and_beginnings_of_names_are_sequences_in_the_order_of_numbers(films):
    numbers = (2, 10, 6)
    root = films(
        {f"a/frame_{k}.png": k for k in numbers} | {f"film{f}_frame{k:03}.png": k for f in (1, 2) for k in (5, 6)}
    )
    (root / "a/notes.txt").write_text("of a")
    found, passed = find_sequences(root, root)
    assert {one.name: one.numbers for one in found} == {"film1": (5, 6), "film2": (5, 6), "a": (2, 6, 10)}
    assert passed == ["a/notes.txt"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["1", "2", "4", "9"], "sequence 'a': frame 3 is missing, between 2 and 4, and 4 more; add it"),
        (["10", "20", "40"], "sequence 'a': frame 30 is missing, between 20 and 40; add it"),
        (["1", "01"], "sequence 'a': '01.png' and '1.png' are both frame 1; keep one"),
        (["1", "2", "cover"], "1 of 3 images in .* has no number, as 'a/cover.png'; expected numbered frames"),
    ],
)
def test_what_is_no_series_is_one_line(names, message, films):
    root = films({f"a/{name}.png": 0 for name in names})
    with pytest.raises(BadData, match=message):
        find_sequences(root, root)


def test_frames_are_recognized_by_their_names_or_because_neighbours_are_alike(tmp_path, films):
    rng = np.random.default_rng(0)
    for kind, change in (("film", 10), ("photos", 200)):
        for folder in "ab":
            (tmp_path / kind / folder).mkdir(parents=True)
            for number in range(8):
                pixels = np.full((8, 8), 20 + 10 * number) if change == 10 else rng.integers(0, 256, (8, 8))
                Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / kind / folder / f"{number}.png")
    called = films({f"a/frame_{k}.png": v for k, v in enumerate((0, 250, 7, 130))})
    assert [recognize(path) for path in (tmp_path / "film", tmp_path / "photos", called)] == [True, False, True]
    assert not recognize(tmp_path / "nowhere") and not recognize(tmp_path)


def test_folders_with_frames_of_several_films_are_classes_and_images_with_gaps_are_no_film(tmp_path, films):
    names = [f"{kind}/film{film}_frame{k:02d}.png" for kind in ("cat", "dog") for film in (1, 2) for k in range(4)]
    classes = films({name: 10 * at for at, name in enumerate(names)})
    assert not recognize(classes)
    shutil.rmtree(classes)
    whole = {f"{folder}/{k}.png": 20 * k for folder in ("one", "two") for k in range(6)}
    assert recognize(films(whole))
    (classes / "two/3.png").unlink()
    assert not recognize(classes)
