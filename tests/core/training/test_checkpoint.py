import hashlib
import json
import pickle
import re
import warnings
import zipfile
from contextlib import suppress

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from dl.errors import BadRun, CannotWrite
from dl.training.checkpoint import MANIFEST, DurableCheckpoints, copy_weights, load_weights, save_weights


@pytest.fixture
def io(tmp_path):
    """Saves and loads states in one folder, as Lightning asks for it."""

    class Io:
        folder = tmp_path / "checkpoints"
        path = folder / "state.ckpt"
        durable = DurableCheckpoints()

        def save(self, number):
            self.durable.save_checkpoint({"step": number, "w": torch.full((3,), float(number))}, self.path)

        def load(self):
            return self.durable.load_checkpoint(self.path)

    return Io()


def test_a_state_is_loaded_as_it_was_saved(io):
    io.save(1)
    state = io.load()
    assert state["step"] == 1 and state["w"].tolist() == [1.0, 1.0, 1.0]


def test_the_newest_and_the_one_before_are_kept(io):
    for number in range(1, 5):
        io.save(number)
    assert sorted(p.name for p in io.folder.iterdir()) == [MANIFEST, "state-000003.ckpt", "state-000004.ckpt"]
    assert [entry["sequence"] for entry in json.loads((io.folder / MANIFEST).read_text())] == [4, 3]
    assert io.load()["step"] == 4


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing", "empty"])
def test_a_damaged_newest_is_passed_over_for_the_one_before_and_that_is_said(io, damage):
    io.save(1)
    io.save(2)
    newest = io.folder / "state-000002.ckpt"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"truncated": bytes(content[:-10]), "flipped": bytes(content), "empty": b""}
    if damage == "missing":
        newest.unlink()
    else:
        newest.write_bytes(damaged[damage])
    with pytest.warns(UserWarning, match=r"state-000002\.ckpt is damaged or missing; using the checkpoint before it"):
        assert io.load()["step"] == 1


@pytest.mark.parametrize("damage", ["[", "", "[{}]", '[{"file": "x", "sequence": 1, "sha256": ""}]', None])
def test_a_damaged_list_of_states_is_passed_over_for_the_newest_that_is_whole_and_written_anew(io, damage):
    io.save(1)
    io.save(2)
    path = io.folder / MANIFEST
    path.unlink() if damage is None else path.write_text(damage)
    with pytest.warns(UserWarning, match=r"going on from state-000002\.ckpt, the newest state that is whole"):
        assert io.load()["step"] == 2
    (io.folder / "state-000002.ckpt").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"going on from state-000001\.ckpt"):
        io.save(3)
    assert io.load()["step"] == 3
    assert [entry["sequence"] for entry in json.loads(path.read_text())] == [2, 1]


def test_a_changed_bit_of_a_state_that_nothing_lists_is_noticed(io):
    io.save(1)
    (io.folder / MANIFEST).unlink()
    path = io.folder / "state-000001.ckpt"
    whole = path.read_bytes()
    for bit in np.random.default_rng(0).integers(0, 8 * len(whole), 300).tolist():
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with warnings.catch_warnings(), suppress(BadRun):
            warnings.simplefilter("ignore")
            assert io.load()["w"].tolist() == [1.0, 1.0, 1.0]


def test_a_state_with_another_checksum_than_is_listed_is_taken_where_it_is_whole_by_its_own(io):
    io.save(1)
    path = io.folder / MANIFEST
    path.write_text(path.read_text().replace('"sha256": "', '"sha256": "0'))
    with pytest.warns(UserWarning) as told:
        assert io.load()["step"] == 1
    assert str(told[-1].message) == "state-000001.ckpt is whole by its own checksums, and is used"


def test_without_a_whole_checkpoint_there_is_none(io):
    with pytest.raises(BadRun, match="no intact checkpoint"):
        io.load()
    io.save(1)
    (io.folder / "state-000001.ckpt").write_bytes(b"")
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(BadRun, match="no intact checkpoint"):
        io.load()


def test_a_save_that_fails_leaves_the_newest_as_it_was(io, monkeypatch):
    io.save(1)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CannotWrite, match="the disk is full"):
        io.save(2)
    monkeypatch.undo()
    assert io.load()["step"] == 1


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def plant(io, content):
    """Put foreign content in the place of the newest checkpoint, with a manifest that vouches for it."""
    (io.folder / "state-000001.ckpt").write_bytes(content)
    entry = {"file": "state-000001.ckpt", "sequence": 1, "sha256": hashlib.sha256(content).hexdigest()}
    (io.folder / MANIFEST).write_text(json.dumps([entry]))


@pytest.mark.parametrize("kind", ["torch", "pickle", "legacy"])
def test_a_pickle_that_would_run_code_is_refused_and_never_runs(io, tmp_path, kind):
    io.save(1)
    payload, ran = {"state": Payload(tmp_path / "ran")}, tmp_path / "ran"
    if kind == "pickle":
        plant(io, pickle.dumps(payload))
    else:
        torch.save(payload, tmp_path / "made", _use_new_zipfile_serialization=kind == "torch")
        plant(io, (tmp_path / "made").read_bytes())
    with pytest.raises(BadRun, match="is not a checkpoint of dl; nothing in it was run"):
        io.load()
    assert not ran.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a checkpoint", b"\x80\x02."])
def test_a_foreign_file_is_refused(io, content):
    io.save(1)
    plant(io, content)
    with pytest.raises(BadRun, match="not a checkpoint of dl"):
        io.load()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "{}x",
        '["text"]',
        "[[1]]",
        '[{"file": "../../../etc/passwd", "sequence": 1, "sha256": ""}]',
        "[" * 99999,
    ],
)
def test_of_a_damaged_manifest_nothing_is_taken_and_nothing_outside_is_touched(io, text):
    io.save(1)
    (io.folder / MANIFEST).write_text(text)
    with pytest.warns(UserWarning, match=r"manifest\.json' is damaged"):
        assert io.load()["step"] == 1
    (io.folder / "state-000001.ckpt").write_bytes(b"state")
    with pytest.raises(BadRun, match=r"manifest\.json' is damaged"):
        io.load()
    io.save(2)
    assert io.load()["step"] == 2


def test_weights_are_loaded_as_they_were_saved(tmp_path):
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(tmp_path / "w.safetensors", copy_weights(first))
    load_weights(tmp_path / "w.safetensors", second)
    assert torch.equal(first.weight, second.weight) and torch.equal(first.bias, second.bias)
    assert load_file(tmp_path / "w.safetensors").keys() == {"weight", "bias"}


def test_tied_weights_are_saved_once_and_stay_tied(tmp_path):
    first, second = (nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)) for _ in range(2))
    for network in (first, second):
        network[1].weight = network[0].weight
    save_weights(tmp_path / "w.safetensors", copy_weights(first))
    load_weights(tmp_path / "w.safetensors", second)
    assert load_file(tmp_path / "w.safetensors").keys() == {"0.weight", "0.bias", "1.bias"}
    assert torch.equal(second[1].weight, first[0].weight) and second[1].weight is second[0].weight


def test_weights_in_channels_last_are_saved_whole(tmp_path):
    first = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    second = nn.Conv2d(3, 4, 3)
    save_weights(tmp_path / "w.safetensors", copy_weights(first))
    load_weights(tmp_path / "w.safetensors", second)
    assert torch.equal(first.weight, second.weight)


def test_weights_of_another_network_are_refused(tmp_path):
    save_weights(tmp_path / "w.safetensors", copy_weights(nn.Linear(3, 2)))
    with pytest.raises(BadRun, match="holds the weights of another network"):
        load_weights(tmp_path / "w.safetensors", nn.Linear(4, 2))


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, pickle.dumps({"weight": 3})])
def test_a_file_that_holds_no_weights_is_refused(tmp_path, content):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(BadRun, match="is not a file of weights"):
        load_weights(tmp_path / "w.safetensors", nn.Linear(3, 2))


def test_missing_weights_are_said(tmp_path):
    with pytest.raises(BadRun, match="is missing; this run has no stored weights"):
        load_weights(tmp_path / "w.safetensors", nn.Linear(3, 2))


def test_a_run_holds_no_pickle_that_names_code(fit, blobs):
    run = fit(blobs(2), epochs=1)
    assert not list(run.path.rglob("*.pkl"))
    for state in run.path.rglob("*.ckpt"):
        with zipfile.ZipFile(state) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith("data.pkl")]
            words = archive.read(name)
        assert not re.search(rb"c(dl|lightning|os|builtins)[.\n]", words)
