import os
import resource
import signal
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dl.data.cache import DamagedEntry, entries
from dl.data.examples import Examples, Subset
from dl.data.ragged import texts
from dl_text import cache as subject
from dl_text.cache import encode, learn_vocabulary
from dl_text.learn import learn
from dl_text.vocabulary import Settings, Vocabulary

STRINGS = ("the film is good", "the film is bad", "", "the end")


@pytest.fixture
def work(monkeypatch):
    """What was learnt and encode so far, as words."""
    done = []
    encode = Vocabulary.encode
    monkeypatch.setattr(subject, "learn", lambda *given: done.append("learn") or learn(*given))
    monkeypatch.setattr(Vocabulary, "encode", lambda *given: done.append("encode") or encode(*given))
    return done


def both(part, chosen=Settings()):  # noqa: B008 - a frozen value
    vocabulary = learn_vocabulary(part, chosen)
    return vocabulary, encode(vocabulary, part.examples.inputs)


def same(first, second):
    assert first[0] == second[0]
    np.testing.assert_array_equal(first[1].values, second[1].values)
    np.testing.assert_array_equal(first[1].offsets, second[1].offsets)


def test_the_second_time_nothing_is_learnt_or_encoded_and_the_tokens_are_a_memory_map(part_of, work):
    first = both(part_of(*STRINGS))
    again = both(part_of(*STRINGS))
    assert work == ["learn", "encode"] and isinstance(again[1].values, np.memmap)
    same(first, again)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strings=st.lists(st.text(max_size=9), max_size=5), ngrams=st.sampled_from([1, 2]))
def test_what_comes_from_the_cache_is_what_was_put_there(part_of, strings, ngrams):
    part = part_of("a b", *strings)
    chosen = Settings(ngrams=ngrams)
    plain = learn(part, chosen)
    for _ in range(2):
        same(both(part, chosen), (plain, plain.encode(part.examples.inputs)))


@pytest.mark.parametrize("change", [{"size": 3}, {"ngrams": 2}, {"tokens": "chars"}])
def test_other_settings_are_another_entry(part_of, work, change):
    part = part_of(*STRINGS)
    both(part)
    assert learn_vocabulary(part, Settings(**change)) == learn(part, Settings(**change))
    assert work.count("learn") == 2


def test_the_longest_row_changes_the_tokens_but_not_what_is_learnt(part_of, work):
    part = part_of(*STRINGS)
    both(part)
    vocabulary, rows = both(part, Settings(max_len=1))
    assert work == ["learn", "encode", "encode"] and rows.lengths.max() == 1
    assert vocabulary.settings.max_len == 1


def test_another_training_part_or_one_byte_is_another_entry(part_of, work):
    part = part_of(*STRINGS)
    both(part)
    fewer = learn_vocabulary(Subset(part.examples, np.array([0, 1])), Settings())
    assert fewer.texts == 2
    assert "bat" in learn_vocabulary(part_of(*STRINGS[:3], "the bat"), Settings()).tokens
    assert work.count("learn") == 3


def test_the_same_bytes_cut_elsewhere_are_other_texts(part_of):
    assert both(part_of("ab", "c"))[0].tokens == ("ab", "c")
    assert both(part_of("a", "bc"))[0].tokens == ("a", "bc")


@pytest.mark.parametrize("damage", [b"", b"x", None, "half", "flip", "remove"])
@pytest.mark.parametrize("ending", [".json", ".tokens.npy", ".offsets.npy"])
def test_a_damaged_entry_is_made_again(part_of, cache, ending, damage):
    part = part_of(*STRINGS)
    first = both(part)
    (path,) = [path for path in (cache / "texts").iterdir() if path.name.endswith(ending)]
    content = path.read_bytes()
    if damage == "remove":
        path.unlink()
    elif damage == "half":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        path.write_bytes(content[:-2] + b"\xff\xff")
    else:
        path.write_bytes(damage if damage is not None else b"\0" * len(content))
    with pytest.warns(DamagedEntry) if damage == "flip" else nullcontext():
        same(both(part), first)
    assert path.read_bytes() == content


def test_a_cache_that_is_a_file_or_cannot_be_written_is_no_trouble(part_of, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("DL_CACHE", str(tmp_path / "file"))
    assert len(both(part_of(*STRINGS))[1]) == 4
    monkeypatch.setenv("DL_CACHE", "/proc/none")
    assert len(both(part_of(*STRINGS))[1]) == 4


@contextmanager
def files_no_larger_than(size):
    before, handled = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handled)


def test_a_cache_without_room_is_no_trouble_and_keeps_no_halves(part_of, cache):
    part = part_of("a b c " * 1000)
    with files_no_larger_than(100):
        found = both(part)
    assert found[1].lengths.tolist() == [3000]
    assert entries() == []


def test_what_was_not_used_for_longest_goes_first(part_of, cache, monkeypatch):
    parts = [part_of(f"word{k} " * 2000) for k in range(3)]
    for age, part in zip((30, 20), parts, strict=False):
        both(part)
        for path in (cache / "texts").iterdir():
            if path.stat().st_mtime > 1_000_000_000:
                os.utime(path, (1000 - age, 1000 - age))
    both(parts[0])  # used again: now the second is the oldest
    size = sum(entry.size for entry in entries())
    monkeypatch.setenv("DL_CACHE_SIZE", str(size))
    both(parts[2])
    assert sum(entry.size for entry in entries()) <= size
    learnt = []
    monkeypatch.setattr(subject, "learn", lambda part, chosen: learnt.append(part) or learn(part, chosen))
    both(parts[0])
    both(parts[1])
    assert learnt == [parts[1]]


def test_examples_that_are_a_memory_map_are_hashed_as_others_are(part_of, tmp_path, work):
    part = part_of(*STRINGS)
    both(part)
    path = tmp_path / "values.bin"
    path.write_bytes(part.examples.inputs.values.tobytes())
    mapped = replace(part.examples.inputs, values=np.memmap(path, np.uint8, "r"))
    both(Subset(Examples(mapped, part.examples.targets, part.examples.ids), part.index))
    assert work == ["learn", "encode"] and texts(STRINGS).nbytes == mapped.nbytes
