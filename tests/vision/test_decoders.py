import os
import signal

import numpy as np
import pytest

from dl.data.folders import find_classes
from dl.errors import BadData
from dl_vision import cache as reading
from dl_vision import decoders as subject
from dl_vision.cache import open_cache, read_facts, read_pixels
from dl_vision.decode import Packed
from dl_vision.folder import IMAGES

SHAPE = (6, 8, 3)


@pytest.fixture
def started(monkeypatch):
    """The processes that were started, from the first image on."""
    seen, start = [], subject._start

    def starting(*arguments):
        seen.append(start(*arguments))
        return seen[-1]

    monkeypatch.setattr(subject, "_start", starting)
    monkeypatch.setattr(subject, "WORTH", 0.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr("dl_vision.decode.AT_ONCE", 2)
    return seen


def read(root):
    files = find_classes(root, IMAGES).files
    return read_pixels(files, read_facts(files, open_cache()), SHAPE, open_cache())


def test_processes_decode_the_same_pixels_and_end(pets, cache, started, monkeypatch):
    (pets / "cat" / "0.png").write_bytes((pets / "cat" / "0.png").read_bytes()[:60])
    ours = read(pets)
    assert len(started) == 2 and all(process.returncode is not None for process in started)
    for entry in (cache / "images").glob("*.npy"):
        entry.unlink()
    monkeypatch.setattr(subject, "WORTH", 1e9)
    alone = read(pets)
    assert len(started) == 2
    np.testing.assert_array_equal(ours.images, alone.images)
    assert ours.bad == alone.bad != {}


def test_what_a_process_that_died_leaves_is_decoded_here(pets, started, monkeypatch):
    ask, decode_file, decoded = subject._ask, reading.decode_file, []

    def kill_first(process, line):
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return ask(process, line)

    monkeypatch.setattr(subject, "_ask", kill_first)
    monkeypatch.setattr(reading, "decode_file", lambda *a, **b: decoded.append(a[0]) or decode_file(*a, **b))
    assert len(read(pets).images) == len(decoded) == 6


def test_a_file_that_changes_stops_the_reading_as_it_does_without_processes(pets, started):
    files = find_classes(pets, IMAGES).files
    facts = read_facts(files, open_cache())
    (pets / "dog" / "1.png").write_bytes((pets / "cat" / "0.png").read_bytes())
    with pytest.raises(BadData, match=r"1\.png' changed while it was read; try again"):
        read_pixels(files, facts, SHAPE, open_cache())
    assert len(started) == 2 and all(process.returncode is not None for process in started)


def test_the_place_of_a_file_in_an_archive_travels_with_its_path():
    sent = subject._from_json(subject._to_json(Packed.of("a/b.tar", "c/d.jpg", 512, 90)))
    assert (sent, sent.archive, sent.start, sent.size) == ("a/b.tar/c/d.jpg", "a/b.tar", 512, 90)
    assert subject._from_json(subject._to_json("caf\udce9.png")) == "caf\udce9.png"
