import multiprocessing
import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from dl.data.cache import entries
from dl.data.folders import find_classes
from dl.errors import BadData
from dl_vision import cache as subject
from dl_vision import decode as decoding
from dl_vision.cache import CacheWarning, open_cache, read_facts, read_pixels
from dl_vision.folder import IMAGES

SHAPE = (6, 8, 3)


def read(root, cache=None):
    files = find_classes(root, IMAGES).files
    cache = cache or open_cache()
    facts = read_facts(files, cache)
    return read_pixels(files, facts, SHAPE, cache)


@pytest.fixture
def decoded(monkeypatch):
    """The files decoded so far, by content."""
    seen = []
    decode = decoding.decode

    def counting(content, *shape, as_line):
        seen.append(content)
        return decode(content, *shape, as_line=as_line)

    monkeypatch.setattr(decoding, "decode", counting)
    return seen


def test_the_second_time_nothing_is_decoded(pets, decoded):
    first = read(pets)
    assert len(decoded) == 6
    second = read(pets)
    assert len(decoded) == 6
    np.testing.assert_array_equal(first.images, second.images)


def test_cached_images_are_a_memory_map(pets):
    assert isinstance(read(pets).images, np.memmap)
    assert isinstance(read(pets).images, np.memmap)


def test_settled_files_are_not_even_opened_the_second_time(pets, monkeypatch):
    monkeypatch.setattr(subject, "SETTLED", 0)
    read(pets)
    monkeypatch.setattr(subject, "inspect", lambda path: pytest.fail(f"opened {path}"))
    assert len(read(pets).images) == 6


def test_a_file_written_again_with_its_old_size_and_time_is_decoded_again(pets, monkeypatch, decoded):
    monkeypatch.setattr(subject, "SETTLED", 0)
    before = read(pets).images[0].copy()
    path = pets / "cat" / "0.png"
    stat = path.stat()
    content = (pets / "dog" / "1.png").read_bytes().ljust(stat.st_size, b"\0")[: stat.st_size]
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    again = read(pets)
    assert 0 in again.bad or (again.images[0] != before).any()


def test_renamed_and_touched_files_are_not_decoded_again(pets, decoded):
    read(pets)
    os.utime(pets / "cat" / "0.png")
    pets.rename(pets.with_name("animals"))
    read(pets.with_name("animals"))
    assert len(decoded) == 6


@pytest.mark.parametrize("kind", ["*.npy", "*.facts"])
def test_a_damaged_cache_file_is_made_again(pets, cache, monkeypatch, kind):
    monkeypatch.setattr(subject, "SETTLED", 0)
    good = read(pets).images.copy()
    for path in (cache / "images").glob(kind):
        path.write_bytes(path.read_bytes()[:100])
    np.testing.assert_array_equal(read(pets).images, good)


def test_bad_files_are_left_out_remembered_and_in_order(pets, decoded):
    good = read(pets).images.copy()
    (pets / "cat" / "1.txt").write_text("no image")
    content = (pets / "dog" / "3.png").read_bytes()
    (pets / "dog" / "3.png").write_bytes(content[: len(content) // 2])
    for _ in range(2):
        pixels = read(pets)
        assert pixels.kept == [0, 2, 3, 4, 6]
        assert pixels.bad[1] == "not an image of a format dl reads" and 5 in pixels.bad
        np.testing.assert_array_equal(pixels.images, good[[0, 1, 2, 3, 5]])
    assert len(decoded) == 12


def test_no_temporary_file_is_left(pets, cache):
    (pets / "cat" / "1.txt").write_text("no image")
    read(pets)
    assert not [path for path in (cache / "images").iterdir() if path.name.startswith(".")]


def test_a_cache_that_cannot_be_written_is_one_warning_and_decoding_to_memory(pets, cache):
    cache.write_text("a file where the folder should be")
    with pytest.warns(CacheWarning, match="images are decoded to memory") as caught:
        pixels = read(pets)
    assert len(caught) == 1 and len(pixels.images) == 6 and not isinstance(pixels.images, np.memmap)


def test_a_full_disk_is_one_warning_and_decoding_to_memory(pets, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.warns(CacheWarning, match="the disk is full"):
        pixels = read(pets)
    assert len(pixels.images) == 6


def test_a_file_that_changes_while_it_is_read_stops_the_reading(pets):
    files = find_classes(pets, IMAGES).files
    facts = read_facts(files, None)
    Path(files[0].path).write_bytes(b"something else")
    with pytest.raises(BadData, match="changed while it was read"):
        read_pixels(files, facts, SHAPE, None)


def test_threads_give_the_same_as_one_after_the_other(tmp_path, photo, monkeypatch):
    for number in range(40):
        photo(tmp_path / "many" / "ab"[number % 2] / f"{number}.png", seed=number)
    alone = read(tmp_path / "many", tmp_path).images.copy()
    monkeypatch.setattr("dl_vision.decode.FEW_PIXELS", 0)
    monkeypatch.setattr("dl_vision.decode.AT_ONCE", 3)
    (tmp_path / "other").mkdir()
    np.testing.assert_array_equal(read(tmp_path / "many", tmp_path / "other").images, alone)


def test_images_that_were_not_used_for_longest_go_first(pets, photo, tmp_path, decoded, monkeypatch):
    others = [tmp_path / f"others{k}" for k in range(2)]
    for k, other in enumerate(others):
        for number in range(6):
            photo(other / "ab"[number % 2] / f"{number}.png", seed=100 * (k + 1) + number)
    for root in (pets, others[0]):
        read(root)
    for entry in entries():
        os.utime(entry.path, (0, 0))
    read(pets)
    assert len(decoded) == 12
    monkeypatch.setenv("DL_CACHE_SIZE", str(sum(entry.size for entry in entries())))  # room for two of three
    read(others[1])
    read(pets)
    assert len(decoded) == 18


def test_images_that_are_more_than_the_cache_may_hold_stay_until_others_are_read(pets, decoded, monkeypatch):
    monkeypatch.setenv("DL_CACHE_SIZE", "1")
    first, again = read(pets), read(pets)
    assert len(decoded) == 6 and isinstance(again.images, np.memmap)
    np.testing.assert_array_equal(first.images, again.images)


def _read_sum(root):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return int(read(Path(root)).images.sum())


def test_two_processes_at_once_read_the_same(pets):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.map(_read_sum, [str(pets)] * 2, chunksize=1)
    assert first == second == _read_sum(pets)
