"""Networks of other packages: their stages and weights, and errors where a package or a name is missing."""

import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from dl.errors import BadFile, BadOption
from dl_backbones import hubs
from dl_backbones.hubs import HUBS, Hub, _stages

OPTIONS = {"weights": "auto", "unfreeze": 1, "discriminative": 0.5, "dropout": 0.0, "side": 8}


class Tiny(nn.Module):
    """A network in the shape of those of timm: a stem, blocks, and pooled features."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.act = nn.ReLU()
        self.blocks = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 5, 1))
        self.default_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "classifier": "fc"}

    def forward(self, images):
        return self.blocks(self.act(self.stem(images))).mean(dim=(2, 3))


@pytest.fixture
def package(monkeypatch):
    """A package in the shape of timm, whose weights are not in its cache."""
    made = ModuleType("timm")
    made.__dict__.update(list_models=lambda: ["tiny"], create_model=lambda name, **_: Tiny(), __version__="9")
    monkeypatch.setitem(sys.modules, "timm", made)
    return HUBS["timm"]


def test_stages_are_children_with_weights_and_the_blocks_of_a_list():
    assert [type(part) for (part,) in _stages(Tiny())] == [nn.Conv2d] * 3


def test_a_network_is_built_with_a_head_of_its_width(package):
    network = package.build("tiny", (1, 8, 8), 3, OPTIONS)
    assert network(torch.rand(2, 1, 8, 8)).shape == (2, 3)
    assert network.is_stored
    assert [len(stage.layers) for stage in network.thawed] == [1]


def test_published_weights_that_are_not_in_the_cache_are_an_error_and_not_random(package):
    network = package.build("tiny", (3, 8, 8), 3, OPTIONS)
    alone = replace(package, cached=lambda network, name: None)
    with pytest.raises(BadFile, match=r"timm:tiny: its weights are not in the cache of timm; .*create_model\('tiny'"):
        alone.start("tiny", network, OPTIONS)


def test_published_weights_are_read_from_the_cache_of_the_package(package, tmp_path):
    known, network = Tiny(), package.build("tiny", (3, 8, 8), 3, OPTIONS)
    torch.save(known.state_dict(), tmp_path / "tiny.pth")
    replace(package, cached=lambda network, name: tmp_path / f"{name}.pth").start("tiny", network, OPTIONS)
    assert torch.equal(network.body.network.stem.weight, known.stem.weight)


def test_a_file_may_hold_the_last_layer_that_is_replaced(package, tmp_path):
    known = Tiny()
    torch.save(known.state_dict() | {"fc.weight": torch.zeros(9, 5)}, tmp_path / "tiny.pth")
    given = OPTIONS | {"weights": str(tmp_path / "tiny.pth")}
    network = package.build("tiny", (3, 8, 8), 3, given)
    package.start("tiny", network, given)
    assert torch.equal(network.body.network.stem.weight, known.stem.weight)


def test_an_unknown_name_has_its_nearest(package):
    with pytest.raises(BadOption, match="timm has no network 'tinny'; did you mean 'tiny'"):
        package.build("tinny", (3, 8, 8), 3, OPTIONS)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ImportError("No module named 'x'"), "x:net needs the package x: No module named 'x'  pip install x"),
        (RuntimeError("operator\nmissing"), "x:net: the package x cannot be used: operator missing"),
    ],
)
def test_a_package_that_is_missing_or_broken_is_one_line(error, message, monkeypatch):
    def fail(name):
        raise error

    monkeypatch.setattr(hubs, "importlib", SimpleNamespace(import_module=fail))
    with pytest.raises(BadOption) as refusal:
        Hub("x", list, Tiny, lambda network: ((), ()), lambda network, name: None, "", tuple).imported("net")
    assert str(refusal.value) == message
