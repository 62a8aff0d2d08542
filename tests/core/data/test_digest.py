from dataclasses import replace

import numpy as np

from dl.data import digest
from dl.data.digest import hash_of_data
from dl.data.examples import Dataset, Examples
from dl.data.ragged import ragged


def given(inputs, targets=None, ids=None, names=("a", "b")):
    n = len(inputs)
    targets = np.arange(n) % 2 if targets is None else targets
    return Dataset("given", Examples(inputs, targets, np.arange(n) if ids is None else ids, names))


def test_the_hash_of_data_depends_on_every_input_and_target_and_id_and_on_no_name_of_the_set():
    rows = np.arange(24, dtype=np.float32).reshape(6, 4)
    other, turned = rows.copy(), rows[::-1].copy()
    other[3, 2] += 1e-3
    sets = [
        given(rows),
        given(other),
        given(turned),
        given(rows, targets=np.ones(6, int)),
        given(rows, ids=np.arange(1, 7)),
    ]
    sets += [given(rows, names=("a", "c")), replace(given(rows), val=given(rows).train)]
    found = [hash_of_data(one) for one in sets]
    assert len(set(found)) == len(found)
    assert hash_of_data(replace(given(rows), name="another", open_test=lambda: None)) == found[0]
    assert hash_of_data(given(np.asfortranarray(rows))) == found[0]


def test_rows_of_different_lengths_are_told_apart_from_their_values_alone():
    one, other = (
        ragged([np.arange(3), np.arange(2)], np.int64),
        ragged([np.arange(3)[:2], np.array([2, 0, 1])], np.int64),
    )
    assert one.values.tolist() == other.values.tolist()
    assert hash_of_data(given(one)) != hash_of_data(given(other))


def test_of_many_inputs_some_rows_are_hashed(monkeypatch):
    monkeypatch.setattr(digest, "MOST_BYTES", 100)
    rows = np.zeros((100, 4), np.float32)  # every 16th of 1,600 bytes
    seen, unseen = rows.copy(), rows.copy()
    seen[32], unseen[33] = 1, 1
    assert hash_of_data(given(rows)) == hash_of_data(given(unseen)) != hash_of_data(given(seen))
