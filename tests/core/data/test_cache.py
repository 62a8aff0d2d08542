import mmap
import multiprocessing
import os
import time

import pytest

from dl.data.cache import (
    DEFAULT,
    TAG,
    DamagedEntry,
    cache_folder,
    cache_root,
    entries,
    is_whole,
    mark_used,
    read_entry,
    size_limit,
    trim,
    write_entry,
)
from dl.errors import BadOption


@pytest.fixture
def put(cache):
    """A function that makes an entry last used at some second: put("a.npy", 100, kind="images", size=10)."""

    def make(name, second, kind="images", size=10):
        path = cache_folder(kind) / name
        path.write_bytes(bytes(size))
        os.utime(path, (second, second))
        return path

    return make


@pytest.fixture
def at_most(monkeypatch):
    """A function that says how much the cache may hold."""
    return lambda said: monkeypatch.setenv("DL_CACHE_SIZE", said)


def names():
    return {entry.path.name for entry in entries()}


def test_the_cache_is_where_it_is_asked_to_be(monkeypatch, tmp_path):
    monkeypatch.setenv("DL_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("DL_CACHE")
    assert cache_root().name == "dl"


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("", DEFAULT),
        ("0", 0),
        ("500", 500),
        ("500 MB", 500_000_000),
        ("1.5g", 1_500_000_000),
        ("2TB", 2 * 10**12),
        (" 3 kb ", 3000),
    ],
)
def test_a_size_is_a_number_with_a_unit(at_most, said, size):
    at_most(said)
    assert size_limit() == size


@pytest.mark.parametrize("said", ["much", "-1", "1e9", "nan", "GB", "1 XB", "9" * 99, "1.2.3", "20 GB or so"])
def test_what_is_no_size_is_refused(at_most, said):
    at_most(said)
    with pytest.raises(BadOption, match=r"DL_CACHE_SIZE=.*: expected a size, like 500MB or 20GB"):
        size_limit()


def test_what_was_not_used_for_longest_goes_first_whatever_its_kind(put, at_most):
    put("old", 1), put("older", 0, "texts"), put("new", 3), put("again", 2)
    mark_used(put("again", 2))
    at_most("20")
    trim(())
    assert names() == {"new", "again"}
    trim(())
    assert names() == {"new", "again"}


def test_what_is_in_use_stays_however_large_it_is(put, at_most):
    large = put("large", 0, size=1000)
    put("small", 1)
    at_most("50")
    trim((large,))
    assert names() == {"large"}
    trim(())
    assert names() == set()


def test_what_is_mapped_can_be_read_after_it_went(put, at_most):
    path = put("mapped", 0, size=4096)
    with path.open("rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    at_most("0")
    trim(())
    assert not path.exists() and mapped[:] == bytes(4096)


def test_nothing_goes_from_a_folder_that_dl_did_not_make(cache, put, at_most):
    theirs = cache / "photos"
    theirs.mkdir(parents=True)
    (theirs / "summer.jpg").write_bytes(bytes(100))
    cache_folder("photos")
    (cache / "loose").write_bytes(bytes(100))
    put("ours", 0)
    at_most("0")
    trim(())
    assert names() == set() and (theirs / "summer.jpg").exists() and (cache / "loose").exists()
    assert not (theirs / TAG).exists() and (cache / "images" / TAG).exists()


def test_folders_and_links_in_the_cache_lead_nowhere_else(tmp_path, put, at_most):
    outside = tmp_path / "outside"
    outside.write_bytes(bytes(100))
    folder = put("ours", 0).parent
    (folder / "folder").mkdir()
    (folder / "link").symlink_to(outside)
    at_most("0")
    trim(())
    assert outside.exists() and (folder / "folder").exists() and not (folder / "ours").exists()


def test_what_another_process_is_writing_stays_unless_it_was_left_behind(put, at_most):
    now = int(time.time())
    put(".new.npy.abc.tmp", now), put(".old.npy.abc.tmp", now - 2 * 24 * 3600), put("whole", now)
    at_most("0")
    trim(())
    assert names() == {".new.npy.abc.tmp"}


def test_a_cache_that_is_not_there_has_no_entries(cache):
    trim(())
    assert entries() == [] and not cache.exists()


def _put_and_trim(number):
    for k in range(50):
        path = cache_folder("images") / f"{number}-{k}"
        path.write_bytes(bytes(100))
        trim((path,))
    return path.exists()


def test_processes_that_trim_at_once_do_not_fail_and_keep_to_the_size(cache, at_most):
    at_most("1000")
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(_put_and_trim, range(4), chunksize=1)
    trim(())
    assert 0 < sum(entry.size for entry in entries()) <= 1000


def _flipped(content, bit):
    """Change a bit of some bytes."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_an_entry_that_has_changed_on_the_disk_is_not_used_and_said(cache):
    path = cache_folder("images") / "a.npy"
    content = b"\x00" * 8 + b"\xff" * 8 + os.urandom(984)  # two words whose sum a bit of each may leave as it was
    write_entry(path, lambda stream: stream.write(content))
    assert is_whole(path) and read_entry(path) == content
    stored = path.read_bytes()
    for at in (0, 500, 999, len(stored) - 1):
        changed = bytearray(stored)
        changed[at] ^= 4
        path.write_bytes(changed)
        with pytest.warns(DamagedEntry, match=r"a\.npy' in the cache has changed on the disk; it is made again"):
            assert read_entry(path) is None
    for changed in (stored[8:16] + stored[:8] + stored[16:], _flipped(_flipped(stored, 3), 67)):
        path.write_bytes(changed)
        with pytest.warns(DamagedEntry):
            assert not is_whole(path)
    path.write_bytes(content)  # of an earlier dl
    assert not is_whole(path) and not is_whole(path.with_name("b.npy"))
